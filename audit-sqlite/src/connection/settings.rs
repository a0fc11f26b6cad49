//! What our connections are set to. Each setting is read back, since SQLite ignores what it does
//! not know or cannot do.
//!
//! See <https://www.sqlite.org/pragma.html>.

use audit_core::{Error, ErrorKind, Result};
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql};

use crate::error::{Phase, during};
use crate::options::{SqliteOptions, Synchronous};

/// Pages of the write-ahead log before a commit moves them into the file: 16 MiB.
const CHECKPOINT_PAGES: i64 = 4_000;
/// A write-ahead log that a long reader let grow is cut back to this.
const LOG_BYTES: i64 = 64 * 1024 * 1024;
/// More prepared statements than the writer or a reader has.
const STATEMENTS: usize = 96;

/// Sets what belongs to the file rather than to a connection.
pub(crate) fn prepare_file(connection: &Connection) -> Result<()> {
    let failed = during(Phase::Open);
    let pages: i64 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .map_err(failed)?;
    if pages == 0 {
        // Only before the first table, so that retention can give space back; a file that others
        // have made keeps its way.
        set(connection, "auto_vacuum", &2_i64, &Value::Integer(2))?;
    }
    set(
        connection,
        "journal_mode",
        &"wal",
        &Value::Text("wal".to_owned()),
    )
}

/// Sets a connection that writes.
pub(crate) fn set_writer(connection: &Connection, options: &SqliteOptions) -> Result<()> {
    set_common(connection, options)?;
    let synchronous = match options.synchronous {
        Synchronous::Full => 2,
        Synchronous::Normal => 1,
    };
    for (name, value) in [
        ("synchronous", synchronous),
        ("foreign_keys", 1),
        // Without it a REPLACE would delete rows and fire no delete trigger.
        ("recursive_triggers", 1),
        ("secure_delete", 1),
        ("wal_autocheckpoint", CHECKPOINT_PAGES),
        ("journal_size_limit", LOG_BYTES),
        ("cache_size", -kibibytes(options.cache_bytes)),
    ] {
        set_number(connection, name, value)?;
    }
    #[cfg(target_os = "macos")]
    for name in ["fullfsync", "checkpoint_fullfsync"] {
        // There `fsync` alone leaves the data in the cache of the disk.
        set_number(connection, name, 1)?;
    }
    Ok(())
}

/// Sets a connection that only reads.
pub(crate) fn set_reader(connection: &Connection, options: &SqliteOptions) -> Result<()> {
    set_common(connection, options)?;
    set_number(connection, "cache_size", -kibibytes(options.cache_bytes))?;
    set_number(connection, "query_only", 1)
}

fn set_common(connection: &Connection, options: &SqliteOptions) -> Result<()> {
    let failed = during(Phase::Open);
    connection
        .busy_timeout(options.busy_deadline)
        .map_err(failed)?;
    for (config, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        // Plans do not depend on values, so that binding one never prepares a statement anew.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
    ] {
        if connection.set_db_config(config, value).map_err(failed)? != value {
            return Err(refused());
        }
    }
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        // What stands in the schema counts: triggers of wide tables, and whatever else is in a business
        // file that SQLite took with its own limits.
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 10_000_000),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 1_000),
        (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 256),
    ] {
        connection.set_limit(limit, value).map_err(failed)?;
        if connection.limit(limit).map_err(failed)? != value {
            return Err(refused());
        }
    }
    set_number(connection, "trusted_schema", 0)?;
    set_number(connection, "cell_size_check", 1)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

fn set_number(connection: &Connection, name: &str, value: i64) -> Result<()> {
    set(connection, name, &value, &Value::Integer(value))
}

fn set(connection: &Connection, name: &str, value: &dyn ToSql, expected: &Value) -> Result<()> {
    let failed = during(Phase::Open);
    connection
        .pragma_update(None, name, value)
        .map_err(failed)?;
    let actual: Value = connection
        .pragma_query_value(None, name, |row| row.get(0))
        .map_err(failed)?;
    if actual == *expected {
        Ok(())
    } else {
        Err(refused())
    }
}

fn refused() -> Error {
    Error::new(
        ErrorKind::Store,
        "SQLite did not take a setting that the audit log needs, such as WAL mode; put the file on a local disk, and link a complete SQLite",
    )
}

fn kibibytes(bytes: usize) -> i64 {
    i64::try_from(bytes / 1024).unwrap_or(i64::MAX).max(64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(connection: &Connection, name: &str) -> i64 {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn every_setting_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("a.db")).unwrap();
        let options = SqliteOptions::new()
            .synchronous(Synchronous::Normal)
            .cache_bytes(1024 * 1024);
        prepare_file(&connection).unwrap();
        set_writer(&connection, &options).unwrap();
        for (name, value) in [
            ("auto_vacuum", 2),
            ("synchronous", 1),
            ("foreign_keys", 1),
            ("recursive_triggers", 1),
            ("secure_delete", 1),
            ("trusted_schema", 0),
            ("cell_size_check", 1),
            ("wal_autocheckpoint", 4_000),
            ("journal_size_limit", LOG_BYTES),
            ("cache_size", -1024),
            ("busy_timeout", 1_000),
        ] {
            assert_eq!(number(&connection, name), value, "{name}");
        }
        assert!(connection.execute_batch("ATTACH ':memory:' AS x").is_err());
        assert!(connection.execute_batch("SELECT \"text\"").is_err());
        assert!(set_number(&connection, "no_such_setting", 1).is_err());

        let reader = Connection::open(folder.path().join("a.db")).unwrap();
        set_reader(&reader, &options).unwrap();
        assert!(reader.execute_batch("CREATE TABLE t (x)").is_err());
    }
}
