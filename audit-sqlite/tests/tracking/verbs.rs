//! Every way to change a row, and what is told of it.

use chrono::{TimeDelta, Utc};
use serde_json::json;

use crate::desk::{Desk, short};
use audit_core::{ActorKind, AuditStore};
use audit_sqlite::{SqliteStore, TrackedTable};

const TABLE: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, v, w)";

#[test]
fn rows_come_change_and_go() {
    let desk = Desk::tracking(TABLE);
    desk.run("INSERT INTO t VALUES (1, 'a', NULL); UPDATE t SET v = 'b'; DELETE FROM t");
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {"id": {"new": 1}, "v": {"new": "a"}, "w": {"new": null}}],
            ["update", "1", {"v": {"old": "a", "new": "b"}}],
            ["delete", "1", {"id": {"old": 1}, "v": {"old": "b"}, "w": {"old": null}}],
        ])
    );
}

#[test]
fn each_step_of_a_transaction_is_told_and_what_is_rolled_back_is_not() {
    let desk = Desk::tracking(TABLE);
    desk.run(
        "BEGIN; INSERT INTO t VALUES (1, 1, 1);
         SAVEPOINT s; UPDATE t SET v = 2; ROLLBACK TO s;
         UPDATE t SET w = 2; DELETE FROM t; INSERT INTO t VALUES (1, 3, 3); COMMIT;
         BEGIN; DELETE FROM t; ROLLBACK",
    );
    let failed = desk
        .connection
        .execute("INSERT INTO t VALUES (2, 0, 0), (1, 0, 0)", []);
    assert!(failed.is_err());
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {"id": {"new": 1}, "v": {"new": 1}, "w": {"new": 1}}],
            ["update", "1", {"w": {"old": 1, "new": 2}}],
            ["delete", "1", {"id": {"old": 1}, "v": {"old": 1}, "w": {"old": 2}}],
            ["create", "1", {"id": {"new": 1}, "v": {"new": 3}, "w": {"new": 3}}],
        ])
    );
}

#[test]
fn what_differs_in_value_or_type_is_a_change_and_nothing_else_is() {
    let desk = Desk::tracking(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, n TEXT COLLATE NOCASE, i INTEGER);
         INSERT INTO t VALUES (1, 1, 'a', 1)",
    );
    desk.run(
        "UPDATE t SET v = 1; UPDATE t SET v = v, n = n; UPDATE t SET i = 1.0; UPDATE t SET i = '1'",
    );
    assert_eq!(desk.told(), json!([]));
    desk.run(
        "UPDATE t SET v = 1.0; UPDATE t SET v = '1'; UPDATE t SET v = x'31'; UPDATE t SET n = 'A'",
    );
    assert_eq!(
        desk.told(),
        json!([
            ["update", "1", {"v": {"old": 1, "new": 1.0}}],
            ["update", "1", {"v": {"old": 1.0, "new": "1"}}],
            ["update", "1", {"v": {"old": "1", "new": {"$blob": "31"}}}],
            ["update", "1", {"n": {"old": "a", "new": "A"}}],
        ])
    );
}

#[test]
fn values_are_told_exactly() {
    let desk = Desk::tracking("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    for sql in [
        "9223372036854775807",
        "-9223372036854775808",
        "9007199254740993",
        "0.1",
        "1e999",
        "-1e999",
        "x''",
        "zeroblob(3)",
        "'Ä\"\\' || char(0) || char(10) || '😀'",
        "CAST(x'ff41' AS TEXT)",
        "''",
        "NULL",
    ] {
        desk.run(&format!("INSERT INTO t (v) VALUES ({sql})"));
    }
    let entries = desk.entries();
    let values: Vec<_> = entries
        .iter()
        .map(|entry| entry.changes.get("v").unwrap().new.clone().unwrap())
        .collect();
    assert_eq!(
        json!(values),
        json!([
            i64::MAX,
            i64::MIN,
            9_007_199_254_740_993_i64,
            0.1,
            {"$float": "inf"},
            {"$float": "-inf"},
            {"$blob": ""},
            {"$blob": "000000"},
            "Ä\"\\\0\n😀",
            {"$text": "ff41"},
            "",
            null,
        ])
    );
}

#[test]
fn bulk_statements_upserts_and_other_connections_are_seen() {
    let desk = Desk::tracking(TABLE);
    desk.run(
        "INSERT INTO t SELECT value, value, 0 FROM generate_series(1, 3)"
            .replace("generate_series(1, 3)", "json_each('[1,2,3]')")
            .as_str(),
    );
    assert_eq!(desk.entries().len(), 3);
    desk.run("INSERT INTO t VALUES (1, 9, 9), (4, 4, 4) ON CONFLICT DO UPDATE SET v = excluded.v");
    desk.run("INSERT INTO t VALUES (1, 7, 7) ON CONFLICT DO NOTHING");
    desk.run("INSERT OR IGNORE INTO t VALUES (1, 7, 7)");
    assert_eq!(
        desk.told(),
        json!([
            ["update", "1", {"v": {"old": 1, "new": 9}}],
            ["create", "4", {"id": {"new": 4}, "v": {"new": 4}, "w": {"new": 4}}],
        ])
    );
    let other = desk.another();
    other.execute("DELETE FROM t", []).unwrap();
    let entries = desk.entries();
    assert_eq!(entries.len(), 4);
    for entry in &entries {
        assert_eq!(entry.actor.kind(), ActorKind::Unattributed);
        assert_eq!(entry.metadata["source"], "trigger");
        assert_eq!(entry.metadata["table"], "t");
        assert!(entry.timestamp <= entry.recorded_at);
    }
}

