//! Tracked tables inside audited transactions: who did it, once, and in the same commit.

#![allow(clippy::unwrap_used, reason = "a test fails at the first error")]

use std::path::PathBuf;

use audit_core::{
    Actor, ActorKind, AuditContext, AuditEntry, Audited, Auditor, ErrorKind, audit_action,
};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{AuditedTransaction, SqliteStore, TrackedTable};
use tempfile::TempDir;

const TABLES: &str = "CREATE TABLE incident (
    id INTEGER PRIMARY KEY,
    company TEXT NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL,
    is_open INTEGER NOT NULL DEFAULT 1,
    api_token TEXT
)";

#[derive(Clone, Audited)]
struct Incident {
    #[audit(id)]
    id: i64,
    status: String,
    is_open: bool,
}

struct Desk {
    _folder: TempDir,
    path: PathBuf,
    store: SqliteStore,
    auditor: Auditor,
    connection: Connection,
    context: AuditContext,
}

impl Desk {
    fn new(track: impl FnOnce(TrackedTable) -> TrackedTable) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let store = SqliteStore::open(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(TABLES).unwrap();
        let table = TrackedTable::new("incident")
            .tenant("company")
            .name("title");
        track(table).track(&connection).unwrap();
        let auditor = Auditor::new(store.clone());
        let context = AuditContext::new("acme")
            .actor(Actor::user(7, "ada"))
            .auditor(&auditor);
        Self {
            _folder: folder,
            path,
            store,
            auditor,
            connection,
            context,
        }
    }

    /// Does something in one transaction, as Ada.
    fn write(&mut self, work: impl FnOnce(&AuditedTransaction<'_>)) {
        let Self {
            store,
            connection,
            context,
            ..
        } = self;
        context.scope(|| {
            let tx = store.begin(connection).unwrap();
            work(&tx);
            tx.commit().unwrap();
        });
    }

    fn insert(&mut self, id: i64) {
        self.write(|tx| insert(tx, id));
    }

    /// Oldest first, without those that are there already.
    fn entries(&self, known: usize) -> Vec<AuditEntry> {
        let log = self.auditor.tenant("acme");
        let entries = log.entries().oldest_first().page().unwrap().entries;
        entries.into_iter().skip(known).collect()
    }
}

fn insert(connection: &Connection, id: i64) {
    let sql = "INSERT INTO incident (id, company, title, status, api_token) VALUES (?1, 'acme', 'scan', 'open', 'hunter2')";
    connection.execute(sql, [id]).unwrap();
}

fn close(connection: &Connection, id: i64) {
    let sql = "UPDATE incident SET status = 'closed', is_open = 0 WHERE id = ?1";
    connection.execute(sql, [id]).unwrap();
}

fn incident(id: i64, status: &str) -> Incident {
    Incident {
        id,
        status: status.to_owned(),
        is_open: status == "open",
    }
}

#[test]
fn plain_sql_in_a_transaction_says_who_did_it() {
    let mut desk = Desk::new(|table| table);
    desk.insert(7);
    let entry = &desk.entries(0)[0];
    assert_eq!(
        (entry.action.as_str(), entry.actor.name()),
        ("create", Some("ada"))
    );
    assert_eq!(entry.entity_name(), Some("scan"));
    assert_eq!(entry.metadata["source"], "trigger");
    assert_eq!(
        entry.changes.get("api_token").unwrap().new,
        Some("********".into())
    );
}

#[test]
fn a_typed_change_and_its_row_are_one_change() {
    let mut desk = Desk::new(|table| table);
    desk.insert(7);
    desk.write(|tx| {
        close(tx, 7);
        tx.updated(&incident(7, "open"), &incident(7, "closed"))
            .reason("done")
            .record()
            .unwrap();
    });
    let entries = desk.entries(1);
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].reason.as_deref(), Some("done"));
    assert!(!entries[0].metadata.contains_key("capture_disagrees"));

    // Told of before the row is written.
    desk.insert(8);
    let known = desk.entries(0).len();
    desk.write(|tx| {
        tx.updated(&incident(8, "open"), &incident(8, "closed"))
            .record()
            .unwrap();
        close(tx, 8);
    });
    assert_eq!(desk.entries(known).len(), 1);
}

#[test]
fn an_action_that_says_what_changed_is_the_same_change() {
    #[audit_action(action = "close", entity_type = "incident", before = incident(7, "open"), after = incident(7, "closed"))]
    fn close_it(connection: &Connection) {
        close(connection, 7);
    }

    let mut desk = Desk::new(|table| table);
    desk.insert(7);
    desk.write(|tx| {
        close_it(tx);
    });
    let entries = desk.entries(1);
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].action, "close");
}

#[test]
fn where_a_typed_change_and_its_row_disagree_the_entry_says_so() {
    let mut desk = Desk::new(|table| table);
    desk.insert(7);
    desk.write(|tx| {
        close(tx, 7);
        tx.updated(&incident(7, "open"), &incident(7, "resolved"))
            .record()
            .unwrap();
    });
    let entries = desk.entries(1);
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        entries[0].changes.get("status").unwrap().new,
        Some("resolved".into())
    );
    assert_eq!(
        entries[0].metadata["capture_disagrees"],
        serde_json::json!(["status"])
    );
}

