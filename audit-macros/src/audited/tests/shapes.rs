//! Structs and enums of every kind.

use proc_macro2::TokenStream;
use quote::quote;

use super::errors;
use crate::{audited::derive, testing::pretty};

/// That `parts` stand in the code for `input`, in this order; spaces mean nothing.
fn has(input: TokenStream, parts: &[&str]) {
    let squeezed = |text: &str| text.replace(char::is_whitespace, "");
    let code = squeezed(&derive(input).to_string());
    let mut rest = code.as_str();
    for part in parts.iter().map(|part| squeezed(part)) {
        let Some((_, after)) = rest.split_once(part.as_str()) else {
            panic!("{part} in\n{code}");
        };
        rest = after;
    }
}

#[test]
fn what_has_nothing_to_see_takes_no_notice() {
    for input in [
        quote!(
            struct Empty {
                #[audit(exclude)]
                secret: String,
            }
        ),
        quote!(
            struct Nothing;
        ),
        quote!(
            enum Never {}
        ),
    ] {
        has(
            input,
            &[
                "fn audit_diff(&self, _: &Self, _: &mut __audit::FieldDiff) {}",
                "fn audit_snapshot(&self, _: &mut __audit::FieldSnapshot) {}",
            ],
        );
    }
    has(
        quote!(
            enum Only {
                Unit,
            }
        ),
        &[
            "fn audit_diff(&self, _: &Self, _: &mut __audit::FieldDiff) {}",
            r#"Self::Unit => __audit::FieldSnapshot::variant(__audit_fields, "Unit", |_| {})"#,
        ],
    );
}

#[test]
fn fields_of_tuples_are_numbered() {
    has(
        quote!(
            struct Pair(#[audit(id)] u64, #[audit(rename = "text")] String);
        ),
        &[
            "entity_id(&(self.0))",
            r#"changed(__audit_fields, "0", &(self.0), &(__audit_after.0))"#,
            r#""text""#,
        ],
    );
    has(
        quote!(
            enum Choice {
                Both(u8, #[audit(rename = "text")] String),
            }
        ),
        &[
            "match (self, __audit_after) {",
            "(Self::Both(__before_0, __before_1), Self::Both(__after_0, __after_1))",
            r#"changed(__audit_fields, "0", &*__before_0, &*__after_0)"#,
            r#""text""#,
        ],
    );
}

#[test]
fn the_only_value_of_a_variant_stands_for_it() {
    has(
        quote!(
            enum Choice {
                One(u8),
                Named(#[audit(rename = "text")] String),
                Half(u8, #[audit(exclude)] u8),
            }
        ),
        &[
            r#"field(__audit_fields, "", &*__value_0)"#,
            r#"field(__audit_fields, "text", &*__value_0)"#,
            r#"field(__audit_fields, "0", &*__value_0)"#,
        ],
    );
}

#[test]
fn a_lone_variant_has_no_other() {
    let code = pretty(derive(quote!(
        enum Lone {
            A {
                #[audit(id)]
                a: u8,
            },
        }
    )));
    assert!(!code.contains("_ =>"), "{code}");
    assert!(!code.contains("other_variant"), "{code}");
}

#[test]
fn each_variant_has_its_own_id_name_and_tenant() {
    has(
        quote!(
            enum Event {
                Opened {
                    #[audit(id)]
                    number: u64,
                    #[audit(name)]
                    title: String,
                },
                Closed(#[audit(id)] u64, #[audit(tenant)] String),
                Lost,
            }
        ),
        &[
            "fn audit_id",
            "Self::Opened { number: __value_number, .. } =>",
            "entity_id(&*__value_number)",
            "Self::Closed(__value_0, _) =>",
            "_ => ::core::option::Option::None,",
            "fn audit_name",
            "display_name(&*__value_title)",
            "_ => ::core::option::Option::None,",
            "fn audit_tenant(&self) -> ::core::option::Option<__audit::Tenant>",
            "__audit::__private::tenant(&*__value_1)",
        ],
    );
    let code = pretty(derive(quote!(
        enum Event {
            Opened,
        }
    )));
    assert!(!code.contains("audit_tenant"), "{code}");
}

#[test]
fn unions_are_refused() {
    assert_eq!(
        errors(quote!(
            union Bits {
                a: u8,
            }
        )),
        ["`#[derive(Audited)]` works on structs and enums, this is a union: use an enum"]
    );
}

#[test]
fn a_key_may_be_a_path_a_number_or_a_keyword() {
    for (key, expected) in [
        ("id", "item.id"),
        ("meta.id", "item.meta.id"),
        ("0", "item.0"),
        ("0.1.name", "item.0.1.name"),
        ("type", "item.r#type"),
        ("r#type", "item.r#type"),
        ("gen", "item.r#gen"),
    ] {
        has(
            quote!(
                struct A {
                    #[audit(key = #key)]
                    notes: Vec<Note>,
                }
            ),
            &["audit_runtime::keyed!", &format!("|item| &{expected})")],
        );
    }
}
