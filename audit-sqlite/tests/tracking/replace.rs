//! Rows that a `REPLACE` displaces, which SQLite deletes without firing a trigger.

use audit_sqlite::{TrackedTable, check_tracking};
use serde_json::{Value, json};

use crate::desk::Desk;

/// The actions and ids that are told of some SQL, with `recursive_triggers` off and on: the same.
pub(crate) fn told(tables: &str, sql: &str) -> Value {
    let both = ["OFF", "ON"].map(|recursive| {
        let desk = Desk::new(tables);
        desk.track(TrackedTable::new("t"));
        desk.run(&format!("PRAGMA recursive_triggers = {recursive}"));
        desk.run(sql);
        let told = desk.entries();
        let told: Value = told
            .iter()
            .map(|entry| json!([entry.action, entry.entity_id().unwrap().to_string()]))
            .collect();
        told
    });
    let [off, on] = both;
    let sorted = |told: &Value| {
        let mut all: Vec<String> = told
            .as_array()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&off), sorted(&on), "{tables} {sql}");
    off
}

#[test]
fn the_same_primary_key() {
    let rows = "INSERT INTO t VALUES (1, 'a'), (2, 'b')";
    for table in [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u);",
        "CREATE TABLE t (id INT PRIMARY KEY, u);",
        "CREATE TABLE t (id INT PRIMARY KEY, u) WITHOUT ROWID;",
        "CREATE TABLE t (id INT PRIMARY KEY ON CONFLICT REPLACE, u);",
    ] {
        let or_replace = if table.contains("CONFLICT") {
            ""
        } else {
            "OR REPLACE"
        };
        assert_eq!(
            told(
                &format!("{table}{rows}"),
                &format!("INSERT {or_replace} INTO t VALUES (1, 'c')")
            ),
            json!([["delete", "1"], ["create", "1"]]),
            "{table}"
        );
        assert_eq!(
            told(
                &format!("{table}{rows}"),
                &format!("UPDATE {or_replace} t SET id = 2 WHERE id = 1")
            ),
            json!([["delete", "2"], ["update", "2"]]),
            "{table}"
        );
    }
}

#[test]
fn a_primary_key_that_is_compared_otherwise_than_its_column() {
    for (column, key) in [("NOCASE", "BINARY"), ("BINARY", "NOCASE")] {
        let tables = format!(
            "CREATE TABLE t (k TEXT COLLATE {column}, u UNIQUE, v UNIQUE, PRIMARY KEY (k COLLATE {key})) WITHOUT ROWID;
             INSERT INTO t VALUES ('a', 1, 1), ('c', 3, 3)"
        );
        assert_eq!(
            told(&tables, "REPLACE INTO t VALUES ('b', 1, 9)"),
            json!([["delete", "a"], ["create", "b"]])
        );
        let (sql, expected) = if key == "BINARY" {
            (
                "INSERT INTO t VALUES ('A', 2, 2); REPLACE INTO t VALUES ('b', 1, 9); UPDATE OR REPLACE t SET k = 'C', u = 2 WHERE k = 'b'",
                json!([
                    ["create", "A"],
                    ["delete", "a"],
                    ["create", "b"],
                    ["delete", "A"],
                    ["update", "C"]
                ]),
            )
        } else {
            (
                "REPLACE INTO t VALUES ('A', 3, 2); UPDATE OR REPLACE t SET k = 'x' WHERE k = 'A'",
                json!([
                    ["delete", "c"],
                    ["delete", "a"],
                    ["create", "A"],
                    ["update", "x"]
                ]),
            )
        };
        assert_eq!(told(&tables, sql), expected, "{column} {key}");
    }
}

#[test]
fn every_kind_of_unique_index() {
    for index in [
        "(u)",
        "(u COLLATE NOCASE)",
        "(u DESC, v)",
        "(lower(u))",
        "(v, substr(u, 1, 1) || 'x')",
        "(u) WHERE v = 1",
        "(lower(u), v) WHERE v IS NOT NULL AND u <> ')'",
        "(g)",
    ] {
        let tables = format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT, v, g AS (u || v));
             CREATE UNIQUE INDEX i ON t {index};
             INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 1), (3, 'c', 3)"
        );
        assert_eq!(
            told(&tables, "REPLACE INTO t VALUES (7, 'a', 1)"),
            json!([["delete", "1"], ["create", "7"]]),
            "{index}"
        );
        assert_eq!(
            told(&tables, "UPDATE OR REPLACE t SET u = 'b' WHERE id = 1"),
            json!([["delete", "2"], ["update", "1"]]),
            "{index}"
        );
    }
}

