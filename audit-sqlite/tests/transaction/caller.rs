//! The connection of the caller: what it says and does is as without us.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use audit_sqlite::rusqlite::functions::FunctionFlags;
use audit_sqlite::rusqlite::hooks::Action;
use audit_sqlite::rusqlite::{Connection, TransactionBehavior};
use serde_json::{Value, json};

use crate::desk::Desk;

const SCHEMA: &str = "
    CREATE TABLE t (id INTEGER PRIMARY KEY, x INTEGER, y TEXT DEFAULT 'd');
    CREATE TABLE seen (what TEXT, last_rowid INTEGER, changed INTEGER);
    CREATE TABLE child (t INTEGER REFERENCES t ON DELETE CASCADE);
    CREATE TRIGGER t_insert AFTER INSERT ON t BEGIN
        INSERT INTO seen VALUES ('insert', last_insert_rowid(), changes());
    END;
    CREATE TRIGGER t_update AFTER UPDATE ON t BEGIN
        INSERT INTO seen VALUES ('update', last_insert_rowid(), changes());
    END;
    CREATE VIEW v AS SELECT id, x FROM t;
    CREATE TRIGGER v_insert INSTEAD OF INSERT ON v BEGIN
        INSERT INTO t (x) VALUES (new.x), (new.x + 1);
    END;
";

/// Statements of all kinds, with how many rows each gives.
const STATEMENTS: &[&str] = &[
    "SELECT last_insert_rowid(), changes()",
    "INSERT INTO t (id, x) VALUES (40, 1)",
    "INSERT INTO t (x) VALUES (2), (3), (4) RETURNING id, x, y",
    "SELECT last_insert_rowid(), changes()",
    "INSERT INTO v (x) VALUES (9)",
    "SELECT last_insert_rowid(), changes()",
    "UPDATE t SET x = x + 1 RETURNING id, x",
    "SELECT changes()",
    "UPDATE t SET x = 0 WHERE false",
    "SELECT changes()",
    "INSERT INTO child SELECT id FROM t",
    "DELETE FROM t WHERE id = 40",
    "SELECT changes(), (SELECT count(*) FROM child)",
    "INSERT INTO t (id, x) VALUES (41, 7) ON CONFLICT DO NOTHING",
    "INSERT INTO t (id, x) VALUES (41, 7) ON CONFLICT (id) DO UPDATE SET x = 8 RETURNING x",
    "INSERT OR IGNORE INTO t (id, x) VALUES (41, 7)",
    "SELECT last_insert_rowid(), changes()",
    "REPLACE INTO t (id, x) VALUES (41, 5)",
    "CREATE TABLE late (a)",
    "SELECT last_insert_rowid(), changes()",
    "SELECT * FROM seen ORDER BY rowid",
    "SELECT * FROM t ORDER BY id",
];

/// What a caller can see of each statement, recording before it and after it.
fn observe<'c>(connection: &dyn Fn() -> &'c Connection, record: &dyn Fn()) -> Vec<Value> {
    let mut seen = Vec::new();
    for sql in STATEMENTS {
        record();
        let rows = rows(connection(), sql);
        record();
        let connection = connection();
        seen.push(json!([
            sql,
            rows,
            connection.last_insert_rowid(),
            connection.changes()
        ]));
    }
    seen
}

fn rows(connection: &Connection, sql: &str) -> Vec<Vec<String>> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let values = (0..columns).map(|column| format!("{:?}", row.get_ref(column).unwrap()));
        all.push(values.collect());
    }
    all
}

/// A number of entries of some size, joined or direct.
fn record(desk: &Desk, entries: usize) {
    for n in 0..entries {
        desk.auditor
            .log("note")
            .entity("incident", n)
            .metadata("n", n)
            .record()
            .unwrap();
    }
}

#[test]
fn every_statement_answers_as_without_us() {
    let plain = {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .unwrap();
        connection.execute_batch(SCHEMA).unwrap();
        let tx = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        observe(&|| &tx, &|| {})
    };
    for entries in [0, 1, 3] {
        let desk = Desk::new();
        desk.connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .unwrap();
        desk.connection.execute_batch(SCHEMA).unwrap();
        let mut connection = Connection::open(&desk.path).unwrap();
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .unwrap();
        let joined = desk.context.scope(|| {
            let tx = desk.store.begin(&mut connection).unwrap();
            let seen = observe(&|| &tx, &|| record(&desk, entries));
            tx.rollback().unwrap();
            seen
        });
        let own = desk.context.scope(|| {
            let mut last = Connection::open(&desk.path).unwrap();
            last.execute_batch("PRAGMA foreign_keys = ON").unwrap();
            let tx = desk.store.begin(&mut last).unwrap();
            let seen = observe(&|| &tx, &|| {
                for _ in 0..entries {
                    tx.log("own").record().unwrap();
                }
            });
            tx.commit().unwrap();
            (seen, last.last_insert_rowid(), last.changes())
        });
        assert_eq!(joined, plain, "{entries} joined entries");
        assert_eq!(own.0, plain, "{entries} entries of the transaction");
        let last = plain.last().unwrap();
        assert_eq!(
            json!([own.1, own.2]),
            json!([last[2], last[3]]),
            "after the commit"
        );
    }
}

