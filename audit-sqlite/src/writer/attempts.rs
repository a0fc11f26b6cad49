//! What becomes of the actions that a store has left open by dying.

use audit_core::store::{Appended, to_micros};
use audit_core::{AuditEntry, Outcome, Result, Tenant};
use chrono::Utc;
use rusqlite::Connection;
use uuid::Uuid;

use super::memory::Memory;
use crate::codec;
use crate::error::{Phase, during};
use crate::presence::Presence;
use crate::reader::{Side, attempts_of_store};

/// How many are closed at a time, so that many do not have to be in memory.
const CHUNK: i64 = 256;

/// What recovery has done.
#[derive(Default)]
pub(super) struct Recovered {
    /// How many entries it has added.
    pub(super) entries: u64,
    /// One of them.
    pub(super) witness: Option<(Tenant, Uuid)>,
}

/// Whether any attempt is open, of whatever store.
pub(super) fn are_open(connection: &Connection) -> Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM audit_attempt)")
        .and_then(|mut exist| exist.query_row([], |row| row.get(0)))
        .map_err(during(Phase::Write))
}

/// Appends what stores that are gone have left open, in the transaction that is open: the
/// entries as they were noted, interrupted. Appending closes them.
pub(super) fn recover(
    connection: &Connection,
    memory: &mut Memory,
    presence: &Presence,
) -> Result<Recovered> {
    let mut recovered = Recovered::default();
    // Read within a transaction that may be rolled back, so nothing of it may be remembered.
    let mut side = Side::new();
    for store in stores(connection)? {
        if !presence.is_gone(store) {
            continue;
        }
        let mut after = 0;
        loop {
            let (mut entries, last) =
                attempts_of_store(connection, &mut side, store, after, CHUNK)?;
            if entries.is_empty() {
                break;
            }
            after = last;
            entries.iter_mut().for_each(interrupt);
            let appended = memory.insert(connection, &entries)?;
            for (entry, _) in entries
                .into_iter()
                .zip(appended)
                .filter(|(_, what)| matches!(what, Appended::Stored { .. }))
            {
                recovered.entries += 1;
                recovered.witness = Some((entry.tenant, entry.id));
            }
        }
    }
    presence.sweep();
    Ok(recovered)
}

fn interrupt(entry: &mut AuditEntry) {
    entry.outcome = Outcome::Interrupted;
    // A clock that was set back does not make it recorded before it happened.
    entry.recorded_at = to_micros(Utc::now()).max(entry.timestamp);
}

/// The stores that have attempts open.
fn stores(connection: &Connection) -> Result<Vec<Uuid>> {
    let failed = during(Phase::Write);
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT store FROM audit_attempt")
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut stores = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let bytes: Vec<u8> = row.get(0).map_err(failed)?;
        stores.push(codec::uuid(&bytes)?);
    }
    Ok(stores)
}
