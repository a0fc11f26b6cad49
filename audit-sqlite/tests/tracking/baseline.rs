//! The rows that were there before.

use std::ops::ControlFlow;

use audit_core::ErrorKind;
use audit_sqlite::TrackedTable;
use serde_json::json;

use crate::desk::Desk;

const FILL: &str =
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)";

#[test]
fn rows_are_told_with_their_values_and_only_new_ones() {
    let desk = Desk::new(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v, api_key); INSERT INTO t VALUES (1, 'a', 'k'), (2, NULL, NULL)",
    );
    desk.track(TrackedTable::new("t"));
    TrackedTable::new("t")
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap();
    assert_eq!(
        desk.told(),
        json!([
            ["baseline", "1", {"id": {"new": 1}, "v": {"new": "a"}, "api_key": {"new": "********"}}],
            ["baseline", "2", {"id": {"new": 2}, "v": {"new": null}, "api_key": {"new": "********"}}],
        ])
    );
}

#[test]
fn it_goes_on_where_it_stopped() {
    // Texts that differ in the case of their letters only.
    let letters: Vec<String> = (0..12)
        .map(|bit| format!("CASE (i >> {bit}) & 1 WHEN 0 THEN 'a' ELSE 'A' END"))
        .collect();
    let letters = letters.join(" || ");
    for table in [
        format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v); {FILL} INSERT INTO t SELECT -i, i FROM n"
        ),
        format!("CREATE TABLE t (v); {FILL} INSERT INTO t SELECT i FROM n"),
        format!(
            "CREATE TABLE t (a TEXT, b, PRIMARY KEY (b, a)) WITHOUT ROWID; {FILL} INSERT INTO t SELECT 'ä' || i, CASE i % 4 WHEN 0 THEN i WHEN 1 THEN i / 7.0 WHEN 2 THEN CAST(i AS BLOB) ELSE 'x' END FROM n"
        ),
        format!(
            "CREATE TABLE t (k TEXT COLLATE NOCASE, PRIMARY KEY (k COLLATE BINARY)) WITHOUT ROWID;
             {FILL} INSERT INTO t SELECT {letters} FROM n"
        ),
    ] {
        let desk = Desk::new(&table);
        desk.track(TrackedTable::new("t"));
        let mut collected = 0;
        for (call, rows) in [(1, 1000), (2, 2000), (3, 2500), (4, 1000)] {
            let state = TrackedTable::new("t")
                .baseline(&desk.connection, |so_far| {
                    assert_eq!(so_far.total(), 2500);
                    collected += desk.store.collect_row_changes().unwrap();
                    ControlFlow::Break(())
                })
                .unwrap();
            // After the end it begins anew.
            assert_eq!((state.rows(), state.is_finished()), (rows, call == 3));
        }
        assert_eq!(collected, 3500);
        let mut ids: Vec<String> = desk
            .entries()
            .iter()
            .take(2500)
            .map(|entry| entry.entity_id().unwrap().to_string())
            .collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 2500);
    }
}

#[test]
fn rows_that_are_not_meant_are_left_out_and_none_is_no_error() {
    let desk = Desk::new(&format!(
        "CREATE TABLE t (id INTEGER PRIMARY KEY); {FILL} INSERT INTO t SELECT i FROM n"
    ));
    desk.track(TrackedTable::new("t").when("id % 100 = 0"));
    let end = TrackedTable::new("t")
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap();
    assert!(end.is_finished() && end.rows() == 2500);
    assert_eq!(desk.entries().len(), 25);
    desk.run("DELETE FROM t");
    let end = TrackedTable::new("t")
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap();
    assert!(end.is_finished() && end.rows() == 0);
}

#[test]
fn texts_that_are_no_unicode_are_keys_too() {
    let desk = Desk::new(
        "CREATE TABLE t (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
         INSERT INTO t VALUES ('a', 1), (CAST(x'ff' AS TEXT), 2), (CAST(x'ff00fe' AS TEXT), 3), ('b' || char(0) || 'c', 4)",
    );
    desk.track(TrackedTable::new("t"));
    TrackedTable::new("t")
        .baseline(&desk.connection, |_| ControlFlow::Continue(()))
        .unwrap();
    let values: Vec<_> = desk
        .entries()
        .iter()
        .map(|entry| entry.changes.get("v").unwrap().new.clone().unwrap())
        .collect();
    assert_eq!(values, [1, 4, 2, 3]);
}

#[test]
fn it_begins_anew_where_a_vacuum_has_moved_rows() {
    for (id, kept, rows) in [
        // The rows before the last one stay before it, whatever their rowids.
        ("id", "v > 0", 2000),
        ("id", "v > 500", 1000),
        ("rowid", "v > 500", 1000),
    ] {
        let desk = Desk::new(&format!(
            "CREATE TABLE t (id TEXT, v); {FILL} INSERT INTO t SELECT 'r' || i, i FROM n; DELETE FROM t WHERE NOT {kept}"
        ));
        desk.track(match id {
            "id" => TrackedTable::new("t").id("id"),
            _ => TrackedTable::new("t"),
        });
        let baseline = |after: ControlFlow<()>| {
            TrackedTable::new("t")
                .baseline(&desk.connection, |_| after)
                .unwrap()
        };
        baseline(ControlFlow::Break(()));
        desk.run("CREATE TABLE other (x)");
        desk.run("VACUUM");
        let next = baseline(ControlFlow::Break(()));
        assert_eq!(next.rows(), rows, "{id} {kept}");
        let end = baseline(ControlFlow::Continue(()));
        assert!(end.is_finished() && end.rows() == end.total());
        let mut told: Vec<String> = desk
            .entries()
            .iter()
            .map(|entry| {
                entry
                    .changes
                    .get("v")
                    .unwrap()
                    .new
                    .clone()
                    .unwrap()
                    .to_string()
            })
            .collect();
        told.sort();
        told.dedup();
        assert_eq!(told.len() as u64, end.total());
    }
}

#[test]
fn what_is_not_tracked_or_stale_is_refused() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY)");
    let baseline = || {
        TrackedTable::new("t")
            .baseline(&desk.connection, |_| ControlFlow::Continue(()))
            .unwrap_err()
            .kind()
    };
    assert_eq!(baseline(), ErrorKind::Invalid);
    desk.track(TrackedTable::new("t"));
    desk.run("ALTER TABLE t ADD COLUMN v");
    assert_eq!(baseline(), ErrorKind::StaleCapture);
}
