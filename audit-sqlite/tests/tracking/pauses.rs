//! Pauses of capture: who is told of them, and what histories make of them.

use std::ops::ControlFlow;

use audit_core::{Actor, AuditContext, Auditor, ErrorKind};
use audit_sqlite::{TrackedTable, UNKNOWN_TENANT, pause_tracking, resume_tracking};
use serde_json::json;

use crate::desk::{Desk, entries_of};

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, company TEXT, v TEXT)";

/// What a tenant is told of capture.
fn told(desk: &Desk, tenant: &str) -> Vec<String> {
    desk.store.collect_row_changes().unwrap();
    let entries = entries_of(&desk.store, tenant, 0).into_iter();
    entries
        .map(|entry| entry.action)
        .filter(|action| action.starts_with("capture_"))
        .collect()
}

/// The state of a record now, or that it is not known.
fn state(desk: &Desk, tenant: &str, id: i64) -> Result<Option<serde_json::Value>, ErrorKind> {
    desk.store.collect_row_changes().unwrap();
    let log = Auditor::new(desk.store.clone()).tenant(tenant);
    let state = log.history("t", id).state_at(u64::MAX);
    state.map_err(|error| error.kind())
}

fn by_company() -> TrackedTable {
    TrackedTable::new("t").tenant("company")
}

/// Writes as somebody of a tenant.
fn run_as(desk: &Desk, tenant: &str, sql: &str) {
    let auditor = Auditor::new(desk.store.clone());
    let context = AuditContext::new(tenant).actor(Actor::user(7, "ada"));
    context.auditor(&auditor).scope(|| {
        let mut connection = desk.another();
        let tx = desk.store.begin(&mut connection).unwrap();
        tx.execute_batch(sql).unwrap();
        tx.commit().unwrap();
    });
}

#[test]
fn tenants_of_an_altered_table_are_told() {
    for alter in [
        "ALTER TABLE t ADD COLUMN extra",
        "ALTER TABLE t RENAME COLUMN company TO firm",
        "ALTER TABLE t RENAME TO u",
    ] {
        let desk = Desk::new(TABLE);
        by_company().track(&desk.connection).unwrap();
        desk.run("INSERT INTO t VALUES (1, 'acme', 'old'), (2, 'globex', 'old')");
        desk.run(alter);
        pause_tracking(&desk.connection, "migration").unwrap();
        for (tenant, id) in [("acme", 1), ("globex", 2)] {
            assert_eq!(told(&desk, tenant), ["capture_paused"], "{alter}");
            assert_eq!(
                state(&desk, tenant, id),
                Err(ErrorKind::IncompleteHistory),
                "{alter}"
            );
        }
    }
}

#[test]
fn tenants_of_rows_that_name_none_are_told() {
    let desk = Desk::new(TABLE);
    TrackedTable::new("t").track(&desk.connection).unwrap();
    run_as(&desk, "acme", "INSERT INTO t VALUES (1, NULL, 'old')");
    run_as(&desk, "globex", "INSERT INTO t VALUES (2, NULL, 'old')");
    pause_tracking(&desk.connection, "migration").unwrap();
    desk.run("UPDATE t SET v = 'new'");
    assert_eq!(state(&desk, "acme", 1), Err(ErrorKind::IncompleteHistory));
    resume_tracking(&desk.connection).unwrap();
    for tenant in ["acme", "globex", UNKNOWN_TENANT] {
        let expected = ["capture_paused", "capture_resumed"];
        assert_eq!(told(&desk, tenant), expected, "{tenant}");
    }
    assert_eq!(state(&desk, "globex", 2), Err(ErrorKind::IncompleteHistory));
    run_as(&desk, "acme", "INSERT INTO t VALUES (3, NULL, 'x')");
    let created = json!({"id": 3, "company": null, "v": "x"});
    assert_eq!(state(&desk, "acme", 3), Ok(Some(created)));

    // The same where a column is to name the tenant, and does not.
    let desk = Desk::new(TABLE);
    by_company().track(&desk.connection).unwrap();
    run_as(&desk, "acme", "INSERT INTO t VALUES (1, '', 'old')");
    pause_tracking(&desk.connection, "migration").unwrap();
    assert_eq!(told(&desk, "acme"), ["capture_paused"]);
}

#[test]
fn a_tenant_is_told_once_whatever_the_type_of_its_name() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, company, v)");
    by_company().track(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES (1, 7, 0), (2, '7', 0), (3, 7.0, 0), (4, 'a', 0), (5, 'A', 0)");
    pause_tracking(&desk.connection, "migration").unwrap();
    resume_tracking(&desk.connection).unwrap();
    for tenant in ["7", "a", "A"] {
        let expected = ["capture_paused", "capture_resumed"];
        assert_eq!(told(&desk, tenant), expected, "{tenant}");
    }
    assert!(told(&desk, UNKNOWN_TENANT).is_empty());
}

