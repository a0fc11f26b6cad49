//! The write lock of a file that the caller holds in a plain transaction, or somebody else does.

use std::time::{Duration, Instant};

use audit_core::{AuditContext, Auditor, Durability, ErrorKind, audit_action};
use audit_sqlite::rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::desk::{Desk, LONG, block_on, insert};

const SHORT: Duration = Duration::from_millis(200);

/// What happens while the caller holds a plain write transaction, and that it goes on after.
fn in_plain_transaction(desk: &mut Desk, work: impl FnOnce(&Auditor)) {
    let plain = Transaction::new(&mut desk.connection, TransactionBehavior::Immediate).unwrap();
    insert(&plain, 1);
    desk.context.scope(|| work(&desk.auditor));
    insert(&plain, 2);
    plain.commit().unwrap();
    assert_eq!(desk.rows(), [1, 2]);
}

#[test]
fn recording_inside_of_a_plain_transaction_ends_and_names_begin() {
    let mut desk = Desk::waiting(SHORT);
    in_plain_transaction(&mut desk, |auditor| {
        for error in [
            auditor.log("sync").record().unwrap_err(),
            block_on(auditor.log("awaited")).unwrap_err(),
            auditor.batch([auditor.log("many")]).record().unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Busy);
            assert!(error.to_string().contains("`store.begin`"), "{error}");
        }
    });
    desk.auditor.flush(LONG).unwrap();
    assert_eq!(desk.actions(), [""; 0]);
    desk.context
        .scope(|| desk.auditor.log("after").record().unwrap());
    assert_eq!(desk.actions(), ["after"]);
}

#[test]
fn under_best_effort_the_entries_follow_when_the_lock_is_free() {
    #[audit_action(action = "annotated")]
    fn annotated() -> u8 {
        7
    }

    let mut desk = Desk::waiting(SHORT);
    in_plain_transaction(&mut desk, |auditor| {
        let receipt = auditor.log("sync").best_effort().record().unwrap();
        assert!(receipt.durability() <= Durability::Queued);
        block_on(auditor.log("awaited").best_effort()).unwrap();
        assert_eq!(annotated(), 7);
    });
    desk.auditor.flush(LONG).unwrap();
    let mut actions = desk.actions();
    actions.sort();
    assert_eq!(actions, ["annotated", "awaited", "sync"]);
}

#[test]
fn beginning_waits_for_others_as_long_as_the_connection_or_the_store() {
    let mut desk = Desk::waiting(SHORT);
    let mut other = Connection::open(&desk.path).unwrap();
    let plain = Transaction::new(&mut other, TransactionBehavior::Immediate).unwrap();
    for own in [Duration::ZERO, 2 * SHORT] {
        desk.connection.busy_timeout(own).unwrap();
        let begun = Instant::now();
        let error = desk.store.begin(&mut desk.connection).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
        assert!(begun.elapsed() >= SHORT.max(own));
    }
    drop(plain);
    desk.store
        .begin(&mut desk.connection)
        .unwrap()
        .commit()
        .unwrap();

    // An audited one on another connection is waited for as well.
    let audited = desk.store.begin(&mut other).unwrap();
    let error = desk.store.begin(&mut desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("`store.begin`"), "{error}");
    audited.commit().unwrap();
    desk.store
        .begin(&mut desk.connection)
        .unwrap()
        .commit()
        .unwrap();
}

#[test]
fn beginning_goes_on_as_soon_as_the_lock_is_free() {
    let mut desk = Desk::new();
    let path = desk.path.clone();
    let (begun, has_begun) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        let mut other = Connection::open(path).unwrap();
        let plain = Transaction::new(&mut other, TransactionBehavior::Immediate).unwrap();
        begun.send(()).unwrap();
        std::thread::sleep(SHORT);
        insert(&plain, 1);
        plain.commit().unwrap();
    });
    has_begun.recv().unwrap();
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    insert(&tx, 2);
    tx.commit().unwrap();
    other.join().unwrap();
    assert_eq!(desk.rows(), [1, 2]);
}

#[test]
fn an_entry_of_another_thread_under_a_transaction_that_is_too_long_is_told_busy() {
    let mut desk = Desk::waiting(SHORT);
    let auditor = desk.auditor.clone();
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    let error = std::thread::spawn(move || {
        let context = AuditContext::new("acme");
        context.scope(|| auditor.log("other").record().unwrap_err())
    })
    .join()
    .unwrap();
    assert_eq!(error.kind(), ErrorKind::Busy);
    insert(&tx, 1);
    tx.commit().unwrap();
    assert_eq!(desk.rows(), [1]);
}
