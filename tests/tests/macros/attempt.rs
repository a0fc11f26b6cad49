//! A note that an action has started, before its body runs.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{
    AuditContext, Auditor, ErrorKind, InContext, MemoryStore, Outcome, ProblemKind, Result,
    audit_action, current_action,
};

use crate::{entries, entries_of, one};

fn noting() -> (FaultyStore, MemoryStore, Auditor, AuditContext) {
    let memory = MemoryStore::new();
    let store = FaultyStore::new(memory.clone());
    let builder = Auditor::builder(store.clone());
    let auditor = builder
        .on_problem(|problem| assert_eq!(problem.kind, ProblemKind::Unnoted))
        .build()
        .unwrap();
    let context = AuditContext::new("t").auditor(&auditor);
    (store, memory, auditor, context)
}

#[audit_action(action = "pay", entity_type = "invoice", entity_id = id, metadata(key = "password=hunter2"), attempt)]
fn pay(id: u32, memory: &MemoryStore) {
    let open = memory.open_attempts("t");
    assert_eq!(open.len(), 1);
    assert_eq!(Some(open[0].id), current_action().id());
    assert_eq!(open[0].entity_id().unwrap().as_i64(), Some(i64::from(id)));
    assert!(!format!("{:?}", open[0].metadata).contains("hunter2"));
}

#[audit_action(action = "pay", attempt)]
async fn pay_later(memory: &MemoryStore) {
    assert_eq!(memory.open_attempts("t").len(), 1);
    tokio::task::yield_now().await;
}

#[tokio::test]
async fn an_attempt_is_open_while_the_body_runs_and_closed_by_its_entry() {
    let (_, memory, auditor, context) = noting();
    context.scope(|| pay(3, &memory));
    pay_later(&memory).in_context(context).await;
    let all = entries(&auditor);
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|entry| entry.outcome == Outcome::Success));
    assert!(memory.open_attempts("t").is_empty());
}

static RUNS: AtomicUsize = AtomicUsize::new(0);

#[audit_action(action = "pay", attempt, strict)]
fn pay_strictly() -> Result<()> {
    RUNS.fetch_add(1, Ordering::SeqCst);
    Ok(())
}

#[audit_action(action = "pay", attempt, strict)]
async fn pay_strictly_later() -> Result<Option<&'static str>> {
    RUNS.fetch_add(1, Ordering::SeqCst);
    Ok(None)
}

#[tokio::test]
async fn a_strict_body_does_not_run_where_its_start_cannot_be_noted() {
    let (store, memory, auditor, context) = noting();
    for fault in [
        Fault::Fail(ErrorKind::Full),
        Fault::Panic,
        Fault::StoredButUnknown,
    ] {
        store.fault_attempts(fault);
        assert!(context.scope(pay_strictly).is_err());
        let answer = pay_strictly_later().in_context(context.clone()).await;
        assert!(answer.is_err());
    }
    assert!(pay_strictly().is_err(), "without an auditor");
    assert_eq!(RUNS.load(Ordering::SeqCst), 0);
    assert!(entries(&auditor).is_empty());

    store.heal();
    context.scope(pay_strictly).unwrap();
    pay_strictly_later().in_context(context).await.unwrap();
    assert_eq!(RUNS.load(Ordering::SeqCst), 2);
    assert_eq!(entries(&auditor).len(), 2);
    drop(memory);
}

#[audit_action(action = "pay", attempt)]
fn pay_anyway() -> u8 {
    1
}

#[tokio::test]
async fn otherwise_it_is_reported_and_the_body_runs() {
    let (store, memory, auditor, context) = noting();
    store.fault_attempts(Fault::Fail(ErrorKind::Full));
    assert_eq!(context.scope(pay_anyway), 1);
    assert_eq!(one(&auditor).outcome, Outcome::Success);
    assert_eq!(
        auditor.statistics().last_error.unwrap().kind,
        ErrorKind::Full
    );
    assert!(memory.open_attempts("t").is_empty());
}

#[tokio::test]
async fn a_future_that_is_dropped_closes_its_attempt_as_cancelled() {
    #[audit_action(action = "wait", attempt)]
    async fn wait() {
        std::future::pending::<()>().await;
    }
    let (_, memory, auditor, context) = noting();
    let mut future = Box::pin(wait().in_context(context.clone()));
    while memory.open_attempts("t").is_empty() {
        let polled = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        assert!(polled.is_pending());
        tokio::task::yield_now().await;
    }
    drop(future);
    assert_eq!(one(&auditor).outcome, Outcome::Cancelled);
    assert!(memory.open_attempts("t").is_empty());

    // Also while the note is on its way.
    let mut future = Box::pin(wait().in_context(context));
    assert!(
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context)))
            .await
            .is_pending()
    );
    drop(future);
    let all = entries(&auditor);
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].outcome, Outcome::Cancelled);
    assert!(memory.open_attempts("t").is_empty());
}

#[derive(audit_core::Audited)]
struct Bill {
    #[audit(id)]
    id: u32,
}

#[audit_action(action = "pay", attempt, tenant = company, skip_if = skips)]
fn pay_for(company: &str, skips: bool, memory: &MemoryStore) {
    assert_eq!(memory.open_attempts(company).is_empty(), skips);
    current_action().about(&Bill { id: 1 });
}

#[test]
fn an_attempt_stands_in_the_log_of_its_entry_and_none_where_it_is_skipped() {
    let (_, memory, auditor, context) = noting();
    context.scope(|| {
        pay_for("acme", false, &memory);
        pay_for("acme", true, &memory);
    });
    assert_eq!(entries_of(&auditor, "acme").len(), 1);
    assert!(memory.open_attempts("acme").is_empty());
}

#[test]
fn an_entry_that_is_refused_closes_its_attempt() {
    #[audit_action(action = "pay", attempt)]
    fn spoil() {
        current_action().entity("", 1);
    }
    let memory = MemoryStore::new();
    let builder = Auditor::builder(memory.clone()).on_problem(|_| ());
    let auditor = builder.build().unwrap();
    AuditContext::new("t").auditor(&auditor).scope(spoil);
    assert_eq!(entries(&auditor)[0].action, "audit_gap");
    // The note is carried out before the gap is told.
    assert!(memory.open_attempts("t").is_empty());
}
