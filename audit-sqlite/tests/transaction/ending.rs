//! How a transaction ends: kept with everything, or gone with everything but what failed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use audit_core::{AuditContext, Delivery, Durability, ErrorKind, Outcome, Receipt};
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::Connection;

use crate::desk::{Desk, LONG, TENANT, insert};

#[test]
fn rows_and_entries_are_seen_by_others_at_once_and_not_before() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 1);
        let own = tx.log("open").entity("incident", 1).record().unwrap();
        assert_eq!(
            (own.index(), own.durability(), own.is_recorded()),
            (Some(0), Durability::InTransaction, true)
        );
        let joined = desk.auditor.log("notify").record().unwrap();
        assert_eq!(
            (joined.index(), joined.durability()),
            (None, Durability::InTransaction)
        );
        assert!(
            desk.auditor
                .tenant(TENANT)
                .entries()
                .page()
                .unwrap()
                .entries
                .is_empty()
        );
        let committed = tx.commit().unwrap();
        let ids: Vec<_> = [own, joined].iter().map(Receipt::entry_id).collect();
        let receipts = committed.receipts();
        assert_eq!(
            receipts.iter().map(Receipt::entry_id).collect::<Vec<_>>(),
            ids
        );
        assert_eq!(
            receipts.iter().map(Receipt::index).collect::<Vec<_>>(),
            [Some(0), Some(1)]
        );
    });
    assert_eq!(desk.rows(), [1]);
    assert_eq!(desk.actions(), ["open", "notify"]);
    assert_eq!(desk.auditor.statistics().written, 2);
}

#[test]
fn a_receipt_says_how_durable_the_commit_of_the_connection_was() {
    let mut desk = Desk::new();
    for (synchronous, durability) in [
        ("OFF", Durability::Written),
        ("NORMAL", Durability::Written),
        ("FULL", Durability::Synced),
        ("EXTRA", Durability::Synced),
    ] {
        desk.connection
            .pragma_update(None, "synchronous", synchronous)
            .unwrap();
        let committed = desk.context.scope(|| {
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            tx.log("open").record().unwrap();
            tx.commit().unwrap()
        });
        assert_eq!(
            committed.receipts()[0].durability(),
            durability,
            "{synchronous}"
        );
    }
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    assert!(tx.commit().unwrap().receipts().is_empty());
}

#[test]
fn what_is_rolled_back_or_dropped_is_gone_and_what_follows_takes_its_place() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        for is_dropped in [true, false] {
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            insert(&tx, 1);
            // What is interned for the first time is gone too.
            tx.log("interned here first")
                .entity("new type", "new id")
                .record()
                .unwrap();
            desk.auditor.log("joined").record().unwrap();
            if is_dropped {
                drop(tx);
            } else {
                tx.rollback().unwrap();
            }
        }
        assert!(desk.connection.is_autocommit());
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 2);
        let again = tx
            .log("interned here first")
            .entity("new type", "new id")
            .record()
            .unwrap();
        assert_eq!(again.index(), Some(0));
        tx.commit().unwrap();
        desk.auditor.log("alone").record().unwrap();
    });
    assert_eq!(desk.rows(), [2]);
    assert_eq!(desk.actions(), ["interned here first", "alone"]);
    assert_eq!(desk.entries()[0].entity_type(), Some("new type"));
}

#[test]
fn a_panic_takes_rows_and_entries_with_it_but_not_what_failed() {
    let mut desk = Desk::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        desk.context.scope(|| {
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            insert(&tx, 1);
            tx.log("done").record().unwrap();
            tx.log("written failure").failed("no").record().unwrap();
            desk.auditor
                .log("joined failure")
                .denied("no")
                .record()
                .unwrap();
            // The transaction is still open.
            std::panic::resume_unwind(Box::new("a panic of the caller"));
        });
    }));
    assert!(panicked.is_err());
    desk.auditor.flush(LONG).unwrap();
    assert_eq!(desk.rows(), [0; 0]);
    assert_eq!(desk.actions(), ["written failure", "joined failure"]);
    // The lock and the connection are free.
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    insert(&tx, 2);
    tx.commit().unwrap();
    assert_eq!(desk.rows(), [2]);
}

#[test]
fn a_failure_stands_in_the_log_after_a_rollback_once_and_as_it_was() {
    for delivery in [Delivery::Durable, Delivery::Buffered] {
        let mut desk = Desk::new();
        let auditor = audit_core::Auditor::builder(desk.store.clone())
            .delivery(delivery)
            .build()
            .unwrap();
        let context = desk.context.clone().auditor(&auditor);
        let (own, joined) = context.scope(|| {
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            insert(&tx, 1);
            tx.log("gone").record().unwrap();
            let own = tx
                .log("own")
                .entity("incident", 1)
                .failed("disk")
                .record()
                .unwrap();
            let joined = auditor.log("joined").denied("no").record().unwrap();
            tx.rollback().unwrap();
            (own, joined)
        });
        if delivery == Delivery::Buffered {
            auditor.flush(LONG).unwrap();
        }
        let entries = desk.entries();
        assert_eq!(desk.actions(), ["own", "joined"], "{delivery:?}");
        assert_eq!(Some(entries[0].id), own.entry_id());
        assert_eq!(Some(entries[1].id), joined.entry_id());
        assert_eq!(entries[0].outcome, Outcome::Failure);
        assert_eq!(entries[0].actor.name(), Some("ada"));
        assert_eq!(entries[1].outcome, Outcome::Denied);
        assert_eq!(desk.rows(), [0; 0]);
    }
}

#[test]
fn a_commit_that_fails_leaves_neither_rows_nor_entries() {
    let mut desk = Desk::new();
    desk.connection
        .execute_batch(
            "PRAGMA foreign_keys = ON;
             CREATE TABLE note (incident INTEGER REFERENCES incident DEFERRABLE INITIALLY DEFERRED)",
        )
        .unwrap();
    let error = desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        insert(&tx, 1);
        tx.execute("INSERT INTO note VALUES (99)", []).unwrap();
        tx.log("gone").record().unwrap();
        tx.log("failed").failed("no").record().unwrap();
        tx.commit().unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(desk.connection.is_autocommit());
    assert_eq!(desk.rows(), [0; 0]);
    assert_eq!(desk.actions(), ["failed"]);
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    insert(&tx, 2);
    tx.commit().unwrap();
    assert_eq!(desk.rows(), [2]);
}

#[test]
fn transactions_and_recording_take_turns_and_know_what_the_other_wrote() {
    let mut desk = Desk::new();
    let second = SqliteStore::open(&desk.path).unwrap();
    let mut other = Connection::open(&desk.path).unwrap();
    for round in 0..20 {
        AuditContext::new(TENANT).auditor(&desk.auditor).scope(|| {
            desk.auditor.log(format!("alone {round}")).record().unwrap();
            for (store, connection) in [(&desk.store, &mut desk.connection), (&second, &mut other)]
            {
                let tx = store.begin(connection).unwrap();
                tx.log(format!("inside {round}"))
                    .entity("incident", round)
                    .record()
                    .unwrap();
                if round % 3 == 0 {
                    tx.rollback().unwrap();
                } else {
                    tx.commit().unwrap();
                }
            }
        });
    }
    assert_eq!(desk.entries().len(), 20 + 2 * 13);
}
