//! What the program that writes notices of being tracked: nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use audit_sqlite::TrackedTable;
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::rusqlite::config::DbConfig;
use audit_sqlite::rusqlite::hooks::Action;

use crate::desk::Desk;

const TABLES: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, u UNIQUE, v);
    CREATE TABLE child (id INTEGER PRIMARY KEY, t_id REFERENCES t ON DELETE CASCADE);
    CREATE TABLE log (text);
    CREATE TRIGGER mine AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (NEW.v); END;
    INSERT INTO t (u) VALUES ('a'), ('b'); INSERT INTO child VALUES (10, 1), (11, 1)";

const STATEMENTS: [&str; 12] = [
    "INSERT INTO t (u) VALUES ('c')",
    "INSERT INTO t (u) VALUES ('c')",
    "INSERT OR IGNORE INTO t (u) VALUES ('c')",
    "REPLACE INTO t (u, v) VALUES ('c', 1)",
    "INSERT INTO t (u) VALUES ('d'), ('e'), ('f')",
    "UPDATE t SET v = id",
    "UPDATE t SET v = id",
    "UPDATE OR REPLACE t SET u = 'f' WHERE u IN ('d', 'e')",
    "INSERT INTO t (u) VALUES ('a') ON CONFLICT DO UPDATE SET v = 9",
    "DELETE FROM t WHERE id = 1",
    "UPDATE t SET v = 0 WHERE id = -1",
    "DELETE FROM t",
];

/// What a program sees after each statement.
fn seen(desk: &Desk) -> Vec<String> {
    let connection = &desk.connection;
    STATEMENTS
        .iter()
        .map(|sql| {
            let result = connection.execute(sql, []);
            let changes: i64 = connection
                .query_row("SELECT changes()", [], |row| row.get(0))
                .unwrap();
            let rows: String = connection
                .query_row(
                    "SELECT group_concat(id || ifnull(u, '') || ifnull(v, '')) || (SELECT group_concat(text) FROM log) || (SELECT count(*) FROM child) FROM t",
                    [],
                    |row| row.get::<_, Option<String>>(0),
                )
                .unwrap()
                .unwrap_or_default();
            format!("{result:?} {changes} {} {rows}", connection.last_insert_rowid())
        })
        .collect()
}

#[test]
fn results_changes_and_rowids_are_as_without() {
    for recursive in ["OFF", "ON"] {
        let (plain, tracked) = (Desk::new(TABLES), Desk::new(TABLES));
        tracked.track(TrackedTable::new("t"));
        tracked.track(TrackedTable::new("child"));
        let pragma = format!("PRAGMA recursive_triggers = {recursive}");
        plain.run(&pragma);
        tracked.run(&pragma);
        assert_eq!(seen(&plain), seen(&tracked));
        assert!(tracked.entries().len() > 12);
    }
}

#[test]
fn what_others_have_left_becomes_entries_unseen() {
    let mut desk = Desk::new(TABLES);
    desk.track(TrackedTable::new("t"));
    let another = desk.another();
    for (callers, changes) in [
        ("INSERT INTO log VALUES ('a'), ('b'), ('c')", 3),
        ("DELETE FROM log WHERE text = 'a'", 1),
        ("DELETE FROM log WHERE text = 'a'", 0),
    ] {
        desk.run(callers);
        let rowid = desk.connection.last_insert_rowid();
        another
            .execute_batch("INSERT INTO t (v) VALUES (1), (2)")
            .unwrap();
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        assert_eq!((tx.changes(), tx.last_insert_rowid()), (changes, rowid));
        tx.commit().unwrap();
        assert_eq!(desk.connection.last_insert_rowid(), rowid);
        let told: Vec<_> = desk
            .entries()
            .iter()
            .map(|entry| entry.action.clone())
            .collect();
        assert_eq!(told, ["create", "create"]);
    }
}

