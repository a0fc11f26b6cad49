//! From the outbox into the store: each entry exactly once, whatever is interrupted.

use audit_core::store::Appended;
use audit_core::{AuditEntry, AuditStore, Error, ErrorKind, Result};
use rusqlite::{Connection, TransactionBehavior, params};
use uuid::Uuid;

use super::format;
use crate::codec;
use crate::error::{Phase, during};

/// How many are brought over at a time, so that many do not have to be in memory.
const CHUNK: i64 = 256;

/// An entry in the outbox.
struct Row {
    n: i64,
    id: Uuid,
    entry: AuditEntry,
}

pub(super) fn drain(connection: &mut Connection, store: &dyn AuditStore) -> Result<usize> {
    let mut drained = 0;
    let mut refused = None;
    let mut after = 0;
    loop {
        let rows = read(connection, after)?;
        let Some(last) = rows.last() else { break };
        after = last.n;
        let entries: Vec<AuditEntry> = rows.iter().map(|row| row.entry.clone()).collect();
        let taken = match append(store, &entries) {
            Err(error) if error.kind() == ErrorKind::Invalid => one_by_one(store, &entries)?,
            taken => taken?,
        };
        let mut done = Vec::with_capacity(rows.len());
        for (row, taken) in rows.iter().zip(taken) {
            match taken {
                Ok(()) => done.push(row),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        delete(connection, &done)?;
        drained += done.len();
    }
    match refused {
        Some(error) => Err(error),
        None => Ok(drained),
    }
}

/// What became of each entry; an error where the store will never take it.
fn append(store: &dyn AuditStore, entries: &[AuditEntry]) -> Result<Vec<Result<()>>> {
    let appended = store.append(entries)?;
    let each = entries.iter().zip(appended);
    Ok(each
        .map(|(entry, appended)| match appended {
            Appended::Stored { .. } | Appended::Present { .. } => Ok(()),
            _ => Err(Error::new(
                ErrorKind::IdConflict,
                "the store has another entry with the id of one in the outbox, which therefore stays there; record it anew and delete it from `audit_outbox`",
            )
            .with_entry(entry.id)),
        })
        .collect())
}

/// One that is refused for what it is must not hold up the others.
fn one_by_one(store: &dyn AuditStore, entries: &[AuditEntry]) -> Result<Vec<Result<()>>> {
    let mut taken = Vec::with_capacity(entries.len());
    for entry in entries {
        match append(store, std::slice::from_ref(entry)) {
            Ok(one) => taken.extend(one),
            Err(error) if error.kind() == ErrorKind::Invalid => {
                taken.push(Err(error.with_entry(entry.id)));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

fn read(connection: &Connection, after: i64) -> Result<Vec<Row>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare_cached(
            "SELECT n, format, id, entry FROM audit_outbox WHERE n > ?1 ORDER BY n LIMIT +?2",
        )
        .map_err(failed)?;
    let mut rows = statement.query([after, CHUNK]).map_err(failed)?;
    let mut read = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let id: Vec<u8> = row.get(2).map_err(failed)?;
        let text: String = row.get(3).map_err(failed)?;
        read.push(Row {
            n: row.get(0).map_err(failed)?,
            id: codec::uuid(&id)?,
            entry: format::read(row.get(1).map_err(failed)?, &text)?,
        });
    }
    Ok(read)
}

/// By number and id: the number of one that another has drained may have been given again.
fn delete(connection: &mut Connection, rows: &[&Row]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let failed = during(Phase::Write);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(during(Phase::Begin))?;
    let mut delete = transaction
        .prepare_cached("DELETE FROM audit_outbox WHERE n = +?1 AND id = +?2")
        .map_err(failed)?;
    for row in rows {
        delete
            .execute(params![row.n, row.id.as_bytes()])
            .map_err(failed)?;
    }
    drop(delete);
    transaction.commit().map_err(during(Phase::Commit))
}
