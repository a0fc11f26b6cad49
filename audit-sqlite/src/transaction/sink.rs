//! Where the entries of a transaction go: into the log of the same file, or into an outbox.

use audit_core::store::Appended;
use audit_core::{AuditEntry, Error, ErrorKind, Result};
use rusqlite::Connection;

use super::desk::Turn;
use crate::error::{Phase, during};
use crate::outbox;

pub(super) enum Sink {
    Log(Box<Turn>),
    Outbox,
    /// The transaction is over.
    Closed,
}

/// What became of one entry.
pub(super) struct Written {
    /// It is a row of its own now, and not one that was there before.
    pub(super) is_new: bool,
    /// Its place in the tenant's log, if it stands there.
    pub(super) index: Option<u64>,
}

impl Sink {
    /// The number of the newest row, by which it is seen that rows are gone again: none is ever
    /// deleted inside a transaction but by rolling back.
    pub(super) fn newest(&self, connection: &Connection) -> Result<i64> {
        let sql = match self {
            Self::Log(_) => "SELECT coalesce(max(seq), 0) FROM audit_entry",
            Self::Outbox => outbox::NEWEST,
            Self::Closed => return Ok(0),
        };
        connection
            .prepare_cached(sql)
            .and_then(|mut newest| newest.query_row([], |row| row.get(0)))
            .map_err(during(Phase::Write))
    }

    /// Rows that were written are gone, and what is remembered of them holds no more.
    pub(super) fn forget(&mut self, connection: &Connection) -> Result<()> {
        match self {
            Self::Log(turn) => turn.memory.forget_added(connection),
            Self::Outbox | Self::Closed => Ok(()),
        }
    }

    pub(super) fn write(
        &mut self,
        connection: &Connection,
        entries: &[AuditEntry],
    ) -> Result<Vec<Written>> {
        match self {
            Self::Log(turn) => {
                let appended = turn.memory.insert(connection, entries)?;
                let written: Vec<Written> = entries
                    .iter()
                    .zip(appended)
                    .map(|(entry, appended)| of_log(entry, appended))
                    .collect::<Result<_>>()?;
                if written.iter().any(|written| !written.is_new) {
                    // What came in with an entry that is no new row would go unseen.
                    self.forget(connection)?;
                }
                Ok(written)
            }
            Self::Outbox => {
                outbox::put(connection, entries)?;
                let row = |_: &AuditEntry| Written {
                    is_new: true,
                    index: None,
                };
                Ok(entries.iter().map(row).collect())
            }
            Self::Closed => Err(Error::new(
                ErrorKind::Closed,
                "the transaction is over; record before it is committed",
            )),
        }
    }

    /// Ends what the sink holds, see [`Turn::end`].
    pub(super) fn close(&mut self, holds: bool) {
        if let Self::Log(turn) = std::mem::replace(self, Self::Closed) {
            turn.end(holds);
        }
    }
}

fn of_log(entry: &AuditEntry, appended: Appended) -> Result<Written> {
    match appended {
        Appended::Stored { index } => Ok(Written {
            is_new: true,
            index: Some(index),
        }),
        Appended::Present { index } => Ok(Written {
            is_new: false,
            index: Some(index),
        }),
        _ => Err(Error::new(
            ErrorKind::IdConflict,
            "another entry of the tenant already has this id and is about something else; give the draft an id of its own or none",
        )
        .with_entry(entry.id)),
    }
}
