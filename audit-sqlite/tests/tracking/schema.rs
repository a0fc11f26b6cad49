//! Tables that are altered, renamed, rebuilt and dropped.

use std::ops::ControlFlow;

use audit_core::{ErrorKind, Severity};
use audit_sqlite::{TrackedTable, check_tracking, pause_tracking, resume_tracking};
use serde_json::json;

use crate::desk::{Desk, error};

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)";

fn stale(desk: &Desk) -> String {
    let error = check_tracking(&desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StaleCapture);
    error.to_string()
}

fn retrack(desk: &Desk) {
    TrackedTable::new("t").retrack(&desk.connection).unwrap();
    check_tracking(&desk.connection).unwrap();
}

#[test]
fn an_added_column_is_noticed_and_told_of_after_retracking() {
    let desk = Desk::tracking(TABLE);
    check_tracking(&desk.connection).unwrap();
    desk.run("INSERT INTO t VALUES (1, 1, 1); ALTER TABLE t ADD COLUMN c; UPDATE t SET c = 1");
    assert!(stale(&desk).contains("call `retrack`"));
    assert_eq!(desk.entries().len(), 1);
    retrack(&desk);
    desk.run("UPDATE t SET c = 2");
    assert_eq!(
        desk.told(),
        json!([["update", "1", {"c": {"old": 1, "new": 2}}]])
    );
}

#[test]
fn a_renamed_column_keeps_its_old_name_until_retracking() {
    let desk = Desk::tracking(TABLE);
    desk.run(
        "INSERT INTO t VALUES (1, 1, 1); ALTER TABLE t RENAME COLUMN a TO z; UPDATE t SET z = 2",
    );
    stale(&desk);
    retrack(&desk);
    desk.run("UPDATE t SET z = 3");
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {"id": {"new": 1}, "a": {"new": 1}, "b": {"new": 1}}],
            ["update", "1", {"a": {"old": 1, "new": 2}}],
            ["update", "1", {"z": {"old": 2, "new": 3}}],
        ])
    );
}

#[test]
fn a_renamed_column_that_was_excluded_is_never_let_in() {
    let desk = Desk::new(TABLE);
    desk.track(TrackedTable::new("t").exclude(["a"]));
    desk.run("ALTER TABLE t RENAME COLUMN a TO z");
    assert!(stale(&desk).contains("`track` with the names that there are"));
    let error = TrackedTable::new("t")
        .retrack(&desk.connection)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    desk.run("INSERT INTO t VALUES (1, 'kept out', 1)");
    assert_eq!(
        desk.told(),
        json!([["create", "1", {"id": {"new": 1}, "b": {"new": 1}}]])
    );
}

#[test]
fn a_renamed_table_goes_on_under_its_old_name_until_retracking() {
    let desk = Desk::tracking(TABLE);
    desk.run("ALTER TABLE t RENAME TO u; INSERT INTO u VALUES (1, 1, 1)");
    assert!(stale(&desk).contains("dropped or renamed"));
    TrackedTable::new("u").retrack(&desk.connection).unwrap();
    check_tracking(&desk.connection).unwrap();
    desk.run("UPDATE u SET a = 2");
    let types: Vec<_> = desk
        .entries()
        .iter()
        .map(|entry| entry.entity_type().unwrap().to_owned())
        .collect();
    assert_eq!(types, ["t", "u"]);
    TrackedTable::new("u").untrack(&desk.connection).unwrap();
}

