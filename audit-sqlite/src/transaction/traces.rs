//! What SQLite tells the caller about the last statement, as if ours had not been there.
//!
//! `last_insert_rowid()` can be set. Of `changes()` there is another way back, and of
//! `total_changes()` none.

use audit_core::Result;
use rusqlite::{Connection, params};

use crate::error::{Phase, during};
use crate::rowid::set_last_insert_rowid;

const NONE: &str = "DELETE FROM audit_changes WHERE n = 0";
const ONE: &str = "UPDATE audit_changes SET x = 0 WHERE n = 1";
const MANY: &str = "WITH RECURSIVE times (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM times WHERE i < ?1) INSERT INTO audit_changes (n, x) SELECT 1, 0 FROM times WHERE true ON CONFLICT (n) DO UPDATE SET x = 0";

/// What the caller saw before we wrote.
#[derive(Default)]
pub(super) struct Traces {
    rowid: i64,
    changes: Option<Changes>,
}

struct Changes {
    of_caller: u64,
    /// As we left it; anything else is a statement of the caller.
    left: Count,
}

/// How many rows were changed, by the last statement that changes any and by all.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Count {
    last: u64,
    total: u64,
}

impl Count {
    fn of(connection: &Connection) -> Self {
        Self {
            last: connection.changes(),
            total: connection.total_changes(),
        }
    }
}

impl Traces {
    /// We are about to write.
    pub(super) fn note(&mut self, connection: &Connection) {
        self.rowid = connection.last_insert_rowid();
        let now = Count::of(connection);
        match &self.changes {
            Some(changes) if changes.left == now => {}
            _ => {
                self.changes = Some(Changes {
                    of_caller: now.last,
                    left: now,
                });
            }
        }
    }

    /// We have written.
    pub(super) fn leave(&mut self, connection: &Connection) {
        set_last_insert_rowid(connection, self.rowid);
        if let Some(changes) = &mut self.changes {
            changes.left = Count::of(connection);
        }
    }

    /// The caller is about to look: brings `changes()` back. Not after each of our statements: many
    /// changes cost as many steps to count again.
    pub(super) fn restore(&mut self, connection: &Connection) -> Result<()> {
        let Some(Changes { of_caller, left }) = self.changes.take() else {
            return Ok(());
        };
        if of_caller == left.last || Count::of(connection) != left {
            return Ok(());
        }
        let failed = during(Phase::Write);
        match of_caller {
            0 => connection.prepare_cached(NONE).map_err(failed)?.execute([]),
            1 => connection.prepare_cached(ONE).map_err(failed)?.execute([]),
            many => {
                let many = i64::try_from(many).unwrap_or(i64::MAX);
                connection
                    .prepare_cached(MANY)
                    .map_err(failed)?
                    .execute(params![many])
            }
        }
        .map_err(failed)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::CHANGES;

    fn update(connection: &Connection, rows: i64) {
        connection
            .execute("UPDATE t SET x = x WHERE x <= ?1", [rows])
            .unwrap();
    }

    #[test]
    fn any_number_of_changes_is_brought_back() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(CHANGES).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t (x); WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO t SELECT i FROM n",
            )
            .unwrap();
        for ours in [0, 1, 7] {
            for callers in [0, 1, 2, 999] {
                let mut traces = Traces::default();
                update(&connection, callers);
                for _ in 0..3 {
                    traces.note(&connection);
                    update(&connection, ours);
                    traces.leave(&connection);
                }
                traces.restore(&connection).unwrap();
                assert_eq!(i64::try_from(connection.changes()).unwrap(), callers);
            }
        }
    }

    #[test]
    fn what_the_caller_does_in_between_counts() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(CHANGES).unwrap();
        connection
            .execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2), (3)")
            .unwrap();
        for (ours, callers) in [(1, 2), (1, 1), (2, 2), (1, 0), (0, 3)] {
            let mut traces = Traces::default();
            update(&connection, 3);
            for _ in 0..2 {
                traces.note(&connection);
                update(&connection, ours);
                traces.leave(&connection);
                // By way of a reference that was kept: nobody has brought anything back.
                update(&connection, callers);
            }
            traces.restore(&connection).unwrap();
            assert_eq!(i64::try_from(connection.changes()).unwrap(), callers);
        }
    }
}