#[test]
fn a_primary_key_that_changes_is_one_update_of_the_new_id() {
    let desk = Desk::tracking(
        "CREATE TABLE t (a TEXT, b INT, v, PRIMARY KEY (a, b)) WITHOUT ROWID;
         INSERT INTO t VALUES ('x', 1, 0)",
    );
    desk.run("UPDATE t SET a = 'y', b = 2");
    assert_eq!(
        desk.told(),
        json!([[
            "update",
            "[\"y\",2]",
            {"a": {"old": "x", "new": "y"}, "b": {"old": 1, "new": 2}}
        ]])
    );
}

#[test]
fn generated_columns_are_told_like_others() {
    let desk = Desk::tracking(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, s AS (v || '!') STORED, w AS (v + 1))",
    );
    desk.run("INSERT INTO t (v) VALUES (1); UPDATE t SET v = 2");
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {"id": {"new": 1}, "v": {"new": 1}, "s": {"new": "1!"}, "w": {"new": 2}}],
            ["update", "1", {
                "v": {"old": 1, "new": 2},
                "s": {"old": "1!", "new": "2!"},
                "w": {"old": 2, "new": 3},
            }],
        ])
    );
}

#[test]
fn cascades_reach_children_that_are_tracked() {
    let desk = Desk::tracking(
        "CREATE TABLE t (id INTEGER PRIMARY KEY);
         CREATE TABLE child (id INTEGER PRIMARY KEY, t_id REFERENCES t ON DELETE CASCADE ON UPDATE CASCADE);
         INSERT INTO t VALUES (1); INSERT INTO child VALUES (10, 1), (11, 1)",
    );
    desk.track(TrackedTable::new("child"));
    desk.run("UPDATE t SET id = 2");
    let told = desk.entries();
    assert_eq!(told.len(), 3);
    let children = told
        .iter()
        .filter(|entry| entry.entity_type() == Some("child"));
    assert!(children.clone().all(|entry| entry.changes.touches("t_id")));
    assert_eq!(children.count(), 2);
    desk.run("DELETE FROM t");
    let told = desk.entries();
    assert!(told.iter().all(|entry| entry.action == "delete"));
    assert_eq!(told.len(), 3);
}

#[test]
fn a_table_without_a_primary_key_has_its_rowid_for_an_id() {
    let desk = Desk::tracking("CREATE TABLE t (v)");
    desk.run("INSERT INTO t VALUES (1); INSERT INTO t (rowid, v) VALUES (7, 2)");
    desk.run("UPDATE t SET rowid = 8 WHERE v = 2");
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {"v": {"new": 1}}],
            ["create", "7", {"v": {"new": 2}}],
            ["update", "8", {"rowid": {"old": 7, "new": 8}}],
        ])
    );
}

#[test]
fn what_others_have_written_is_told_when_the_store_opens_or_writes() {
    let desk = Desk::tracking(TABLE);
    desk.run("INSERT INTO t VALUES (1, 1, 1)");
    let reopened = SqliteStore::open(desk.store.path().unwrap()).unwrap();
    assert_eq!(
        reopened
            .count(
                &crate::desk::TENANT.into(),
                &audit_core::query::Filter::default()
            )
            .unwrap(),
        1
    );
    desk.run("UPDATE t SET v = 2");
    let auditor = audit_core::Auditor::new(reopened.clone());
    audit_core::AuditContext::new(crate::desk::TENANT)
        .scope(|| auditor.log("export").record())
        .unwrap();
    desk.run("UPDATE t SET v = 3");
    let before_collecting = short(&crate::desk::entries_of(
        &desk.store,
        crate::desk::TENANT,
        0,
    ));
    let actions: Vec<_> = before_collecting
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry[0].clone())
        .collect();
    assert_eq!(actions, ["create", "update", "export"]);
    assert_eq!(reopened.collect_row_changes().unwrap(), 1);
    assert_eq!(desk.store.collect_row_changes().unwrap(), 0);
}

#[test]
fn many_rows_are_taken_in_order() {
    let desk = Desk::tracking("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    desk.run(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO t SELECT i, i FROM n",
    );
    assert_eq!(desk.store.collect_row_changes().unwrap(), 10_000);
    let ids: Vec<i64> = desk
        .entries()
        .iter()
        .map(|entry| entry.entity_id().unwrap().as_i64().unwrap())
        .collect();
    assert_eq!(ids, (1..=10_000).collect::<Vec<_>>());
}

#[test]
fn large_values_are_cut_and_say_so() {
    let desk = Desk::tracking(TABLE);
    desk.run("INSERT INTO t VALUES (1, zeroblob(300000), 'small'); UPDATE t SET v = hex(v)");
    for entry in desk.entries() {
        assert!(entry.size() < 70_000);
        assert!(
            entry
                .truncated
                .iter()
                .any(|cut| cut.path.starts_with("changes/v/"))
        );
    }
}

#[test]
fn the_time_of_a_row_is_at_most_a_millisecond_early_and_never_late() {
    let desk = Desk::tracking("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let before = Utc::now();
    desk.run("INSERT INTO t VALUES (1)");
    let after = Utc::now();
    let time = desk.entries()[0].timestamp;
    assert!(before - TimeDelta::milliseconds(1) < time && time <= after);
    assert_eq!(time.timestamp_subsec_micros() % 1_000, 0);
}
