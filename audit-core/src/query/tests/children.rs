//! A record together with those that belong to it.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Log, failed};
use crate::entry::{AuditEntry, Entity, EntityId};
use crate::query::Relation;

fn note(id: u64) -> impl Fn(&mut AuditEntry) {
    move |entry| entry.entity = Some(Entity::new("note").identified(id))
}

fn indexes(log: &Log, relations: &[Relation]) -> Vec<u64> {
    let (first, others) = relations.split_first().unwrap();
    let family = log.history().with_children(first.clone());
    let family = others.iter().fold(family, |family, relation| {
        family.with_children(relation.clone())
    });
    let stream = family.stream().unwrap();
    let all: Vec<u64> = stream.map(|entry| entry.unwrap().index).collect();
    // The rest behind any entry is the rest.
    for (place, index) in all.iter().enumerate() {
        let behind = family.clone().after(*index);
        let rest = behind.stream().unwrap();
        let rest: Vec<u64> = rest.map(|entry| entry.unwrap().index).collect();
        assert_eq!(rest, all[place + 1..]);
    }
    all
}

fn parent(old: Option<Value>, new: Option<Value>) -> Value {
    let mut change = serde_json::Map::new();
    change.extend(old.map(|old| ("old".to_owned(), old)));
    change.extend(new.map(|new| ("new".to_owned(), new)));
    json!({"incident": change})
}

#[test]
fn children_are_told_of_while_they_belong_to_the_record() {
    let mut log = Log::of(&[("create", json!({"status": {"new": "open"}}))]);
    let seven = || Some(json!(7));
    log.add("create", parent(None, seven()), note(1)); // 1
    log.add("create", parent(None, Some(json!(8))), note(2));
    log.add("update", json!({"text": {"new": "x"}}), note(1)); // 3
    log.add("update", json!({"text": {"new": "x"}}), note(2));
    log.add("update", parent(Some(json!(8)), seven()), note(2)); // 5
    log.add("update", json!({"text": {"new": "y"}}), note(2)); // 6
    log.add("update", parent(seven(), Some(json!(8))), note(1)); // 7
    log.add("update", json!({"text": {"new": "y"}}), note(1));
    log.add("update", parent(Some(json!(8)), seven()), |entry| {
        note(1)(entry);
        failed(entry);
    });
    log.add("close", json!({}), |_| {}); // 10
    log.add("delete", parent(seven(), None), note(2)); // 11
    log.add("remove", json!({}), note(2)); // 12
    log.add("create", parent(None, Some(json!("7"))), note(3));
    let by_field = Relation::field("note", "incident");
    assert_eq!(
        indexes(&log, std::slice::from_ref(&by_field)),
        [0, 1, 3, 5, 6, 7, 10, 11, 12]
    );
    assert_eq!(
        indexes(&log, &[by_field.clone(), by_field]),
        [0, 1, 3, 5, 6, 7, 10, 11, 12]
    );
}

#[test]
fn a_child_whose_beginning_is_not_told_belonged_to_what_it_left() {
    let mut log = Log::new();
    log.add("update", json!({"text": {"new": "x"}}), note(1));
    log.add("update", parent(Some(json!(7)), Some(json!(8))), note(1));
    log.add("update", json!({"text": {"new": "y"}}), note(1));
    assert_eq!(
        indexes(&log, &[Relation::field("note", "incident")]),
        [0, 1]
    );
}

#[test]
fn a_child_may_name_its_record_inside_of_a_field_or_in_the_metadata() {
    let mut log = Log::new();
    let about = json!({"about": {"new": {"kind": "incident", "id": 7}}});
    log.add("create", about, note(1));
    log.add("update", json!({"about.id": {"old": 7, "new": 8}}), note(1));
    log.add("create", json!({"about": {"new": {"id": 8}}}), note(2));
    for named in [json!(7), json!(8), json!("7")] {
        log.add("run", json!({}), |entry| {
            entry.entity = Some(Entity::new("job"));
            entry.metadata.insert("incident".to_owned(), named.clone());
        });
    }
    let relations = [
        Relation::field("note", "about.id"),
        Relation::metadata("job", "incident"),
    ];
    assert_eq!(indexes(&log, &relations), [0, 1, 3]);
}

