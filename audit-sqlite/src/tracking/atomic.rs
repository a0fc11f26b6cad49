//! Several statements on the user's connection, all or none of them.

use audit_core::Result;
use rusqlite::Connection;

use crate::error::{Phase, during};

/// Does something in a transaction, or in a savepoint of the one that is open.
pub(super) fn atomically<R>(
    connection: &Connection,
    work: impl FnOnce() -> Result<R>,
) -> Result<R> {
    let failed = during(Phase::Write);
    // Immediate: what begins by reading could not become a writer when others have written since.
    let (begin, end, undo) = if connection.is_autocommit() {
        ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK")
    } else {
        (
            "SAVEPOINT audit_tracking",
            "RELEASE audit_tracking",
            "ROLLBACK TO audit_tracking; RELEASE audit_tracking",
        )
    };
    connection
        .execute_batch(begin)
        .map_err(during(Phase::Begin))?;
    let mut undo = Undo {
        connection,
        sql: Some(undo),
    };
    let done = work()?;
    connection.execute_batch(end).map_err(failed)?;
    undo.sql = None;
    Ok(done)
}

/// Undoes on an error, and on a panic.
struct Undo<'a> {
    connection: &'a Connection,
    sql: Option<&'static str>,
}

impl Drop for Undo<'_> {
    fn drop(&mut self) {
        if let Some(sql) = self.sql
            && !self.connection.is_autocommit()
        {
            // An error here means that SQLite has rolled back by itself.
            drop(self.connection.execute_batch(sql));
        }
    }
}

#[cfg(test)]
mod tests {
    use audit_core::{Error, ErrorKind};

    use super::*;

    #[test]
    fn all_or_nothing_inside_and_outside_of_a_transaction() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        let add = |end: Result<()>| {
            atomically(&connection, || {
                connection
                    .execute("INSERT INTO t VALUES (1)", [])
                    .map_err(during(Phase::Write))?;
                end
            })
        };
        let rows = || -> i64 {
            connection
                .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                .unwrap()
        };
        let fail = || Err(Error::new(ErrorKind::Store, "on purpose"));
        add(fail()).unwrap_err();
        assert!(connection.is_autocommit() && rows() == 0);
        add(Ok(())).unwrap();
        assert!(connection.is_autocommit() && rows() == 1);

        connection.execute_batch("BEGIN").unwrap();
        add(fail()).unwrap_err();
        add(Ok(())).unwrap();
        assert!(!connection.is_autocommit() && rows() == 2);
        connection.execute_batch("ROLLBACK").unwrap();
        assert_eq!(rows(), 1);
    }
}
