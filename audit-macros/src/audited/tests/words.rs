//! What may be written, and in which form.

use proc_macro2::TokenStream;
use quote::quote;

use super::{enum_errors, errors, field_errors, struct_errors};

const FIELD: &str = "(allowed: `id`, `name`, `tenant`, `track`, `exclude`, `redact`, `mask`, `hash`, `nested`, `key`, \
                     `set`, `with`, `rename`, `compare`, `ignore`, `truncate`, `sensitive`)";
const STRUCT: &str =
    "(allowed: `entity_type`, `rename_all`, `tenant`, `include`, `exhaustive`, `bound`, `crate`)";
const ENUM: &str = "(allowed: `entity_type`, `rename_all`, `exhaustive`, `bound`, `crate`)";

fn variant_errors(attribute: &TokenStream) -> Vec<String> {
    errors(quote!(enum Choice { #attribute Open }))
}

#[test]
fn unknown_words() {
    assert_eq!(
        field_errors(&quote!(#[audit(exlude)])),
        [format!(
            "unknown word `exlude` in `#[audit(...)]` on a field, did you mean `exclude`? {FIELD}"
        )]
    );
    assert_eq!(
        struct_errors(&quote!(#[audit(rename_al = "camelCase")])),
        [format!(
            "unknown word `rename_al` in `#[audit(...)]` on a struct, did you mean `rename_all`? {STRUCT}"
        )]
    );
    assert_eq!(
        enum_errors(&quote!(#[audit(tag = "kind")])),
        [format!(
            "unknown word `tag` in `#[audit(...)]` on an enum {ENUM}"
        )]
    );
    assert_eq!(
        variant_errors(&quote!(#[audit(renam = "a")])),
        [
            "unknown word `renam` in `#[audit(...)]` on a variant, did you mean `rename`? (allowed: `rename`)"
        ]
    );
}

#[test]
fn words_that_stand_elsewhere() {
    for (found, expected) in [
        (
            field_errors(&quote!(#[audit(entity_type = "incident")])),
            "`entity_type` belongs on the type itself, not in `#[audit(...)]` on a field",
        ),
        (
            field_errors(&quote!(#[audit(exhaustive)])),
            "`exhaustive` belongs on the type itself, not in `#[audit(...)]` on a field",
        ),
        (
            struct_errors(&quote!(#[audit(redact)])),
            "`redact` belongs on a field, not in `#[audit(...)]` on a struct",
        ),
        (
            enum_errors(&quote!(#[audit(tenant = by)])),
            "`tenant` belongs on a field, not in `#[audit(...)]` on an enum",
        ),
        (
            enum_errors(&quote!(#[audit(include(by))])),
            "`include` belongs on a struct (of a variant's fields, mark those to leave out with `exclude`), \
             not in `#[audit(...)]` on an enum",
        ),
        (
            variant_errors(&quote!(#[audit(exclude)])),
            "`exclude` belongs on a field, not in `#[audit(...)]` on a variant",
        ),
        (
            variant_errors(&quote!(#[audit(rename_all = "lowercase")])),
            "`rename_all` belongs on the enum, not in `#[audit(...)]` on a variant",
        ),
    ] {
        assert_eq!(found, [expected]);
    }
}

/// That each attribute on a field gives its one message.
fn told(cases: &[(TokenStream, &str)]) {
    for (attribute, expected) in cases {
        assert_eq!(field_errors(attribute), [*expected], "{attribute}");
    }
}

#[test]
fn wrong_forms_of_any_word() {
    let no_word =
        format!("expected a word, such as `exclude`, in `#[audit(...)]` on a field {FIELD}");
    told(&[
        (
            quote!(#[audit(exclude = true)]),
            "`exclude` takes no value: write `exclude` alone",
        ),
        (
            quote!(#[audit(id(x))]),
            "`id` takes no value: write `id` alone",
        ),
        (
            quote!(#[audit(sensitive = false)]),
            "`sensitive` takes no value: write `sensitive` alone",
        ),
        (quote!(#[audit(id name)]), "expected `,` before this"),
        (quote!(#[audit("id")]), &no_word),
        (
            quote!(#[audit]),
            "`#[audit]` takes words in parentheses: `#[audit(...)]`",
        ),
        (
            quote!(#[audit(id, id)]),
            "`id` is given more than once: keep one",
        ),
        (
            quote!(#[audit(mask = f)] #[audit(mask = g)]),
            "`mask` is given more than once: keep one",
        ),
    ]);
}

#[test]
fn wrong_names() {
    told(&[
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
    ]);
}

#[test]
fn wrong_functions() {
    let mask = "`mask` takes the path of a function: `mask = last_four`";
    let compare = "`compare` takes the path of a function: `compare = nearly_equal`";
    told(&[
        (
            quote!(#[audit(mask)]),
            "`mask` needs a value: `mask = last_four`",
        ),
        (quote!(#[audit(mask = "last_four")]), mask),
        (quote!(#[audit(mask = last_four())]), mask),
        (
            quote!(#[audit(with = |time| time.to_utc())]),
            "`with` takes the path of a function: `with = in_utc`",
        ),
        (quote!(#[audit(compare = |a, b| a == b)]), compare),
        (quote!(#[audit(compare = +)]), compare),
        (
            quote!(#[audit(compare = same truncate = 3)]),
            "expected `,` before this",
        ),
    ]);
}

#[test]
fn wrong_keys() {
    let key = "`key` names the field that tells items apart: `key = \"id\"`, `key = \"meta.id\"` or, in a tuple, `key = \"0\"`";
    told(&[
        (
            quote!(#[audit(key = id)]),
            "`key` takes a string literal: `key = \"id\"`",
        ),
        (quote!(#[audit(key)]), "`key` needs a value: `key = \"id\"`"),
        (quote!(#[audit(key = "a..b")]), key),
        (quote!(#[audit(key = "a.")]), key),
        (quote!(#[audit(key = "id()")]), key),
        (quote!(#[audit(key = "0x1")]), key),
        (quote!(#[audit(key = "99999999999")]), key),
        (quote!(#[audit(key = "self")]), key),
        (quote!(#[audit(key = "a b")]), key),
    ]);
}

#[test]
fn wrong_lengths() {
    let truncate = "`truncate` takes a length of 1 to 4294967295 characters: `truncate = 200`";
    told(&[
        (quote!(#[audit(truncate = 0)]), truncate),
        (quote!(#[audit(truncate = "200")]), truncate),
        (quote!(#[audit(truncate = -1)]), truncate),
        (quote!(#[audit(truncate = 1.5)]), truncate),
        (quote!(#[audit(truncate = 200u8)]), truncate),
        (quote!(#[audit(truncate = 4294967296)]), truncate),
        (
            quote!(#[audit(truncate)]),
            "`truncate` needs a value: `truncate = 200`",
        ),
    ]);
}

#[test]
fn right_forms_on_a_field() {
    for attribute in [
        quote!(#[audit(mask = mask::<A, B>)]),
        quote!(#[audit(with = <Self as Shown>::shown, compare = Self::same)]),
        quote!(#[audit(truncate = 1_000,)]),
        quote!(#[audit(truncate = 4294967295)]),
        quote!(#[audit(rename = "Straße 7")]),
        quote!(#[audit()]),
    ] {
        assert_eq!(field_errors(&attribute), [""; 0], "{attribute}");
    }
}

#[test]
fn wrong_forms_on_a_type() {
    let include = "`include` takes field names in parentheses: `include(title, status)`";
    let bound = "`bound` takes bounds in a string literal: `bound = \"T: Serialize + PartialEq\"`";
    for (attribute, expected) in [
        (quote!(#[audit(include)]), include),
        (quote!(#[audit(include = "title")]), include),
        (
            quote!(#[audit(include())]),
            "`include` needs at least one field: `include(title, status)`",
        ),
        (
            quote!(#[audit(include("title"))]),
            "expected the name of a field",
        ),
        (
            quote!(#[audit(include(title status))]),
            "expected `,` before this",
        ),
        (
            quote!(#[audit(tenant)]),
            "`tenant` needs a value: `tenant = company`",
        ),
        (
            quote!(#[audit(tenant = "status")]),
            "`tenant` takes the name of a field: `tenant = company`",
        ),
        (
            quote!(#[audit(tenant = self.status)]),
            "`tenant` takes the name of a field: `tenant = company`",
        ),
        (
            quote!(#[audit(exhaustive = true)]),
            "`exhaustive` takes no value: write `exhaustive` alone",
        ),
        (quote!(#[audit(bound = T)]), bound),
        (quote!(#[audit(bound = "T Clone")]), bound),
        (
            quote!(#[audit(bound)]),
            "`bound` needs a value: `bound = \"T: Serialize + PartialEq\"`",
        ),
        (
            quote!(#[audit(rename_all = camelCase)]),
            "`rename_all` takes a string literal: `rename_all = \"camelCase\"`",
        ),
        (
            quote!(#[audit(rename_all = "camel_case")]),
            "`rename_all`: unknown spelling `camel_case`, did you mean `camelCase`? (allowed: `lowercase`, \
             `UPPERCASE`, `PascalCase`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, \
             `SCREAMING-KEBAB-CASE`)",
        ),
    ] {
        assert_eq!(struct_errors(&attribute), [expected], "{attribute}");
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
    let messages = errors(quote! {
        #[audit(include(a), rename_all = "x")]
        enum A {
            #[audit(nam = "a")]
            One(#[audit(id, nam)] u8),
            Two { #[audit(mask = f, hash)] b: u8 },
        }
    });
    assert_eq!(messages.len(), 5, "{messages:#?}");
}
