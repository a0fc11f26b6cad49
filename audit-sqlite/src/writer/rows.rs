//! Many rows in one statement. Each statement finds its place from the root of the table, so that rows that
//! stand side by side are cheaper together.

use audit_core::Result;
use rusqlite::Connection;
use rusqlite::limits::Limit;
use rusqlite::types::{ToSqlOutput, ValueRef};

use crate::error::{Phase, during};

/// How many rows a statement has: with more, binding is all that is left of the cost.
const ROWS: usize = 32;

/// How rows of `N` columns are added to a table.
pub(super) struct Rows<const N: usize> {
    one: String,
    many: String,
}

impl<const N: usize> Rows<N> {
    /// `into` is what stands before the values.
    pub(super) fn new(into: &str) -> Self {
        let row = format!("({})", vec!["?"; N].join(", "));
        Self {
            one: format!("{into} VALUES {row}"),
            many: format!("{into} VALUES {}", vec![row.as_str(); ROWS].join(", ")),
        }
    }

    pub(super) fn write<'a, T>(
        &self,
        connection: &Connection,
        rows: &'a [T],
        values: impl Fn(&'a T) -> [ValueRef<'a>; N],
    ) -> Result<()> {
        let (together, rest) = if may_bind(connection, N * ROWS)? {
            rows.as_chunks::<ROWS>()
        } else {
            (&[][..], rows)
        };
        let together = together.iter().map(<[T; ROWS]>::as_slice);
        each(connection, &self.many, together, &values)
            .and_then(|()| each(connection, &self.one, rest.chunks(1), &values))
            .map_err(during(Phase::Write))
    }
}

/// Whether a statement may have so many parameters: the connection of a caller has limits of its own.
fn may_bind(connection: &Connection, parameters: usize) -> Result<bool> {
    let most = connection
        .limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER)
        .map_err(during(Phase::Write))?;
    Ok(usize::try_from(most).is_ok_and(|most| most >= parameters))
}

fn each<'a, T: 'a, const N: usize>(
    connection: &Connection,
    sql: &str,
    parts: impl ExactSizeIterator<Item = &'a [T]>,
    values: impl Fn(&'a T) -> [ValueRef<'a>; N],
) -> rusqlite::Result<()> {
    if parts.len() == 0 {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(sql)?;
    for rows in parts {
        for (parameter, value) in (1_usize..).zip(rows.iter().flat_map(&values)) {
            statement.raw_bind_parameter(parameter, ToSqlOutput::Borrowed(value))?;
        }
        statement.raw_execute()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_the_same_however_many_parameters_there_may_be() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE t (a INTEGER, b TEXT, c BLOB)")
            .unwrap();
        let into = Rows::<3>::new("INSERT INTO t (a, b, c)");
        let texts: Vec<String> = (0..70).map(|n| format!("text {n}")).collect();
        for most in [3, 95, 96, 32_766] {
            connection
                .set_limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER, most)
                .unwrap();
            for count in [0, 1, 31, 32, 33, 64, 70] {
                let rows: Vec<(i64, &String)> = (0..count).zip(&texts).collect();
                into.write(&connection, &rows, |(n, text)| {
                    [ValueRef::Integer(*n), text.as_str().into(), ValueRef::Null]
                })
                .unwrap();
                let sql = "SELECT count(*), coalesce(sum(b = 'text ' || a AND c IS NULL), 0), count(DISTINCT a) FROM t";
                let found: (i64, i64, i64) = connection
                    .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .unwrap();
                assert_eq!(found, (count, count, count), "{most}");
                connection.execute("DELETE FROM t", []).unwrap();
            }
        }
        connection.execute_batch("DROP TABLE t").unwrap();
        let gone = into.write(&connection, &[0; 40], |_| [ValueRef::Null; 3]);
        assert!(gone.is_err());
    }
}
