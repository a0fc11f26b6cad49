//! Random lives of a record of many shapes.

use std::collections::{BTreeMap, BTreeSet};

use audit_core::{
    AuditContext, AuditStore, Audited, Auditor, MemoryStore, Receipt, TenantLog, record_fields,
};
use audit_sqlite::SqliteStore;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Deserialize, Audited)]
struct Place {
    city: String,
    zip: Option<u8>,
}

#[derive(Clone, Debug, PartialEq, Deserialize, Audited)]
enum Status {
    Open,
    Closed { by: String },
    At(#[audit(nested)] Place),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    id: u8,
    text: String,
}

type Twice = Option<Inner>;
type Inner = Option<u8>;

#[derive(Clone, Debug, PartialEq, Deserialize, Audited)]
#[audit(entity_type = "record")]
struct Record {
    #[audit(id)]
    id: u8,
    large: i128,
    maybe: Twice,
    #[audit(nested)]
    place: Option<Place>,
    #[audit(nested)]
    status: Status,
    #[audit(key = "id")]
    notes: Vec<Note>,
    #[audit(nested)]
    stops: Vec<Place>,
    #[audit(nested)]
    limits: BTreeMap<String, Place>,
    #[audit(set)]
    tags: BTreeSet<String>,
    counters: BTreeMap<String, u8>,
    data: Value,
}

/// Few letters, so that values meet; some that would be read as a path or a mark.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[ab]{0,2}", 1 => r#"[.\[\]"\\=#$ é]{1,3}"#]
}

fn place() -> impl Strategy<Value = Place> {
    (text(), prop::option::of(0..2_u8)).prop_map(|(city, zip)| Place { city, zip })
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Open),
        text().prop_map(|by| Status::Closed { by }),
        place().prop_map(Status::At),
    ]
}

fn notes() -> impl Strategy<Value = Vec<Note>> {
    let texts = prop::collection::btree_map(0..9_u8, text(), 0..6);
    (texts, any::<prop::sample::Index>()).prop_map(|(texts, turn)| {
        let mut notes: Vec<Note> = texts
            .into_iter()
            .map(|(id, text)| Note { id, text })
            .collect();
        if !notes.is_empty() {
            let middle = turn.index(notes.len());
            notes.rotate_left(middle);
        }
        notes
    })
}

fn data() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), (0..3_u8).prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let name = prop_oneof![text(), Just("$some".to_owned()), Just("$$x".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..3)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn record() -> impl Strategy<Value = Record> {
    let scalars = (
        prop_oneof![Just(i128::MIN), Just(5)],
        prop::option::of(prop::option::of(0..2_u8)),
        prop::option::of(place()),
        status(),
    );
    let collections = (
        notes(),
        prop::collection::vec(place(), 0..3),
        prop::collection::btree_map(text(), place(), 0..3),
        prop::collection::btree_set(text(), 0..4),
        prop::collection::btree_map(text(), 0..2_u8, 0..3),
        data(),
    );
    (scalars, collections).prop_map(|(scalars, collections)| {
        let (large, maybe, place, status) = scalars;
        let (notes, stops, limits, tags, counters, data) = collections;
        Record {
            id: 1,
            large,
            maybe,
            place,
            status,
            notes,
            stops,
            limits,
            tags,
            counters,
            data,
        }
    })
}

/// What the record becomes next; nothing is that it goes.
fn life() -> impl Strategy<Value = Vec<Option<Record>>> {
    prop::collection::vec(prop::option::weighted(0.9, record()), 1..12)
}

/// Lives the life, and says after which index the record was what.
fn record_life(auditor: &Auditor, life: &[Option<Record>]) -> Vec<(u64, Option<Record>)> {
    let context = AuditContext::new("acme");
    let mut moments = Vec::new();
    let mut present: Option<Record> = None;
    for next in life {
        let receipt: Receipt = context
            .clone()
            .scope(|| match (&present, next) {
                (None, Some(next)) => auditor.created(next).record(),
                (Some(present), Some(next)) => auditor.updated(present, next).record(),
                (Some(present), None) => auditor.deleted(present).record(),
                (None, None) => auditor.log("access").entity("other", 1_u8).record(),
            })
            .unwrap();
        present.clone_from(next);
        if let Some(index) = receipt.index() {
            moments.push((index, present.clone()));
        }
    }
    moments
}

fn check(log: &TenantLog, moments: &[(u64, Option<Record>)]) {
    let history = log.history("record", 1);
    let fields =
        |record: &Option<Record>| record.as_ref().map(|record| record_fields(record).unwrap());
    let present = fields(&moments.last().unwrap().1);
    let mut before = None;
    for (index, record) in moments {
        let expected = fields(record);
        assert_eq!(history.state_at(*index).unwrap(), expected, "at {index}");
        assert_eq!(
            history.as_of::<Record>(*index).unwrap(),
            *record,
            "at {index}"
        );
        let plan = history.revert_plan_to(*index).unwrap();
        assert_eq!(
            plan.apply_to(present.as_ref()).unwrap(),
            expected,
            "back to {index}"
        );
        if let (Some((earlier, was)), Some(is)) = (&before, &expected) {
            let changes = history.diff_between(*earlier, *index).unwrap();
            let from = fields(was).unwrap_or_else(|| Value::Object(serde_json::Map::new()));
            assert_eq!(
                &changes.apply(&from).unwrap(),
                is,
                "from {earlier} to {index}"
            );
        }
        before = Some((*index, record.clone()));
    }
    for entry in history.entries().stream().unwrap() {
        let entry = entry.unwrap();
        let before = entry
            .index
            .checked_sub(1)
            .and_then(|index| history.state_at(index).unwrap());
        let after = history.state_at(entry.index).unwrap();
        let plan = history.revert_plan(entry.id).unwrap();
        assert_eq!(
            plan.apply_to(after.as_ref()).unwrap(),
            before,
            "without {}",
            entry.index
        );
    }
}

fn log(store: impl AuditStore, life: &[Option<Record>]) {
    let auditor = Auditor::new(store);
    let moments = record_life(&auditor, life);
    check(&auditor.tenant("acme"), &moments);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_is_what_it_was_at_any_moment(life in life()) {
        log(MemoryStore::new(), &life);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 25, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_record_in_a_database_is_what_it_was_at_any_moment(life in life()) {
        log(SqliteStore::in_memory().unwrap(), &life);
    }
}
