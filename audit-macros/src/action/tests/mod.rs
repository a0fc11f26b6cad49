use proc_macro2::TokenStream;
use quote::quote;

mod blocks;
mod expansion;

use super::attribute;
use crate::testing::messages;

/// The messages for these words on a plain function.
fn word_errors(words: TokenStream) -> Vec<String> {
    messages(attribute(
        words,
        quote!(
            fn close(id: Uuid, reason: &str) {}
        ),
    ))
}

/// The messages for right words on this item.
fn item_errors(item: TokenStream) -> Vec<String> {
    messages(attribute(quote!(action = "close"), item))
}

#[test]
fn an_error_leaves_the_item_as_it_was() {
    let item = quote! {
        #[inline]
        pub const fn close(id: u8) -> u8 { id + }
    };
    let tokens = attribute(quote!(), item.clone()).to_string();
    assert!(tokens.ends_with(&item.to_string()), "{tokens}");
}

#[test]
fn a_half_typed_body_is_left_to_rustc() {
    assert!(item_errors(quote!(fn close() { incident. })).is_empty());
}

/// Every word, as messages list them.
const ALLOWED: &str = "(allowed: `action`, `entity_type`, `entity_id`, `entity_name`, `entity`, `tenant`, `metadata`, \
                       `reason`, `severity`, `before`, `after`, `result`, `skip_if`, `auditor`, `context`, `strict`, \
                       `attempt`, `none`, `sources`, `crate`)";

#[test]
fn unknown_and_missing_words() {
    let allowed = ALLOWED;
    assert_eq!(
        word_errors(quote!(action = "close", entitytype = "incident")),
        [format!(
            "unknown word `entitytype` in `#[audit_action(...)]`, did you mean `entity_type`? {allowed}"
        )]
    );
    assert_eq!(
        word_errors(quote!(action = "close", skip(reason))),
        [format!(
            "unknown word `skip` in `#[audit_action(...)]` {allowed}"
        )]
    );
    assert_eq!(
        word_errors(quote!(action = "close", entity_id = id, entity_name = id)),
        [
            "`entity_id` without an entity type: add `entity_type = \"...\"`",
            "`entity_name` without an entity type: add `entity_type = \"...\"`",
        ]
    );
}

