//! The log is append-only for everybody who opens the file in good faith.

use audit_core::AuditStore;
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::Connection;

use crate::sample;

#[test]
fn other_programs_cannot_change_or_delete_entries() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store
        .append(&sample::entries(1, 50, &["acme", "globex"]))
        .unwrap();
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
        "REPLACE INTO audit_entry SELECT seq + 1000, tenant, idx, id, time, recorded, verb, actor, outcome, severity, entity, label, shape, request_id, operation, ip, agent, request_data, changes, metadata, duration, cause, principal, reason, error_class, error_text, truncated, sensitive FROM audit_entry WHERE entity IS NOT NULL LIMIT 1",
        "INSERT INTO audit_entry SELECT * FROM audit_entry WHERE seq = 3",
    ] {
        // With delete triggers fired for displaced rows, as on our own connections.
        foreign
            .execute_batch("PRAGMA recursive_triggers = 1")
            .unwrap();
        assert!(foreign.execute_batch(sql).is_err(), "{sql}");
    }
    let rows: i64 = foreign
        .query_row(
            "SELECT count(*) FROM audit_entry WHERE seq <= 50",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(rows, 50);
}