#[test]
fn settings_are_as_they_were() {
    const SETTINGS: &[&str] = &[
        "busy_timeout",
        "foreign_keys",
        "recursive_triggers",
        "defer_foreign_keys",
        "synchronous",
        "journal_mode",
        "cache_size",
        "temp_store",
        "query_only",
        "read_uncommitted",
        "count_changes",
        "trusted_schema",
        "cell_size_check",
        "wal_autocheckpoint",
        "user_version",
        "application_id",
        "mmap_size",
        "locking_mode",
    ];
    let settings = |connection: &Connection| {
        let read = |name: &&str| rows(connection, &format!("PRAGMA {name}"));
        SETTINGS.iter().map(read).collect::<Vec<_>>()
    };
    let mut desk = Desk::new();
    desk.connection
        .execute_batch(
            "PRAGMA busy_timeout = 123456789; PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON;
             PRAGMA cache_size = 77; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 55;
             PRAGMA cell_size_check = ON; PRAGMA trusted_schema = OFF; PRAGMA synchronous = OFF;",
        )
        .unwrap();
    let before = settings(&desk.connection);
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        tx.execute_batch("PRAGMA defer_foreign_keys = ON").unwrap();
        let inside = settings(&tx);
        record_in(&tx);
        assert_eq!(settings(&tx), inside);
        tx.commit().unwrap();
    });
    assert_eq!(settings(&desk.connection), before);
    // One without a timeout of its own keeps none.
    desk.connection
        .execute_batch("PRAGMA busy_timeout = 0")
        .unwrap();
    let before = settings(&desk.connection);
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    tx.rollback().unwrap();
    assert_eq!(settings(&desk.connection), before);
}

fn record_in(tx: &audit_sqlite::AuditedTransaction<'_>) {
    tx.log("note").record().unwrap();
}

#[test]
fn hooks_see_one_transaction_and_the_rows_of_the_caller_in_order() {
    let mut desk = Desk::new();
    let commits = Arc::new(AtomicU32::new(0));
    let rollbacks = Arc::new(AtomicU32::new(0));
    let updates: Arc<Mutex<Vec<(String, i64)>>> = Arc::default();
    let (counted, taken_back, seen) = (commits.clone(), rollbacks.clone(), updates.clone());
    desk.connection
        .commit_hook(Some(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            false
        }))
        .unwrap();
    desk.connection
        .rollback_hook(Some(move || {
            taken_back.fetch_add(1, Ordering::Relaxed);
        }))
        .unwrap();
    desk.connection
        .update_hook(Some(move |_: Action, _: &str, table: &str, row: i64| {
            seen.lock().unwrap().push((table.to_owned(), row));
        }))
        .unwrap();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        for id in [3, 1, 2] {
            crate::desk::insert(&tx, id);
            tx.log("open").record().unwrap();
        }
        tx.commit().unwrap();
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        tx.log("gone").record().unwrap();
        tx.rollback().unwrap();
    });
    assert_eq!(commits.load(Ordering::Relaxed), 1);
    assert_eq!(rollbacks.load(Ordering::Relaxed), 1);
    let updates = updates.lock().unwrap();
    let own: Vec<i64> = updates
        .iter()
        .filter(|(table, _)| table == "incident")
        .map(|(_, row)| *row)
        .collect();
    assert_eq!(own, [3, 1, 2]);
    let others = updates.iter().filter(|(table, _)| table != "incident");
    assert!(others.clone().all(|(table, _)| table.starts_with("audit_")));
}

#[test]
fn a_commit_hook_that_refuses_takes_the_entries_back_too() {
    let mut desk = Desk::new();
    desk.connection.commit_hook(Some(|| true)).unwrap();
    let error = desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        crate::desk::insert(&tx, 1);
        tx.log("gone").record().unwrap();
        tx.commit().unwrap_err()
    });
    assert_eq!(error.kind(), audit_core::ErrorKind::Store);
    assert_eq!(desk.actions(), [""; 0]);
    assert_eq!(desk.rows(), [0; 0]);
}

#[test]
fn recording_in_a_function_of_the_connection_joins() {
    let mut desk = Desk::new();
    let auditor = desk.auditor.clone();
    desk.connection
        .create_scalar_function("tell", 1, FunctionFlags::SQLITE_UTF8, move |context| {
            let action: String = context.get(0)?;
            auditor.log(action).record().unwrap();
            Ok(1)
        })
        .unwrap();
    desk.connection
        .execute_batch(
            "CREATE TEMP TRIGGER told AFTER INSERT ON main.incident BEGIN SELECT tell('insert'); END",
        )
        .unwrap();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        crate::desk::insert(&tx, 1);
        tx.rollback().unwrap();
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        crate::desk::insert(&tx, 2);
        tx.commit().unwrap();
    });
    assert_eq!(desk.actions(), ["insert"]);
}

#[test]
fn a_statement_that_is_being_read_goes_on_while_entries_are_written() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        for id in 0..500 {
            crate::desk::insert(&tx, id);
        }
        let mut all = tx.prepare("SELECT id FROM incident ORDER BY id").unwrap();
        let mut rows = all.query([]).unwrap();
        let mut read = 0;
        while let Some(row) = rows.next().unwrap() {
            let id: i64 = row.get(0).unwrap();
            assert_eq!(id, read);
            tx.log("read").entity("incident", id).record().unwrap();
            read += 1;
        }
        assert_eq!(read, 500);
        drop(rows);
        drop(all);
        tx.commit().unwrap();
    });
    assert_eq!(desk.entries().len(), 500);
}
