//! What waits to be written, and what had to be let go.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use chrono::{DateTime, Utc};

use super::ticket::Ticket;
use crate::entry::{AuditEntry, Tenant};
use crate::error::ErrorKind;
use crate::record::policy::{FailurePolicy, QueueLimits};
use crate::record::statistics::Tally;

/// Entries that are written together or not at all.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<AuditEntry>,
    pub(crate) bytes: usize,
    /// Somebody waits for the answer.
    pub(crate) ticket: Option<Arc<Ticket>>,
    pub(crate) policy: FailurePolicy,
}

impl Batch {
    pub(crate) fn new(entries: Vec<AuditEntry>, policy: FailurePolicy) -> Self {
        let bytes = entries.iter().map(AuditEntry::size).sum();
        Self {
            entries,
            bytes,
            ticket: None,
            policy,
        }
    }

    /// Whether it may be given up: somebody is told, and that is the policy.
    pub(crate) fn fails_to_caller(&self) -> bool {
        self.ticket.is_some() && self.policy == FailurePolicy::Strict
    }
}

/// Everything that the queue's lock guards.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    batches: VecDeque<Batch>,
    /// Waiting and being written.
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    /// Batches ever accepted and ever done with: a flush waits for one to reach the other.
    pub(crate) accepted: u64,
    pub(crate) done: u64,
    pub(crate) space_wakers: Vec<Waker>,
    /// Entries that are written. Memory goes back fastest on the thread that asked for it, so the
    /// next caller takes them and drops them.
    pub(crate) spent: Vec<Vec<AuditEntry>>,
    /// The delivery thread sleeps until so many batches wait. Waking it costs a system call, so
    /// whoever submits one does it only when it is of use.
    pub(crate) wake_at: Option<usize>,
    pub(crate) gaps: BTreeMap<Tenant, Gap>,
    pub(crate) tally: Tally,
    pub(crate) closing: bool,
    pub(crate) closed: bool,
}

impl Queue {
    /// Whether a batch of this size may come in. One that is larger than the whole queue may
    /// when nothing else is there.
    pub(crate) fn has_room(&self, batch: &Batch, limits: &QueueLimits) -> bool {
        self.entries == 0
            || (self.entries + batch.entries.len() <= limits.entries
                && self.bytes + batch.bytes <= limits.bytes)
    }

    /// Takes a batch in; true if the delivery thread has to be woken.
    #[must_use]
    pub(crate) fn push(&mut self, batch: Batch) -> bool {
        self.entries += batch.entries.len();
        self.bytes += batch.bytes;
        self.accepted += 1;
        self.batches.push_back(batch);
        self.wake_at
            .take_if(|enough| self.batches.len() >= *enough)
            .is_some()
    }

    /// The next batches, up to `max` entries; those whose callers have given up fall out.
    pub(crate) fn take(&mut self, max: usize) -> Vec<Batch> {
        let mut taken = Vec::new();
        let mut entries = 0;
        while let Some(next) = self.batches.front() {
            if !taken.is_empty() && entries + next.entries.len() > max {
                break;
            }
            let Some(batch) = self.batches.pop_front() else {
                break;
            };
            if batch.ticket.as_ref().is_some_and(|ticket| !ticket.take()) {
                self.leave(&batch);
                continue;
            }
            entries += batch.entries.len();
            taken.push(batch);
        }
        taken
    }

    /// Puts batches back in front, in their order.
    pub(crate) fn put_back(&mut self, batches: Vec<Batch>) {
        for batch in batches.into_iter().rev() {
            self.batches.push_front(batch);
        }
    }

    /// A batch is done with: written, refused or lost.
    pub(crate) fn leave(&mut self, batch: &Batch) {
        self.entries = self.entries.saturating_sub(batch.entries.len());
        self.bytes = self.bytes.saturating_sub(batch.bytes);
        self.done += 1;
    }

    /// Keeps the memory of batches that are done with, as much as one group needs.
    pub(crate) fn leave_memory(&mut self, batches: impl IntoIterator<Item = Batch>) {
        if self.spent.is_empty() {
            self.spent
                .extend(batches.into_iter().map(|batch| batch.entries));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.batches.len()
    }

    /// Takes everything that waits, to let it go.
    pub(crate) fn drain(&mut self) -> Vec<Batch> {
        self.batches.drain(..).collect()
    }

    pub(crate) fn note_gap(&mut self, entry: &AuditEntry, cause: ErrorKind) {
        self.gaps
            .entry(entry.tenant.clone())
            .or_insert_with(|| Gap::new(entry.timestamp))
            .add(entry.timestamp, cause);
    }
}

/// Entries of one tenant that are lost and not yet confessed.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    pub(crate) lost: u64,
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) causes: Vec<(ErrorKind, u64)>,
}

impl Gap {
    fn new(time: DateTime<Utc>) -> Self {
        Self {
            lost: 0,
            first: time,
            last: time,
            causes: Vec::new(),
        }
    }

    fn add(&mut self, time: DateTime<Utc>, cause: ErrorKind) {
        self.lost += 1;
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        match self.causes.iter_mut().find(|(seen, _)| *seen == cause) {
            Some((_, times)) => *times += 1,
            None => self.causes.push((cause, 1)),
        }
    }
}
