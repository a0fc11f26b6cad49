//! Actions that find no auditor, or no context. Alone in its process: what is counted here is counted for all of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails where it cannot go on"
)]

use std::sync::{Arc, Mutex};

use audit_core::{
    AuditContext, Auditor, ErrorKind, InContext, MemoryStore, ProblemKind, audit_action,
    on_unrecorded, unrecorded,
};

#[audit_action(action = "close")]
fn close() -> u8 {
    1
}

#[audit_action(action = "close_later")]
async fn close_later() -> u8 {
    2
}

type Told = Arc<Mutex<Vec<(String, ErrorKind)>>>;

fn taken(told: &Told) -> Vec<(String, ErrorKind)> {
    std::mem::take(&mut *told.lock().expect("no callback panicked"))
}

// One test, for its parts are steps of one process: nothing installed, then something.
#[test]
fn what_finds_no_auditor_or_no_context_is_counted_and_reported() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let unseen = Told::default();
    let told = Arc::clone(&unseen);
    on_unrecorded(move |problem| {
        assert_eq!((problem.kind, problem.entries), (ProblemKind::Lost, 1));
        let action = problem.action.unwrap_or_default().to_owned();
        told.lock().unwrap().push((action, problem.error.kind()));
    })
    .unwrap();

    // No auditor, no context; the work is done all the same.
    assert_eq!(unrecorded(), 0);
    assert_eq!(close(), 1);
    assert_eq!(runtime.block_on(close_later()), 2);
    assert_eq!(unrecorded(), 2);
    let missing = |action: &str| (action.to_owned(), ErrorKind::MissingAuditor);
    assert_eq!(taken(&unseen), [missing("close"), missing("close_later")]);

    // A context that brings no auditor.
    assert_eq!(AuditContext::new("t").scope(close), 1);
    let future = close_later().in_context(AuditContext::new("t"));
    assert_eq!(runtime.block_on(future), 2);
    assert_eq!(unrecorded(), 4);
    assert_eq!(taken(&unseen), [missing("close"), missing("close_later")]);

    // A second callback is refused, and the first stays.
    assert_eq!(
        on_unrecorded(|_| {}).unwrap_err().kind(),
        ErrorKind::AlreadyInstalled
    );

    // An auditor, but no context, hence no tenant: the auditor counts and reports.
    let problems = Told::default();
    let seen = Arc::clone(&problems);
    let auditor = Auditor::builder(MemoryStore::new())
        .on_problem(move |problem| {
            assert_eq!((problem.kind, problem.entries), (ProblemKind::Lost, 1));
            let action = problem.action.unwrap_or_default().to_owned();
            seen.lock().unwrap().push((action, problem.error.kind()));
        })
        .build()
        .unwrap();
    auditor.install().unwrap();
    assert_eq!(close(), 1);
    assert_eq!(runtime.block_on(close_later()), 2);
    let missing = |action: &str| (action.to_owned(), ErrorKind::MissingContext);
    assert_eq!(taken(&problems), [missing("close"), missing("close_later")]);
    assert_eq!(auditor.statistics().lost, 2);
    assert_eq!(unrecorded(), 4, "these had an auditor");

    // Both there: the installed auditor records, unless the context brings another.
    assert_eq!(AuditContext::new("t").scope(close), 1);
    let other = Auditor::new(MemoryStore::new());
    assert_eq!(AuditContext::new("t").auditor(&other).scope(close), 1);
    assert_eq!(auditor.tenant("t").entries().count().unwrap(), 1);
    assert_eq!(other.tenant("t").entries().count().unwrap(), 1);
    assert_eq!((taken(&unseen), taken(&problems)), (vec![], vec![]));
}
