use proc_macro2::TokenStream;
use quote::quote;

use super::derive;
use crate::testing::{messages, pretty, unqualified};

fn errors(input: TokenStream) -> Vec<String> {
    messages(derive(input))
}

/// The messages for one field with these attributes.
fn field_errors(attributes: &TokenStream) -> Vec<String> {
    errors(quote!(struct Incident { #attributes field: String }))
}

#[test]
fn simple() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(entity_type = "incident")]
        struct Incident {
            #[audit(id)]
            id: Uuid,
            #[audit(name, rename = "summary")]
            title: String,
            r#type: Kind,
            #[audit(exclude)]
            password: String,
            #[audit(redact)]
            api_token: String,
        }
    })));
}

#[test]
fn generic() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(crate = crate::facade::audit)]
        pub struct TaggedRecord<'a, I, T: Clone = u8, const N: usize = 1>
        where
            T: Sync,
        {
            #[audit(id)]
            id: I,
            tags: Vec<T>,
            #[audit(redact)]
            secret: [T; N],
            #[audit(exclude)]
            cache: T,
            note: &'a str,
            other: outer::T,
        }
    })));
}

#[test]
fn no_visible_field() {
    let code = derive(quote!(
        struct Empty {
            #[audit(exclude)]
            secret: String,
        }
    ))
    .to_string();
    assert!(
        code.contains("fn audit_diff (& self , _ : & Self , _ : & mut"),
        "{code}"
    );
}

#[test]
fn errors_leave_a_stub_with_all_generics() {
    insta::assert_snapshot!(pretty(derive(quote! {
        #[audit(crate = other)]
        enum Choice<'a, T: Clone> where T: Sync { A(&'a T) }
    })));
}

#[test]
fn only_structs_with_named_fields() {
    let start = "`#[derive(Audited)]` works on structs with named fields, this is";
    for (input, rest) in [
        (
            quote!(
                struct Pair(u8, u8);
            ),
            "a tuple struct: give its fields names",
        ),
        (
            quote!(
                struct Nothing;
            ),
            "a unit struct: it has nothing to track, drop the derive or add fields",
        ),
        (
            quote!(
                enum Choice {
                    A,
                }
            ),
            "an enum: derive it on the struct that holds the enum, whose field only needs `Serialize` and `PartialEq`",
        ),
        (quote!(union Bits { a: u8 }), "a union: use a struct"),
    ] {
        assert_eq!(errors(input), [format!("{start} {rest}")]);
    }
}

