//! Records inside of records: nested, by key, and without an order.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use audit_core::{Audited, diff, record_fields};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{audited, one};

fn changes<T: Audited>(before: &T, after: &T) -> Value {
    serde_json::to_value(diff(before, after).unwrap()).unwrap()
}

#[derive(Clone, Audited)]
struct Place {
    city: String,
    #[audit(exclude)]
    _cache: fn(),
    #[audit(redact)]
    code: u8,
}

fn place(city: &str, code: u8) -> Place {
    Place {
        city: city.to_owned(),
        _cache: || (),
        code,
    }
}

#[derive(Clone, Audited)]
struct Trip {
    #[audit(nested)]
    start: Place,
    #[audit(nested, rename = "end")]
    end_of_it: Option<Box<Place>>,
    #[audit(nested)]
    shared: Arc<Place>,
    #[audit(nested)]
    stops: Vec<Place>,
}

fn trip() -> Trip {
    Trip {
        start: place("Oslo", 1),
        end_of_it: None,
        shared: Arc::new(place("Turku", 1)),
        stops: vec![place("Bergen", 1), place("Espoo", 1)],
    }
}

#[test]
fn what_is_nested_is_told_field_by_field() {
    let mut after = trip();
    after.start = place("Bodø", 2);
    after.end_of_it = Some(Box::new(place("Vik", 1)));
    after.stops[1].city = "Kotka".to_owned();
    assert_eq!(
        changes(&trip(), &after),
        json!({
            "start.city": {"old": "Oslo", "new": "Bodø"},
            "start.code": {"old": "********", "new": "********"},
            "end": {"old": null, "new": {"city": "Vik", "code": "********"}},
            "stops[#1].city": {"old": "Espoo", "new": "Kotka"},
        })
    );
    assert_eq!(changes(&trip(), &trip()), json!({}));
    assert_eq!(
        record_fields(&trip()).unwrap()["stops"],
        json!([{"city": "Bergen", "code": "********"}, {"city": "Espoo", "code": "********"}])
    );
}

#[derive(Clone, PartialEq, Serialize)]
struct Meta {
    id: (u8, String),
}

#[derive(Clone, Audited)]
struct Note {
    id: u8,
    text: String,
}

/// An item that is not audited itself.
#[derive(Clone, PartialEq, Serialize)]
struct Line {
    meta: Meta,
    r#type: u8,
}

#[derive(Clone, Audited)]
struct Order {
    #[audit(key = "id")]
    notes: Vec<Note>,
    #[audit(key = "meta.id.0")]
    lines: Vec<Line>,
    #[audit(key = "type", ignore)]
    others: Box<[Line]>,
    #[audit(key = "0", sensitive)]
    pairs: [(u8, String); 2],
}

fn line(id: u8, r#type: u8) -> Line {
    let meta = Meta {
        id: (id, "x".to_owned()),
    };
    Line { meta, r#type }
}

fn order() -> Order {
    let note = |id: u8| Note {
        id,
        text: format!("text {id}"),
    };
    Order {
        notes: (1..=4).map(note).collect(),
        lines: vec![line(1, 1), line(2, 2)],
        others: [line(1, 1), line(1, 2)].into(),
        pairs: [(1, "a".to_owned()), (2, "b".to_owned())],
    }
}

#[test]
fn items_are_found_by_their_key() {
    let mut after = order();
    after.notes[0].text = "changed".to_owned();
    after.notes.swap(1, 3);
    after.notes.remove(2);
    after.notes.push(Note {
        id: 9,
        text: "new".to_owned(),
    });
    let found = changes(&order(), &after);
    let paths: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        found["notes[1].text"],
        json!({"old": "text 1", "new": "changed"})
    );
    assert_eq!(found["notes[3]"]["old"], json!({"id": 3, "text": "text 3"}));
    assert_eq!(found["notes[9]"]["new"], json!({"id": 9, "text": "new"}));
    let moved = paths
        .iter()
        .filter(|path| found[path.as_str()].get("moved").is_some())
        .count();
    assert_eq!((paths.len(), moved), (4, 1), "{found:#}");
}

