//! Recording without blocking a thread, on any runtime.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Result;
use crate::record::auditor::Auditor;
use crate::record::delivery::{Abandoned, Batch, Submission};
use crate::record::draft::{Draft, first};
use crate::record::parts::Prepared;
use crate::record::policy::{Delivery as Mode, FailurePolicy};
use crate::record::receipt::Receipt;
use crate::record::transaction;

/// A draft being recorded; made by awaiting a [`Draft`].
///
/// Once it was polled, its entry is recorded even if the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct Recording(State);

enum State {
    Draft(Draft),
    Delivering(Delivering),
    Over,
}

impl Recording {
    pub(crate) fn new(draft: Draft) -> Self {
        Self(State::Draft(draft))
    }
}

impl Future for Recording {
    type Output = Result<Receipt>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<Receipt>> {
        if matches!(self.0, State::Draft(_))
            && let State::Draft(draft) = std::mem::replace(&mut self.0, State::Over)
        {
            match draft.prepare() {
                Prepared::Answer(answer) => return Poll::Ready(answer),
                Prepared::Entry {
                    auditor,
                    entries,
                    policy,
                } => {
                    let batch = Batch::new(entries, policy);
                    self.0 = State::Delivering(Delivering::new(auditor, batch));
                }
            }
        }
        let State::Delivering(delivering) = &mut self.0 else {
            return Poll::Pending;
        };
        let answer = std::task::ready!(delivering.poll(context));
        self.0 = State::Over;
        Poll::Ready(answer.map(first))
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Recording")
            .field(&match &self.0 {
                State::Draft(_) => "draft",
                State::Delivering(_) => "delivering",
                State::Over => "over",
            })
            .finish()
    }
}

/// A batch of entries on its way, which reaches the store, or the transaction that is open here,
/// even if its future is dropped.
pub(crate) struct Delivering {
    auditor: Auditor,
    submission: Submission,
    policy: FailurePolicy,
}

impl Delivering {
    pub(crate) fn new(auditor: Auditor, batch: Batch) -> Self {
        let mode = auditor.delivery().shared.mode;
        Self::in_mode(auditor, batch, mode)
    }

    /// Waits as this mode says, whatever the auditor's is.
    pub(crate) fn in_mode(auditor: Auditor, mut batch: Batch, mode: Mode) -> Self {
        let policy = batch.policy;
        let submission = match transaction::join(&auditor, std::mem::take(&mut batch.entries)) {
            Ok(receipts) => Submission::Joined(receipts),
            Err(entries) => {
                batch.entries = entries;
                Submission::new(batch, mode)
            }
        };
        Self {
            auditor,
            submission,
            policy,
        }
    }

    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Vec<Receipt>>> {
        let answer = self
            .submission
            .poll(self.auditor.delivery(), context.waker());
        answer.map(|answer| self.auditor.settle(answer, self.policy))
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        match self.submission.abandon(self.auditor.delivery()) {
            Some(Abandoned::Entering(batch)) => self.auditor.record_detached(batch),
            Some(Abandoned::Refused(batch)) => self.auditor.record_after_all(batch),
            None => {}
        }
    }
}
