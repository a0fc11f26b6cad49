//! To whom a row belongs, where several act in one transaction.

use audit_core::{Actor, ActorKind, AuditContext, AuditEntry};
use audit_sqlite::TrackedTable;

use super::{Desk, execute, other_changes, told, with};

#[test]
fn a_row_belongs_to_whom_acted_when_it_was_written() {
    let mut desk = Desk::new();
    let (acme, globex) = (desk.context("acme", "ada"), desk.context("globex", "hank"));
    let admin = desk.context("admin", "root");
    admin.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        acme.scope(|| execute(&tx, "INSERT INTO incident VALUES (1, 'a', NULL, NULL)"));
        globex.scope(|| {
            let look = tx.log("look").changes(other_changes()).entity("other", 1);
            look.record().unwrap();
        });
        acme.scope(|| execute(&tx, "INSERT INTO incident VALUES (2, 'b', NULL, NULL)"));
        tx.commit().unwrap();
    });
    assert_eq!(
        told(&desk.entries("acme")),
        [("create", "ada", true), ("create", "ada", true)]
    );
    assert_eq!(told(&desk.entries("globex")), [("look", "hank", false)]);
    assert_eq!(told(&desk.entries("admin")), []);
}

#[test]
fn a_typed_change_of_a_row_may_be_told_in_another_context() {
    let mut desk = Desk::with_incident();
    let (worker, ada) = (desk.context("acme", "worker"), desk.context("acme", "ada"));
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    worker.scope(|| execute(&tx, "UPDATE incident SET status = 'closed'"));
    ada.scope(|| tx.updated(&with("open"), &with("closed")).record().unwrap());
    tx.commit().unwrap();
    let entries = desk.entries("acme");
    assert_eq!(
        told(&entries),
        [("create", "ada", true), ("update", "ada", false)]
    );
}

#[test]
fn a_commit_outside_of_the_context_changes_nothing() {
    let mut desk = Desk::new();
    let acme = desk.context("acme", "ada");
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    acme.scope(|| execute(&tx, "INSERT INTO incident VALUES (1, 'a', NULL, NULL)"));
    tx.commit().unwrap();
    assert_eq!(told(&desk.entries("acme")), [("create", "ada", true)]);
}

#[test]
fn a_context_needs_no_auditor_to_say_whose_rows_are() {
    let mut desk = Desk::new();
    let context = AuditContext::new("acme")
        .actor(Actor::user(7, "ada"))
        .request_id("r-1");
    context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        execute(&tx, "INSERT INTO incident VALUES (1, 'a', NULL, NULL)");
        tx.commit().unwrap();
    });
    let entries = desk.entries("acme");
    assert_eq!(told(&entries), [("create", "ada", true)]);
    assert_eq!(entries[0].request_id.as_deref(), Some("r-1"));
}

#[test]
fn what_is_tracked_inside_of_a_transaction_is_its_own() {
    let mut desk = Desk::new();
    TrackedTable::new("incident")
        .untrack(&desk.connection)
        .unwrap();
    desk.write(|tx| {
        TrackedTable::new("incident").track(tx).unwrap();
        execute(tx, "INSERT INTO incident VALUES (1, 'a', NULL, NULL)");
    });
    assert_eq!(told(&desk.entries("acme")), [("create", "ada", true)]);
}

#[test]
fn a_table_that_refuses_others_can_be_resumed_inside_of_a_transaction() {
    let mut desk = Desk::new();
    TrackedTable::new("incident")
        .refuse_foreign_writes()
        .track(&desk.connection)
        .unwrap();
    audit_sqlite::pause_tracking(&desk.connection, "migration").unwrap();
    desk.write(|tx| {
        audit_sqlite::resume_tracking(tx).unwrap();
        execute(tx, "INSERT INTO incident VALUES (1, 'a', NULL, NULL)");
    });
    let entries = desk.entries("acme");
    assert!(told(&entries).contains(&("create", "ada", true)));
    let is_nobody = |entry: &AuditEntry| entry.actor.kind() == ActorKind::Unattributed;
    assert!(!entries.iter().any(is_nobody));
}