#[test]
fn a_table_that_takes_the_name_of_a_tracked_one_is_told_from_it() {
    let renamed = || {
        let desk = Desk::tracking(TABLE);
        desk.run("ALTER TABLE t RENAME TO archive; CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)");
        desk
    };
    let desk = renamed();
    for text in [
        stale(&desk),
        error(&desk, TrackedTable::new("t")).1,
        TrackedTable::new("T")
            .retrack(&desk.connection)
            .unwrap_err()
            .to_string(),
    ] {
        assert!(text.contains("`t` is called `archive` now"), "{text}");
    }
    desk.run("INSERT INTO archive VALUES (1, 1, 1); INSERT INTO t VALUES (2, 2, 2)");
    assert_eq!(desk.entries().len(), 1);

    // The ways out that are named.
    TrackedTable::new("archive")
        .retrack(&desk.connection)
        .unwrap();
    desk.track(TrackedTable::new("t"));
    check_tracking(&desk.connection).unwrap();
    desk.run("DELETE FROM archive; DELETE FROM t");
    assert_eq!(desk.entries().len(), 2);

    let desk = renamed();
    TrackedTable::new("t").untrack(&desk.connection).unwrap();
    desk.track(TrackedTable::new("t"));
    check_tracking(&desk.connection).unwrap();
    desk.run("INSERT INTO archive VALUES (1, 1, 1); INSERT INTO t VALUES (2, 2, 2)");
    assert_eq!(desk.entries().len(), 1);

    // A pause does not forget which one it was.
    let desk = renamed();
    pause_tracking(&desk.connection, "migration").unwrap();
    resume_tracking(&desk.connection).unwrap();
    check_tracking(&desk.connection).unwrap();
    desk.run("INSERT INTO archive VALUES (1, 1, 1); INSERT INTO t VALUES (2, 2, 2)");
    let told = desk.entries();
    let tables: Vec<_> = told
        .iter()
        .map(|entry| (entry.action.as_str(), &entry.metadata["table"]))
        .collect();
    assert_eq!(
        tables,
        [
            ("capture_paused", &json!("t")),
            ("capture_resumed", &json!("t")),
            ("create", &json!("archive")),
        ]
    );
}

#[test]
fn a_column_is_dropped_while_capture_is_paused() {
    let desk = Desk::tracking(TABLE);
    desk.run("INSERT INTO t VALUES (1, 1, 1)");
    assert!(
        desk.connection
            .execute_batch("ALTER TABLE t DROP COLUMN b")
            .is_err()
    );
    pause_tracking(&desk.connection, "drop a column").unwrap();
    pause_tracking(&desk.connection, "again").unwrap();
    check_tracking(&desk.connection).unwrap();
    desk.run("ALTER TABLE t DROP COLUMN b; UPDATE t SET a = 2");
    resume_tracking(&desk.connection).unwrap();
    resume_tracking(&desk.connection).unwrap();
    check_tracking(&desk.connection).unwrap();
    desk.run("UPDATE t SET a = 3");
    let entries = desk.entries();
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        actions,
        ["create", "capture_paused", "capture_resumed", "update"]
    );
    assert_eq!(entries[1].reason.as_deref(), Some("drop a column"));
    assert_eq!(entries[1].severity, Severity::Notice);
    assert_eq!(entries[1].entity_type(), Some("t"));
    assert_eq!(entries[2].reason, None);
}

#[test]
fn a_rebuilt_table_is_noticed() {
    let desk = Desk::tracking(TABLE);
    desk.run(
        "INSERT INTO t VALUES (1, 1, 1); CREATE TABLE new (id INTEGER PRIMARY KEY, a, b);
         INSERT INTO new SELECT * FROM t; DROP TABLE t; ALTER TABLE new RENAME TO t",
    );
    assert!(stale(&desk).contains("triggers were dropped"));
    retrack(&desk);
    desk.run("DELETE FROM t");
    assert_eq!(desk.entries().len(), 2);
}

#[test]
fn a_dropped_table_can_be_untracked() {
    let desk = Desk::tracking(TABLE);
    desk.run("DROP TABLE t");
    assert!(stale(&desk).contains("`untrack`"));
    TrackedTable::new("t").untrack(&desk.connection).unwrap();
    check_tracking(&desk.connection).unwrap();
}

#[test]
fn indexes_and_triggers_that_come_later_are_noticed() {
    let desk = Desk::tracking(TABLE);
    desk.run("CREATE INDEX plain ON t (a)");
    check_tracking(&desk.connection).unwrap();
    desk.run("CREATE UNIQUE INDEX single ON t (a)");
    stale(&desk);
    retrack(&desk);
    desk.run("CREATE TRIGGER touch AFTER UPDATE OF a ON t BEGIN UPDATE t SET b = NEW.a; END");
    assert!(stale(&desk).contains("newer"));
    retrack(&desk);
    desk.run("INSERT INTO t VALUES (1, 1, 1); UPDATE t SET a = 2");
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {"id": {"new": 1}, "a": {"new": 1}, "b": {"new": 1}}],
            ["update", "1", {"a": {"old": 1, "new": 2}}],
            ["update", "1", {"b": {"old": 1, "new": 2}}],
        ])
    );
    desk.run("VACUUM");
    check_tracking(&desk.connection).unwrap();
}

