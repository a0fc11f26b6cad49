//! What is excluded or redacted reaches neither the staging tables nor the log.

use std::fs;

use audit_core::{ErrorKind, Sanitizer};
use audit_sqlite::rusqlite::types::Value;
use audit_sqlite::{TrackedTable, pause_tracking, resume_tracking};

use crate::desk::{Desk, error};

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

/// A table with a column that only a sanitizer of one's own takes for a secret.
fn of_ones_own() -> Desk {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, kennwort TEXT)");
    let sanitizer = Sanitizer::builder().name("kennwort").build();
    desk.track(TrackedTable::new("t").sanitizer(sanitizer));
    desk
}

#[test]
fn a_secret_stays_one_when_capture_goes_on() {
    let resumed = of_ones_own();
    pause_tracking(&resumed.connection, "migration").unwrap();
    resume_tracking(&resumed.connection).unwrap();
    let retracked = of_ones_own();
    retracked.run("ALTER TABLE t ADD COLUMN api_key TEXT");
    TrackedTable::new("t")
        .retrack(&retracked.connection)
        .unwrap();
    retracked.run("UPDATE t SET api_key = 'canary-token'");
    for desk in [resumed, retracked] {
        desk.run("INSERT INTO t (id, kennwort) VALUES (7, 'canary-password')");
        desk.run("UPDATE t SET kennwort = 'canary-hidden'");
        let staged: i64 = desk
            .connection
            .query_row("SELECT count(*) FROM audit_stage", [], |row| row.get(0))
            .unwrap();
        assert!(staged > 0);
        let entries = serde_json::to_string(&desk.entries()).unwrap();
        assert!(
            entries.contains("kennwort") && !entries.contains("canary"),
            "{entries}"
        );
        desk.run("DROP TABLE t; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");
        assert_eq!(count(&desk), 0);
    }
}

#[test]
fn a_name_that_was_allowed_stays_allowed_when_capture_goes_on() {
    let desk = Desk::new("CREATE TABLE t (session_token TEXT PRIMARY KEY, v TEXT)");
    let sanitizer = Sanitizer::builder().allow("session_token").build();
    desk.track(TrackedTable::new("t").sanitizer(sanitizer));
    pause_tracking(&desk.connection, "migration").unwrap();
    resume_tracking(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES ('u-1', 'x')");
    let entries = desk.entries();
    let id = entries.last().unwrap().entity_id().unwrap();
    assert_eq!(id.to_string(), "u-1");
}

#[test]
fn a_secret_of_another_table_names_no_tenant() {
    let desk = Desk::new(
        "CREATE TABLE c (id INTEGER PRIMARY KEY, api_key TEXT);
        CREATE TABLE t (id INTEGER PRIMARY KEY, c INTEGER REFERENCES c)",
    );
    let table = TrackedTable::new("t").tenant_through("c", "c", "api_key");
    let (kind, text) = error(&desk, table);
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(text.contains("api_key"), "{text}");
}
