//! Which of several changes of a row somebody has told of, and which stand by themselves.

use audit_core::{AuditContext, AuditEntry, Audited, Auditor, MemoryStore, audit_action};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{AuditedTransaction, TrackedTable};
use serde_json::json;

use super::{Desk, Incident, execute, told, with};

const OPEN: &str = "UPDATE incident SET status = 'open'";
const CLOSED: &str = "UPDATE incident SET status = 'closed'";
const INSERT: &str = "INSERT INTO incident VALUES (7, 'open', NULL, NULL)";

fn assert_agree(entries: &[AuditEntry]) {
    for entry in entries {
        assert!(
            !entry.metadata.contains_key("capture_disagrees"),
            "{entries:?}"
        );
    }
}

fn assert_gone(desk: &Desk) {
    let history = desk.auditor.tenant("acme").history("incident", 7);
    assert_eq!(history.state_at(u64::MAX).unwrap(), None);
}

#[test]
fn a_change_back_that_follows_a_typed_one_is_another() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        tx.updated(&with("open"), &with("closed")).record().unwrap();
        execute(tx, CLOSED);
        execute(tx, OPEN);
    });
    let entries = desk.entries("acme");
    assert_eq!(
        told(&entries)[1..],
        [("update", "ada", false), ("update", "ada", true)]
    );
    assert_agree(&entries);
    desk.assert_log_and_table_agree();
    // And there and back again.
    desk.write(|tx| {
        tx.updated(&with("open"), &with("closed")).record().unwrap();
        for sql in [CLOSED, OPEN, CLOSED] {
            execute(tx, sql);
        }
    });
    assert_eq!(desk.entries("acme").len(), 6);
    desk.assert_log_and_table_agree();
}

#[test]
fn what_comes_after_a_savepoint_that_was_taken_back_is_told_of() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        tx.updated(&with("open"), &with("closed")).record().unwrap();
        execute(tx, CLOSED);
        let savepoint = tx.savepoint().unwrap();
        let seen = savepoint.log("look").changes(super::other_changes());
        seen.entity("other", 1).record().unwrap();
        drop(savepoint);
        execute(tx, OPEN);
        execute(tx, CLOSED);
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 4, "{entries:?}");
    desk.assert_log_and_table_agree();
}

#[test]
fn a_record_that_came_went_and_came_again_is_there() {
    let mut desk = Desk::new();
    desk.write(|tx| {
        tx.created(&with("open")).record().unwrap();
        execute(tx, INSERT);
        execute(tx, "DELETE FROM incident");
        execute(tx, INSERT);
    });
    let entries = desk.entries("acme");
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        actions,
        ["create", "update", "delete", "create"],
        "{entries:?}"
    );
    desk.assert_log_and_table_agree();
}

#[test]
fn what_a_type_does_not_have_is_no_second_creation() {
    let mut desk = Desk::new();
    desk.write(|tx| {
        tx.created(&with("open")).record().unwrap();
        execute(
            tx,
            "INSERT INTO incident VALUES (7, 'open', 'ada', 'monday')",
        );
    });
    let entries = desk.entries("acme");
    assert_eq!(
        told(&entries),
        [("create", "ada", false), ("update", "ada", true)]
    );
    desk.assert_log_and_table_agree();
    desk.write(|tx| {
        tx.deleted(&with("open")).record().unwrap();
        execute(tx, "DELETE FROM incident");
    });
    assert_gone(&desk);
}

#[test]
fn several_typed_changes_that_come_first_have_their_rows() {
    let steps = [
        ("open", "triaged"),
        ("triaged", "solved"),
        ("solved", "closed"),
    ];
    let update = |status: &str| format!("UPDATE incident SET status = '{status}'");
    // One by one, each before its row.
    let mut desk = Desk::with_incident();
    let auditor = desk.auditor.clone();
    desk.write(|tx| {
        for (before, after) in steps {
            auditor
                .updated(&with(before), &with(after))
                .record()
                .unwrap();
            execute(tx, &update(after));
        }
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 4, "{entries:?}");
    assert_agree(&entries);
    desk.assert_log_and_table_agree();
    // All before all rows, and all before one row.
    for rows in [vec!["triaged", "solved", "closed"], vec!["closed"]] {
        let mut desk = Desk::with_incident();
        desk.write(|tx| {
            for (before, after) in steps {
                tx.updated(&with(before), &with(after)).record().unwrap();
            }
            for status in rows {
                execute(tx, &update(status));
            }
        });
        let entries = desk.entries("acme");
        assert_eq!(entries.len(), 4, "{entries:?}");
        assert_agree(&entries);
        desk.assert_log_and_table_agree();
    }
}

#[audit_action(action = "close", before = before, after = with("closed"))]
fn close(tx: &AuditedTransaction<'_>, before: &Incident) -> Result<(), String> {
    execute(tx, CLOSED);
    Err(format!(
        "{} was told, and the mail was not sent",
        before.status
    ))
}

#[test]
fn what_failed_or_was_denied_tells_of_no_row() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        close(tx, &with("open")).unwrap_err();
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 3, "{entries:?}");
    desk.assert_log_and_table_agree();
    desk.write(|tx| {
        tx.deleted(&with("closed"))
            .denied("only leads may")
            .record()
            .unwrap();
        execute(tx, "DELETE FROM incident");
    });
    assert_gone(&desk);
}

