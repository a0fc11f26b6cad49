//! What is excluded or redacted reaches neither the staging tables nor the log.

use std::fs;

use audit_sqlite::TrackedTable;
use audit_sqlite::rusqlite::types::Value;

use crate::desk::Desk;

const CANARIES: [&str; 4] = [
    "canary-password",
    "canary-token",
    "canary-note",
    "canary-hidden",
];

const WORK: &str = "INSERT INTO t VALUES (1, 'u1', 'canary-password-1', 'canary-token-1', 'canary-note-1', 'canary-hidden-1');
    UPDATE t SET password = 'canary-password-2', token = 'canary-token-2', note = 'canary-note-2', hidden = 'canary-hidden-2';
    INSERT OR IGNORE INTO t VALUES (2, 'u1', 'canary-password-3', 'canary-token-3', 'canary-note-3', 'canary-hidden-3');
    REPLACE INTO t VALUES (3, 'u1', 'canary-password-4', 'canary-token-4', 'canary-note-4', 'canary-hidden-4');
    UPDATE OR REPLACE t SET id = 4;
    DELETE FROM t";

/// How often the canaries stand in the file and its write-ahead log.
fn count(desk: &Desk) -> usize {
    let path = desk.store.path().unwrap();
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path.as_os_str().to_owned(), log]
        .iter()
        .map(|path| fs::read(path).unwrap_or_default())
        .map(|bytes| {
            CANARIES
                .iter()
                .map(|canary| {
                    bytes
                        .windows(canary.len())
                        .filter(|window| window == &canary.as_bytes())
                        .count()
                })
                .sum::<usize>()
        })
        .sum()
}

fn desk() -> Desk {
    let desk = Desk::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, password TEXT, token TEXT, note TEXT, hidden TEXT)",
    );
    desk.track(TrackedTable::new("t").exclude(["hidden"]).redact(["note"]));
    desk
}

#[test]
fn staged_rows_and_entries_hold_no_secret() {
    let desk = desk();
    desk.run(WORK);
    // The table itself holds them; what is left without it is ours.
    desk.run("DROP TABLE t; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    assert_eq!(count(&desk), 0, "staged");
    assert!(desk.entries().len() >= 6);
    assert_eq!(count(&desk), 0, "recorded");
}

#[test]
fn what_is_put_aside_and_stays_holds_no_secret() {
    let desk = desk();
    desk.run(WORK.trim_end_matches("DELETE FROM t"));
    desk.run("INSERT OR IGNORE INTO t (id) VALUES (4)");
    let aside: i64 = desk
        .connection
        .query_row("SELECT count(*) FROM audit_displaced", [], |row| row.get(0))
        .unwrap();
    assert_eq!(aside, 1);
    desk.run("DROP TABLE t; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
    assert_eq!(count(&desk), 0);
}

#[test]
fn the_write_ahead_log_holds_them_as_often_as_without_tracking() {
    let plain = Desk::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, password TEXT, token TEXT, note TEXT, hidden TEXT)",
    );
    let tracked = desk();
    for desk in [&plain, &tracked] {
        for statement in WORK.split(';') {
            desk.run(statement);
        }
    }
    assert!(count(&plain) > 0);
    assert_eq!(count(&plain), count(&tracked));
}

#[test]
fn a_hidden_key_is_aside_while_it_is_needed_and_never_staged() {
    for (column, options) in [
        ("k", TrackedTable::new("t").id("id").exclude(["k"])),
        ("k", TrackedTable::new("t").id("id").redact(["k"])),
        ("k", TrackedTable::new("t").id("id").include(["id"])),
        ("api_key", TrackedTable::new("t").id("id")),
    ] {
        let desk = Desk::new(&format!(
            "CREATE TABLE t ({column} TEXT PRIMARY KEY, id INT UNIQUE) WITHOUT ROWID"
        ));
        desk.track(options);
        let holds = |table: &str| -> bool {
            let mut rows = desk
                .connection
                .prepare(&format!("SELECT * FROM {table}"))
                .unwrap();
            let width = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for place in 0..width {
                    let value: Value = row.get(place).unwrap();
                    if matches!(value, Value::Text(text) if text.starts_with("canary")) {
                        return true;
                    }
                }
            }
            false
        };
        desk.run(
            "INSERT INTO t VALUES ('canary-1', 1); REPLACE INTO t VALUES ('canary-2', 1);
             UPDATE OR REPLACE t SET id = 2; INSERT INTO t VALUES ('canary-3', 3);
             UPDATE OR REPLACE t SET id = 2 WHERE id = 3",
        );
        assert!(
            !holds("audit_stage") && !holds("audit_displaced"),
            "{column}"
        );
        let actions: Vec<_> = desk
            .entries()
            .into_iter()
            .map(|entry| entry.action)
            .collect();
        assert_eq!(
            actions,
            [
                "create", "delete", "create", "update", "create", "delete", "update"
            ]
        );
        // What stays is forgotten by the next write of a row, and by whoever takes what is staged.
        desk.run("INSERT OR IGNORE INTO t VALUES ('canary-4', 2)");
        assert!(holds("audit_displaced"));
        std::thread::sleep(std::time::Duration::from_millis(2));
        desk.run("INSERT INTO t VALUES ('canary-5', 5)");
        assert!(!holds("audit_displaced"));
        assert_eq!(desk.entries().len(), 1);
        desk.run("INSERT OR IGNORE INTO t VALUES ('canary-4', 2)");
        assert_eq!(desk.entries().len(), 0);
        assert!(!holds("audit_displaced") && !holds("audit_stage"));
    }
}