#[test]
fn an_empty_table_tells_those_who_had_rows_in_it() {
    let desk = Desk::new(TABLE);
    by_company().track(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES (1, 'acme', 'old'); DELETE FROM t");
    desk.store.collect_row_changes().unwrap();
    pause_tracking(&desk.connection, "migration").unwrap();
    // It may come again meanwhile.
    assert_eq!(state(&desk, "acme", 1), Err(ErrorKind::IncompleteHistory));
}

#[test]
fn whoever_was_told_of_the_pause_is_told_that_it_is_over() {
    for collects in [false, true] {
        let desk = Desk::new(TABLE);
        by_company().track(&desk.connection).unwrap();
        desk.run("INSERT INTO t VALUES (1, 'acme', 'old'), (2, 'globex', 'old')");
        for _ in 0..2 {
            pause_tracking(&desk.connection, "migration").unwrap();
            if collects {
                desk.store.collect_row_changes().unwrap();
            }
            desk.run("DELETE FROM t WHERE company = 'acme'");
            resume_tracking(&desk.connection).unwrap();
        }
        desk.run("INSERT INTO t VALUES (3, 'acme', 'new')");
        let expected = ["capture_paused", "capture_resumed"].repeat(2);
        for tenant in ["acme", "globex"] {
            assert_eq!(told(&desk, tenant), expected, "{tenant}");
        }
        let created = json!({"id": 3, "company": "acme", "v": "new"});
        assert_eq!(state(&desk, "acme", 3), Ok(Some(created)));
        assert_eq!(state(&desk, "acme", 1), Err(ErrorKind::IncompleteHistory));
    }
}

#[test]
fn whoever_gets_rows_in_a_pause_learns_of_it_when_it_is_over() {
    let desk = Desk::new(TABLE);
    by_company().track(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES (1, 'acme', 'old')");
    pause_tracking(&desk.connection, "migration").unwrap();
    desk.run("INSERT INTO t VALUES (2, 'globex', 'new'); ALTER TABLE t ADD COLUMN extra");
    resume_tracking(&desk.connection).unwrap();
    assert_eq!(told(&desk, "globex"), ["capture_resumed"]);
    assert_eq!(state(&desk, "globex", 2), Err(ErrorKind::IncompleteHistory));
}

#[test]
fn only_resuming_ends_a_pause() {
    let desk = Desk::new(TABLE);
    by_company().track(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES (1, 'acme', 'old')");
    pause_tracking(&desk.connection, "migration").unwrap();
    // As every process does when it starts, with other options perhaps.
    by_company().track(&desk.another()).unwrap();
    let renamed = || by_company().exclude(["v"]).entity_type("thing");
    renamed().track(&desk.another()).unwrap();
    renamed().retrack(&desk.another()).unwrap();
    let error = by_company().exclude(["x"]).track(&desk.another());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
    let error = by_company()
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StaleCapture);
    assert!(error.to_string().contains("paused"), "{error}");
    desk.run("INSERT INTO t VALUES (2, 'acme', 'unseen')");
    assert_eq!(told(&desk, "acme"), ["capture_paused"]);
    resume_tracking(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES (3, 'acme', 'seen')");
    desk.store.collect_row_changes().unwrap();
    let entries = entries_of(&desk.store, "acme", 0);
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.action.as_str(), entry.entity_type().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("create", "t"),
            ("capture_paused", "t"),
            ("capture_resumed", "thing"),
            ("create", "thing"),
        ]
    );
}

#[test]
fn who_resumes_a_table_that_refuses_others_may_write_to_it() {
    let desk = Desk::new(TABLE);
    let table = by_company().refuse_foreign_writes();
    table.track(&desk.connection).unwrap();
    pause_tracking(&desk.connection, "migration").unwrap();
    let mut connection = desk.another();
    let tx = desk.store.begin(&mut connection).unwrap();
    resume_tracking(&tx).unwrap();
    tx.execute("INSERT INTO t VALUES (1, 'acme', 'new')", [])
        .unwrap();
    tx.commit().unwrap();
    let error = desk.another().execute("DELETE FROM t", []).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no such function: audit_is_admitted")
    );
}

#[test]
fn untracking_a_table_that_is_paused_ends_the_pause() {
    let desk = Desk::new(TABLE);
    by_company().track(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES (1, 'acme', 'old')");
    pause_tracking(&desk.connection, "migration").unwrap();
    desk.run("ALTER TABLE t RENAME TO things");
    by_company().untrack(&desk.connection).unwrap();
    TrackedTable::new("things")
        .entity_type("t")
        .tenant("company")
        .track(&desk.connection)
        .unwrap();
    assert_eq!(told(&desk, "acme"), ["capture_paused", "capture_resumed"]);
    assert_eq!(state(&desk, "acme", 1), Err(ErrorKind::IncompleteHistory));
    // What comes from now on is known, and so is what a baseline tells.
    desk.run("INSERT INTO things VALUES (2, 'acme', 'new')");
    TrackedTable::new("things")
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap();
    for (id, v) in [(1, "old"), (2, "new")] {
        let known = json!({"id": id, "company": "acme", "v": v});
        assert_eq!(state(&desk, "acme", id), Ok(Some(known)));
    }
}
