//! What joins a transaction, and what does not.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use audit_core::{
    AuditContext, AuditStore, Auditor, Delivery, Durability, ErrorKind, TransactionScope,
    audit_action,
};
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::Connection;

use crate::desk::{Desk, LONG, TENANT, block_on, insert};

#[audit_action(action = "inner")]
fn inner() {}

#[audit_action(action = "outer")]
fn outer(connection: &Connection, is_failing: bool) -> Result<(), String> {
    insert(connection, 1);
    inner();
    if is_failing {
        return Err("no".to_owned());
    }
    Ok(())
}

#[test]
fn entries_of_an_auditor_join_whatever_its_delivery_and_however_they_are_awaited() {
    for delivery in [Delivery::Durable, Delivery::Buffered] {
        for is_committed in [true, false] {
            let mut desk = Desk::new();
            let auditor = Auditor::builder(desk.store.clone())
                .delivery(delivery)
                .build()
                .unwrap();
            desk.context.clone().auditor(&auditor).scope(|| {
                let tx = desk.store.begin(&mut desk.connection).unwrap();
                let sync = auditor.log("sync").record().unwrap();
                let awaited = block_on(auditor.log("awaited")).unwrap();
                let own = block_on(tx.log("own")).unwrap();
                let batch = auditor
                    .batch([auditor.log("one"), auditor.log("two")])
                    .record()
                    .unwrap();
                for receipt in [sync, awaited, own].iter().chain(&batch) {
                    assert_eq!(receipt.durability(), Durability::InTransaction);
                }
                // Polled never, recorded never.
                drop(auditor.log("dropped").into_future());
                if is_committed {
                    tx.commit().unwrap();
                } else {
                    tx.rollback().unwrap();
                }
            });
            auditor.flush(LONG).unwrap();
            let expected: &[&str] = if is_committed {
                &["sync", "awaited", "own", "one", "two"]
            } else {
                &[]
            };
            assert_eq!(desk.actions(), expected, "{delivery:?}");
        }
    }
}

#[test]
fn annotated_functions_join_and_tell_of_one_operation() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        outer(&tx, false).unwrap();
        tx.log("own").record().unwrap();
        tx.commit().unwrap();
    });
    let entries = desk.entries();
    assert_eq!(desk.actions(), ["inner", "outer", "own"]);
    assert!(entries[0].operation.is_some());
    assert!(
        entries
            .iter()
            .all(|entry| entry.operation == entries[0].operation)
    );
    assert_eq!(entries[0].cause, Some(entries[1].id));
    assert_eq!((entries[1].cause, entries[2].cause), (None, None));
    assert_eq!(desk.rows(), [1]);
}

#[test]
fn an_action_that_fails_and_rolls_back_is_told_of_and_what_it_called_is_not() {
    #[audit_action(action = "whole")]
    fn whole(desk: &mut Desk) -> Result<(), Box<dyn Error>> {
        let tx = desk.store.begin(&mut desk.connection)?;
        outer(&tx, true)?;
        tx.commit()?;
        Ok(())
    }

    let mut desk = Desk::new();
    let context = desk.context.clone();
    context.scope(|| whole(&mut desk)).unwrap_err();
    desk.auditor.flush(LONG).unwrap();
    assert_eq!(desk.rows(), [0; 0]);
    let mut actions = desk.actions();
    actions.sort();
    assert_eq!(actions, ["outer", "whole"]);
    let entries = desk.entries();
    let of = |action: &str| entries.iter().find(|entry| entry.action == action).unwrap();
    assert_eq!(of("outer").cause, Some(of("whole").id));
    assert_eq!(of("outer").operation, of("whole").operation);
}

#[test]
fn entries_without_an_operation_get_one_in_common_for_each_tenant() {
    let mut desk = Desk::new();
    let named = |tenant: &str| AuditContext::new(tenant).auditor(&desk.auditor);
    let (acme, globex) = (named(TENANT), named("globex"));
    let tx = desk
        .store
        .begin_with(&desk.auditor, &mut desk.connection)
        .unwrap();
    for context in [&acme, &globex, &acme, &globex] {
        tx.log("open").context(context).record().unwrap();
    }
    tx.commit().unwrap();
    let operations = |tenant: &str| {
        let page = desk.auditor.tenant(tenant).entries().page().unwrap();
        let operations = page
            .entries
            .into_iter()
            .map(|entry| entry.operation.unwrap());
        operations.collect::<Vec<_>>()
    };
    let (acme, globex) = (operations(TENANT), operations("globex"));
    assert_eq!((acme[0], globex[0]), (acme[1], globex[1]));
    assert_ne!(acme[0], globex[0]);
}

#[test]
fn what_another_thread_records_stays_outside() {
    let mut desk = Desk::new();
    let buffered = Auditor::builder(desk.store.clone())
        .delivery(Delivery::Buffered)
        .build()
        .unwrap();
    let context = desk.context.clone().auditor(&buffered);
    context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        tx.log("gone").record().unwrap();
        thread::scope(|scope| {
            let other = || context.scope(|| buffered.log("other").record().unwrap());
            let receipt = scope.spawn(other).join().unwrap();
            assert_eq!(receipt.durability(), Durability::Queued);
        });
        tx.rollback().unwrap();
    });
    buffered.flush(LONG).unwrap();
    assert_eq!(desk.actions(), ["other"]);
}

