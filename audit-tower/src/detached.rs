//! Recording where nobody can wait: in a `Drop`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};

use audit_core::Draft;

/// Hands a draft to the queue of its auditor. What cannot be recorded is counted and reported there.
pub(crate) fn record(draft: Draft) {
    // A second panic while the first unwinds would end the process.
    let recorded = catch_unwind(AssertUnwindSafe(|| {
        let recording = pin!(draft.best_effort().into_future());
        // A draft that was polled once is recorded even if its future is dropped.
        drop(recording.poll(&mut Context::from_waker(Waker::noop())));
    }));
    drop(recorded);
}