#[test]
fn what_is_rolled_back_is_not_told_of() {
    let mut desk = Desk::new(|table| table);
    desk.insert(7);
    let Desk {
        store,
        connection,
        context,
        ..
    } = &mut desk;
    context.scope(|| {
        let tx = store.begin(connection).unwrap();
        close(&tx, 7);
        tx.rollback().unwrap();

        let mut tx = store.begin(connection).unwrap();
        let savepoint = tx.savepoint().unwrap();
        close(&savepoint, 7);
        savepoint
            .updated(&incident(7, "open"), &incident(7, "closed"))
            .record()
            .unwrap();
        savepoint.rollback().unwrap();
        tx.execute("UPDATE incident SET status = 'triaged' WHERE id = 7", [])
            .unwrap();
        let savepoint = tx.savepoint().unwrap();
        savepoint
            .execute("UPDATE incident SET title = 'gone'", [])
            .unwrap();
        savepoint.log("look").record().unwrap();
        savepoint.rollback().unwrap();
        let committed = tx.commit().unwrap();
        assert_eq!(committed.row_changes(), 1);
        assert!(committed.receipts().is_empty());
    });
    let entries = desk.entries(1);
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(
        entries[0].changes.get("status").unwrap().new,
        Some("triaged".into())
    );
}

#[test]
fn what_others_wrote_is_nobodys_also_where_a_transaction_finds_it_first() {
    let mut desk = Desk::new(|table| table);
    let other = Connection::open(&desk.path).unwrap();
    insert(&other, 1);
    desk.insert(2);
    let entries = desk.entries(0);
    let actors: Vec<_> = entries
        .iter()
        .map(|entry| (entry.actor.kind(), entry.entity_id().cloned()))
        .collect();
    assert_eq!(
        actors,
        [
            (ActorKind::Unattributed, Some(1.into())),
            (ActorKind::User, Some(2.into())),
        ]
    );
}

#[test]
fn without_a_context_a_row_in_a_transaction_is_nobodys_too() {
    let mut desk = Desk::new(|table| table);
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    insert(&tx, 1);
    tx.commit().unwrap();
    assert_eq!(desk.entries(0)[0].actor.kind(), ActorKind::Unattributed);
}

#[test]
fn tables_that_refuse_others_are_written_in_transactions_only() {
    let mut desk = Desk::new(|table| table);
    desk.insert(7);
    // Nothing is refused, so that nothing is registered.
    let asked = desk.connection.prepare("SELECT audit_is_admitted()");
    assert!(asked.is_err());
    drop(asked);

    let mut desk = Desk::new(TrackedTable::refuse_foreign_writes);
    let sql = "INSERT INTO incident (id, company, title, status) VALUES (1, 'acme', 'x', 'open')";
    let other = Connection::open(&desk.path).unwrap();
    assert!(other.execute(sql, []).is_err());
    desk.insert(7);
    assert!(desk.connection.execute(sql, []).is_err());
    desk.insert(8);
    assert_eq!(desk.entries(0).len(), 2);
}

#[test]
fn a_stale_capture_is_said_at_the_next_begin_and_mended() {
    let mut desk = Desk::new(|table| table);
    desk.insert(7);
    desk.connection
        .execute_batch("ALTER TABLE incident ADD COLUMN note TEXT")
        .unwrap();
    let error = desk.store.begin(&mut desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StaleCapture);
    assert!(error.to_string().contains("retrack"), "{error}");
    TrackedTable::new("incident")
        .retrack(&desk.connection)
        .unwrap();
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    tx.execute("UPDATE incident SET note = 'x'", []).unwrap();
    tx.commit().unwrap();
    assert_eq!(
        desk.entries(1)[0].changes.get("note").unwrap().new,
        Some("x".into())
    );
}

#[test]
fn the_callers_counters_are_as_without_us() {
    let mut desk = Desk::new(|table| table);
    for id in 1..=5 {
        desk.insert(id);
    }
    desk.write(|tx| {
        insert(tx, 40);
        tx.updated(&incident(1, "open"), &incident(1, "closed"))
            .record()
            .unwrap();
        assert_eq!(tx.last_insert_rowid(), 40);
        let rows = tx
            .execute("UPDATE incident SET status = 'triaged'", [])
            .unwrap();
        assert_eq!(rows, 6);
        tx.log("note").record().unwrap();
        assert_eq!(tx.changes(), 6);
    });
    assert_eq!(desk.connection.last_insert_rowid(), 40);
    assert_eq!(desk.connection.changes(), 6);
}

#[test]
fn a_statement_that_changes_many_rows_leaves_an_entry_for_each_and_no_receipts() {
    let mut desk = Desk::new(|table| table);
    let committed = desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        tx.execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
             INSERT INTO incident (id, company, title, status) SELECT i, 'acme', 'x', 'open' FROM n",
        )
        .unwrap();
        tx.log("import").record().unwrap();
        tx.commit().unwrap()
    });
    assert_eq!(committed.row_changes(), 5000);
    assert_eq!(committed.receipts().len(), 1);
    assert_eq!(desk.auditor.statistics().written, 5001);
    let log = desk.auditor.tenant("acme");
    assert_eq!(log.entries().action("create").count().unwrap(), 5000);
}