#[test]
fn several_rows_at_once_and_defaults() {
    let tables =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT UNIQUE NOT NULL DEFAULT 'd', v UNIQUE);
        INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'd', 3)";
    assert_eq!(
        told(tables, "REPLACE INTO t VALUES (1, 'b', 3)"),
        json!([
            ["delete", "1"],
            ["delete", "2"],
            ["delete", "3"],
            ["create", "1"]
        ])
    );
    assert_eq!(
        told(tables, "REPLACE INTO t VALUES (9, NULL, 9)"),
        json!([["delete", "3"], ["create", "9"]])
    );
}

#[test]
fn expressions_see_the_types_of_columns() {
    for index in [
        "(CASE WHEN code = 7 THEN 'seven' ELSE id END)",
        "(CASE WHEN n = '1' THEN 'one' ELSE id END)",
        "(CASE WHEN w = 'A' THEN 'a' ELSE id END)",
        "(code) WHERE code = 7",
        "(h)",
        "(i)",
        "(CASE WHEN i = 7.0 THEN 'seven' ELSE id END)",
    ] {
        let tables = format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, code TEXT, n INT, w TEXT COLLATE NOCASE,
                 h TEXT AS (g || 'x'), g INT AS (code || ''), i TEXT AS (r), r REAL AS (g));
             CREATE UNIQUE INDEX i ON t {index};
             INSERT INTO t (id, code, n, w) VALUES (1, '7', 1, 'a'), (2, '2', 2, 'b'), (3, '3', 3, 'c')"
        );
        assert_eq!(
            told(
                &tables,
                "REPLACE INTO t (id, code, n, w) VALUES (9, '7', 1, 'a')"
            ),
            json!([["delete", "1"], ["create", "9"]]),
            "{index}"
        );
        assert_eq!(
            told(
                &tables,
                "UPDATE OR REPLACE t SET code = '7', n = 1, w = 'a' WHERE id = 3"
            ),
            json!([["delete", "1"], ["update", "3"]]),
            "{index}"
        );
    }
}

#[test]
fn a_default_that_feeds_a_generated_column() {
    let tables =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, u NOT NULL DEFAULT 'd', g AS (u || '!') UNIQUE);
        INSERT INTO t (id, u) VALUES (1, 'd'), (2, 'e')";
    assert_eq!(
        told(tables, "REPLACE INTO t (id, u) VALUES (9, NULL)"),
        json!([["delete", "1"], ["create", "9"]])
    );
    let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY, u TEXT NOT NULL DEFAULT 7, g AS (typeof(u) || id % 2) UNIQUE);
        INSERT INTO t (id, u) VALUES (1, 'd')";
    assert_eq!(
        told(tables, "REPLACE INTO t (id, u) VALUES (9, NULL)"),
        json!([["delete", "1"], ["create", "9"]])
    );
}

#[test]
fn what_stays_is_not_told() {
    let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE);
        INSERT INTO t VALUES (1, 'a'), (2, 'b')";
    for sql in [
        "INSERT OR IGNORE INTO t VALUES (1, 'x')",
        "INSERT INTO t VALUES (1, 'x') ON CONFLICT DO NOTHING",
        "UPDATE OR IGNORE t SET u = 'b' WHERE id = 1",
    ] {
        assert_eq!(told(tables, sql), json!([]), "{sql}");
        // Put aside, and deleted later by a statement that tells of it.
        assert_eq!(
            told(
                tables,
                &format!(
                    "BEGIN; {sql}; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (7, 'c'); COMMIT"
                )
            ),
            json!([["delete", "1"], ["create", "7"]]),
            "{sql}"
        );
        // Put aside, changed, and displaced in the end.
        assert_eq!(
            told(
                tables,
                &format!(
                    "BEGIN; {sql}; UPDATE t SET u = 'z' WHERE id = 1; REPLACE INTO t VALUES (8, 'z'); COMMIT"
                )
            ),
            json!([["update", "1"], ["delete", "1"], ["create", "8"]]),
            "{sql}"
        );
        // Put aside, and moved to another key.
        assert_eq!(
            told(
                tables,
                &format!(
                    "BEGIN; {sql}; UPDATE t SET id = 5 WHERE id = 1; INSERT INTO t VALUES (6, 'y'); COMMIT"
                )
            ),
            json!([["update", "5"], ["create", "6"]]),
            "{sql}"
        );
    }
}

