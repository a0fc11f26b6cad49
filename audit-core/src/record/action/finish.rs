//! The end of a call: what it returned, what its body said, and the entry.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use super::{ActionCall, Live, MaybeNone};
use crate::context::{Frame, Running, Said};
use crate::entry::{Changes, Outcome};
use crate::error::Result;
use crate::record::auditor::Auditor;
use crate::record::delivery::{Batch, Note};
use crate::record::outcome::{Ended, Reading};
use crate::record::parts::Prepared;
use crate::record::policy::{Delivery as Mode, FailurePolicy};
use crate::record::recording::Delivering;

impl ActionCall {
    /// Notes how the call ended, as its return value tells.
    pub fn ended(&mut self, reading: Reading) {
        self.with(|live| {
            live.parts.outcome = reading.outcome;
            live.parts.error = reading.error;
        });
    }

    /// Says what `None` means.
    pub fn none_is(&mut self, outcome: Outcome, returned: &dyn MaybeNone) {
        if returned.is_none() {
            self.with(|live| live.parts.outcome = outcome);
        }
    }

    /// What was returned, where that was a success.
    #[must_use]
    pub fn success<'a, T: ?Sized, E: ?Sized>(&mut self, ended: &Ended<'a, T, E>) -> Option<&'a T> {
        let live = self.live.as_ref()?;
        let body = live.body.as_ref().and_then(Frame::action);
        let is_success =
            live.parts.outcome == Outcome::Success && !body.is_some_and(Running::said_to_fail);
        match ended {
            Ended::Value(value) if is_success => Some(value),
            _ => None,
        }
    }

    /// Records the entry. If that fails it is counted and reported.
    #[inline]
    pub fn finish(&mut self) {
        if self.is_on() {
            drop(self.store());
        }
    }

    /// Records the entry, and waits as the auditor's delivery says, or if it is strict until it
    /// is stored.
    ///
    /// # Errors
    ///
    /// If it is strict, whatever recording says.
    pub fn store(&mut self) -> Result<()> {
        let Some(live) = self.live.take() else {
            return Ok(());
        };
        match live.prepare(true) {
            Prepared::Entry {
                auditor,
                entries,
                policy,
            } => {
                let mode = mode(&auditor, policy);
                auditor.record_in_mode(entries, policy, mode).map(drop)
            }
            Prepared::Answer(answer) => answer.map(drop),
        }
    }

    /// [`ActionCall::finish`] for async code.
    #[inline]
    pub async fn finish_async(&mut self) {
        if self.is_on() {
            drop(self.store_async().await);
        }
    }

    /// [`ActionCall::store`] for async code.
    ///
    /// # Errors
    ///
    /// If it is strict, whatever recording says.
    pub async fn store_async(&mut self) -> Result<()> {
        let Some(live) = self.live.take() else {
            return Ok(());
        };
        match live.prepare(true) {
            Prepared::Entry {
                auditor,
                entries,
                policy,
            } => {
                let batch = Batch::new(entries, policy);
                let mode = mode(&auditor, policy);
                if policy == FailurePolicy::BestEffort && mode == Mode::Buffered {
                    // There is nothing to wait for.
                    auditor.record_detached(batch);
                    return Ok(());
                }
                let mut delivering = Delivering::in_mode(auditor, batch, mode);
                poll_fn(|context| delivering.poll(context)).await.map(drop)
            }
            Prepared::Answer(answer) => answer.map(drop),
        }
    }
}

/// Strict means stored, also where delivery is buffered.
fn mode(auditor: &Auditor, policy: FailurePolicy) -> Mode {
    match policy {
        FailurePolicy::Strict => Mode::Durable,
        FailurePolicy::BestEffort => auditor.delivery().shared.mode,
    }
}

impl Live {
    fn prepare(mut self: Box<Self>, has_returned: bool) -> Prepared {
        if let Some(said) = self.body.take().and_then(|body| body.action()?.take()) {
            self.hear(said, has_returned);
        }
        self.name();
        if let Some(auditor) = &self.auditor
            && self.parts.policy != Some(FailurePolicy::Strict)
            && let Err(error) = auditor.can_digest(&self.parts.changes)
        {
            self.parts.changes = Changes::new();
            self.miss("changes", &error.to_string());
        }
        let live = *self;
        let Live {
            mut parts, auditor, ..
        } = live;
        parts.duration = live.duration.or_else(|| Some(live.started.elapsed()));
        let attempt = live.attempt.zip(auditor.clone());
        let (is_elsewhere, id) = match &attempt {
            Some((tenant, _)) => (parts.log_of() != Some(tenant), parts.id),
            None => (false, parts.id),
        };
        let prepared = parts.prepare(auditor);
        // The entry closes its attempt, unless there is none or it stands in another log.
        if let Some((tenant, auditor)) = attempt
            && (is_elsewhere || matches!(prepared, Prepared::Answer(_)))
        {
            drop(auditor.delivery().send(Note::Close(tenant, id)));
        }
        prepared
    }

    /// Takes in what the body said.
    fn hear(&mut self, said: Said, has_returned: bool) {
        let parts = &mut self.parts;
        if said.entity.is_some() {
            parts.entity = said.entity;
            (self.id, self.name) = (None, None);
        }
        if said.entity_name.is_some() {
            self.name = said.entity_name;
        }
        parts.metadata.extend(said.metadata);
        parts.reason = said.reason.or(parts.reason.take());
        parts.severity = said.severity.unwrap_or(parts.severity);
        if let Some(changes) = said.changes {
            parts.changes = changes;
        }
        if said.tenant.is_some() {
            parts.tenant = said.tenant;
        }
        // What a body said before it panicked does not tell how it ended.
        if has_returned && let Some(outcome) = said.outcome {
            parts.outcome = outcome;
            parts.error = said.error.or(parts.error.take());
        }
    }
}

impl Drop for ActionCall {
    #[inline]
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            live.break_off();
        }
    }
}

impl Live {
    /// The call ended without an end: it panicked, or its future was dropped.
    #[cold]
    fn break_off(self: Box<Self>) {
        let mut live = self;
        let has_panicked = live.is_polling || (thread::panicking() && !live.is_idle());
        let parts = &mut live.parts;
        parts.outcome = if has_panicked {
            Outcome::Panicked
        } else {
            Outcome::Cancelled
        };
        parts.error = None;
        // Nobody is there to be told.
        parts.policy = Some(FailurePolicy::BestEffort);
        let waits = has_panicked && !live.is_async;
        // A second panic while the first unwinds would end the process.
        drop(catch_unwind(AssertUnwindSafe(|| {
            match live.prepare(false) {
                Prepared::Entry {
                    auditor,
                    entries,
                    policy,
                } if waits => drop(auditor.record_now(entries, policy)),
                // The queue takes it whatever its bounds: an async drop cannot wait.
                Prepared::Entry {
                    auditor,
                    entries,
                    policy,
                } => auditor.record_detached(Batch::new(entries, policy)),
                // Counted and reported already.
                Prepared::Answer(_) => {}
            }
        })));
    }

    /// An async body that waits: if its thread panics, it is with something else.
    fn is_idle(&self) -> bool {
        self.is_async && !self.is_polling && self.duration.is_none()
    }
}