#[test]
fn a_key_may_stand_deep_in_an_item() {
    let mut after = order();
    after.lines[1].r#type = 7;
    after.pairs[0].1 = "z".to_owned();
    after.others[1].meta.id.1 = "y".to_owned();
    let found = changes(&order(), &after);
    for field in ["lines", "pairs", "others"] {
        let paths = found.as_object().unwrap().keys();
        assert_eq!(
            paths.filter(|path| path.starts_with(field)).count(),
            1,
            "{field} in {found:#}"
        );
    }
    let mut only_ignored = order();
    only_ignored.others[1].meta.id.1 = "y".to_owned();
    assert_eq!(changes(&order(), &only_ignored), json!({}));
}

#[test]
fn every_change_of_a_list_can_be_applied_and_reverted() {
    let mut after = order();
    after.notes.reverse();
    after.notes.remove(1);
    after.lines.insert(1, line(8, 8));
    after.pairs.swap(0, 1);
    let changes = diff(&order(), &after).unwrap();
    let (old, new) = (
        record_fields(&order()).unwrap(),
        record_fields(&after).unwrap(),
    );
    assert_eq!(changes.apply(&old).unwrap(), new);
    assert_eq!(changes.revert(&new).unwrap(), old);
}

#[derive(Clone, Audited)]
struct Tagged {
    #[audit(set)]
    tags: Vec<&'static str>,
    #[audit(set, rename = "hashed")]
    unordered: HashSet<u8>,
    #[audit(set)]
    sorted: BTreeSet<Cow<'static, str>>,
}

#[test]
fn of_a_set_it_is_told_what_came_and_went() {
    let tagged = |tags: &[&'static str], number| Tagged {
        tags: tags.to_vec(),
        unordered: HashSet::from([1, number]),
        sorted: BTreeSet::from([Cow::Borrowed("a")]),
    };
    let before = tagged(&["a", "b"], 2);
    assert_eq!(changes(&before, &tagged(&["b", "a"], 2)), json!({}));
    let found = changes(&before, &tagged(&["b", "c"], 3));
    let paths: Vec<_> = found.as_object().unwrap().keys().cloned().collect();
    assert_eq!(paths, ["hashed[2]", "hashed[3]", "tags[a]", "tags[c]"]);
    assert_eq!(
        record_fields(&before).unwrap(),
        json!({"tags": ["a", "b"], "hashed": [1, 2], "sorted": ["a"]})
    );
}

#[derive(Clone, Audited)]
struct Node<T> {
    id: u8,
    value: T,
    #[audit(nested)]
    next: Option<Box<Node<T>>>,
    #[audit(key = "id")]
    inner: Vec<Node<T>>,
}

#[test]
fn a_generic_record_may_hold_itself() {
    let node = |value: u8| Node {
        id: 1,
        value,
        next: None,
        inner: Vec::new(),
    };
    let chain = |value| Node {
        next: Some(Box::new(node(value))),
        inner: vec![node(value)],
        ..node(1)
    };
    assert_eq!(
        changes(&chain(2), &chain(3)),
        json!({
            "next.value": {"old": 2, "new": 3},
            "inner[1].value": {"old": 2, "new": 3},
        })
    );
}

#[derive(Clone, Audited)]
#[audit(entity_type = "order")]
struct Basket<T> {
    #[audit(id)]
    id: u8,
    #[audit(key = "id")]
    items: Vec<Item<T>>,
    #[audit(set)]
    tags: Vec<T>,
}

#[derive(Clone, Audited)]
struct Item<T> {
    id: u8,
    #[audit(name)]
    what: T,
}

#[test]
fn lists_of_generic_items_are_recorded() {
    let basket = |what| Basket {
        id: 1,
        items: vec![Item { id: 1, what }],
        tags: vec![what],
    };
    let (auditor, context) = audited();
    let (before, after) = (basket("a"), basket("b"));
    context
        .scope(|| auditor.updated(&before, &after).record())
        .unwrap();
    let entry = one(&auditor);
    assert_eq!(entry.entity_type(), Some("order"));
    assert_eq!(
        entry.changes.get("items[1].what").unwrap().new,
        Some(json!("b"))
    );
    assert_eq!(entry.changes.fields(), ["items", "tags"]);
}
