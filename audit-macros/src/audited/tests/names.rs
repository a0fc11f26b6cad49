//! Names of fields, variants and types.

use proc_macro2::TokenStream;
use quote::quote;

use super::{errors, struct_errors};

#[test]
fn entity_types() {
    let with = |value: TokenStream| struct_errors(&quote!(#[audit(entity_type = #value)]));
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
fn names_are_distinct_after_they_were_spelled() {
    assert_eq!(
        errors(quote!(
            #[audit(rename_all = "camelCase")]
            struct A {
                first_name: u8,
                firstName: u8,
                #[audit(rename = "first_name")]
                other: u8,
                __: u8,
            }
        )),
        [
            "a second field named `firstName`: `first_name` has that name already, rename one",
            "`rename_all` leaves nothing of this name: give the field one with `rename`",
        ]
    );
}

#[test]
fn names_are_distinct_within_a_variant_and_among_variants() {
    assert_eq!(
        errors(quote!(
            #[audit(rename_all = "lowercase")]
            enum A {
                Open {
                    by: u8,
                },
                Closed {
                    by: u8,
                    #[audit(rename = "by")]
                    with: u8,
                },
                #[audit(rename = "open")]
                Reopened,
                OPEN,
            }
        )),
        [
            "a second field named `by`: `by` has that name already, rename one",
            "a second variant named `open`: `Open` has that name already, rename one",
            "a second variant named `open`: `Open` has that name already, rename one",
        ]
    );
}

#[test]
fn every_extra_id_and_name_is_reported() {
    let messages = errors(quote! {
        struct A {
            #[audit(id)] a: u8,
            #[audit(id, name)] b: u8,
            #[audit(name, tenant)] c: u8,
            #[audit(id)] d: u8,
            #[audit(tenant)] e: u8,
        }
    });
    assert_eq!(
        messages,
        [
            "a second `id`: the entity id is already taken from `a`, keep one",
            "a second `id`: the entity id is already taken from `a`, keep one",
            "a second `name`: the entity name is already taken from `b`, keep one",
            "a second `tenant`: the tenant is already taken from `c`, keep one",
        ]
    );
    assert_eq!(
        errors(quote!(
            enum A {
                One(#[audit(id)] u8),
                Two(#[audit(id)] u8, #[audit(id)] u8),
            }
        )),
        ["a second `id`: the entity id is already taken from `0`, keep one"]
    );
}

#[test]
fn include_and_tenant_name_fields_that_are_there() {
    let fields = "(fields: `title`, `status`)";
    for (attribute, expected) in [
        (quote!(#[audit(include(title, status))]), vec![]),
        (quote!(#[audit(include(r#title,))]), vec![]),
        (
            quote!(#[audit(include(titel, x, title, title))]),
            vec![
                format!("no field is named `titel`, did you mean `title`? {fields}"),
                format!("no field is named `x` {fields}"),
                "`title` is listed more than once: keep one".to_owned(),
            ],
        ),
        (
            quote!(#[audit(include(staus))]),
            vec![format!(
                "no field is named `staus`, did you mean `status`? {fields}"
            )],
        ),
        (quote!(#[audit(tenant = status)]), vec![]),
        (
            quote!(#[audit(tenant = statu)]),
            vec![format!(
                "no field is named `statu`, did you mean `status`? {fields}"
            )],
        ),
    ] {
        assert_eq!(struct_errors(&attribute), expected, "{attribute}");
    }
    assert_eq!(
        errors(quote!(
            #[audit(include(0, 2))]
            struct Pair(u8, u8);
        )),
        ["no field is named `2`, did you mean `0`? (fields: `0`, `1`)"]
    );
    assert_eq!(
        errors(quote!(
            #[audit(tenant = a)]
            struct Nothing;
        )),
        ["no field is named `a` (there are none)"]
    );
}
