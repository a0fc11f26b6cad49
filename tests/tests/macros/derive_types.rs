//! What each word on a type does, and types of every shape.

use std::collections::BTreeSet;

use audit_core::{Audited, EntityId, Tenant, diff, record_fields};
use serde::Serialize;
use serde_json::{Value, json};

fn changes<T: Audited>(before: &T, after: &T) -> Value {
    serde_json::to_value(diff(before, after).unwrap()).unwrap()
}

fn members(value: &Value) -> BTreeSet<String> {
    value.as_object().unwrap().keys().cloned().collect()
}

/// The names of every spelling are those of serde.
macro_rules! spelled_as_serde_does {
    ($($test:ident $spelling:literal)*) => {$(
        #[test]
        fn $test() {
            #[derive(Audited, Serialize)]
            #[audit(rename_all = $spelling)]
            #[serde(rename_all = $spelling)]
            struct Record {
                id: u8,
                first_name: u8,
                line2_of_it: u8,
                r#type: u8,
                _inner: u8,
                #[audit(rename = "asIs_")]
                #[serde(rename = "asIs_")]
                other: u8,
            }
            #[derive(Audited, Serialize)]
            #[audit(rename_all = $spelling)]
            #[serde(rename_all = $spelling)]
            enum Status {
                Open,
                InWork,
                HTTPError { number_of_it: u8 },
                Merged(u8),
                #[audit(rename = "asIs_")]
                #[serde(rename = "asIs_")]
                Other,
            }

            #[derive(Audited)]
            struct Holder {
                #[audit(nested)]
                status: Status,
            }

            let record = Record { id: 1, first_name: 1, line2_of_it: 1, r#type: 1, _inner: 1, other: 1 };
            let ours = record_fields(&record).unwrap();
            assert_eq!(members(&ours), members(&serde_json::to_value(&record).unwrap()));
            for status in [
                Status::Open,
                Status::InWork,
                Status::HTTPError { number_of_it: 1 },
                Status::Merged(1),
                Status::Other,
            ] {
                let expected = serde_json::to_value(&status).unwrap();
                assert_eq!(record_fields(&Holder { status }).unwrap()["status"], expected);
            }
        }
    )*};
}

spelled_as_serde_does! {
    lower "lowercase"
    upper "UPPERCASE"
    pascal "PascalCase"
    camel "camelCase"
    snake "snake_case"
    screaming_snake "SCREAMING_SNAKE_CASE"
    kebab "kebab-case"
    screaming_kebab "SCREAMING-KEBAB-CASE"
}

struct Unreadable;

#[derive(Audited)]
#[audit(include(title, r#type), tenant = company)]
#[allow(dead_code, reason = "that nobody reads some of them is the point")]
struct Account {
    #[audit(id)]
    id: u64,
    company: &'static str,
    title: String,
    r#type: u8,
    session: Unreadable,
    #[audit(exclude)]
    token: Unreadable,
}

#[test]
fn only_what_is_included_is_seen() {
    let account = |id, title: &str| Account {
        id,
        company: "acme",
        title: title.to_owned(),
        r#type: 1,
        session: Unreadable,
        token: Unreadable,
    };
    assert_eq!(
        record_fields(&account(1, "a")).unwrap(),
        json!({"title": "a", "type": 1})
    );
    assert_eq!(
        changes(&account(1, "a"), &account(2, "b")),
        json!({"title": {"old": "a", "new": "b"}})
    );
    assert_eq!(account(1, "a").audit_id(), Some(EntityId::from(1_u64)));
    assert_eq!(account(1, "a").audit_tenant(), Some(Tenant::from("acme")));
}

#[derive(Audited)]
#[audit(exhaustive, tenant = company)]
#[allow(dead_code, reason = "a field that is excluded is not read")]
struct Decided {
    #[audit(id)]
    id: u8,
    #[audit(track)]
    title: String,
    #[audit(exclude)]
    cache: Unreadable,
    company: u32,
}

#[test]
fn where_every_field_is_decided_nothing_else_changes() {
    let decided = Decided {
        id: 1,
        title: "a".to_owned(),
        cache: Unreadable,
        company: 7,
    };
    assert_eq!(
        record_fields(&decided).unwrap(),
        json!({"id": 1, "title": "a", "company": 7})
    );
    assert_eq!(decided.audit_tenant(), Some(Tenant::from("7")));
}

/// Equal by its own word, whatever `T` is.
struct Versioned<T> {
    version: u32,
    value: T,
}

impl<T> PartialEq for Versioned<T> {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
    }
}

impl<T: ToString> Serialize for Versioned<T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.value.to_string())
    }
}

#[derive(Audited)]
#[audit(bound = "T: ToString")]
struct Bounded<T> {
    value: Versioned<T>,
}

