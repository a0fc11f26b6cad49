//! What stands in the file, and how an older file becomes a newer one.
//!
//! Every object of ours begins with `audit_`, and our schema number stands in a table of ours, so
//! that the store can live in a business file: its `user_version`, `application_id` and tables are
//! its own.
//!
//! Values that repeat are rows of small side tables, numbered per tenant, so that a number tells
//! nothing of another tenant. Since the rowid `seq` grows with `idx` inside a tenant, an index on
//! `(tenant, x)` carries the order of the log in the rowid that every index entry ends with. Where the
//! entries of a tenant stand is written for 256 of them at a time, see `writer::lookups`.

mod view;

use audit_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;

use crate::error::{Phase, corrupt, during};

/// One step from a schema number to the next.
struct Migration {
    /// Statements, run in order.
    sql: &'static [&'static str],
}

/// The migrations; the schema number is how many of them a file has seen. A released one is
/// never edited.
const MIGRATIONS: &[Migration] = &[
    Migration {
        sql: &[include_str!("tables.sql"), view::FIRST],
    },
    Migration {
        sql: &[include_str!("attempts.sql"), view::WITH_SENSITIVE],
    },
    Migration {
        sql: &[include_str!("causes.sql")],
    },
    Migration {
        sql: &[include_str!("callers.sql"), CHANGES],
    },
    Migration {
        sql: &[include_str!("tracking.sql")],
    },
    Migration {
        sql: &[include_str!("lookups.sql")],
    },
    Migration {
        sql: &[include_str!("places.sql"), view::BY_TENANT],
    },
    // What is written on the connection of a caller goes into the tables themselves now.
    Migration {
        sql: &["DROP VIEW audit_entry_in; DROP VIEW audit_tenant_in"],
    },
];

/// What restores `changes()` on a caller's connection, see `transaction::Traces`.
pub(crate) const CHANGES: &str = include_str!("changes.sql");

const META: &str = "CREATE TABLE IF NOT EXISTS audit_meta (key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID";

/// What a file says of itself.
#[derive(Clone, Copy)]
pub(crate) struct Meta {
    pub(crate) cursor_key: [u8; 32],
}

/// The newest schema number that this release knows.
pub(crate) fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Brings a file to the newest schema, in one transaction.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let failed = during(Phase::Open);
    if number(connection)? == Some(newest()) {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Asked again under the lock: another process may have been faster.
    let present = number(&transaction)?;
    if present.is_none() {
        transaction.execute_batch(META).map_err(failed)?;
        let mut add = transaction
            .prepare("INSERT INTO audit_meta (key, value) VALUES (?1, ?2)")
            .map_err(failed)?;
        let secret = [Uuid::new_v4(), Uuid::new_v4()]
            .map(Uuid::into_bytes)
            .concat();
        add.execute(params!["schema", 0]).map_err(failed)?;
        add.execute(params!["cursor_key", secret]).map_err(failed)?;
        add.execute(params!["store", Uuid::new_v4().as_bytes().as_slice()])
            .map_err(failed)?;
    }
    let seen = usize::try_from(present.unwrap_or(0)).map_err(|_| corrupt())?;
    for migration in MIGRATIONS.iter().skip(seen) {
        for sql in migration.sql {
            transaction.execute_batch(sql).map_err(failed)?;
        }
    }
    transaction
        .execute(
            "UPDATE audit_meta SET value = ?1 WHERE key = 'schema'",
            [newest()],
        )
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Says whether a file that is only read can be read.
pub(crate) fn check(connection: &Connection) -> Result<()> {
    match number(connection)? {
        Some(number) if number == newest() => Ok(()),
        Some(_) => Err(Error::new(
            ErrorKind::Store,
            "the audit log in the file has an older schema; open it once with `SqliteStore::open` to bring it up to date",
        )),
        None => Err(Error::new(
            ErrorKind::Store,
            "the file has no audit log; create one with `SqliteStore::open`, or name another path",
        )),
    }
}

/// Says whether a file that was brought up to date is so still, at the cost of one look.
pub(crate) fn check_again(connection: &Connection) -> Result<()> {
    let number: i64 = connection
        .prepare_cached("SELECT value FROM audit_meta WHERE key = 'schema'")
        .and_then(|mut number| number.query_row([], |row| row.get(0)))
        .map_err(during(Phase::Begin))?;
    expect_newest(number)
}

/// The same of a schema number that was read already.
pub(crate) fn expect_newest(number: i64) -> Result<()> {
    if number == newest() {
        return Ok(());
    }
    Err(newer())
}

/// The schema number of a file, if it has an audit log.
fn number(connection: &Connection) -> Result<Option<i64>> {
    let failed = during(Phase::Open);
    let ours: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'audit_meta')",
            [],
            |row| row.get(0),
        )
        .map_err(failed)?;
    if !ours {
        return Ok(None);
    }
    let number: Option<i64> = connection
        .query_row(
            "SELECT value FROM audit_meta WHERE key = 'schema'",
            [],
            |row| row.get(0),
        )
        .optional()
        .map_err(|_| foreign())?;
    let number = number.ok_or_else(foreign)?;
    if number > newest() {
        return Err(newer());
    }
    Ok(Some(number))
}