#[test]
fn returning_gives_the_same() {
    let (plain, tracked) = (Desk::new(TABLES), Desk::new(TABLES));
    tracked.track(TrackedTable::new("t"));
    for sql in [
        "INSERT INTO t (u, v) VALUES ('x', 1), ('y', 2) RETURNING id, u",
        "UPDATE t SET v = 7 RETURNING v, u",
        "REPLACE INTO t (u) VALUES ('x') RETURNING id, u",
        "DELETE FROM t RETURNING id, u",
    ] {
        let rows = |connection: &Connection| -> Vec<(String, String)> {
            let mut statement = connection
                .prepare(&sql.replace("id,", "id || '',").replace("v,", "v || '',"))
                .unwrap();
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        assert_eq!(rows(&plain.connection), rows(&tracked.connection), "{sql}");
    }
}

#[test]
fn update_hooks_see_the_tables_of_the_program_only() {
    let count = |desk: &mut Desk| {
        let (ours, other) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (in_ours, in_other) = (Arc::clone(&ours), Arc::clone(&other));
        let hook = move |_: Action, _: &str, table: &str, _: i64| {
            let counter = if table.starts_with("audit_") {
                &in_ours
            } else {
                &in_other
            };
            counter.fetch_add(1, Ordering::Relaxed);
        };
        desk.connection.update_hook(Some(hook)).unwrap();
        seen(desk);
        (ours.load(Ordering::Relaxed), other.load(Ordering::Relaxed))
    };
    let (mut plain, mut tracked) = (Desk::new(TABLES), Desk::new(TABLES));
    tracked.track(TrackedTable::new("t"));
    let (ours, others) = count(&mut tracked);
    assert_eq!(ours, 0);
    // A DELETE without a condition is done row by row where there are triggers.
    assert!(others >= count(&mut plain).1);
}

#[test]
fn settings_stay_and_statements_that_were_prepared_before_are_seen() {
    let desk = Desk::new(TABLES);
    let settings = || -> Vec<i64> {
        [
            "foreign_keys",
            "recursive_triggers",
            "synchronous",
            "user_version",
            "application_id",
            "secure_delete",
        ]
        .iter()
        .map(|name| {
            desk.connection
                .pragma_query_value(None, name, |row| row.get(0))
                .unwrap()
        })
        .collect()
    };
    let before = settings();
    let mut insert = desk
        .connection
        .prepare("INSERT INTO t (u) VALUES (?1)")
        .unwrap();
    let mut clear = desk.connection.prepare("DELETE FROM t").unwrap();
    desk.track(TrackedTable::new("t"));
    insert.execute(["later"]).unwrap();
    clear.execute([]).unwrap();
    assert_eq!(settings(), before);
    assert_eq!(desk.entries().len(), 4);
}

#[test]
fn a_program_that_trusts_no_schema_writes_all_the_same() {
    let desk = Desk::tracking(TABLES);
    let other = desk.another();
    other.execute_batch("PRAGMA trusted_schema = OFF").unwrap();
    other
        .execute("REPLACE INTO t (u) VALUES ('a')", [])
        .unwrap();
    assert_eq!(desk.entries().len(), 2);
}

#[test]
fn very_wide_tables_are_tracked_or_refused() {
    for (columns, is_possible) in [(900, true), (1200, false)] {
        let names: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
        let desk = Desk::new(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, {})",
            names.join(", ")
        ));
        let tracked = TrackedTable::new("t")
            .tenant_constant("acme")
            .track(&desk.connection);
        assert_eq!(tracked.is_ok(), is_possible);
        if is_possible {
            desk.run("INSERT INTO t (c7) VALUES (1); UPDATE t SET c8 = 2, c899 = 3");
            let entries = desk.entries();
            assert_eq!(
                (entries[0].changes.len(), entries[1].changes.len()),
                (901, 2)
            );
        }
    }
}

#[test]
fn what_is_in_the_way_is_found_by_an_index() {
    for key in [
        "id INTEGER PRIMARY KEY",
        "id TEXT PRIMARY KEY",
        "id INTEGER",
    ] {
        for index in [
            "(u)",
            "(u COLLATE NOCASE, v DESC)",
            "(lower(u))",
            "(v, substr(u, 1, 2)) WHERE v > 1",
            "(u) WHERE v IS NOT NULL AND u <> 'x'",
            "(g)",
        ] {
            let desk = Desk::tracking(&format!(
                "CREATE TABLE t ({key}, u TEXT NOT NULL DEFAULT 'd', v, w, g AS (u || v));
                 CREATE UNIQUE INDEX i ON t {index}"
            ));
            desk.connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_TRIGGER_EQP, true)
                .unwrap();
            for sql in [
                "INSERT INTO t (id, u, v) VALUES (1, 'a', 2)",
                "UPDATE t SET u = 'a', v = 3, id = 2 WHERE rowid = 1",
                "DELETE FROM t WHERE rowid = 1",
            ] {
                let mut explain = desk
                    .connection
                    .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
                    .unwrap();
                let steps: Vec<String> = explain
                    .query_map([], |row| row.get(3))
                    .unwrap()
                    .collect::<Result<_, _>>()
                    .unwrap();
                let is_scan =
                    |step: &&String| step.starts_with("SCAN x") || step.starts_with("SCAN t");
                let scans: Vec<_> = steps.iter().filter(is_scan).collect();
                assert!(
                    steps.len() > 1 && scans.is_empty(),
                    "{key} {index} {sql}: {steps:#?}"
                );
            }
        }
    }
}
