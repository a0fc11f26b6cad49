//! What waits to be written, and what had to be let go.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::attempt::{Notes, Sent};
use super::no_answer;
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
    /// Its place among all batches that were accepted.
    number: u64,
}

impl Batch {
    pub(crate) fn new(entries: Vec<AuditEntry>, policy: FailurePolicy) -> Self {
        let bytes = entries.iter().map(AuditEntry::size).sum();
        Self {
            entries,
            bytes,
            ticket: None,
            policy,
            number: 0,
        }
    }

    /// Whether it may be given up: somebody is told, and that is the policy.
    pub(crate) fn fails_to_caller(&self) -> bool {
        self.policy == FailurePolicy::Strict
            && self
                .ticket
                .as_ref()
                .is_some_and(|ticket| !ticket.is_abandoned())
    }
}

impl Drop for Batch {
    /// Whatever happens to a batch, its caller does not wait for ever.
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            ticket.answer(Err(no_answer()));
        }
    }
}

/// When the delivery thread is to be woken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wake {
    /// As soon as so many batches and notes wait.
    Waiting(usize),
    /// As soon as somebody waits for an answer, or so much is queued.
    Pressed(Much),
}

/// How much in the queue is enough for a commit of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Much {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
}

/// Everything that the queue's lock guards.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    batches: VecDeque<Batch>,
    notes: Notes,
    /// Waiting and being written.
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    /// The numbers of the batches and notes that are waiting or being written.
    outstanding: BTreeSet<u64>,
    accepted: u64,
    pub(crate) space_wakers: Vec<Waker>,
    /// Entries that are written. Memory goes back fastest on the thread that asked for it, so the
    /// next caller takes them and drops them.
    pub(crate) spent: Vec<Vec<AuditEntry>>,
    /// The delivery thread sleeps until so much waits. Waking it costs a system call, so whoever
    /// submits something does it only when it is of use.
    pub(crate) wake_at: Option<Wake>,
    /// Somebody waits for everything: the pause after a failure ends.
    pub(crate) hurry: bool,
    /// Losses that no entry tells of yet.
    gaps: BTreeMap<Tenant, Gap>,
    /// Losses that an entry tried to tell of, which has to be the same when it is tried again.
    telling: Vec<(Tenant, Gap)>,
    /// Those of them that the delivery thread is writing.
    in_flight_gaps: Vec<(Tenant, Gap)>,
    pub(crate) tally: Tally,
    pub(crate) closing: bool,
    pub(crate) closed: bool,
}

impl Queue {
    /// Whether a batch of this size may come in, where `times` the limits hold. One that is
    /// larger than the whole queue may when nothing else is there.
    pub(crate) fn has_room(&self, batch: &Batch, limits: &QueueLimits, times: usize) -> bool {
        self.entries == 0
            || (self.entries + batch.entries.len() <= limits.entries.saturating_mul(times)
                && self.bytes + batch.bytes <= limits.bytes.saturating_mul(times))
    }

    /// Takes a batch in; true if the delivery thread has to be woken.
    #[must_use]
    pub(crate) fn push(&mut self, mut batch: Batch) -> bool {
        self.accepted += 1;
        batch.number = self.accepted;
        self.outstanding.insert(batch.number);
        self.entries += batch.entries.len();
        self.bytes += batch.bytes;
        self.batches.push_back(batch);
        self.is_enough()
    }

    /// Takes a note about an attempt in; true if the delivery thread has to be woken.
    #[must_use]
    pub(super) fn push_note(&mut self, mut note: Sent) -> bool {
        self.accepted += 1;
        note.number = self.accepted;
        self.outstanding.insert(note.number);
        self.notes.push_back(note);
        self.is_enough()
    }

    /// Takes every note about an attempt.
    pub(super) fn take_notes(&mut self) -> Notes {
        std::mem::take(&mut self.notes)
    }

    /// A note is carried out, well or badly.
    pub(super) fn leave_note(&mut self, note: &Sent) {
        self.outstanding.remove(&note.number);
    }

    fn is_enough(&mut self) -> bool {
        let is_enough = match self.wake_at {
            Some(Wake::Waiting(enough)) => self.waiting() >= enough,
            Some(Wake::Pressed(much)) => {
                let newest = self.batches.back();
                let is_awaited = newest.is_some_and(|batch| batch.ticket.is_some());
                is_awaited || !self.notes.is_empty() || self.is_much(much)
            }
            None => false,
        };
        if is_enough {
            self.wake_at = None;
        }
        is_enough
    }