#[test]
fn a_table_that_refers_to_a_tracked_one_is_named_as_a_reason() {
    let desk = Desk::tracking(TABLE);
    desk.run("CREATE TABLE plain (id INTEGER PRIMARY KEY, t_id REFERENCES t)");
    check_tracking(&desk.connection).unwrap();
    desk.run("CREATE TABLE later (id INTEGER PRIMARY KEY, t_id REFERENCES t ON DELETE CASCADE)");
    assert!(stale(&desk).contains("a foreign key of another table that names it is new"));
    retrack(&desk);
}

#[test]
fn a_trigger_of_ours_that_is_dropped_is_noticed() {
    let desk = Desk::tracking(TABLE);
    desk.run("DROP TRIGGER audit_tracked_1_update");
    stale(&desk);
    retrack(&desk);
}

#[test]
fn tracking_is_a_part_of_the_transaction_that_is_open() {
    let desk = Desk::new(TABLE);
    desk.run("BEGIN");
    desk.track(TrackedTable::new("t"));
    desk.run("INSERT INTO t VALUES (1, 1, 1)");
    let wrong = TrackedTable::new("t")
        .exclude(["x"])
        .track(&desk.connection);
    assert!(wrong.is_err());
    desk.run("INSERT INTO t VALUES (2, 2, 2); COMMIT");
    assert_eq!(desk.entries().len(), 2);
    desk.run("BEGIN");
    TrackedTable::new("t").untrack(&desk.connection).unwrap();
    desk.run("ROLLBACK; DELETE FROM t");
    assert_eq!(desk.entries().len(), 2);
}

#[test]
fn names_of_every_kind() {
    for name in [
        "a b", "a.b", "a\"b", "a'b", "select", "ä😀", "[x]", "a`b", "%s", "{source}", "x", "new",
    ] {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let desk = Desk::new(&format!(
            "CREATE TABLE {quoted} ({quoted} INTEGER PRIMARY KEY, \"the {}\" UNIQUE)",
            name.replace('"', "\"\"")
        ));
        desk.track(TrackedTable::new(name).when(format!("{quoted} > 0")));
        desk.run(&format!(
            "INSERT INTO {quoted} VALUES (1, 1); UPDATE {quoted} SET {quoted} = 2; REPLACE INTO {quoted} VALUES (3, 1)"
        ));
        check_tracking(&desk.connection).unwrap();
        let entries = desk.entries();
        assert_eq!(entries.len(), 4, "{name}");
        assert_eq!(entries[0].entity_type(), Some(name));
        assert_eq!(entries[0].changes.len(), 2);
    }
}

#[test]
fn a_temporary_table_of_the_same_name_is_another_one() {
    let desk = Desk::new(
        "CREATE TABLE companies (id INTEGER PRIMARY KEY, slug);
         CREATE TABLE t (id INTEGER PRIMARY KEY, company_id REFERENCES companies, v);
         INSERT INTO companies VALUES (1, 'acme');
         CREATE TRIGGER mine BEFORE INSERT ON t BEGIN SELECT 1; END;
         INSERT INTO t VALUES (1, 1, 'real');
         CREATE TEMP TABLE t (v); INSERT INTO temp.t VALUES ('temporary'), ('also');
         CREATE TEMP TABLE companies (id INTEGER PRIMARY KEY, slug);
         INSERT INTO temp.companies VALUES (1, 'zeta')",
    );
    let table = || TrackedTable::new("t").tenant_through("company_id", "companies", "slug");
    table().track(&desk.connection).unwrap();
    check_tracking(&desk.connection).unwrap();
    let triggers: String = desk
        .connection
        .query_row(
            "SELECT (SELECT count(*) FROM main.sqlite_schema WHERE name = 'mine') || (SELECT count(*) FROM temp.sqlite_schema WHERE type = 'trigger')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(triggers, "10");
    let end = table()
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!((end.rows(), end.total()), (1, 1));
    pause_tracking(&desk.connection, "on purpose").unwrap();
    resume_tracking(&desk.connection).unwrap();
    desk.run("UPDATE main.t SET v = 'new'");
    assert_eq!(
        desk.told(),
        json!([
            ["baseline", "1", {"id": {"new": 1}, "company_id": {"new": 1}, "v": {"new": "real"}}],
            ["capture_paused", null, {}],
            ["capture_resumed", null, {}],
            ["update", "1", {"v": {"old": "real", "new": "new"}}],
        ])
    );
    table().untrack(&desk.connection).unwrap();
}
