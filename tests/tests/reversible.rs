//! Changes lead from one version of a record to the other, and back, whatever the record holds.

#![allow(clippy::unwrap_used, reason = "a test fails at the first error")]

use std::collections::{BTreeMap, HashMap};

use audit_core::{Audited, Changes, ErrorKind, diff, record_fields};
use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

#[derive(Clone, Debug, Audited)]
struct Place {
    city: String,
    #[audit(nested)]
    inner: Option<Box<Place>>,
    #[audit(exclude)]
    #[expect(dead_code, reason = "an excluded field is never read")]
    secret: u8,
}

#[derive(Clone, Debug, Audited)]
enum State {
    Open,
    Closed { by: String, code: Option<u8> },
    Moved(#[audit(nested)] Place),
    Split(u8, bool),
}

#[derive(Clone, Debug, Audited)]
struct Note {
    #[audit(id)]
    id: u8,
    text: String,
    #[audit(key = "id")]
    replies: Vec<Reply>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Reply {
    id: String,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Part {
    #[serde(rename = "part-code")]
    code: String,
    size: u8,
}

#[derive(Clone, Debug, Audited)]
struct Record {
    #[audit(id)]
    id: u8,
    load: f64,
    large: i128,
    #[expect(
        clippy::option_option,
        reason = "three cases, as some records have them"
    )]
    maybe: Option<Option<u8>>,
    #[audit(nested)]
    place: Option<Place>,
    #[audit(nested)]
    state: State,
    #[audit(key = "id")]
    notes: Vec<Note>,
    #[audit(key = "code")]
    parts: Vec<Part>,
    #[audit(nested)]
    stops: Vec<Place>,
    #[audit(nested)]
    limits: BTreeMap<String, Place>,
    #[audit(set)]
    tags: Vec<String>,
    #[audit(set)]
    pairs: Vec<(u8, u8)>,
    counters: HashMap<String, u8>,
    data: Value,
    #[audit(ignore)]
    seen: u8,
}

/// Few letters, so that values meet; some that would be read as a path or a mark.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[ab]{0,2}",
        1 => r#"[.\[\]"\\=#$ é]{1,3}"#,
    ]
}

fn place() -> impl Strategy<Value = Place> {
    let place = |city, inner| Place {
        city,
        inner,
        secret: 7,
    };
    (text(), prop::option::of(text()))
        .prop_map(move |(city, inner)| place(city, inner.map(|city| Box::new(place(city, None)))))
}

fn state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Open),
        (text(), prop::option::of(0..3_u8)).prop_map(|(by, code)| State::Closed { by, code }),
        place().prop_map(State::Moved),
        (0..3_u8, any::<bool>()).prop_map(|(part, whole)| State::Split(part, whole)),
    ]
}

fn note() -> impl Strategy<Value = Note> {
    let reply = (text(), text()).prop_map(|(id, text)| Reply { id, text });
    (0..12_u8, text(), prop::collection::vec(reply, 0..4)).prop_map(|(id, text, replies)| Note {
        id,
        text,
        replies,
    })
}

