//! How async actions end.

use std::future::{Future, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use audit_core::{Auditor, InContext, Outcome, audit_action};

use crate::{audited, entries, one};

#[audit_action(action = "close", entity_type = "incident", entity_id = id, metadata(reason))]
async fn close(id: u64, reason: &str) -> Result<usize, String> {
    tokio::task::yield_now().await;
    if reason.is_empty() {
        return Err("no reason given, token=hunter2".to_owned());
    }
    let length = ready(Ok::<_, String>(reason.len())).await?;
    Ok(length)
}

#[tokio::test]
async fn success_and_failure_are_recorded_before_the_await_returns() {
    let (auditor, context) = audited();
    assert_eq!(close(7, "twice").in_context(context.clone()).await, Ok(5));
    let read = |auditor: &Auditor| auditor.tenant("t").entries().page().unwrap().entries;
    assert_eq!(read(&auditor)[0].outcome, Outcome::Success);
    assert!(close(7, "").in_context(context).await.is_err());
    let entry = &read(&auditor)[0];
    assert_eq!(entry.outcome, Outcome::Failure);
    let error = entry.error.as_ref().unwrap();
    assert_eq!(error.class, "String");
    assert!(error.text.starts_with("no reason given") && !error.text.contains("hunter2"));
    let metadata = serde_json::Value::Object(entry.metadata.clone());
    assert_eq!(metadata, serde_json::json!({"reason": ""}));
}

#[audit_action(action = "burn")]
async fn burn() -> u8 {
    tokio::task::yield_now().await;
    panic!("boom");
}

#[tokio::test]
async fn a_panic_is_recorded_and_goes_on() {
    let (auditor, context) = audited();
    let error = tokio::spawn(burn().in_context(context)).await.unwrap_err();
    assert_eq!(error.into_panic().downcast_ref::<&str>(), Some(&"boom"));
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Panicked);
    assert!(entry.duration.is_some());
}

struct PanicsWhenShown;

impl std::fmt::Display for PanicsWhenShown {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("shown")
    }
}

#[audit_action(action = "show")]
async fn show() -> Result<(), PanicsWhenShown> {
    Err(PanicsWhenShown)
}

#[tokio::test]
async fn an_error_that_panics_when_shown_is_recorded_and_reaches_the_caller() {
    let (auditor, context) = audited();
    assert!(show().in_context(context).await.is_err());
    assert_eq!(one(&auditor).outcome, Outcome::Failure);
}

/// Says whether it was dropped, and in which tenant.
struct Witness(Arc<AtomicBool>);

impl Drop for Witness {
    fn drop(&mut self) {
        if let Some(auditor) = Auditor::current() {
            let receipt = auditor.log("cleanup").record();
            self.0.store(receipt.is_ok(), Ordering::SeqCst);
        }
    }
}

#[audit_action(action = "wait")]
async fn wait(witness: Witness) {
    pending::<()>().await;
    drop(witness);
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_that_is_dropped_half_way_is_cancelled() {
    let (auditor, context) = audited();
    let cleaned = Arc::new(AtomicBool::new(false));
    let mut future = Box::pin(wait(Witness(Arc::clone(&cleaned))).in_context(context));
    assert!(poll_once(future.as_mut()).is_pending());
    assert!(entries(&auditor).is_empty());
    drop(future);
    assert!(cleaned.load(Ordering::SeqCst));
    let all = entries(&auditor);
    assert_eq!(all.len(), 2);
    // What it did while it was dropped happened inside it.
    assert_eq!(all[0].action, "cleanup");
    assert_eq!(all[0].cause, Some(all[1].id));
    assert_eq!(
        (all[1].action.as_str(), all[1].outcome),
        ("wait", Outcome::Cancelled)
    );
    assert!(all[1].duration.is_some());
}

#[test]
fn a_future_that_is_never_polled_leaves_no_entry() {
    // Nothing of the action ran, not even the taking of its arguments: there is nothing to tell of.
    let (auditor, context) = audited();
    drop(close(7, "x").in_context(context.clone()));
    context.scope(|| drop(close(7, "x")));
    assert!(entries(&auditor).is_empty());
    assert_eq!(auditor.statistics().lost, 0);
}

#[tokio::test]
async fn a_timeout_cancels() {
    let (auditor, context) = audited();
    let future = wait(Witness(Arc::default())).in_context(context);
    assert!(
        tokio::time::timeout(Duration::from_millis(5), future)
            .await
            .is_err()
    );
    let all = entries(&auditor);
    assert_eq!(all.last().unwrap().outcome, Outcome::Cancelled);
}

#[tokio::test]
async fn an_aborted_task_is_cancelled() {
    let (auditor, context) = audited();
    let task = tokio::spawn(wait(Witness(Arc::default())).in_context(context));
    tokio::task::yield_now().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(
        entries(&auditor).last().unwrap().outcome,
        Outcome::Cancelled
    );
}

#[test]
fn a_finished_future_that_is_dropped_is_not_cancelled() {
    let (auditor, context) = audited();
    {
        let mut future = pin!(close(7, "x").in_context(context));
        while poll_once(future.as_mut()).is_pending() {
            std::thread::yield_now();
        }
    }
    assert_eq!(one(&auditor).outcome, Outcome::Success);
}

#[test]
fn an_entry_is_written_although_the_future_is_dropped_while_it_is() {
    // The body has ended with the second poll; from then on only the entry is waited for.
    let (auditor, context) = audited();
    let mut future = Box::pin(close(7, "x").in_context(context));
    drop(poll_once(future.as_mut()));
    drop(poll_once(future.as_mut()));
    drop(future);
    assert_eq!(one(&auditor).outcome, Outcome::Success);
}

struct Desk(u64);

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

trait Close {
    fn close<'a>(&'a self, text: &'a str) -> Boxed<'a, Result<u64, String>>;
}

// As `#[async_trait]` writes it, with the type written out.
impl Close for Desk {
    #[audit_action(action = "close", entity_type = "desk", entity_id = self.0, metadata(text))]
    fn close<'a>(
        &'a self,
        text: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<u64, String>> + Send + 'a>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            if text.is_empty() {
                return Err("empty".to_owned());
            }
            Ok(self.0)
        })
    }
}

#[tokio::test]
async fn a_boxed_future_is_audited_as_it_runs_not_as_it_is_made() {
    let (auditor, context) = audited();
    let desk: Box<dyn Close + Send + Sync> = Box::new(Desk(3));
    context.scope(|| drop(desk.close("x")));
    assert!(entries(&auditor).is_empty());
    assert!(desk.close("").in_context(context).await.is_err());
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Failure);
    assert_eq!(entry.entity_id().unwrap().as_i64(), Some(3));
}

#[audit_action(action = "long")]
async fn long() {
    let mut left = 1000;
    poll_fn(|context| {
        left -= 1;
        context.waker().wake_by_ref();
        if left == 0 {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[tokio::test]
async fn many_polls_are_one_entry() {
    let (auditor, context) = audited();
    long().in_context(context).await;
    assert_eq!(one(&auditor).outcome, Outcome::Success);
}
