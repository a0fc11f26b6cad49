//! Words that contradict each other.

use quote::quote;

use super::{errors, field_errors, struct_errors};

#[test]
fn an_excluded_field_is_not_read() {
    for (attribute, word) in [
        (quote!(#[audit(track, exclude)]), "track"),
        (quote!(#[audit(exclude, redact)]), "redact"),
        (quote!(#[audit(mask = f, exclude)]), "mask"),
        (quote!(#[audit(hash, exclude)]), "hash"),
        (quote!(#[audit(nested, exclude)]), "nested"),
        (quote!(#[audit(key = "id", exclude)]), "key"),
        (quote!(#[audit(set, exclude)]), "set"),
        (quote!(#[audit(with = f, exclude)]), "with"),
        (quote!(#[audit(rename = "a", exclude)]), "rename"),
        (quote!(#[audit(compare = f, exclude)]), "compare"),
        (quote!(#[audit(ignore, exclude)]), "ignore"),
        (quote!(#[audit(truncate = 3, exclude)]), "truncate"),
        (quote!(#[audit(sensitive, exclude)]), "sensitive"),
    ] {
        let expected = format!(
            "`{word}` on an excluded field: an excluded field is never read, keep one of `exclude` and `{word}`"
        );
        assert_eq!(field_errors(&attribute), [expected]);
    }
}

#[test]
fn what_names_the_record_is_read_and_stored_in_clear() {
    for (word, subject) in [
        (quote!(id), "the entity id"),
        (quote!(name), "the entity name"),
        (quote!(tenant), "the tenant"),
    ] {
        assert_eq!(
            field_errors(&quote!(#[audit(#word, exclude)])),
            [format!(
                "`{word}` on an excluded field: {subject} is read from it, drop `exclude` or choose another field"
            )]
        );
        for (capture, called, dropped) in [
            (quote!(redact), "a redacted", "redact"),
            (quote!(mask = f), "a masked", "mask"),
            (quote!(hash), "a hashed", "hash"),
        ] {
            assert_eq!(
                field_errors(&quote!(#[audit(#capture)] #[audit(#word)])),
                [format!(
                    "`{word}` on {called} field: {subject} is stored in clear, drop `{dropped}` or choose another field"
                )]
            );
        }
        for capture in [
            quote!(track),
            quote!(nested),
            quote!(key = "id"),
            quote!(set),
            quote!(with = f),
            quote!(sensitive, ignore, truncate = 7),
        ] {
            assert_eq!(
                field_errors(&quote!(#[audit(#word, #capture)])),
                [""; 0],
                "{word} {capture}"
            );
        }
    }
    assert_eq!(field_errors(&quote!(#[audit(id, name, tenant)])), [""; 0]);
}

#[test]
fn the_tenant_of_the_type_is_checked_as_well() {
    let with = |field| {
        errors(quote!(
            #[audit(tenant = company)]
            struct Incident { #field company: String, other: String }
        ))
    };
    assert_eq!(with(quote!()), [""; 0]);
    assert_eq!(
        with(quote!(#[audit(exclude)])),
        [
            "`exclude` on the field that `tenant` names: the tenant is read from it, drop `exclude` or choose another field"
        ]
    );
    assert_eq!(
        with(quote!(#[audit(hash)])),
        [
            "`hash` on the field that `tenant` names: the tenant is stored in clear, drop `hash` or choose another field"
        ]
    );
    assert_eq!(
        with(quote!(#[audit(tenant)])),
        ["a second `tenant`: the tenant is already taken from `company`, keep one"]
    );
}

#[test]
fn captures_exclude_one_another() {
    let captures = [
        ("track", quote!(track), "stores both values"),
        ("redact", quote!(redact), "stores no value"),
        ("mask", quote!(mask = f), "stores what its function gives"),
        ("hash", quote!(hash), "stores a digest"),
        ("nested", quote!(nested), "compares field by field"),
        ("key", quote!(key = "id"), "compares item by item"),
        ("set", quote!(set), "compares items in any order"),
        ("with", quote!(with = f), "stores what its function gives"),
    ];
    for (at, (first, one, does_one)) in captures.iter().enumerate() {
        for (second, other, does_other) in captures.iter().skip(at + 1) {
            let found = field_errors(&quote!(#[audit(#other, #one)]));
            if (*first, *second) == ("track", "with") {
                assert_eq!(found, [""; 0]);
                continue;
            }
            let expected = format!(
                "`{second}` with `{first}`: `{first}` {does_one}, `{second}` {does_other}, keep one"
            );
            assert_eq!(found, [expected]);
        }
    }
}

#[test]
fn words_that_would_do_nothing() {
    for (attribute, expected) in [
        (
            quote!(#[audit(nested, compare = f)]),
            "`compare` with `nested`: what is nested compares itself, put `compare` on the field inside that needs it",
        ),
        (
            quote!(#[audit(key = "id", compare = f)]),
            "`compare` with `key`: the items compare themselves, put `compare` on the field inside that needs it",
        ),
        (
            quote!(#[audit(set, compare = f)]),
            "`compare` with `set`: the items of a set are found by their own equality, keep one",
        ),
        (
            quote!(#[audit(redact, truncate = 1)]),
            "`truncate` with `redact`: no value is stored that could be cut, drop `truncate`",
        ),
        (
            quote!(#[audit(mask = f, truncate = 1)]),
            "`truncate` with `mask`: what the function of `mask` gives is stored whole, cut it there",
        ),
        (
            quote!(#[audit(hash, truncate = 1)]),
            "`truncate` with `hash`: only a digest is stored, drop `truncate`",
        ),
        (
            quote!(#[audit(nested, truncate = 1)]),
            "`truncate` with `nested`: put `truncate` on the field inside that needs it",
        ),
        (
            quote!(#[audit(key = "id", truncate = 1)]),
            "`truncate` with `key`: put `truncate` on the field inside that needs it",
        ),
        (
            quote!(#[audit(set, truncate = 1)]),
            "`truncate` with `set`: the items of a set are stored whole, keep one",
        ),
        (
            quote!(#[audit(redact, sensitive)]),
            "`sensitive` with `redact`: no value is stored that could be erased, drop `sensitive`",
        ),
    ] {
        assert_eq!(field_errors(&attribute), [expected]);
    }
    for attribute in [
        quote!(#[audit(redact, compare = f, ignore, rename = "a")]),
        quote!(#[audit(mask = f, compare = g, sensitive)]),
        quote!(#[audit(hash, sensitive)]),
        quote!(#[audit(nested, ignore, sensitive, rename = "a")]),
        quote!(#[audit(with = f, compare = g, truncate = 3)]),
    ] {
        assert_eq!(field_errors(&attribute), [""; 0]);
    }
}

#[test]
fn fields_that_include_leaves_out_have_nothing_to_say() {
    let with = |field| {
        errors(quote!(
            #[audit(include(title))]
            struct Incident { title: String, #field other: String }
        ))
    };
    for field in [
        quote!(),
        quote!(#[audit(id, name, tenant)]),
        quote!(#[audit(exclude)]),
    ] {
        assert_eq!(with(field), [""; 0]);
    }
    let said = |word| {
        format!(
            "`{word}` on a field that `include` leaves out: add `other` to `include`, or drop `{word}`"
        )
    };
    assert_eq!(
        with(quote!(#[audit(redact, sensitive)])),
        [said("redact"), said("sensitive")]
    );
    assert_eq!(
        errors(quote!(
            #[audit(include(title))]
            struct Incident {
                #[audit(exclude)]
                title: String,
            }
        )),
        ["`exclude` on a field that `include` names: keep one of the two"]
    );
}

#[test]
fn exhaustive_asks_for_each_field() {
    let asks = |field| {
        format!(
            "`exhaustive` asks what happens to `{field}`: say so with one of `track`, `exclude`, `redact`, `mask`, \
             `hash`, `nested`, `key`, `set`, `with`, or name the record by it with `id`, `name`, `tenant`"
        )
    };
    assert_eq!(
        errors(quote!(
            #[audit(exhaustive, tenant = j)]
            struct A {
                #[audit(track)]
                a: u8,
                #[audit(exclude)]
                b: u8,
                #[audit(redact)]
                c: u8,
                #[audit(mask = f)]
                d: u8,
                #[audit(hash)]
                e: u8,
                #[audit(nested)]
                f: u8,
                #[audit(key = "id")]
                g: u8,
                #[audit(set)]
                h: u8,
                #[audit(with = f)]
                i: u8,
                j: u8,
                #[audit(id)]
                k: u8,
                #[audit(name)]
                l: u8,
                m: u8,
                #[audit(rename = "o", sensitive)]
                r#type: u8,
            }
        )),
        [asks("m"), asks("type")]
    );
    assert_eq!(
        errors(quote!(
            #[audit(exhaustive)]
            enum A {
                Unit,
                One(u8, #[audit(track)] u8),
                Two { b: u8 },
            }
        )),
        [asks("0"), asks("b")]
    );
}

#[test]
fn a_misspelt_decision_is_not_a_missing_one() {
    let messages = errors(quote!(
        #[audit(exhaustive)]
        struct A {
            #[audit(exlude)]
            a: u8,
            #[audit(hash = 3)]
            b: u8,
            #[audit(iid)]
            c: u8,
        }
    ));
    assert_eq!(messages.len(), 3, "{messages:#?}");
}

#[test]
fn two_that_decide_for_every_field() {
    assert_eq!(
        struct_errors(&quote!(#[audit(include(title), exhaustive)])),
        ["`exhaustive` with `include`: `include` decides for every field already, keep one"]
    );
}

#[test]
fn nothing_to_rename() {
    for item in [
        quote!(
            struct Pair(u8);
        ),
        quote!(
            struct Nothing;
        ),
    ] {
        assert_eq!(
            errors(quote!(#[audit(rename_all = "camelCase")] #item)),
            ["`rename_all` on a struct without named fields: drop it"]
        );
    }
    assert_eq!(
        errors(quote!(
            #[audit(rename_all = "camelCase")]
            enum Never {}
        )),
        [""; 0]
    );
}