/// A newer release has written what this one does not know.
fn newer() -> Error {
    Error::new(
        ErrorKind::NewerSchema,
        "the audit log in the file was written by a newer release of audit-sqlite; update this program",
    )
}

fn foreign() -> Error {
    Error::new(
        ErrorKind::Store,
        "the file has a table `audit_meta` that is not of the audit log; rename it, or give the audit log a file of its own",
    )
}

/// What the file says of itself.
pub(crate) fn meta(connection: &Connection) -> Result<Meta> {
    let key: Vec<u8> = connection
        .query_row(
            "SELECT value FROM audit_meta WHERE key = 'cursor_key'",
            [],
            |row| row.get(0),
        )
        .map_err(during(Phase::Open))?;
    Ok(Meta {
        cursor_key: key.try_into().map_err(|_| corrupt())?,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use audit_core::query::{Filter, Order};
    use audit_core::store::Query;
    use audit_core::testing::contract::Sample;
    use audit_core::{AuditEntry, AuditStore, Tenant};

    use super::*;
    use crate::SqliteStore;

    fn objects(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
            .unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap()
    }

    #[test]
    fn an_empty_file_gets_everything_and_a_current_one_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        let key = meta(&connection).unwrap().cursor_key;
        let before = objects(&connection);
        assert!(
            before.iter().all(|name| name.starts_with("audit_")),
            "{before:?}"
        );
        migrate(&mut connection).unwrap();
        assert_eq!(objects(&connection), before);
        assert_eq!(meta(&connection).unwrap().cursor_key, key);
        assert_eq!(number(&connection).unwrap(), Some(newest()));
    }

    #[test]
    fn each_number_leads_to_the_newest() {
        let mut fresh = Connection::open_in_memory().unwrap();
        migrate(&mut fresh).unwrap();
        for start in 0..MIGRATIONS.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(META).unwrap();
            for migration in MIGRATIONS.iter().take(start) {
                for sql in migration.sql {
                    connection.execute_batch(sql).unwrap();
                }
            }
            connection
                .execute(
                    "INSERT INTO audit_meta VALUES ('schema', ?1), ('cursor_key', zeroblob(32))",
                    [i64::try_from(start).unwrap()],
                )
                .unwrap();
            migrate(&mut connection).unwrap();
            assert_eq!(objects(&connection), objects(&fresh), "from {start}");
            assert_eq!(meta(&connection).unwrap().cursor_key, [0; 32]);
        }
    }

    /// A file as the first release of the schema made it, with what another file holds.
    fn first_schema(path: &Path, filled: &Path) {
        let connection = Connection::open(path).unwrap();
        connection.execute_batch(META).unwrap();
        for sql in MIGRATIONS[0].sql {
            connection.execute_batch(sql).unwrap();
        }
        let list = |sql: &str| -> Vec<String> {
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<rusqlite::Result<_>>().unwrap()
        };
        connection
            .execute("ATTACH ?1 AS filled", [filled.to_str().unwrap()])
            .unwrap();
        for table in list("SELECT name FROM main.sqlite_schema WHERE type = 'table'") {
            let columns = list(&format!(
                "SELECT name FROM pragma_table_info('{table}', 'main')"
            ));
            let columns = columns.join(", ");
            connection
                .execute_batch(&format!(
                    "INSERT INTO main.{table} ({columns}) SELECT {columns} FROM filled.{table}"
                ))
                .unwrap();
        }
        connection
            .execute(
                "UPDATE main.audit_meta SET value = 1 WHERE key = 'schema'",
                [],
            )
            .unwrap();
    }

    #[test]
    fn a_file_of_the_first_schema_reads_as_before_and_takes_what_is_new() {
        let folder = tempfile::tempdir().unwrap();
        let (old, filled) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let tenant = Tenant::from("acme");
        let mut sample = Sample::new(1);
        let mut entries: Vec<AuditEntry> = (0..600).map(|_| sample.entry(&tenant)).collect();
        for (index, entry) in (0..).zip(&mut entries) {
            entry.index = index;
            entry.sensitive.clear();
        }
        let key = {
            let store = SqliteStore::open(&filled).unwrap();
            store.append(&entries).unwrap();
            store.cursor_key().unwrap()
        };
        first_schema(&old, &filled);
        let error = SqliteStore::open_read_only(&old).unwrap_err();
        assert!(error.to_string().contains("older schema"), "{error}");

        let store = SqliteStore::open(&old).unwrap();
        let read = |store: &SqliteStore| {
            let filter = Filter::default();
            let query = Query::new(&filter, 1_000).from(Order::OldestFirst, None);
            store.entries(&tenant, &query).unwrap()
        };
        assert_eq!(read(&store), entries);
        assert_eq!(store.cursor_key().unwrap(), key);
        let mut next = sample.entry(&tenant);
        next.index = 600;
        next.sensitive = vec!["status".to_owned()];
        store.open_attempt(&next).unwrap();
        store.append(std::slice::from_ref(&next)).unwrap();
        entries.push(next);
        assert_eq!(read(&store), entries);
        assert_eq!(read(&SqliteStore::open_read_only(&old).unwrap()), entries);
        let shown: String = Connection::open(&old)
            .unwrap()
            .query_row("SELECT group_concat(sensitive) FROM audit_log", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(shown, r#"["status"]"#);
    }

    #[test]
    fn entries_before_a_hole_are_looked_up_too() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(META).unwrap();
        for migration in MIGRATIONS.iter().take(6) {
            for sql in migration.sql {
                connection.execute_batch(sql).unwrap();
            }
        }
        connection
            .execute_batch(
                "INSERT INTO audit_meta VALUES ('schema', 6), ('cursor_key', zeroblob(32));
                 INSERT INTO audit_tenant VALUES (1, 'acme', zeroblob(16));
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
                 INSERT INTO audit_entry (seq, tenant, idx, id, time, recorded, verb, actor, outcome, severity, cause)
                 SELECT iif(i < 100, i, 1100), 1, i - 1, randomblob(16), 0, 0, 1, 1, 0, 0, randomblob(16) FROM n",
            )
            .unwrap();
        migrate(&mut connection).unwrap();
        let count = |sql: &str| -> i64 { connection.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(count("SELECT max(open) FROM audit_block"), 1024);
        assert_eq!(count("SELECT count(*) FROM audit_place"), 99);
        for kind in [0, 3] {
            let sql = format!("SELECT count(*) FROM audit_lookup WHERE kind = {kind}");
            assert_eq!(count(&sql), 99);
        }
    }

    #[test]
    fn a_newer_or_foreign_table_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        connection
            .execute(
                "UPDATE audit_meta SET value = ?1 WHERE key = 'schema'",
                [newest() + 1],
            )
            .unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NewerSchema);

        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE audit_meta (x)")
            .unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert_eq!(objects(&connection), ["audit_meta"]);
    }
}