#[test]
fn wrong_forms() {
    let long = "x".repeat(51);
    for (words, expected) in [
        (
            quote!(action),
            "`action` needs a value: `action = \"close\"`",
        ),
        (
            quote!(action = close),
            "`action` takes a string literal: `action = \"close\"`",
        ),
        (quote!(action = ""), "`action` must not be empty"),
        (
            quote!(action = #long),
            "`action` has 51 characters, at most 50 are stored: shorten it",
        ),
        (
            quote!(action = "a", action = "b"),
            "`action` is given more than once: keep one",
        ),
        (
            quote!(action = "a", entity_type = 5),
            "`entity_type` takes a string literal: `entity_type = \"incident\"`",
        ),
        (
            quote!(action = "a", entity_type = "a", entity_id),
            "`entity_id` needs a value: `entity_id = id`",
        ),
        (
            quote!(action = "a", entity_type = "a", entity_id = ),
            "`entity_id` needs a value: `entity_id = id`",
        ),
        (
            quote!(action = "a", entity_type = "a", entity_id = id id),
            "expected `,` before this",
        ),
        (
            quote!(action = "a", entity_type = "a", entity_id = find()?),
            "`?` here would leave the function before the action is audited: take the value without it",
        ),
        (
            quote!(action = "a", metadata = reason),
            "`metadata` takes a list in parentheses: `metadata(reason, count = items.len())`",
        ),
        (
            quote!(action = "a", crate = 5),
            "`crate` takes a path: `crate = my_facade::audit`",
        ),
    ] {
        assert_eq!(word_errors(words), [expected]);
    }
}

#[test]
fn what_is_misspelt_is_not_missing_too() {
    for words in [
        quote!(acton = "close"),
        quote!(action = "close", entitytype = "incident", entity_id = id),
        quote!("close"),
        quote!(action = 5),
    ] {
        assert_eq!(word_errors(words.clone()).len(), 1, "{words}");
    }
}

#[test]
fn what_is_no_word() {
    assert_eq!(
        word_errors(quote!("close")),
        [format!(
            "expected a word, such as `action = \"close\"`, in `#[audit_action(...)]` {ALLOWED}"
        )]
    );
    assert_eq!(
        word_errors(quote!(action = "close", redact)),
        ["`redact` belongs on a field, in `#[audit(...)]`, not in `#[audit_action(...)]`"]
    );
}

#[test]
fn metadata_entries() {
    for (entries, expected) in [
        (
            quote!(reasn),
            "`reasn` is not a parameter, did you mean `reason`? (parameters: `id`, `reason`); \
             another value is written `reasn = value`",
        ),
        (
            quote!(self),
            "`self` is not a parameter (parameters: `id`, `reason`); another value is written `self = value`",
        ),
        (
            quote!(reason, reason),
            "metadata `reason` is given more than once: keep one",
        ),
        (
            quote!(reason, "reason" = id),
            "metadata `reason` is given more than once: keep one",
        ),
        (quote!("" = id), "a metadata key must not be empty"),
        (
            quote!("a.b"),
            "metadata `a.b` needs a value: `\"a.b\" = value`",
        ),
        (
            quote!(5),
            "expected a parameter, `key = value` or `\"dotted.key\" = value`",
        ),
        (quote!(id.x), "metadata `id` needs a value: `id = value`"),
    ] {
        assert_eq!(
            word_errors(quote!(action = "a", metadata(#entries))),
            [expected]
        );
    }
}

#[test]
fn functions_that_cannot_be_audited() {
    let construction = "`#[audit_action]` would audit only the construction of this future: \
                        make it an `async fn`, or end the body in `async move { ... }`; \
                        if another attribute has rewritten the body, put `#[audit_action]` above it";
    let functions =
        "`#[audit_action]` works on functions: put it on each function that is an action";
    for (item, expected) in [
        (
            quote!(
                const fn close() {}
            ),
            "`#[audit_action]` on a `const fn`: recording cannot run at compile time, drop the `const`",
        ),
        (
            quote!(
                extern "C" fn close(a: u8) {}
            ),
            "`#[audit_action]` on an `extern` function: a panic must not reach its foreign caller, \
             put the attribute on a Rust function that this one calls",
        ),
        (
            quote!(
                unsafe fn close(a: u8, ...) {}
            ),
            "`#[audit_action]` on a variadic function: its arguments cannot be passed on, wrap it in a function of yours",
        ),
        (
            quote!(
                fn close(&self) -> u8;
            ),
            "`#[audit_action]` needs a body: put it on the implementation of `close`, not on the declaration",
        ),
        (
            quote!(
                pub struct Incident {
                    id: u8,
                }
            ),
            functions,
        ),
        (
            quote!(
                fn close() -> impl Future<Output = u8> {
                    inner()
                }
            ),
            construction,
        ),
        (
            quote!(
                fn close() -> BoxFuture<'static, u8> {
                    async { 1 }.boxed()
                }
            ),
            construction,
        ),
        (
            quote!(
                fn close() -> Result<Pin<Box<dyn Future<Output = u8>>>, E> {
                    Ok(Box::pin(async { 1 }))
                }
            ),
            construction,
        ),
        (
            quote!(
                fn close() -> BoxFuture<'static, u8> {
                    if x {
                        return y;
                    }
                    Box::pin(async { 1 })
                }
            ),
            "this `return` would leave a future that is not audited: move it into the `async` block",
        ),
    ] {
        assert_eq!(item_errors(item), [expected]);
    }
}

#[test]
fn all_errors_in_one_build() {
    let messages = messages(attribute(
        quote!(
            acton = "a",
            entity_type = "",
            entity_id = id?,
            metadata(resaon, 5, "")
        ),
        quote!(
            const fn close(reason: &str) -> impl Future<Output = u8> {
                inner()
            }
        ),
    ));
    assert_eq!(messages.len(), 8, "{messages:#?}");
}