#[test]
fn bounds_can_be_written_by_hand() {
    fn compare<T: ToString>(before: T, after: T) -> Value {
        let bounded = |version, value| Bounded {
            value: Versioned { version, value },
        };
        changes(&bounded(1, before), &bounded(2, after))
    }
    assert_eq!(
        compare('a', 'b'),
        json!({"value": {"old": "a", "new": "b"}})
    );
}

#[derive(Audited)]
struct Pair(
    #[audit(id)] u64,
    #[audit(name, rename = "text")] String,
    f32,
);

#[derive(Audited)]
struct Nothing;

#[derive(Audited)]
#[audit(include(1))]
struct Second(#[allow(dead_code, reason = "it is not seen")] u8, u8);

#[test]
fn tuple_structs_number_their_fields() {
    let pair = |text: &str| Pair(7, text.to_owned(), 0.5);
    assert_eq!(
        record_fields(&pair("a")).unwrap(),
        json!({"0": 7, "text": "a", "2": 0.5})
    );
    assert_eq!(
        changes(&pair("a"), &Pair(7, "b".to_owned(), 1.5)),
        json!({"text": {"old": "a", "new": "b"}, "2": {"old": 0.5, "new": 1.5}})
    );
    assert_eq!(pair("a").audit_id(), Some(EntityId::from(7_u64)));
    assert_eq!(pair("a").audit_name().as_deref(), Some("a"));
    assert_eq!(record_fields(&Second(1, 2)).unwrap(), json!({"1": 2}));
}

#[test]
fn a_unit_struct_has_nothing_to_tell() {
    assert_eq!(Nothing::ENTITY_TYPE, "nothing");
    assert_eq!(record_fields(&Nothing).unwrap(), json!({}));
    assert_eq!(changes(&Nothing, &Nothing), json!({}));
}

macro_rules! record {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $ty:ty,)* } $($variants:tt)*) => {
        #[derive(Clone, Audited)]
        struct $name { $($(#[$meta])* $field: $ty,)* }

        #[derive(Clone, Audited)]
        enum Event { $($variants)* }
    };
}

record!(Made {
    #[audit(id)] id: u64,
    #[cfg(any())] gone: Unreadable,
    #[cfg(all())] #[audit(rename = "kept")] here: Option<u8>,
    #[cfg_attr(all(), audit(exclude))] hidden: u8,
    #[audit(key = "0")] list: Vec<(u8, u8)>,
}
    #[cfg(any())] Gone(Unreadable),
    Kept(#[cfg(any())] Unreadable, u8),
    Other { #[cfg(any())] gone: Unreadable, here: u8 },
);

#[test]
fn types_that_a_macro_makes_and_parts_that_are_configured_away_work() {
    let made = Made {
        id: 1,
        here: None,
        hidden: 1,
        list: vec![(1, 2)],
    };
    assert_eq!(
        record_fields(&made).unwrap(),
        json!({"id": 1, "kept": null, "list": [[1, 2]]})
    );
    assert_eq!(made.hidden, 1);
    let after = Made {
        here: Some(1),
        ..made.clone()
    };
    assert_eq!(
        changes(&made, &after),
        json!({"kept": {"old": null, "new": 1}})
    );
    assert_eq!(
        changes(&Event::Kept(1), &Event::Kept(2)),
        json!({"variant.Kept": {"old": 1, "new": 2}})
    );
    assert_eq!(
        changes(&Event::Other { here: 1 }, &Event::Other { here: 2 }),
        json!({"variant.Other.here": {"old": 1, "new": 2}})
    );
}

#[derive(Clone, Audited)]
struct Reading {
    value: f64,
    #[expect(clippy::option_option, reason = "it is what is tried")]
    note: Option<Option<u8>>,
}

#[test]
fn floats_are_compared_as_floats() {
    let reading = |value| Reading { value, note: None };
    let differs = |a, b| !diff(&reading(a), &reading(b)).unwrap().is_empty();
    assert!(!differs(0.1 + 0.2, 0.3_f64.next_up()));
    assert!(!differs(0.0, -0.0));
    assert!(differs(0.1, 0.1_f64.next_up()));
    // Not equal to itself, but it reads the same.
    assert!(!differs(f64::NAN, f64::NAN));
    let changes = diff(&reading(f64::NAN), &reading(f64::NEG_INFINITY)).unwrap();
    assert_eq!(
        serde_json::to_value(changes).unwrap(),
        json!({"value": {"old": {"$float": "NaN"}, "new": {"$float": "-inf"}}})
    );
}

#[test]
fn nothing_and_nothing_inside_something_are_told_apart() {
    let with = |note| Reading { value: 0.0, note };
    let changes = diff(&with(None), &with(Some(None))).unwrap();
    assert_eq!(
        serde_json::to_value(changes).unwrap(),
        json!({"note": {"old": null, "new": {"$some": null}}})
    );
}
