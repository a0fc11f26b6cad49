//! Which log it is, and how far it goes.

use audit_core::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use crate::error::{Phase, corrupt, during};

/// Moves when another connection has written to the file.
///
/// See <https://www.sqlite.org/pragma.html#pragma_data_version>.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}

/// The newest entry of a log: no other log has it, and this one only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Newest {
    pub(crate) seq: i64,
    pub(crate) id: [u8; 16],
}

impl Newest {
    pub(super) fn of(connection: &Connection) -> Result<Self> {
        let newest = connection
            .prepare_cached("SELECT seq, id FROM audit_entry ORDER BY seq DESC LIMIT 1")
            .and_then(|mut newest| {
                let row = newest.query_row([], |row| {
                    Ok(Self {
                        seq: row.get(0)?,
                        id: id_from(row.get_ref(1)?),
                    })
                });
                row.optional()
            })
            .map_err(during(Phase::Write))?;
        Ok(newest.unwrap_or_default())
    }

    /// The newest entry after one more.
    ///
    /// # Errors
    ///
    /// There is no number behind the last one, which only another program can have taken.
    pub(super) fn followed_by(self, id: Uuid) -> Result<Self> {
        Ok(Self {
            seq: self.seq.checked_add(1).ok_or_else(corrupt)?,
            id: id.into_bytes(),
        })
    }

    /// Whether the log of this connection has this entry.
    pub(super) fn is_in(self, connection: &Connection) -> Result<bool> {
        connection
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM audit_entry WHERE seq = +?1 AND id = +?2)",
            )
            .and_then(|mut find| find.query_row(params![self.seq, self.id], |row| row.get(0)))
            .map_err(during(Phase::Write))
    }
}

/// An id as it stands in a row. A row of another program may have one that is none: its bytes as far as
/// they go, so that it stops nobody from writing.
pub(crate) fn id_from(value: ValueRef<'_>) -> [u8; 16] {
    let mut id = [0; 16];
    if let ValueRef::Blob(bytes) = value {
        for (to, from) in id.iter_mut().zip(bytes) {
            *to = *from;
        }
    }
    id
}
