//! What became of a batch whose commit failed.
//!
//! SQLite writes the commit record before it syncs, so that an I/O error at commit can leave the
//! entries stored (<https://www.sqlite.org/wal.html>). A failed sync also leaves the system's
//! pages marked clean, so that a second sync that succeeds proves nothing.

use audit_core::store::Appended;
use audit_core::{AuditEntry, ErrorKind, Result};
use rusqlite::{Connection, params};

use crate::error::{Phase, during, of_kind};

const FIND: &str = "SELECT EXISTS (SELECT 1 FROM audit_entry WHERE tenant = (SELECT n FROM audit_tenant WHERE name = ?1) AND id = ?2)";

/// Whether a batch is stored, and safely so. A batch is one transaction, so that any entry that
/// was new in it speaks for all.
///
/// # Errors
///
/// If that cannot be found out.
pub(super) fn is_stored(
    connection: &Connection,
    entries: &[AuditEntry],
    appended: &[Appended],
) -> Result<bool> {
    let mut outcomes = entries.iter().zip(appended);
    let Some((entry, _)) = outcomes.find(|(_, what)| matches!(what, Appended::Stored { .. }))
    else {
        return Ok(true);
    };
    let found: bool = connection
        .query_row(
            FIND,
            params![entry.tenant.as_str(), entry.id.as_bytes()],
            |row| row.get(0),
        )
        .map_err(during(Phase::Read))?;
    if found {
        // Written once more, into the file itself, and synced there.
        let busy: i64 = connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(during(Phase::Read))?;
        if busy != 0 {
            return Err(of_kind(ErrorKind::Unknown, Phase::Commit));
        }
    }
    Ok(found)
}
