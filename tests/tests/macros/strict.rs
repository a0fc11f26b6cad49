//! Stored, or an error.

use std::fmt;
use std::time::Duration;

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{
    AuditContext, Auditor, Delivery, ErrorKind, InContext, MemoryStore, audit_action,
};

#[derive(Debug)]
enum DeskError {
    Own,
    Audit(audit_core::Error),
}

impl From<audit_core::Error> for DeskError {
    fn from(error: audit_core::Error) -> Self {
        Self::Audit(error)
    }
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("own"),
            Self::Audit(error) => error.fmt(f),
        }
    }
}

#[audit_action(action = "close", strict)]
fn close(fails: bool) -> Result<u8, DeskError> {
    if fails { Err(DeskError::Own) } else { Ok(1) }
}

#[audit_action(action = "close", strict)]
async fn close_later(fails: bool) -> Result<impl Iterator<Item = u8>, DeskError> {
    tokio::task::yield_now().await;
    if fails {
        return Err(DeskError::Own);
    }
    Ok(std::iter::once(1))
}

#[audit_action(action = "direct", strict)]
fn direct() -> audit_core::Result<()> {
    Ok(())
}

fn faulty() -> (FaultyStore, MemoryStore, Auditor, AuditContext) {
    let memory = MemoryStore::new();
    let store = FaultyStore::new(memory.clone());
    let builder = Auditor::builder(store.clone()).delivery(Delivery::Buffered);
    let auditor = builder.on_problem(|_| ()).build().unwrap();
    let context = AuditContext::new("t").auditor(&auditor);
    (store, memory, auditor, context)
}

#[tokio::test]
async fn success_is_told_only_when_the_entry_is_stored_also_where_delivery_is_buffered() {
    let (_, memory, _, context) = faulty();
    let stored = || {
        let auditor = Auditor::new(memory.clone());
        auditor.tenant("t").entries().count().unwrap()
    };
    assert!(context.scope(|| close(false)).is_ok());
    assert_eq!(stored(), 1);
    assert!(close_later(false).in_context(context).await.is_ok());
    assert_eq!(stored(), 2);
}

#[tokio::test]
async fn what_cannot_be_stored_is_the_error_of_the_function() {
    let (store, _, auditor, context) = faulty();
    store.fault(Fault::Fail(ErrorKind::Full));
    let refused = |error: DeskError| match error {
        DeskError::Audit(error) => error.kind(),
        DeskError::Own => unreachable!(),
    };
    let error = context.scope(|| close(false)).unwrap_err();
    assert_eq!(refused(error), ErrorKind::Full);
    let error = close_later(false).in_context(context.clone()).await.err();
    assert_eq!(error.map(refused), Some(ErrorKind::Full));
    let error = context.scope(direct).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert_eq!(auditor.statistics().failed, 3);
}

#[tokio::test]
async fn the_functions_own_error_goes_before_that_of_recording() {
    let (store, _, _, context) = faulty();
    store.fault(Fault::Fail(ErrorKind::Full));
    let error = context.scope(|| close(true)).unwrap_err();
    assert!(matches!(error, DeskError::Own));
    let error = close_later(true).in_context(context).await.err();
    assert!(matches!(error, Some(DeskError::Own)));
}

#[test]
fn without_an_auditor_or_a_context_there_is_no_success() {
    let kind = |context: Option<&AuditContext>| {
        let answer = context.map_or_else(direct, |context| context.scope(direct));
        answer.unwrap_err().kind()
    };
    assert_eq!(kind(None), ErrorKind::MissingAuditor);
    assert_eq!(
        kind(Some(&AuditContext::new("t"))),
        ErrorKind::MissingAuditor
    );
    let (_, _, auditor, context) = faulty();
    auditor.close(Duration::from_secs(5)).unwrap();
    assert_eq!(kind(Some(&context)), ErrorKind::Closed);
}
