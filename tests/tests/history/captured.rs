//! Histories of rows of tracked tables: many that are only counted, and pauses.

use std::ops::ControlFlow;

use audit_core::{Actor, AuditContext, Auditor, ErrorKind, MissingReason, TenantLog};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteStore, TrackedTable, pause_tracking, resume_tracking};
use serde_json::json;
use tempfile::TempDir;

struct Desk {
    _folder: TempDir,
    store: SqliteStore,
    connection: Connection,
}

impl Desk {
    fn new(track: impl FnOnce(TrackedTable) -> TrackedTable) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let store = SqliteStore::open(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE incident (id INTEGER PRIMARY KEY, company TEXT, status TEXT, owner TEXT)",
            )
            .unwrap();
        let table = TrackedTable::new("incident").tenant("company");
        track(table).track(&connection).unwrap();
        Self {
            _folder: folder,
            store,
            connection,
        }
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
        self.store.collect_row_changes().unwrap();
    }

    fn log(&self, tenant: &str) -> TenantLog {
        Auditor::new(self.store.clone()).tenant(tenant)
    }
}

fn missing(log: &TenantLog, id: i64) -> Vec<(String, MissingReason)> {
    let state = log
        .history("incident", id)
        .state_at_lossy(u64::MAX)
        .unwrap();
    let missing = state.missing.into_iter();
    missing
        .map(|missing| (missing.path, missing.reason))
        .collect()
}

#[test]
fn a_bulk_statement_that_is_only_counted_makes_the_fields_unknown() {
    let desk = Desk::new(|table| table.summarize_above(2));
    desk.run("INSERT INTO incident VALUES (1, 'acme', 'open', 'ada'), (2, 'globex', 'open', 'bo')");
    desk.run(
        "INSERT INTO incident VALUES (3, 'acme', 'open', 'x'), (4, 'acme', 'open', 'x'), (5, 'acme', 'open', 'x')",
    );
    desk.run("UPDATE incident SET status = 'closed' WHERE company = 'acme'");
    let acme = desk.log("acme");
    let counted = ("status".to_owned(), MissingReason::Counted);
    assert_eq!(missing(&acme, 1), [counted]);
    let error = acme.history("incident", 1).state_at(u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IncompleteHistory);
    // Of a row that came with many nothing is known, not even that it is there.
    let came = (String::new(), MissingReason::Counted);
    assert_eq!(missing(&acme, 4), [came]);
    assert_eq!(missing(&desk.log("globex"), 2), []);

    TrackedTable::new("incident")
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap();
    desk.store.collect_row_changes().unwrap();
    let state = acme.history("incident", 4).state_at(u64::MAX).unwrap();
    assert_eq!(
        state,
        Some(json!({"id": 4, "company": "acme", "status": "closed", "owner": "x"}))
    );
}

#[test]
fn every_tenant_with_rows_in_it_learns_of_a_pause() {
    let mut desk = Desk::new(|table| table);
    desk.run("INSERT INTO incident VALUES (1, 'acme', 'open', 'ada'), (2, 'globex', 'open', 'bo')");
    pause_tracking(&desk.connection, "new column").unwrap();
    desk.run("UPDATE incident SET status = 'closed' WHERE id = 1");
    resume_tracking(&desk.connection).unwrap();
    desk.run("UPDATE incident SET owner = 'cy' WHERE id = 1");
    for (tenant, id) in [("acme", 1), ("globex", 2)] {
        let log = desk.log(tenant);
        let paused = (String::new(), MissingReason::Paused);
        assert_eq!(missing(&log, id), [paused], "{tenant}");
        let actions: Vec<_> = log.entries().oldest_first().page().unwrap().entries;
        let reasons: Vec<_> = actions
            .iter()
            .filter(|entry| entry.action.starts_with("capture_"))
            .map(|entry| (entry.action.as_str(), entry.reason.as_deref()))
            .collect();
        assert_eq!(
            reasons,
            [
                ("capture_paused", Some("new column")),
                ("capture_resumed", None)
            ]
        );
    }
    assert!(
        desk.log("unknown")
            .entries()
            .page()
            .unwrap()
            .entries
            .is_empty()
    );

    // In a transaction it is told by whoever has paused.
    let context = AuditContext::new("acme")
        .actor(Actor::user(7, "ada"))
        .auditor(&Auditor::new(desk.store.clone()));
    context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        pause_tracking(&tx, "again").unwrap();
        resume_tracking(&tx).unwrap();
        tx.commit().unwrap();
    });
    for tenant in ["acme", "globex"] {
        let log = desk.log(tenant);
        let newest = log
            .entries()
            .action("capture_resumed")
            .page()
            .unwrap()
            .entries;
        assert_eq!(newest[0].actor.name(), Some("ada"), "{tenant}");
    }
}