#[test]
fn many_rows_that_stay_do_not_pile_up() {
    let desk = Desk::tracking("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
        INSERT OR IGNORE INTO t SELECT i, i FROM n";
    desk.run(fill);
    desk.run(fill);
    let aside: i64 = desk
        .connection
        .query_row("SELECT count(*) FROM audit_displaced", [], |row| row.get(0))
        .unwrap();
    assert!(aside < 20, "{aside}");
    assert_eq!(desk.entries().len(), 2000);
}

#[test]
fn many_writes_in_the_middle_of_a_replace() {
    let tables = "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, w UNIQUE, n DEFAULT 0);
        CREATE TABLE child (t_id REFERENCES t ON DELETE CASCADE);
        CREATE TRIGGER many AFTER DELETE ON child BEGIN
            INSERT INTO t (id) SELECT id FROM t WHERE id >= 100 ON CONFLICT (id) DO UPDATE SET n = n + 1;
        END;
        WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 140)
        INSERT INTO t SELECT i, i, i, 0 FROM n;
        INSERT INTO t VALUES (1, 1, 1, 0), (2, 2, 2, 0); INSERT INTO child VALUES (1), (2)";
    for (sql, expected) in [
        ("REPLACE INTO t VALUES (3, 1, 9, 0)", &["1"] as &[&str]),
        ("REPLACE INTO t VALUES (3, 1, 2, 0)", &["1", "2"]),
    ] {
        let told = told(tables, sql);
        let mut deleted: Vec<&str> = told
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| entry[0] == "delete")
            .map(|entry| entry[1].as_str().unwrap())
            .collect();
        deleted.sort_unstable();
        assert_eq!(deleted, expected, "{sql}");
    }
}

#[test]
fn what_triggers_of_the_user_put_in_the_way() {
    for before in [true, false] {
        let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE)");
        let trigger = "CREATE TRIGGER mine BEFORE INSERT ON t WHEN NEW.id = 1
            BEGIN INSERT OR REPLACE INTO t VALUES (7, 'a'); END";
        // Whether it was there before the table was tracked or not.
        if before {
            desk.run(trigger);
        }
        desk.track(TrackedTable::new("t"));
        if !before {
            desk.run(trigger);
        }
        check_tracking(&desk.connection).unwrap();
        desk.run("REPLACE INTO t VALUES (1, 'a')");
        assert_eq!(
            desk.told(),
            json!([
                ["create", "7", {"id": {"new": 7}, "u": {"new": "a"}}],
                ["delete", "7", {"id": {"old": 7}, "u": {"old": "a"}}],
                ["create", "1", {"id": {"new": 1}, "u": {"new": "a"}}],
            ])
        );
    }
}

#[test]
fn a_vacuum_that_gives_rows_other_rowids_makes_nothing_go() {
    let desk = Desk::new("CREATE TABLE t (id TEXT PRIMARY KEY, u UNIQUE)");
    desk.track(TrackedTable::new("t"));
    desk.run("INSERT INTO t VALUES ('a', 1), ('b', 2), ('c', 3); DELETE FROM t WHERE id = 'a'");
    assert_eq!(desk.entries().len(), 4);
    desk.run("INSERT INTO t VALUES ('c', 4) ON CONFLICT DO UPDATE SET u = 5");
    desk.run("INSERT OR IGNORE INTO t VALUES ('b', 9); VACUUM; INSERT INTO t VALUES ('d', 6)");
    let actions: Vec<_> = desk
        .entries()
        .into_iter()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(actions, ["update", "create"]);
}