#[test]
fn unknown_words() {
    assert_eq!(
        field_errors(&quote!(#[audit(exlude)])),
        [
            "unknown word `exlude` in `#[audit(...)]` on a field, did you mean `exclude`? \
             (allowed: `id`, `name`, `exclude`, `redact`, `rename`)"
        ]
    );
    assert_eq!(
        errors(quote!(
            #[audit(rename_all = "camelCase")]
            struct A {
                a: u8,
            }
        )),
        ["unknown word `rename_all` in `#[audit(...)]` on a struct \
             (allowed: `entity_type`, `crate`)"]
    );
}

#[test]
fn wrong_forms() {
    for (attribute, expected) in [
        (
            quote!(#[audit(exclude = true)]),
            "`exclude` takes no value: write `exclude` alone",
        ),
        (
            quote!(#[audit(id(x))]),
            "`id` takes no value: write `id` alone",
        ),
        (
            quote!(#[audit(rename)]),
            "`rename` needs a value: `rename = \"status\"`",
        ),
        (
            quote!(#[audit(rename = )]),
            "`rename` needs a value: `rename = \"status\"`",
        ),
        (
            quote!(#[audit(rename("x"))]),
            "expected `=`: `rename = \"status\"`",
        ),
        (
            quote!(#[audit(rename = x)]),
            "`rename` takes a string literal: `rename = \"status\"`",
        ),
        (quote!(#[audit(rename = "")]), "`rename` must not be empty"),
        (
            quote!(#[audit(rename = "location.city")]),
            "`.` in a name would be read as a path: leave it out",
        ),
        (
            quote!(#[audit(rename = "notes[7]")]),
            "`[` in a name would be read as a path: leave it out",
        ),
        (quote!(#[audit(id name)]), "expected `,` before this"),
        (
            quote!(#[audit("id")]),
            "expected a word, such as `exclude`, in `#[audit(...)]` on a field \
             (allowed: `id`, `name`, `exclude`, `redact`, `rename`)",
        ),
        (
            quote!(#[audit(entity_type = "incident")]),
            "`entity_type` belongs on the struct, not in `#[audit(...)]` on a field",
        ),
        (
            quote!(#[audit]),
            "`#[audit]` takes words in parentheses: `#[audit(...)]`",
        ),
        (
            quote!(#[audit(id, id)]),
            "`id` is given more than once: keep one",
        ),
        (
            quote!(#[audit(id)] #[audit(id)]),
            "`id` is given more than once: keep one",
        ),
    ] {
        assert_eq!(field_errors(&attribute), [expected]);
    }
}

#[test]
fn entity_types() {
    let with = |value: TokenStream| {
        errors(quote!(
            #[audit(entity_type = #value)]
            struct A {
                a: u8,
            }
        ))
    };
    let long = "x".repeat(51);
    assert_eq!(with(quote!("")), ["`entity_type` must not be empty"]);
    assert_eq!(
        with(quote!(5)),
        ["`entity_type` takes a string literal: `entity_type = \"incident\"`"]
    );
    assert_eq!(
        with(quote!(#long)),
        ["`entity_type` has 51 characters, at most 50 are stored: shorten it"]
    );
    let fits = "ä".repeat(50);
    assert!(with(quote!(#fits)).is_empty());

    let ident = proc_macro2::Ident::new(&format!("X{long}"), proc_macro2::Span::call_site());
    let messages = errors(quote!(struct #ident { a: u8 }));
    assert_eq!(
        messages,
        [
            "the entity type taken from this name has 52 characters, at most 50 are stored: \
             give a shorter one with `#[audit(entity_type = \"...\")]`"
        ]
    );
}

#[test]
fn conflicts_on_a_field() {
    let redact = "`redact` on an excluded field: an excluded field is never read, keep one of `exclude` and `redact`";
    let read = |word| {
        format!(
            "`{word}` on an excluded field: the entity {word} is read from it, drop `exclude` or choose another field"
        )
    };
    let clear = |word| {
        format!(
            "`{word}` on a redacted field: the entity {word} is stored in clear, drop `redact` or choose another field"
        )
    };
    assert_eq!(field_errors(&quote!(#[audit(exclude, redact)])), [redact]);
    assert_eq!(field_errors(&quote!(#[audit(id, exclude)])), [read("id")]);
    assert_eq!(
        field_errors(&quote!(#[audit(name, exclude)])),
        [read("name")]
    );
    assert_eq!(field_errors(&quote!(#[audit(id, redact)])), [clear("id")]);
    assert_eq!(
        field_errors(&quote!(#[audit(name)] #[audit(redact)])),
        [clear("name")]
    );
    assert_eq!(
        field_errors(&quote!(#[audit(rename = "a", exclude)])),
        [
            "`rename` on an excluded field: an excluded field is never named, keep one of `exclude` and `rename`"
        ]
    );
    assert!(field_errors(&quote!(#[audit(id, name)])).is_empty());
}

#[test]
fn every_extra_id_and_name_is_reported() {
    let messages = errors(quote! {
        struct A {
            #[audit(id)] a: u8,
            #[audit(id, name)] b: u8,
            #[audit(name)] c: u8,
            #[audit(id)] d: u8,
        }
    });
    assert_eq!(
        messages,
        [
            "a second `id`: the entity id is already taken from `a`, keep one",
            "a second `id`: the entity id is already taken from `a`, keep one",
            "a second `name`: the entity name is already taken from `b`, keep one",
        ]
    );
}

#[test]
fn names_are_distinct_among_visible_fields() {
    let messages = errors(quote! {
        struct A {
            status: u8,
            #[audit(rename = "status")] state: u8,
            #[audit(rename = "kind")] a: u8,
            #[audit(redact)] r#kind: u8,
            #[audit(exclude)] status_before: u8,
        }
    });
    assert_eq!(
        messages,
        [
            "a second field named `status`: `status` has that name already, rename one",
            "a second field named `kind`: `a` has that name already, rename one",
        ]
    );
}

#[test]
fn nothing_is_named_but_by_its_whole_path() {
    for input in [
        quote!(
            #[audit(crate = x::y)]
            struct S<T, U> {
                #[audit(id)]
                a: T,
                #[audit(name)]
                b: U,
                #[audit(redact)]
                c: T,
                #[audit(exclude)]
                d: U,
            }
        ),
        quote!(
            struct S {
                a: u8,
            }
        ),
        quote!(
            enum E<T> {
                A(T),
            }
        ),
    ] {
        assert_eq!(unqualified(input.clone(), derive(input)), [""; 0]);
    }
}

#[test]
fn all_errors_in_one_build() {
    let messages = errors(quote! {
        #[audit(entity_type = 5, krate = x)]
        struct A {
            #[audit(exlude, id = 3, rename = "")] a: u8,
            #[audit(redact, exclude)] b: u8,
        }
    });
    assert_eq!(messages.len(), 6, "{messages:#?}");
}
