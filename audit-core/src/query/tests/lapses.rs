//! What may have been missed: many rows that were only counted, and pauses of capture.

use serde_json::{Value, json};

use super::{Log, at, closed, created};
use crate::ErrorKind;
use crate::MissingReason::{Beginning, Counted, Mismatch, Paused};
use crate::entry::{AuditEntry, Entity};

/// An entry about the type, made by a trigger.
fn of_table(metadata: Value) -> impl FnOnce(&mut AuditEntry) {
    move |entry| {
        entry.entity = Some(Entity::new("incident"));
        let Value::Object(metadata) = metadata else {
            return;
        };
        entry.metadata.extend(metadata);
        entry.metadata.insert("source".to_owned(), json!("trigger"));
        let table = entry.metadata.entry("table");
        table.or_insert_with(|| json!("incidents"));
    }
}

fn pause(log: &mut Log) {
    log.add("capture_paused", json!({}), of_table(json!({})));
}

fn resume(log: &mut Log) {
    log.add("capture_resumed", json!({}), of_table(json!({})));
}

fn counted(log: &mut Log, action: &str, fields: &Value) {
    let metadata = json!({"rows": 9, "fields": fields});
    log.add(action, json!({}), of_table(metadata));
}

#[test]
fn rows_that_were_only_counted_may_be_this_one() {
    let mut log = Log::of(&[created()]);
    counted(&mut log, "bulk_update", &json!({"status": 9, "owner": 2}));
    let missing = [
        ("status".to_owned(), Counted),
        ("owner".to_owned(), Counted),
    ];
    let mut found = log.missing();
    found.sort_by_key(|(path, _)| path != "status");
    assert_eq!(found, missing);
    let history = log.history();
    let error = history.state_at(u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IncompleteHistory);
    let text = error.to_string();
    assert!(
        text.contains("`status`") && text.contains("only counted, index 1"),
        "{text}"
    );
    assert!(history.state_at(0_u64).is_ok() && history.state_at(at(19)).is_ok());
    assert!(history.state_at(at(20)).is_err());
    assert!(history.as_of::<Value>(u64::MAX).is_err());
    assert!(history.diff_between(0_u64, u64::MAX).is_err());
    assert!(!history.revert_plan_to(0_u64).unwrap().refused().is_empty());
    // Fields that nobody promised to tell of.
    let loose = log.history().ignoring(["status", "owner"]);
    assert!(loose.state_at(u64::MAX).is_ok());
    // All is told anew.
    log.add("baseline", created().1, |_| {});
    assert_eq!(log.missing(), []);
}

#[test]
fn only_what_can_have_happened_to_it_counts() {
    for (action, is_there, is_missing) in [
        ("bulk_create", true, false),
        ("bulk_delete", true, true),
        ("bulk_create", false, true),
        ("bulk_delete", false, false),
        ("bulk_update", false, false),
        ("bulk_export", true, false),
    ] {
        let mut log = Log::of(&[created()]);
        if !is_there {
            log.add("delete", json!({}), |_| {});
        }
        counted(&mut log, action, &json!({}));
        assert_eq!(!log.missing().is_empty(), is_missing, "{action} {is_there}");
    }
    // What an application has recorded by hand under such a name is its own business.
    let mut log = Log::of(&[created()]);
    log.add("bulk_update", json!({}), |entry| {
        entry.entity = Some(Entity::new("incident"));
    });
    assert_eq!(log.missing(), []);
    // And what is about another type is about another record.
    log.add("bulk_update", json!({}), |entry| {
        of_table(json!({}))(entry);
        entry.entity = Some(Entity::new("note"));
    });
    assert_eq!(log.missing(), []);
}

#[test]
fn a_record_that_was_never_heard_of_may_have_come_with_many() {
    let mut log = Log::new();
    assert_eq!(log.state(), None);
    counted(&mut log, "bulk_create", &json!({}));
    assert_eq!(log.missing(), [(String::new(), Counted)]);
    let (action, changes) = created();
    log.add(action, changes, |_| {});
    // It was made afterwards, so it was not there before.
    assert_eq!(log.history().state_at(0_u64).unwrap(), None);
    assert_eq!(log.missing(), []);

    // Unless it could have gone in between.
    let mut log = Log::new();
    counted(&mut log, "bulk_create", &json!({}));
    counted(&mut log, "bulk_delete", &json!({}));
    let (action, changes) = created();
    log.add(action, changes, |_| {});
    assert!(log.history().state_at(0_u64).is_err());
    assert_eq!(log.missing(), []);
}

#[test]
fn what_happens_while_capture_is_paused_is_not_known() {
    let mut log = Log::of(&[created()]);
    pause(&mut log);
    let history = log.history();
    assert!(history.state_at(0_u64).is_ok() && history.state_at(at(19)).is_ok());
    assert_eq!(log.missing(), [(String::new(), Paused)]);
    resume(&mut log);
    let text = log.history().state_at(u64::MAX).unwrap_err().to_string();
    assert!(text.contains("paused, index 1"), "{text}");
    let (action, changes) = closed();
    log.add(action, changes, |_| {});
    assert_eq!(log.missing(), [(String::new(), Paused)]);
    log.add("baseline", closed_state(), |_| {});
    assert_eq!(log.missing(), []);
    assert!(log.history().state_at(3_u64).is_err());
}

#[test]
fn what_is_told_of_in_a_pause_is_known_until_something_else_can_happen() {
    let mut log = Log::new();
    pause(&mut log);
    let (action, changes) = created();
    log.add(action, changes, |_| {});
    assert!(log.history().state_at(1_u64).is_ok());
    assert_eq!(log.missing(), [(String::new(), Paused)]);
    resume(&mut log);
    assert_eq!(log.missing(), [(String::new(), Paused)]);

    // A pause of which only the end is told began before all that is known.
    let mut log = Log::of(&[created()]);
    resume(&mut log);
    assert_eq!(log.missing(), [(String::new(), Paused)]);

    // Of two tables with records of one type, one goes on.
    let mut log = Log::new();
    for (action, table) in [
        ("capture_paused", "old"),
        ("capture_paused", "new"),
        ("capture_resumed", "new"),
    ] {
        log.add(action, json!({}), of_table(json!({"table": table})));
    }
    let (action, changes) = created();
    log.add(action, changes, |_| {});
    log.add("note", json!({}), |_| {});
    assert_eq!(log.missing(), [(String::new(), Paused)]);
    log.add(
        "capture_resumed",
        json!({}),
        of_table(json!({"table": "old"})),
    );
    log.add("baseline", created().1, |_| {});
    assert_eq!(log.missing(), []);
}

#[test]
fn what_is_missing_besides_is_named_too() {
    let mut log = Log::of(&[closed()]);
    pause(&mut log);
    resume(&mut log);
    let changes = json!({"status": {"old": "open", "new": "done"}});
    log.add("update", changes, |_| {});
    let missing = [
        (String::new(), Beginning),
        ("status".to_owned(), Mismatch),
        (String::new(), Paused),
    ];
    assert_eq!(log.missing(), missing);
}

fn closed_state() -> Value {
    json!({"status": {"new": "closed"}, "tags": {"new": []}, "owner": {"new": null}})
}
