//! One change, told of by whoever made it, once and whole: typed changes and rows of a tracked table.

#![allow(clippy::unwrap_used, reason = "a test fails at the first error")]

#[path = "told_once/order.rs"]
mod order;
#[path = "told_once/random.rs"]
mod random;
#[path = "told_once/renamed.rs"]
mod renamed;
#[path = "told_once/types.rs"]
mod types;
#[path = "told_once/whose.rs"]
mod whose;

use audit_core::{Actor, AuditContext, AuditEntry, Audited, Auditor};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{AuditedTransaction, SqliteStore, TrackedTable};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const TABLE: &str = "CREATE TABLE incident (
    id INTEGER PRIMARY KEY, status TEXT NOT NULL, owner TEXT, updated TEXT)";

#[derive(Clone, Audited)]
struct Incident {
    #[audit(id)]
    id: i64,
    status: String,
}

#[derive(Clone, Audited)]
#[audit(entity_type = "incident")]
struct Owned {
    #[audit(id)]
    id: i64,
    status: String,
    owner: String,
}

fn with(status: &str) -> Incident {
    Incident {
        id: 7,
        status: status.to_owned(),
    }
}

fn owned(status: &str, owner: &str) -> Owned {
    Owned {
        id: 7,
        status: status.to_owned(),
        owner: owner.to_owned(),
    }
}

struct Desk {
    _folder: TempDir,
    store: SqliteStore,
    auditor: Auditor,
    connection: Connection,
}

impl Desk {
    /// Without a tenant of its own: the context says whose a row is.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let store = SqliteStore::open(&path).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(TABLE).unwrap();
        TrackedTable::new("incident").track(&connection).unwrap();
        Self {
            _folder: folder,
            auditor: Auditor::new(store.clone()),
            store,
            connection,
        }
    }

    /// With a record that is open, and told of.
    fn with_incident() -> Self {
        let mut desk = Self::new();
        desk.write(|tx| {
            execute(
                tx,
                "INSERT INTO incident VALUES (7, 'open', 'ada', 'monday')",
            );
        });
        desk
    }

    fn context(&self, tenant: &str, name: &str) -> AuditContext {
        AuditContext::new(tenant)
            .actor(Actor::user(name.len(), name))
            .auditor(&self.auditor)
    }

    fn write(&mut self, work: impl FnOnce(&mut AuditedTransaction<'_>)) {
        let context = self.context("acme", "ada");
        context.scope(|| {
            let mut tx = self.store.begin(&mut self.connection).unwrap();
            work(&mut tx);
            tx.commit().unwrap();
        });
    }

    fn entries(&self, tenant: &str) -> Vec<AuditEntry> {
        let log = self.auditor.tenant(tenant);
        log.entries().oldest_first().page().unwrap().entries
    }

    /// What the log says that the record is now, and what the table says.
    fn states(&self) -> [Value; 2] {
        let history = self.auditor.tenant("acme").history("incident", 7);
        let state = history.state_at(u64::MAX).unwrap();
        let row = self.connection.query_row(
            "SELECT json_object('id', id, 'status', status, 'owner', owner, 'updated', updated) FROM incident WHERE id = 7",
            [],
            |row| row.get::<_, String>(0),
        );
        [
            serde_json::to_value(state).unwrap(),
            serde_json::from_str(&row.unwrap()).unwrap(),
        ]
    }

    fn assert_log_and_table_agree(&self) {
        let [state, row] = self.states();
        assert_eq!(state, row);
    }
}

fn execute(connection: &Connection, sql: &str) {
    connection.execute(sql, []).unwrap();
}

/// Action, who, and whether a trigger tells.
fn told(entries: &[AuditEntry]) -> Vec<(&str, &str, bool)> {
    entries
        .iter()
        .map(|entry| {
            (
                entry.action.as_str(),
                entry.actor.name().unwrap_or("nobody"),
                entry.metadata.contains_key("source"),
            )
        })
        .collect()
}

fn other_changes() -> audit_core::Changes {
    let change = audit_core::Change::replaced(json!(1), json!(2));
    [("x".to_owned(), change)].into_iter().collect()
}

#[test]
fn what_only_the_row_tells_is_added_to_the_typed_change() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        execute(
            tx,
            "UPDATE incident SET status = 'closed', updated = 'tuesday'",
        );
        tx.updated(&with("open"), &with("closed")).record().unwrap();
    });
    let entries = desk.entries("acme");
    assert_eq!(
        told(&entries),
        [("create", "ada", true), ("update", "ada", false)]
    );
    assert_eq!(entries[1].metadata["capture_adds"], json!(["updated"]));
    assert!(!entries[1].metadata.contains_key("capture_disagrees"));
    desk.assert_log_and_table_agree();
}

