//! What a transaction of the store relies on, and nobody sees from outside.

use audit_core::{EntityId, Error, ErrorKind, Result};
use rusqlite::Connection;

use super::TrackedTable;
use super::admit::Admitted;
use super::change::RowChange;
use super::check::check_since;
use super::take::{has_staged, take_staged};
use crate::schema;

fn connection(sql: &str) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    connection.execute_batch(sql).unwrap();
    connection
}

fn run(connection: &Connection, sql: &str) {
    connection.execute_batch(sql).unwrap();
}

/// Takes at most so many rows.
fn take(connection: &Connection, limit: usize) -> Vec<RowChange> {
    let mut changes = Vec::new();
    let taken = take_staged(connection, limit, &mut |change| {
        changes.push(change);
        Ok(())
    })
    .unwrap();
    assert_eq!(taken, changes.len());
    changes
}

#[test]
fn rows_of_all_tables_come_in_one_order_and_in_parts() {
    let connection = connection(
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id INTEGER PRIMARY KEY)",
    );
    for table in ["a", "b"] {
        TrackedTable::new(table).track(&connection).unwrap();
    }
    assert!(!has_staged(&connection).unwrap());
    run(
        &connection,
        "INSERT INTO a VALUES (1); INSERT INTO b VALUES (2); INSERT INTO a VALUES (3)",
    );
    run(&connection, "INSERT OR IGNORE INTO a VALUES (1)");
    let brief = |changes: &[RowChange]| -> Vec<(String, Option<EntityId>)> {
        let brief = changes.iter();
        brief
            .map(|change| (change.table.clone(), change.id.clone()))
            .collect()
    };
    let entry = |table: &str, id: i64| (table.to_owned(), Some(EntityId::from(id)));
    assert_eq!(brief(&take(&connection, 2)), [entry("a", 1), entry("b", 2)]);
    assert!(has_staged(&connection).unwrap());
    assert_eq!(brief(&take(&connection, 2)), [entry("a", 3)]);
    assert!(!has_staged(&connection).unwrap());
    assert!(take(&connection, 2).is_empty());
    let aside: i64 = connection
        .query_row("SELECT count(*) FROM audit_displaced", [], |row| row.get(0))
        .unwrap();
    assert_eq!(aside, 0);
}

#[test]
fn what_cannot_be_kept_stays_staged() {
    let connection = connection("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    TrackedTable::new("t").track(&connection).unwrap();
    run(&connection, "INSERT INTO t VALUES (1), (2)");
    let fail = |_: RowChange| -> Result<()> { Err(Error::new(ErrorKind::Full, "on purpose")) };
    let error = take_staged(&connection, 10, &mut { fail }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert_eq!(take(&connection, 10).len(), 2);
}

#[test]
fn a_row_that_nobody_can_read_holds_nothing_up() {
    let connection = connection("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    TrackedTable::new("t").track(&connection).unwrap();
    run(
        &connection,
        "INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); UPDATE audit_stage SET operation = 99 WHERE n = 1;
         INSERT INTO audit_stage (n, source, operation, time) VALUES (9, 77, 1, 0)",
    );
    let actions: Vec<_> = take(&connection, 10)
        .iter()
        .map(|change| change.action)
        .collect();
    assert_eq!(
        actions,
        ["capture_unreadable", "create", "capture_unreadable"]
    );
}

#[test]
fn who_is_admitted_writes_where_foreign_writes_are_refused() {
    let connection = connection("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    TrackedTable::new("t")
        .refuse_foreign_writes()
        .track(&connection)
        .unwrap();
    let write = |sql: &str| {
        connection
            .execute(sql, [])
            .map_err(|error| error.to_string())
    };
    assert!(
        write("INSERT INTO t VALUES (1)")
            .unwrap_err()
            .contains("no such function")
    );
    let admitted = Admitted::new(&connection).unwrap();
    write("INSERT INTO t VALUES (1)").unwrap();
    drop(admitted);
    for sql in [
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET id = 3",
        "DELETE FROM t",
    ] {
        let error = write(sql).unwrap_err();
        assert!(error.contains("inside of SqliteStore::begin"), "{error}");
    }
    run(&connection, "PRAGMA trusted_schema = OFF");
    let _admitted = Admitted::new(&connection).unwrap();
    write("DELETE FROM t").unwrap();
    // Nobody admits himself from within the schema.
    run(&connection, "CREATE VIEW v AS SELECT audit_admit(1)");
    assert!(write("CREATE TABLE w AS SELECT * FROM v").is_err());
}

#[test]
fn a_schema_that_was_checked_is_not_checked_again() {
    let connection = connection("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    TrackedTable::new("t").track(&connection).unwrap();
    let mut verified = None;
    check_since(&connection, &mut verified).unwrap();
    let before = verified;
    run(&connection, "INSERT INTO t VALUES (1)");
    check_since(&connection, &mut verified).unwrap();
    assert!(verified.is_some() && verified == before);
    run(&connection, "ALTER TABLE t ADD COLUMN v");
    let error = check_since(&connection, &mut verified).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StaleCapture);
    TrackedTable::new("t").retrack(&connection).unwrap();
    check_since(&connection, &mut verified).unwrap();
    assert_ne!(verified, before);
}

#[test]
fn a_panic_while_tracking_leaves_nothing_behind() {
    let connection = connection("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        super::atomic::atomically(&connection, || -> Result<()> {
            TrackedTable::new("t").track(&connection)?;
            panic!("on purpose")
        })
    }));
    assert!(panicked.is_err() && connection.is_autocommit());
    let left: i64 = connection
        .query_row("SELECT count(*) FROM audit_tracked", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}