#[test]
fn ids_are_compared_in_the_type_that_they_have() {
    let uuid = Uuid::from_u128(5);
    for (id, same, other) in [
        (EntityId::from(uuid), json!(uuid), json!("5")),
        (EntityId::from(u64::MAX), json!(u64::MAX), json!(-1)),
        (EntityId::from("a"), json!("a"), json!("A")),
    ] {
        let mut log = Log::new();
        log.add("create", parent(None, Some(same)), note(1));
        log.add("create", parent(None, Some(other)), note(2));
        let history = log.tenant().history("incident", id);
        let family = history.with_children(Relation::field("note", "incident"));
        let found: Vec<u64> = family
            .stream()
            .unwrap()
            .map(|entry| entry.unwrap().index)
            .collect();
        assert_eq!(found, [0]);
    }
}

fn about(kind: &'static str, id: u64) -> impl Fn(&mut AuditEntry) {
    move |entry| entry.entity = Some(Entity::new(kind).identified(id))
}

fn belongs(field: &str, old: Option<u64>, new: Option<u64>) -> Value {
    let mut change = serde_json::Map::new();
    change.extend(old.map(|old| ("old".to_owned(), json!(old))));
    change.extend(new.map(|new| ("new".to_owned(), json!(new))));
    json!({field: change})
}

#[test]
fn children_of_children_are_told_of_while_all_belong_together() {
    let mut log = Log::new();
    log.add(
        "create",
        belongs("incident", None, Some(7)),
        about("note", 1),
    ); // 0
    log.add(
        "create",
        belongs("note", None, Some(1)),
        about("comment", 1),
    ); // 1
    log.add("like", json!({}), about("comment", 1)); // 2
    log.add(
        "create",
        belongs("note", None, Some(2)),
        about("comment", 2),
    );
    log.add(
        "update",
        belongs("incident", Some(7), Some(8)),
        about("note", 1),
    ); // 4
    log.add("like", json!({}), about("comment", 1));
    log.add(
        "update",
        belongs("incident", Some(8), Some(7)),
        about("note", 1),
    ); // 6
    log.add("like", json!({}), about("comment", 1)); // 7
    log.add(
        "update",
        belongs("note", Some(1), Some(2)),
        about("comment", 1),
    ); // 8
    log.add("like", json!({}), about("comment", 1));
    log.add("close", json!({}), |_| {}); // 10
    let comments = Relation::field("comment", "note");
    let notes = Relation::field("note", "incident");
    let both = notes.clone().with_children(comments);
    assert_eq!(
        indexes(&log, std::slice::from_ref(&both)),
        [0, 1, 2, 4, 6, 7, 8, 10]
    );
    assert_eq!(indexes(&log, &[notes, both]), [0, 1, 2, 4, 6, 7, 8, 10]);
}

#[test]
fn a_tree_is_followed_as_deep_as_asked_for_and_a_circle_once() {
    let mut log = Log::new();
    for (id, parent) in [(1, 7), (2, 1), (3, 2), (4, 3)] {
        let told = belongs("parent", None, Some(parent));
        log.add("create", told, about("incident", id));
    }
    let tree = |levels| Relation::field("incident", "parent").levels(levels);
    assert_eq!(indexes(&log, &[tree(0)]), [0_u64; 0]);
    assert_eq!(indexes(&log, &[tree(1)]), [0]);
    assert_eq!(indexes(&log, &[tree(3)]), [0, 1, 2]);
    assert_eq!(indexes(&log, &[tree(usize::MAX)]), [0, 1, 2, 3]);
    // The root, too, belongs to one of its own.
    log.add("update", belongs("parent", None, Some(4)), |_| {});
    assert_eq!(indexes(&log, &[tree(usize::MAX)]), [0, 1, 2, 3, 4]);
}

#[test]
fn what_is_named_in_metadata_has_children_from_then_on() {
    let mut log = Log::new();
    log.add("create", belongs("job", None, Some(1)), about("step", 1)); // 0
    log.add("start", json!({}), |entry| {
        about("job", 1)(entry);
        entry.metadata.insert("incident".to_owned(), json!(7));
    });
    log.add("run", json!({}), about("job", 1));
    log.add("run", json!({}), about("step", 1)); // 3
    let jobs = Relation::metadata("job", "incident");
    let steps = jobs.clone().with_children(Relation::field("step", "job"));
    assert_eq!(indexes(&log, &[jobs]), [1]);
    assert_eq!(indexes(&log, &[steps]), [1, 3]);
}