#[test]
fn another_thread_that_waits_for_its_entry_gets_its_turn_after_the_commit() {
    let mut desk = Desk::new();
    thread::scope(|scope| {
        let (context, auditor) = (&desk.context, &desk.auditor);
        context.scope(|| {
            let tx = desk.store.begin(&mut desk.connection).unwrap();
            let other = scope.spawn(|| context.scope(|| auditor.log("other").record().unwrap()));
            tx.log("first").record().unwrap();
            insert(&tx, 1);
            assert!(!other.is_finished());
            tx.commit().unwrap();
            assert_eq!(other.join().unwrap().index(), Some(1));
        });
    });
    assert_eq!(desk.actions(), ["first", "other"]);
}

#[test]
fn entries_for_another_store_stay_outside_and_those_of_nested_contexts_join() {
    let mut desk = Desk::new();
    let elsewhere = Desk::new();
    let outside = desk.context.clone();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        let receipt = elsewhere.auditor.log("elsewhere").record().unwrap();
        assert_eq!(receipt.index(), Some(0));
        // It belongs to the context in which the transaction was begun.
        outside.scope(|| desk.auditor.log("nested").record().unwrap());
        tx.rollback().unwrap();
    });
    assert_eq!(elsewhere.actions(), ["elsewhere"]);
    assert_eq!(desk.actions(), [""; 0]);
}

#[test]
fn nothing_joins_a_transaction_that_is_over() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        tx.commit().unwrap();
        let receipt = desk.auditor.log("after").record().unwrap();
        assert_eq!(receipt.index(), Some(0));
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        drop(tx);
        let receipt = desk.auditor.log("later").record().unwrap();
        assert_eq!(receipt.index(), Some(1));
    });
    assert_eq!(desk.actions(), ["after", "later"]);
}

#[test]
fn an_attempt_is_refused_inside_and_taken_outside() {
    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        tx.log("first").record().unwrap();
        tx.commit().unwrap();
    });
    let mut attempt = desk.entries().remove(0);
    attempt.id = desk.auditor.log("work").entry_id();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        let error = desk.store.open_attempt(&attempt).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(error.entry_id(), Some(attempt.id));
        assert!(
            error.to_string().contains("before the transaction"),
            "{error}"
        );
        tx.commit().unwrap();
    });
    desk.store.open_attempt(&attempt).unwrap();
    desk.store
        .close_attempt(&attempt.tenant, attempt.id)
        .unwrap();
}

#[test]
fn an_action_that_needs_a_durable_beginning_says_that_it_has_none_and_joins() {
    #[audit_action(action = "careful", attempt)]
    fn careful() -> u8 {
        7
    }

    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        assert_eq!(careful(), 7);
        tx.commit().unwrap();
    });
    assert_eq!(desk.actions(), ["careful"]);
    assert_eq!(
        desk.auditor.statistics().last_error.unwrap().kind,
        ErrorKind::Unsupported
    );
    assert_eq!(desk.store.recover_attempts().unwrap(), 0);
}

#[test]
fn an_awaited_action_that_needs_a_durable_beginning_does_not_wait_for_the_transaction_it_is_in() {
    #[audit_action(action = "careful", attempt)]
    async fn careful() -> u8 {
        7
    }
    #[audit_action(action = "strictly careful", attempt, strict)]
    async fn strictly() -> Result<u8, audit_core::Error> {
        Ok(7)
    }

    let mut desk = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        assert_eq!(block_on(careful()), 7);
        let error = block_on(strictly()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        tx.commit().unwrap();
    });
    assert_eq!(desk.actions(), ["careful"]);
    // Nothing was left for the thread that writes to do.
    desk.auditor.flush(LONG).unwrap();
    let error = desk.auditor.statistics().last_error.unwrap();
    assert_eq!(error.kind, ErrorKind::Unsupported);
    assert_eq!(desk.store.recover_attempts().unwrap(), 0);
}

#[test]
fn a_transaction_that_begins_in_an_awaited_action_is_not_for_others_on_the_thread() {
    #[audit_action(action = "work", auditor = auditor, tenant = TENANT)]
    async fn work(auditor: &Auditor, store: &SqliteStore, connection: &mut Connection) {
        let tx = store.begin(connection).unwrap();
        let mut has_yielded = false;
        poll_fn(|_| {
            if std::mem::replace(&mut has_yielded, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        auditor.log("inside").tenant(TENANT).record().unwrap();
        tx.rollback().unwrap();
    }

    let mut desk = Desk::new();
    let auditor = desk.auditor.clone();
    {
        let mut working = pin!(work(&auditor, &desk.store, &mut desk.connection));
        let mut context = Context::from_waker(Waker::noop());
        assert!(working.as_mut().poll(&mut context).is_pending());
        assert!(!TransactionScope::is_open(&desk.store));
        block_on(working);
    }
    auditor.flush(LONG).unwrap();
    assert_eq!(desk.actions(), ["work"]);
}

#[test]
fn two_transactions_on_two_stores_each_get_their_own() {
    let mut desk = Desk::new();
    let mut other = Desk::new();
    desk.context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        let second = other.store.begin(&mut other.connection).unwrap();
        desk.auditor.log("desk").record().unwrap();
        other.auditor.log("gone").record().unwrap();
        tx.commit().unwrap();
        desk.auditor.log("alone").record().unwrap();
        other.auditor.log("gone too").record().unwrap();
        second.rollback().unwrap();
    });
    assert_eq!(desk.actions(), ["desk", "alone"]);
    assert_eq!(other.actions(), [""; 0]);
}
