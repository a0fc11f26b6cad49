//! A change that its action tells again.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Log, closed, created};
use crate::MissingReason::Mismatch;
use crate::entry::AuditEntry;

fn of(operation: u128) -> impl Fn(&mut AuditEntry) {
    move |entry| entry.operation = Some(Uuid::from_u128(operation))
}

fn caused_by(cause: u128) -> impl Fn(&mut AuditEntry) {
    move |entry| entry.cause = Some(Uuid::from_u128(cause))
}

fn change(old: &str, new: &str) -> Value {
    json!({"status": {"old": old, "new": new}})
}

#[test]
fn an_action_that_tells_what_its_entries_have_told_changes_nothing_more() {
    let mut log = Log::of(&[created()]);
    log.add("update", change("open", "triaged"), of(1));
    log.add("update", change("triaged", "closed"), of(1));
    let all =
        json!({"status": {"old": "open", "new": "closed"}, "owner": {"old": null, "new": "ada"}});
    log.add("close", all, of(1));
    assert_eq!(
        log.state(),
        Some(json!({"status": "closed", "tags": ["a"], "owner": "ada"}))
    );
}

#[test]
fn the_same_change_of_another_operation_shows_that_something_is_missing() {
    let mut log = Log::of(&[created()]);
    log.add("update", change("open", "closed"), of(1));
    log.add("update", change("open", "closed"), of(2));
    assert_eq!(log.missing(), [("status".to_owned(), Mismatch)]);
}

#[test]
fn a_change_back_and_forth_within_an_operation_is_no_repetition() {
    let mut log = Log::of(&[created()]);
    for (old, new) in [
        ("open", "closed"),
        ("closed", "open"),
        ("open", "closed"),
        ("closed", "open"),
    ] {
        log.add("update", change(old, new), of(1));
    }
    assert_eq!(log.state().unwrap()["status"], "open");
}

#[test]
fn without_an_operation_the_cause_ties_entries_together() {
    let mut log = Log::of(&[created()]);
    // The action is entry 3, and stands after what it caused.
    let (action, changes) = closed();
    log.add(action, changes.clone(), caused_by(3));
    log.add("close", changes.clone(), |_| {});
    assert_eq!(log.missing(), []);
    // And the other way round.
    let mut log = Log::of(&[created()]);
    log.add("close", changes.clone(), |_| {});
    log.add(action, changes.clone(), caused_by(2));
    assert_eq!(log.missing(), []);
    // Strangers.
    let mut log = Log::of(&[created()]);
    log.add("close", changes.clone(), |_| {});
    log.add(action, changes, caused_by(99));
    assert_eq!(log.missing(), [("status".to_owned(), Mismatch)]);
}

#[test]
fn items_that_came_went_and_moved_do_so_once() {
    let list = |ids: &[u8]| {
        let items: Vec<Value> = ids.iter().map(|id| json!({"id": id, "text": ""})).collect();
        json!(items)
    };
    let created = ("create", json!({"notes": {"new": list(&[1, 2, 3, 4])}}));
    let changes = json!({
        "notes[2]": {"old": {"id": 2, "text": ""}, "at": 1},
        "notes[4]": {"moved": {"from": 3, "to": 0}},
        "notes[1].text": {"old": "", "new": "x"},
        "notes[5]": {"new": {"id": 5, "text": ""}, "at": 1},
    });
    let mut log = Log::of(std::slice::from_ref(&created));
    log.add("update", changes.clone(), of(1));
    let once = log.state();
    assert!(once.is_some());
    log.add("tidy", changes.clone(), of(1));
    assert_eq!(log.state(), once);

    // Half of it was told: where the rest belongs cannot be said.
    let mut log = Log::of(&[created]);
    log.add(
        "update",
        json!({"notes[1].text": {"old": "", "new": "x"}}),
        of(1),
    );
    log.add("tidy", changes, of(1));
    assert_eq!(log.missing().len(), 3);
}

#[test]
fn an_action_may_tell_again_that_a_record_came_or_went() {
    let (create, fields) = created();
    let mut log = Log::new();
    log.add(create, fields.clone(), of(1));
    log.add("register", fields.clone(), of(1));
    log.add("create", json!({}), of(1));
    assert_eq!(log.state().unwrap()["status"], "open");

    log.add("delete", json!({"status": {"old": "open"}}), of(2));
    log.add(
        "close",
        json!({"status": {"old": "open", "new": "closed"}}),
        of(2),
    );
    log.add("remove", json!({}), of(2));
    assert_eq!(log.state(), None);
    // Not so what comes later.
    log.add(
        "close",
        json!({"status": {"old": "open", "new": "closed"}}),
        of(3),
    );
    assert!(log.history().state_at(u64::MAX).is_err());
}

#[test]
fn interleaved_operations_are_told_apart() {
    let mut log = Log::of(&[created()]);
    for operation in 0..40 {
        log.add(
            "update",
            json!({format!("f{operation}"): {"new": 1}}),
            of(operation),
        );
    }
    for operation in 10..40 {
        log.add(
            "set",
            json!({format!("f{operation}"): {"new": 1}}),
            of(operation),
        );
    }
    assert_eq!(log.missing(), []);
    log.add("set", json!({"f39": {"new": 1}}), of(38));
    assert_eq!(log.missing(), [("f39".to_owned(), Mismatch)]);
}
