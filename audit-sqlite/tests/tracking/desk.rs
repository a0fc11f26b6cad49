//! A business file with a store in it, and what its log tells.

use audit_core::query::{Filter, Order};
use audit_core::store::Query;
use audit_core::{AuditEntry, AuditStore, EntityId, ErrorKind, Sanitizer, Tenant};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous, TrackedTable};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const TENANT: &str = "acme";

pub(crate) const RESOURCES: &str = "CREATE TABLE resources (
    id INTEGER PRIMARY KEY, company_id TEXT, name TEXT, password TEXT, api_key TEXT, sort_key INT, notes TEXT)";

/// What is said of a table that cannot be tracked so.
pub(crate) fn error(desk: &Desk, table: TrackedTable) -> (ErrorKind, String) {
    let error = table.track(&desk.connection).unwrap_err();
    (error.kind(), error.to_string())
}

pub(crate) struct Desk {
    pub(crate) store: SqliteStore,
    pub(crate) connection: Connection,
    _folder: TempDir,
    /// How many entries were told of already.
    told: std::cell::Cell<u64>,
}

impl Desk {
    /// A file in which some SQL has been run.
    pub(crate) fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteOptions::new().synchronous(Synchronous::Normal);
        let store = SqliteStore::open_with(folder.path().join("desk.db"), options).unwrap();
        let connection = Connection::open(store.path().unwrap()).unwrap();
        connection
            .execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = ON")
            .unwrap();
        connection.execute_batch(sql).unwrap();
        Self {
            store,
            connection,
            _folder: folder,
            told: std::cell::Cell::new(0),
        }
    }

    /// The same, with the table `t` tracked.
    pub(crate) fn tracking(sql: &str) -> Self {
        let desk = Self::new(sql);
        desk.track(TrackedTable::new("t"));
        desk
    }

    pub(crate) fn track(&self, table: TrackedTable) {
        table
            .tenant_constant(TENANT)
            .track(&self.connection)
            .unwrap();
    }

    pub(crate) fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    /// Another connection to the file.
    pub(crate) fn another(&self) -> Connection {
        Connection::open(self.store.path().unwrap()).unwrap()
    }

    /// The entries of the tenant that have come since this was last asked.
    pub(crate) fn entries(&self) -> Vec<AuditEntry> {
        self.store.collect_row_changes().unwrap();
        let all = entries_of(&self.store, TENANT, self.told.get());
        self.told.set(self.told.get() + all.len() as u64);
        all
    }

    /// The same in short: `["update", id, changes]`.
    pub(crate) fn told(&self) -> Value {
        short(&self.entries())
    }
}

/// The entries of a tenant from an index on.
pub(crate) fn entries_of(store: &SqliteStore, tenant: &str, from: u64) -> Vec<AuditEntry> {
    let filter = Filter::default();
    let query = Query::new(&filter, 1_000_000).from(Order::OldestFirst, from.checked_sub(1));
    store.entries(&Tenant::from(tenant), &query).unwrap()
}

pub(crate) fn short(entries: &[AuditEntry]) -> Value {
    entries
        .iter()
        .map(|entry| {
            let id = entry.entity_id().map(EntityId::to_string);
            json!([entry.action, id, entry.changes])
        })
        .collect()
}

/// A sanitizer that lets every value through.
pub(crate) fn blind() -> Sanitizer {
    Sanitizer::builder().detectors(false).build()
}
