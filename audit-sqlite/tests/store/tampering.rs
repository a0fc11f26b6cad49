//! The log is append-only for everybody who opens the file in good faith.

use audit_core::query::Filter;
use audit_core::store::Query;
use audit_core::{AuditStore, ErrorKind};
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::Connection;

use crate::sample;

const ROW: &str = "INSERT INTO audit_entry (seq, tenant, idx, id, time, recorded, verb, actor, outcome, severity, operation, cause)";

#[test]
fn other_programs_cannot_change_or_delete_entries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    let first = sample::entries(1, 50, &["acme", "globex"]);
    let more = sample::entries(2, 20, &["acme", "globex"]);
    store.append(&first).unwrap();
    let foreign = Connection::open(&path).unwrap();
    for sql in [
        "UPDATE audit_entry SET time = 0",
        "UPDATE audit_entry SET reason = 'x' WHERE seq = 3",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE idx = 0",
        "UPDATE OR REPLACE audit_entry SET idx = 0",
    ] {
        let error = foreign.execute_batch(sql).unwrap_err().to_string();
        assert!(error.contains("append-only"), "{sql}: {error}");
    }
    for sql in [
        "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry WHERE seq = 3",
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE seq = 3",
    ] {
        // With delete triggers fired for displaced rows, as on our own connections.
        foreign
            .execute_batch("PRAGMA recursive_triggers = 1")
            .unwrap();
        assert!(foreign.execute_batch(sql).is_err(), "{sql}");
    }
    // A row that is added displaces none.
    foreign
        .execute_batch("REPLACE INTO audit_entry SELECT seq + 1000, tenant, idx, id, time, recorded, verb, actor, outcome, severity, entity, label, shape, request_id, operation, ip, agent, request_data, changes, metadata, duration, cause, principal, reason, error_class, error_text, truncated, sensitive FROM audit_entry ORDER BY seq")
        .unwrap();
    let rows: i64 = foreign
        .query_row(
            "SELECT count(*) FROM audit_entry WHERE seq <= 50",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(rows, 50);
    // Nor does it hide any, or stand in the way of the next ones.
    store.append(&more).unwrap();
    store.append(&sample::entries(3, 600, &["acme"])).unwrap();
    for entry in first.iter().chain(&more) {
        let mut query = Filter::default();
        query.entity_type = entry.entity_type().map(str::to_owned);
        let query = Query::new(&query, usize::MAX);
        let all = store.entries(&entry.tenant, &query).unwrap();
        assert!(all.iter().any(|one| one.id == entry.id));
    }
    let last = store
        .entries(&"acme".into(), &Query::new(&Filter::default(), 1))
        .unwrap();
    let acme = first
        .iter()
        .chain(&more)
        .filter(|entry| entry.tenant.as_str() == "acme");
    assert_eq!(last[0].index, 599 + acme.count() as u64);
}

#[test]
fn rows_of_other_programs_that_are_no_entries_stop_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append(&sample::entries(1, 5, &["acme"])).unwrap();
    let foreign = Connection::open(&path).unwrap();
    for (id, operation, cause) in [
        ("zeroblob(16)", "x'00'", "zeroblob(36)"),
        ("x'07'", "null", "null"),
    ] {
        let values = format!(
            "SELECT max(seq) + 1, 1, 7, {id}, 0, 0, 1, 1, 0, 0, {operation}, {cause} FROM audit_entry"
        );
        foreign.execute_batch(&format!("{ROW} {values}")).unwrap();
        // By who has met the log before, and by who has not.
        store.append(&sample::entries(2, 300, &["globex"])).unwrap();
        let again = SqliteStore::open(&path).unwrap();
        let more = [
            sample::plain("globex", "export"),
            sample::plain("initech", "export"),
        ];
        again.append(&more).unwrap();
        let mut connection = Connection::open(&path).unwrap();
        store.begin(&mut connection).unwrap().commit().unwrap();
        let all = store.entries(&"globex".into(), &Query::new(&Filter::default(), 1));
        assert_eq!(all.unwrap()[0].id, more[0].id);
    }
}

#[test]
fn a_log_whose_numbers_are_used_up_takes_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append(&sample::entries(1, 5, &["acme"])).unwrap();
    let last = format!(
        "{ROW} VALUES ({}, 1, 7, zeroblob(16), 0, 0, 1, 1, 0, 0, null, null)",
        i64::MAX
    );
    Connection::open(&path)
        .unwrap()
        .execute_batch(&last)
        .unwrap();
    let error = store
        .append(&[sample::plain("globex", "export")])
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let count = store.count(&"globex".into(), &Filter::default());
    assert_eq!(count.unwrap(), 0);
}