    fn is_much(&self, much: Much) -> bool {
        self.entries >= much.entries || self.bytes >= much.bytes
    }

    /// Whether nobody waits for what is queued, and there is room for more.
    pub(super) fn is_leisurely(&self, much: Much) -> bool {
        let is_urgent = self.hurry || self.closing || self.has_gaps() || !self.notes.is_empty();
        let is_awaited = || self.batches.iter().any(|batch| batch.ticket.is_some());
        !is_urgent && !self.is_much(much) && !is_awaited()
    }

    /// What a flush has to see done.
    pub(crate) fn goal(&self) -> u64 {
        self.accepted
    }

    /// Whether every batch up to a goal is done with, and every loss told of.
    pub(crate) fn is_done(&self, goal: u64) -> bool {
        self.outstanding.first().is_none_or(|oldest| *oldest > goal) && !self.has_untold()
    }

    /// The next batches, up to `max` entries; those whose callers have given up fall out.
    pub(crate) fn take(&mut self, max: usize) -> Vec<Batch> {
        let mut taken = Vec::new();
        let mut entries = 0;
        while let Some(next) = self.batches.front() {
            if !taken.is_empty() && entries + next.entries.len() > max {
                break;
            }
            let Some(mut batch) = self.batches.pop_front() else {
                break;
            };
            if batch.ticket.as_ref().is_some_and(|ticket| !ticket.take()) {
                batch.ticket = None;
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
        self.outstanding.remove(&batch.number);
    }

    /// Counts anew, after a panic dropped what was being written.
    pub(crate) fn count_anew(&mut self) {
        let batches = self.batches.iter().map(|batch| batch.number);
        let notes = self.notes.iter().map(|note| note.number);
        self.outstanding = batches.chain(notes).collect();
        self.entries = self.batches.iter().map(|batch| batch.entries.len()).sum();
        self.bytes = self.batches.iter().map(|batch| batch.bytes).sum();
        self.telling.append(&mut self.in_flight_gaps);
    }

    /// Keeps the memory of batches that are done with, as much as one group needs.
    pub(crate) fn leave_memory(&mut self, batches: impl IntoIterator<Item = Batch>) {
        if self.spent.is_empty() {
            let entries = |mut batch: Batch| std::mem::take(&mut batch.entries);
            self.spent.extend(batches.into_iter().map(entries));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting() == 0
    }

    pub(crate) fn waiting(&self) -> usize {
        self.batches.len() + self.notes.len()
    }

    /// Takes everything that waits, to let it go.
    pub(crate) fn drain(&mut self) -> Vec<Batch> {
        self.batches.drain(..).collect()
    }

    pub(crate) fn note_gap(&mut self, tenant: &Tenant, time: DateTime<Utc>, cause: ErrorKind) {
        self.gaps
            .entry(tenant.clone())
            .or_insert_with(|| Gap::new(time))
            .add(time, cause);
    }

    /// Whether there are losses that no stored entry tells of.
    fn has_untold(&self) -> bool {
        !self.gaps.is_empty() || !self.telling.is_empty() || !self.in_flight_gaps.is_empty()
    }

    /// Whether there are losses to tell of now.
    pub(crate) fn has_gaps(&self) -> bool {
        !self.gaps.is_empty() || !self.telling.is_empty()
    }

    /// Takes the losses to tell of.
    pub(crate) fn take_gaps(&mut self) -> Vec<(Tenant, Gap)> {
        let mut gaps = std::mem::take(&mut self.telling);
        gaps.extend(std::mem::take(&mut self.gaps));
        self.in_flight_gaps.clone_from(&gaps);
        gaps
    }

    /// The losses are told of.
    pub(crate) fn gaps_told(&mut self) {
        self.tally.gaps += self.in_flight_gaps.len() as u64;
        self.in_flight_gaps.clear();
    }

    /// The losses could not be told of, or nobody knows.
    pub(crate) fn gaps_untold(&mut self, gaps: Vec<(Tenant, Gap)>) {
        self.telling.extend(gaps);
        self.in_flight_gaps.clear();
    }
}

/// Entries of one tenant that are lost.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    /// Given when an entry first tries to tell of it.
    pub(crate) id: Option<Uuid>,
    pub(crate) lost: u64,
    pub(crate) first: DateTime<Utc>,
    pub(crate) last: DateTime<Utc>,
    pub(crate) causes: Vec<(ErrorKind, u64)>,
}

impl Gap {
    fn new(time: DateTime<Utc>) -> Self {
        Self {
            id: None,
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
