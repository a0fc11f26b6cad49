//! What `#[audit_action]` expands to: a call that records how it ended.

use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use chrono::Utc;
use pin_project_lite::pin_project;
use serde_json::json;
use uuid::Uuid;

use crate::context::{Frame, WithContext};
use crate::diff::Recordable;
use crate::entry::{ErrorDetail, Outcome, ToEntityId};
use crate::record::auditor::Auditor;
use crate::record::delivery::Batch;
use crate::record::draft::{Draft, Prepared};
use crate::record::recording::Recording;

/// How a call ended, as its return value tells.
#[derive(Debug)]
pub struct ActionOutcome {
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<ErrorDetail>,
}

impl ActionOutcome {
    pub(crate) fn success() -> Self {
        Self {
            outcome: Outcome::Success,
            error: None,
        }
    }
}

/// A call of an annotated function, from before its body runs.
pub struct ActionCall {
    draft: Draft,
    name: Option<String>,
    started: Instant,
}

impl ActionCall {
    /// Notes who calls, and begins to count the time.
    #[must_use]
    pub fn start(action: &'static str, entity_type: Option<&'static str>) -> Self {
        let frame = Frame::current();
        let draft = match Auditor::of_frame(frame.as_ref()) {
            Some(auditor) => auditor.log(action),
            None => Draft::with_id(None, action, Uuid::now_v7(), Utc::now()),
        };
        // The function's own error type cannot carry ours, so the work goes on.
        let draft = draft.best_effort();
        let draft = match entity_type {
            Some(entity_type) => draft.entity_type(entity_type),
            None => draft,
        };
        Self {
            draft,
            name: None,
            started: Instant::now(),
        }
    }

    // Trait objects, here and below: where a type does not fit, rustc names the trait that is
    // missing, and nothing of what is in here.

    /// Names the record.
    #[must_use]
    pub fn entity_id(mut self, id: &dyn ToEntityId) -> Self {
        let id = id.to_entity_id();
        match id.check("entity id") {
            Ok(()) => self.draft = self.draft.entity_id(id),
            // An entry without the id says more than none.
            Err(error) => self.unrecordable("entity_id", &error.to_string()),
        }
        self
    }

    /// Says what the record is called.
    #[must_use]
    pub fn entity_name(mut self, name: &dyn fmt::Display) -> Self {
        self.name = Some(name.to_string());
        self
    }

    /// Remembers an argument.
    #[must_use]
    pub fn metadata(mut self, name: &'static str, value: &dyn Recordable) -> Self {
        match value.to_json() {
            Ok(value) => self.draft.insert(name, value),
            Err(_) => self.unrecordable(name, "cannot be written as JSON"),
        }
        self
    }

    /// Says in the entry what could not be taken into it: the action is recorded all the same.
    fn unrecordable(&mut self, name: &'static str, why: &str) {
        self.draft.insert(name, json!({ "$unrecordable": why }));
    }

    /// Runs a body and records how it ended, also if it panics.
    pub fn call<R>(self, body: impl FnOnce() -> R, outcome: impl FnOnce(&R) -> ActionOutcome) -> R {
        let frame = self.inner_frame();
        let mut running = Running(Some(self));
        let returned = match frame {
            Some(frame) => {
                let _guard = frame.enter();
                body()
            }
            None => body(),
        };
        let outcome = outcome(&returned);
        if let Some(call) = running.0.take() {
            // Best effort: it is counted and reported if it fails.
            drop(call.ended(outcome).record());
        }
        returned
    }

    /// Runs an async body and records how it ended, also if it panics or is dropped half-way.
    pub fn call_async<F: Future, O: FnOnce(&F::Output) -> ActionOutcome>(
        self,
        body: F,
        outcome: O,
    ) -> ActionFuture<F, O> {
        let body = WithContext::new(body, self.inner_frame());
        ActionFuture {
            body: Some(body),
            polling: false,
            outcome: Some(outcome),
            call: Some(self),
            returned: None,
            recording: None,
        }
    }

    /// The context of the body: what happens there is caused by this call.
    fn inner_frame(&self) -> Option<Frame> {
        let frame = self.draft.frame()?;
        Some(frame.caused_by(self.draft.entry_id()))
    }

    fn ended(self, outcome: ActionOutcome) -> Draft {
        let draft = match self.name {
            Some(name) => self.draft.entity_name(name),
            None => self.draft,
        };
        let draft = draft
            .duration(self.started.elapsed())
            .outcome(outcome.outcome);
        match outcome.error {
            Some(error) => draft.error(error),
            None => draft,
        }
    }

    fn ended_without_return(self, outcome: Outcome) -> Draft {
        self.ended(ActionOutcome {
            outcome,
            error: None,
        })
    }
}

impl fmt::Debug for ActionCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ActionCall").field(&self.draft).finish()
    }
}

/// A body that is running on this thread: it can only leave by returning or by panicking.
struct Running(Option<ActionCall>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            // A second panic while the first unwinds would end the process.
            drop(catch_unwind(AssertUnwindSafe(|| {
                call.ended_without_return(Outcome::Panicked).record()
            })));
        }
    }
}

pin_project! {
    /// An async body that records how it ended.
    #[must_use = "futures do nothing unless polled"]
    pub struct ActionFuture<F: Future, O> {
        #[pin]
        body: Option<WithContext<F>>,
        // Still set when dropped: the body panicked.
        polling: bool,
        outcome: Option<O>,
        call: Option<ActionCall>,
        returned: Option<F::Output>,
        recording: Option<Recording>,
    }

    impl<F: Future, O> PinnedDrop for ActionFuture<F, O> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // First the body, so that what it records while it is dropped comes before.
            this.body.set(None);
            if let Some(call) = this.call.take() {
                let outcome = if *this.polling { Outcome::Panicked } else { Outcome::Cancelled };
                // A second panic while another unwinds would end the process.
                drop(catch_unwind(AssertUnwindSafe(|| {
                    record_detached(call.ended_without_return(outcome));
                })));
            }
        }
    }
}

impl<F, O> Future for ActionFuture<F, O>
where
    F: Future,
    O: FnOnce(&F::Output) -> ActionOutcome,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        if let Some(body) = this.body.as_mut().as_pin_mut() {
            *this.polling = true;
            let polled = body.poll(context);
            if polled.is_pending() {
                *this.polling = false;
            }
            let returned = ready!(polled);
            // The user's `Display` or `ToOutcome` may panic too; until it has answered, the call
            // stays where a drop finds it.
            let outcome = this.outcome.take().map(|outcome| outcome(&returned));
            *this.polling = false;
            if let (Some(call), Some(outcome)) = (this.call.take(), outcome) {
                *this.recording = Some(Recording::new(call.ended(outcome)));
            }
            *this.returned = Some(returned);
            this.body.set(None);
        }
        if let Some(recording) = this.recording {
            // Best effort: it is counted and reported if it fails.
            drop(ready!(Pin::new(recording).poll(context)));
            *this.recording = None;
        }
        match this.returned.take() {
            Some(returned) => Poll::Ready(returned),
            None => Poll::Pending,
        }
    }
}

impl<F: Future, O> fmt::Debug for ActionFuture<F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActionFuture")
            .field("call", &self.call)
            .finish_non_exhaustive()
    }
}

/// A `Drop` cannot wait; the queue takes the entry whatever its bounds.
fn record_detached(draft: Draft) {
    match draft.prepare() {
        Prepared::Entry {
            auditor,
            entry,
            policy,
        } => auditor.record_detached(Batch::new(vec![*entry], policy)),
        // Counted and reported already.
        Prepared::Answer(_) => {}
    }
}
