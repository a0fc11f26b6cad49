//! The attribute on an `impl` block.

use proc_macro2::TokenStream;
use quote::quote;

use crate::{action::attribute, testing::messages};

fn text(tokens: &TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}

#[test]
fn annotated_methods_get_the_defaults_in_front_of_their_words() {
    let block = attribute(
        quote!(entity_type = "incident", strict),
        quote! {
            #[doc = "x"]
            unsafe impl<T: Fn() -> u8> Desk for T {
                #[audit_action]
                fn a() {}

                #[inline]
                #[audit_core::audit_action(action = "b")]
                pub fn b() { half typed. }

                #[other(audit_action)]
                fn c() {
                    #[audit_action]
                    fn inside() {}
                }
            }
        },
    );
    let expected = quote! {
        #[doc = "x"]
        unsafe impl<T: Fn() -> u8> Desk for T {
            #[audit_action(@(entity_type = "incident", strict))]
            fn a() {}

            #[inline]
            #[audit_core::audit_action(@(entity_type = "incident", strict) action = "b")]
            pub fn b() { half typed. }

            #[other(audit_action)]
            fn c() {
                #[audit_action]
                fn inside() {}
            }
        }
    };
    assert_eq!(text(&block), text(&expected));
}

#[test]
fn what_a_method_says_goes_before_its_block() {
    let expanded = |words: TokenStream| {
        let method = quote!(
            fn close(&self) -> Result<u8, E> {}
        );
        text(&attribute(words, method))
    };
    let block = quote!(
        entity_type = "incident",
        severity = "notice",
        tenant = outer,
        crate = outer
    );
    let own = expanded(
        quote!(@(#block) entity_type = "note", severity = "critical", tenant = own, crate = own),
    );
    assert!(own.contains("\"note\"") && own.contains("Severity::Critical"));
    assert!(own.contains("own::__private") && own.contains("tenant(&(own))"));
    assert!(!own.contains("outer") && !own.contains("incident") && !own.contains("Notice"));
    let own = expanded(quote!(@(#block) entity = own));
    assert!(own.contains("entity(&(own))") && !own.contains("incident"));
    let none = expanded(quote!(@(#block)));
    assert!(none.contains("\"incident\"") && none.contains("tenant(&(outer))"));
}

#[test]
fn what_is_wrong_with_a_block_is_said_once_and_leaves_its_methods_as_they_are() {
    let method = quote!(
        fn close(&self, id: u8) {}
    );
    let block = attribute(
        quote!(action = "close", strct),
        quote!(impl Desk { #[audit_action(entity_id = id)] #method }),
    );
    assert_eq!(
        messages(block),
        [
            "`action` belongs on a method, not in `#[audit_action(...)]` on an `impl` block",
            "unknown word `strct` in `#[audit_action(...)]` on an `impl` block, did you mean `strict`? \
             (allowed: `entity_type`, `severity`, `tenant`, `auditor`, `context`, `strict`, `crate`)",
        ]
    );
    let words = quote!(@(entitytype = "incident") entity_id = id);
    assert_eq!(text(&attribute(words, method.clone())), text(&method));
}

#[test]
fn a_block_without_actions_is_asked_what_it_is_for() {
    for item in [
        quote!(impl Desk { fn close(&self) {} }),
        quote!(impl Trait<fn() -> u8> for Desk {}),
    ] {
        assert_eq!(
            messages(attribute(quote!(strict), item)),
            [
                "`#[audit_action(...)]` on an `impl` block holds for its methods that are actions, and none is marked: \
              put `#[audit_action]` on each of these too"
            ]
        );
    }
}