#[test]
fn rows_that_were_changed_outside_of_any_context_are_nobodys() {
    let mut desk = Desk::new();
    let ada = desk.context("acme", "ada");
    let insert = |tx: &Connection, id: i64| {
        execute(
            tx,
            &format!("INSERT INTO incident VALUES ({id}, 'open', NULL, NULL)"),
        );
    };
    let tx = desk
        .store
        .begin_with(&desk.auditor, &mut desk.connection)
        .unwrap();
    insert(&tx, 1);
    ada.scope(|| insert(&tx, 2));
    insert(&tx, 3);
    tx.commit().unwrap();
    let ids = |tenant| {
        let entries = desk.entries(tenant);
        let id = |entry: &AuditEntry| entry.entity_id().unwrap().to_string();
        entries.iter().map(id).collect::<Vec<_>>()
    };
    assert_eq!(ids("acme"), ["2"]);
    assert_eq!(ids("unknown"), ["1", "3"]);
}

#[test]
fn an_auditor_of_another_log_does_not_decide_what_is_captured() {
    let mut desk = Desk::new();
    let other = Auditor::builder(MemoryStore::new())
        .off(["create"])
        .build()
        .unwrap();
    let context = AuditContext::new("acme").auditor(&other);
    context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        execute(
            &tx,
            "INSERT INTO incident VALUES (7, 'https://ada:hunter2@h/', NULL, NULL)",
        );
        tx.commit().unwrap();
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 1);
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn what_was_captured_is_stored_whatever_the_auditor_leaves_out() {
    let mut desk = Desk::new();
    let lenient = Auditor::builder(desk.store.clone())
        .off(["create"])
        .policy(audit_core::FailurePolicy::BestEffort)
        .build()
        .unwrap();
    let context = |tenant: &str| AuditContext::new(tenant).auditor(&lenient);
    context("acme").scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        execute(&tx, INSERT);
        tx.commit().unwrap();
    });
    assert_eq!(desk.entries("acme").len(), 1);
    // And where it cannot be, neither are the rows.
    let refused = context("").scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        execute(&tx, CLOSED);
        tx.commit()
    });
    assert!(refused.is_err());
    desk.assert_log_and_table_agree();
}

#[test]
fn a_custom_action_that_only_adds_is_the_change_of_its_row() {
    #[derive(Clone, Audited)]
    #[audit(entity_type = "asset")]
    struct Asset {
        #[audit(id)]
        id: i64,
        tags: std::collections::BTreeMap<String, String>,
    }

    let mut desk = Desk::new();
    execute(
        &desk.connection,
        "CREATE TABLE asset (id INTEGER PRIMARY KEY, tags TEXT)",
    );
    TrackedTable::new("asset")
        .json("tags")
        .track(&desk.connection)
        .unwrap();
    execute(
        &desk.connection,
        "INSERT INTO asset VALUES (7, '{\"a\":\"1\"}')",
    );
    desk.store.collect_row_changes().unwrap();
    let tagged = |tags: &[(&str, &str)]| Asset {
        id: 7,
        tags: tags
            .iter()
            .map(|(tag, to)| ((*tag).to_owned(), (*to).to_owned()))
            .collect(),
    };
    desk.write(|tx| {
        execute(tx, "UPDATE asset SET tags = '{\"a\":\"1\",\"b\":\"2\"}'");
        let before = tagged(&[("a", "1")]);
        let after = tagged(&[("a", "1"), ("b", "2")]);
        let changes = audit_core::diff(&before, &after).unwrap();
        assert_eq!(
            serde_json::to_value(&changes).unwrap(),
            json!({"tags.b": {"new": "2"}})
        );
        tx.log("tag")
            .about(&after)
            .changes(changes)
            .record()
            .unwrap();
    });
    assert_eq!(told(&desk.entries("acme")), [("tag", "ada", false)]);
}

#[test]
fn a_truth_value_is_known_whoever_tells_of_it() {
    #[derive(Clone, Debug, PartialEq, Audited, serde::Deserialize)]
    #[audit(entity_type = "door")]
    struct Door {
        #[audit(id)]
        id: i64,
        open: bool,
        width: f64,
        height: i64,
    }

    let mut desk = Desk::new();
    execute(
        &desk.connection,
        "CREATE TABLE door (id INTEGER PRIMARY KEY, open BOOLEAN, width NUMERIC, height REAL)",
    );
    TrackedTable::new("door")
        .tenant_constant("acme")
        .track(&desk.connection)
        .unwrap();
    execute(&desk.connection, "INSERT INTO door VALUES (7, 1, 2.0, 2)");
    let door = |open, width| Door {
        id: 7,
        open,
        width,
        height: 2,
    };
    desk.write(|tx| {
        execute(tx, "UPDATE door SET open = 0, width = 3");
        tx.updated(&door(true, 2.0), &door(false, 3.0))
            .record()
            .unwrap();
    });
    execute(&desk.connection, "UPDATE door SET open = 1");
    desk.store.collect_row_changes().unwrap();
    let history = desk.auditor.tenant("acme").history("door", 7);
    assert_eq!(
        history.as_of::<Door>(u64::MAX).unwrap(),
        Some(door(true, 3.0))
    );
    let entry = desk.entries("acme").pop().unwrap();
    let plan = history.revert_plan(entry.id).unwrap();
    let present = |open: bool| json!({"id": 7, "open": open, "width": 3, "height": 2});
    assert!(plan.apply_to(Some(&present(true))).is_ok());
    assert!(plan.apply_to(Some(&present(false))).is_err());
}
