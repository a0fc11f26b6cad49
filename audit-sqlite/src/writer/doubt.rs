//! What became of a transaction whose commit failed.
//!
//! SQLite writes the commit record before it syncs, so that an I/O error at commit can leave the
//! entries stored (<https://www.sqlite.org/wal.html>). A failed sync also leaves the system's
//! pages marked clean, so that a second sync that succeeds proves nothing.

use audit_core::store::Appended;
use audit_core::{AuditEntry, ErrorKind, Result, Tenant};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::error::{Phase, during, of_kind};
use crate::reader::has_id;

const OPEN: &str = "SELECT EXISTS (SELECT 1 FROM audit_attempt WHERE tenant = (SELECT n FROM audit_tenant WHERE name = ?1) AND id = ?2)";

/// Whether a batch is stored. A batch is one transaction, so that any entry that was new in it
/// speaks for all.
pub(super) fn is_stored(
    connection: &Connection,
    entries: &[AuditEntry],
    appended: &[Appended],
) -> Result<bool> {
    let mut outcomes = entries.iter().zip(appended);
    match outcomes.find(|(_, what)| matches!(what, Appended::Stored { .. })) {
        Some((entry, _)) => has_entry(connection, &entry.tenant, entry.id),
        None => Ok(true),
    }
}

/// Whether the log of a tenant has an entry.
pub(super) fn has_entry(connection: &Connection, tenant: &Tenant, id: Uuid) -> Result<bool> {
    exists(connection, &has_id(), tenant, id)
}

/// Whether an attempt of a tenant is open.
pub(super) fn has_attempt(connection: &Connection, tenant: &Tenant, id: Uuid) -> Result<bool> {
    exists(connection, OPEN, tenant, id)
}

fn exists(connection: &Connection, sql: &str, tenant: &Tenant, id: Uuid) -> Result<bool> {
    connection
        .query_row(sql, params![tenant.as_str(), id.as_bytes()], |row| {
            row.get(0)
        })
        .map_err(during(Phase::Read))
}

/// Writes what is in the log once more, into the file itself, and syncs it there.
pub(super) fn make_safe(connection: &Connection) -> Result<()> {
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map_err(during(Phase::Read))?;
    if busy != 0 {
        return Err(of_kind(ErrorKind::Unknown, Phase::Commit));
    }
    Ok(())
}