fn load() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(0.0),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        any::<f64>()
    ]
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4_u64).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let name = prop_oneof![text(), Just("$hash".to_owned()), Just("$$x".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn record() -> impl Strategy<Value = Record> {
    let part = (text(), 0..3_u8).prop_map(|(code, size)| Part { code, size });
    let scalars = (
        0..2_u8,
        load(),
        prop_oneof![Just(i128::MIN), Just(5), Just(i128::from(u64::MAX))],
        prop::option::of(prop::option::of(0..2_u8)),
        prop::collection::hash_map(text(), 0..3_u8, 0..4),
        data(),
        0..9_u8,
    );
    let nested = (
        prop::option::of(place()),
        state(),
        prop::collection::vec(note(), 0..8),
        prop::collection::vec(part, 0..5),
        prop::collection::vec(place(), 0..4),
        prop::collection::btree_map(text(), place(), 0..4),
        prop::collection::vec(text(), 0..5),
        prop::collection::vec((0..2_u8, 0..2_u8), 0..3),
    );
    (scalars, nested).prop_map(|(scalars, nested)| {
        let (id, load, large, maybe, counters, data, seen) = scalars;
        let (place, state, notes, parts, stops, limits, tags, pairs) = nested;
        Record {
            id,
            load,
            large,
            maybe,
            place,
            state,
            notes,
            parts,
            stops,
            limits,
            tags,
            pairs,
            counters,
            data,
            seen,
        }
    })
}

/// Two versions that have much in common.
fn versions() -> impl Strategy<Value = (Record, Record)> {
    (record(), record(), any::<u16>(), any::<u64>()).prop_map(|(before, other, keep, order)| {
        let mut after = other;
        let mut kept = (0..16).map(|bit| keep & (1 << bit) != 0);
        macro_rules! keep {
            ($($field:ident)*) => {$(
                if kept.next().unwrap_or(false) {
                    after.$field = before.$field.clone();
                }
            )*};
        }
        keep!(id load large maybe place state notes parts stops limits tags pairs counters data);
        // Move some items of a list that is otherwise the same.
        let mut order = order;
        for place in 1..after.notes.len() {
            let other = usize::try_from(order % 8).unwrap() % (place + 1);
            after.notes.swap(place, other);
            order /= 8;
        }
        (before, after)
    })
}

/// What a store gives back.
fn stored(changes: &Changes) -> Changes {
    serde_json::from_str(&serde_json::to_string(changes).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changes_lead_there_and_back((before, after) in versions()) {
        let changes = stored(&diff(&before, &after).unwrap());
        let old = record_fields(&before).unwrap();
        let mut new = record_fields(&after).unwrap();
        if changes.is_empty() {
            // What is ignored is told of with other changes only.
            new["seen"] = old["seen"].clone();
        }
        let mut patched = old.clone();
        json_patch::patch(&mut patched, &json_patch::diff(&old, &new)).unwrap();

        prop_assert_eq!(&changes.apply(&old).unwrap(), &patched);
        prop_assert_eq!(&changes.revert(&new).unwrap(), &old);
        prop_assert_eq!(changes.is_empty(), old == new);
    }

    #[test]
    fn another_record_is_refused_or_changed_but_never_panics(
        (before, after) in versions(),
        other in record(),
    ) {
        let changes = diff(&before, &after).unwrap();
        let fields = record_fields(&other).unwrap();
        for result in [changes.apply(&fields), changes.revert(&fields), changes.apply(&json!(1))] {
            if let Err(error) = result {
                prop_assert_eq!(error.kind(), ErrorKind::Mismatch);
            }
        }
    }
}

#[test]
fn what_is_not_stored_as_it_was_is_not_taken_back() {
    fn first(text: &str) -> String {
        text.chars().take(1).collect()
    }

    #[derive(Audited)]
    struct Account {
        #[audit(redact)]
        pin: u16,
        #[audit(mask = first)]
        owner: String,
        #[audit(hash)]
        email: String,
        #[audit(truncate = 3)]
        note: String,
        balance: i64,
    }
    let account = |n: u16| Account {
        pin: n,
        owner: format!("{n} ada"),
        email: format!("{n}@example.org"),
        note: format!("{n} long"),
        balance: n.into(),
    };
    let changes = diff(&account(1), &account(2)).unwrap();
    let fields = record_fields(&account(2)).unwrap();
    let error = changes.revert(&fields).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Irreversible);
    assert_eq!(
        changes.irreversible().collect::<Vec<_>>(),
        ["pin", "owner", "email", "note"]
    );
    for path in ["`pin`", "`owner`", "`email`", "`note`"] {
        assert!(error.to_string().contains(path), "{error}");
    }
    // Going forward needs the new values only, as they are stored.
    let after = changes.apply(&record_fields(&account(1)).unwrap()).unwrap();
    assert_eq!(after["balance"], 2);
    assert_eq!(after["owner"], json!({"$masked": "2"}));
}
