//! Transactions that cannot be committed any more: the caller is told why, and nothing is stored
//! but what failed.

use audit_core::{ErrorKind, FailurePolicy};

use audit_sqlite::TrackedTable;
use audit_sqlite::rusqlite::Connection;

use crate::desk::{Desk, insert};

/// From now on the connection refuses to write entries.
const REFUSE: &str = "CREATE TEMP TRIGGER refuse BEFORE INSERT ON main.audit_entry BEGIN
    SELECT raise(ABORT, 'refused');
END";

/// From now on the file may grow by so many pages.
fn leave_room(connection: &Connection, pages: i64) {
    let present: i64 = connection
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    connection
        .pragma_update(None, "max_page_count", present + pages)
        .unwrap();
}

#[test]
fn an_entry_that_cannot_be_written_takes_the_rows_with_it() {
    let mut desk = Desk::new();
    desk.connection.execute_batch(REFUSE).unwrap();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 1);
        let error = tx.log("open").record().unwrap_err();
        assert!(error.entry_id().is_some());
        insert(&tx, 2);
        // It is told again, and to whoever joins it is told at the end.
        assert_eq!(tx.log("again").record().unwrap_err().kind(), error.kind());
        desk.auditor.log("joined").record().unwrap();
        desk.auditor.log("failed").failed("no").record().unwrap();
        let told = tx.commit().unwrap_err();
        assert_eq!(told.kind(), error.kind());
        assert!(told.to_string().contains("rolled back"), "{told}");
    });
    assert_eq!(desk.rows(), [0; 0]);
    assert_eq!(desk.actions(), ["failed"]);
    desk.connection
        .execute_batch("DROP TRIGGER refuse")
        .unwrap();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 3);
        tx.log("open").record().unwrap();
        tx.commit().unwrap();
    });
    assert_eq!(desk.rows(), [3]);
    assert_eq!(desk.actions(), ["failed", "open"]);
}

#[test]
fn an_entry_that_joined_and_cannot_be_written_fails_the_commit() {
    for policy in [FailurePolicy::Strict, FailurePolicy::BestEffort] {
        let mut desk = Desk::new();
        desk.connection.execute_batch(REFUSE).unwrap();
        desk.context.scope(|| {
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            insert(&tx, 1);
            let draft = desk.auditor.log("joined");
            let draft = match policy {
                FailurePolicy::BestEffort => draft.best_effort(),
                _ => draft.strict(),
            };
            assert!(draft.record().unwrap().is_recorded());
            tx.commit().unwrap_err();
        });
        assert_eq!(desk.rows(), [0; 0], "{policy:?}");
        assert_eq!(desk.actions(), [""; 0], "{policy:?}");
    }
}

#[test]
fn under_best_effort_the_receipt_says_lost_and_the_commit_why() {
    let mut desk = Desk::new();
    desk.connection.execute_batch(REFUSE).unwrap();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        let receipt = tx.log("open").best_effort().record().unwrap();
        assert!(!receipt.is_recorded());
        tx.commit().unwrap_err();
    });
    assert_eq!(desk.auditor.statistics().failed, 1);
}

#[test]
fn two_entries_with_one_id_are_told_apart_or_are_one() {
    let mut desk = Desk::new();
    let id = desk.auditor.log("any").entry_id();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        let time = "2026-01-02T03:04:05Z".parse().unwrap();
        let first = tx.log("open").id(id).at(time).record().unwrap();
        let second = tx.log("open").id(id).at(time).record().unwrap();
        assert_eq!(first.index(), second.index());
        tx.commit().unwrap();

        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 1);
        let error = tx.log("close").id(id).record().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdConflict);
        assert_eq!(error.entry_id(), Some(id));
        assert_eq!(tx.commit().unwrap_err().kind(), ErrorKind::IdConflict);
    });
    assert_eq!(desk.rows(), [0; 0]);
    assert_eq!(desk.actions(), ["open"]);
}

#[test]
fn a_full_file_takes_rows_and_entries_and_the_failure_is_told_of_later() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        leave_room(&desk.connection, 3);
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 1);
        tx.log("failed").failed("no").record().unwrap();
        let error = (0..10_000_u32)
            .find_map(|n| {
                let text = format!("{n} ").repeat(500);
                tx.log("big").metadata("text", text).record().err()
            })
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::Full);
        // Whatever SQLite has ended by itself, nothing more is stored one by one.
        insert(&tx, 2);
        assert_eq!(tx.commit().unwrap_err().kind(), ErrorKind::Full);
    });
    assert_eq!(desk.rows(), [0; 0]);
    assert_eq!(desk.actions(), ["failed"]);
}

#[test]
fn no_statement_is_stored_alone_when_the_file_was_full_before_it() {
    for tracked in [false, true] {
        let mut desk = Desk::new();
        if tracked {
            TrackedTable::new("incident")
                .track(&desk.connection)
                .unwrap();
        }
        desk.context.scope(|| {
            leave_room(&desk.connection, 20);
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            for n in 0..200_u32 {
                let text = format!("{n} ").repeat(500);
                // Written when the transaction is used the next time, by what the caller does then.
                desk.auditor
                    .log("big")
                    .metadata("text", text)
                    .record()
                    .unwrap();
                tx.execute("INSERT INTO incident (id) VALUES (?1)", [n])
                    .ok();
            }
            assert_eq!(tx.commit().unwrap_err().kind(), ErrorKind::Full);
        });
        assert_eq!(desk.rows(), [0; 0]);
        assert_eq!(desk.actions(), [""; 0]);
    }
}

#[test]
fn a_transaction_that_sql_ends_is_not_gone_on_with() {
    for (end, rows, actions) in [
        ("ROLLBACK", vec![], vec![]),
        ("COMMIT", vec![1], vec!["first"]),
        (
            "INSERT OR ROLLBACK INTO incident (id) VALUES (1)",
            vec![],
            vec![],
        ),
    ] {
        let mut desk = Desk::new();
        let error = desk.context.scope(|| {
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            insert(&tx, 1);
            tx.log("first").record().unwrap();
            tx.execute_batch(end).ok();
            insert(&tx, 2);
            tx.log("second").record().unwrap_err();
            desk.auditor.log("joined").record().unwrap();
            tx.commit().unwrap_err()
        });
        assert_eq!(error.kind(), ErrorKind::WrongConnection, "{end}");
        assert!(error.to_string().contains("`commit`"), "{error}");
        assert_eq!(desk.rows(), rows, "{end}");
        assert_eq!(desk.actions(), actions, "{end}");
        assert!(desk.connection.is_autocommit());
    }
}

#[test]
fn a_connection_that_was_made_to_only_read_is_told() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 1);
        tx.execute_batch("PRAGMA query_only = ON").unwrap();
        let error = tx.log("open").record().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ReadOnly);
        tx.commit().unwrap_err();
    });
    assert_eq!(desk.rows(), [0; 0]);
}
