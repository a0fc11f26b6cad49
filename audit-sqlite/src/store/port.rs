//! The store as auditors and readers see it.

use audit_core::query::{Count, Filter, GroupBy};
use audit_core::store::{Appended, Durability, Query};
use audit_core::{AuditEntry, AuditStore, Error, ErrorKind, Result, Tenant, TransactionScope};
use uuid::Uuid;

use super::SqliteStore;
use crate::reader;

impl AuditStore for SqliteStore {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
        self.writer()?.append(entries)
    }

    fn open_attempt(&self, entry: &AuditEntry) -> Result<()> {
        if TransactionScope::is_open(self) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "an attempt is stored before its action begins, which an open transaction cannot do, for nothing of it is stored before it is committed; begin the action before the transaction",
            )
            .with_entry(entry.id));
        }
        self.writer()?.open_attempt(entry)
    }

    fn close_attempt(&self, tenant: &Tenant, id: Uuid) -> Result<()> {
        self.writer()?.close_attempt(tenant, id)
    }

    fn entries(&self, tenant: &Tenant, query: &Query<'_>) -> Result<Vec<AuditEntry>> {
        self.read(|connection, side| reader::entries(connection, side, tenant, query))
    }

    fn entry(&self, tenant: &Tenant, id: Uuid) -> Result<Option<AuditEntry>> {
        self.read(|connection, side| reader::entry(connection, side, tenant, id))
    }

    fn count_by(&self, tenant: &Tenant, filter: &Filter, by: GroupBy) -> Result<Vec<Count>> {
        self.read(|connection, side| reader::count_by(connection, side, tenant, filter, by))
    }

    fn count(&self, tenant: &Tenant, filter: &Filter) -> Result<u64> {
        self.read(|connection, side| reader::count(connection, side, tenant, filter))
    }

    fn tenants(&self) -> Result<Vec<Tenant>> {
        self.read(|connection, _| reader::tenants(connection))
    }

    fn cursor_key(&self) -> Result<[u8; 32]> {
        Ok(self.0.cursor_key)
    }

    fn durability(&self) -> Durability {
        self.0.durability
    }
}