#[test]
fn what_only_the_row_tells_stands_beside_a_typed_change_that_came_first() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        tx.updated(&with("open"), &with("closed")).record().unwrap();
        execute(
            tx,
            "UPDATE incident SET status = 'closed', updated = 'tuesday'",
        );
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 3);
    assert_eq!(
        serde_json::to_value(&entries[2].changes).unwrap(),
        json!({"updated": {"old": "monday", "new": "tuesday"}})
    );
    assert!(!entries[2].metadata.contains_key("capture_disagrees"));
    desk.assert_log_and_table_agree();
}

#[test]
fn steps_of_a_row_are_one_typed_change() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        execute(tx, "UPDATE incident SET status = 'triaged'");
        execute(tx, "UPDATE incident SET owner = 'hank'");
        execute(tx, "UPDATE incident SET status = 'closed'");
        tx.updated(&owned("open", "ada"), &owned("closed", "hank"))
            .record()
            .unwrap();
    });
    let entries = desk.entries("acme");
    assert_eq!(
        told(&entries),
        [("create", "ada", true), ("update", "ada", false)]
    );
    assert!(!entries[1].metadata.contains_key("capture_disagrees"));
    desk.assert_log_and_table_agree();

    // In the other order, and only a part of them.
    desk.write(|tx| {
        tx.updated(&owned("closed", "hank"), &owned("open", "ada"))
            .record()
            .unwrap();
        execute(tx, "UPDATE incident SET status = 'open'");
        execute(tx, "UPDATE incident SET owner = 'ada'");
    });
    assert_eq!(desk.entries("acme").len(), 3);
    desk.write(|tx| {
        execute(tx, "UPDATE incident SET status = 'triaged'");
        execute(tx, "UPDATE incident SET status = 'closed'");
        tx.updated(&with("open"), &with("triaged"))
            .record()
            .unwrap();
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 5, "{entries:?}");
    desk.assert_log_and_table_agree();
}

#[test]
fn each_of_several_typed_changes_has_its_step() {
    let mut desk = Desk::with_incident();
    let auditor = desk.auditor.clone();
    desk.write(|tx| {
        let connection: &Connection = tx;
        // Both wait until the transaction is used the next time.
        execute(connection, "UPDATE incident SET status = 'triaged'");
        auditor
            .updated(&with("open"), &with("triaged"))
            .record()
            .unwrap();
        execute(connection, "UPDATE incident SET status = 'closed'");
        auditor
            .updated(&with("triaged"), &with("closed"))
            .record()
            .unwrap();
    });
    let entries = desk.entries("acme");
    assert_eq!(entries.len(), 3, "{entries:?}");
    assert!(
        entries
            .iter()
            .all(|entry| !entry.metadata.contains_key("capture_disagrees"))
    );
    desk.assert_log_and_table_agree();
}

#[test]
fn a_change_that_follows_one_that_was_told_of_is_another() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        execute(tx, "UPDATE incident SET status = 'closed'");
        tx.updated(&with("open"), &with("closed")).record().unwrap();
        execute(tx, "UPDATE incident SET status = 'open'");
    });
    let entries = desk.entries("acme");
    assert_eq!(
        told(&entries),
        [
            ("create", "ada", true),
            ("update", "ada", false),
            ("update", "ada", true)
        ]
    );
    assert!(!entries[2].metadata.contains_key("capture_disagrees"));
    desk.assert_log_and_table_agree();
}

#[test]
fn a_row_that_a_savepoint_took_back_and_that_is_written_again_is_told_of_once() {
    let mut desk = Desk::with_incident();
    desk.write(|tx| {
        tx.updated(&with("open"), &with("closed")).record().unwrap();
        let savepoint = tx.savepoint().unwrap();
        execute(&savepoint, "UPDATE incident SET status = 'closed'");
        // Rows are looked at.
        let seen = savepoint.log("look").changes(other_changes());
        seen.entity("other", 1).record().unwrap();
        drop(savepoint);
        execute(tx, "UPDATE incident SET status = 'closed'");
    });
    let entries = desk.entries("acme");
    assert_eq!(
        told(&entries),
        [("create", "ada", true), ("update", "ada", false)],
        "{entries:?}"
    );
    desk.assert_log_and_table_agree();
}

#[test]
fn an_id_that_the_row_holds_as_text_is_the_same_id() {
    #[derive(Audited)]
    #[audit(entity_type = "asset")]
    struct Asset {
        #[audit(id)]
        id: Uuid,
        name: String,
    }

    let mut desk = Desk::new();
    let sql = "CREATE TABLE asset (id TEXT PRIMARY KEY, name TEXT)";
    execute(&desk.connection, sql);
    TrackedTable::new("asset").track(&desk.connection).unwrap();
    let id = Uuid::from_u128(7);
    let name = "printer".to_owned();
    desk.write(|tx| {
        tx.execute(
            "INSERT INTO asset VALUES (?1, ?2)",
            [&id.to_string(), &name],
        )
        .unwrap();
        tx.created(&Asset { id, name }).record().unwrap();
    });
    assert_eq!(told(&desk.entries("acme")), [("create", "ada", false)]);
}
