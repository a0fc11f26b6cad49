//! What waits to be written, and what had to be let go.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::attempt::{Notes, Sent};
use super::gaps::Gaps;
use super::no_answer;
use super::ticket::Ticket;
use super::waking::{Lobby, Wakers};
use crate::entry::AuditEntry;
use crate::error::Error;
use crate::record::policy::{FailurePolicy, QueueLimits};
use crate::record::statistics::Tally;

/// Entries that are written together or not at all.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<AuditEntry>,
    /// How many entries it came with.
    pub(crate) count: usize,
    bytes: usize,
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
            count: entries.len(),
            entries,
            bytes,
            ticket: None,
            policy,
            number: 0,
        }
    }

    /// Whether somebody waits for the answer.
    fn is_awaited(&self) -> bool {
        let ticket = self.ticket.as_ref();
        ticket.is_some_and(|ticket| !ticket.is_abandoned())
    }

    /// Gives the entries up where that is the policy and somebody is there to be told. The caller
    /// gets them along with the error: until it has taken both, it may still go away.
    #[must_use]
    pub(super) fn refuse(&mut self, error: &Error, wakers: &mut Wakers) -> bool {
        if self.policy != FailurePolicy::Strict {
            return false;
        }
        let Some(ticket) = &self.ticket else {
            return false;
        };
        let error = match self.entries.first() {
            Some(entry) => error.shared().with_entry(entry.id),
            None => error.shared(),
        };
        match ticket.refuse(error, std::mem::take(&mut self.entries)) {
            Ok(waker) => {
                wakers.add(waker);
                self.ticket = None;
                true
            }
            Err(entries) => {
                self.entries = entries;
                false
            }
        }
    }
}

impl Drop for Batch {
    /// Whatever happens to a batch, its caller does not wait for ever.
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            Wakers::from(ticket.answer(Err(no_answer()))).wake();
        }
    }
}

/// When the delivery thread is to be woken.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wake {
    /// As soon as so many batches and notes wait.
    Waiting(usize),
    /// As soon as somebody waits for an answer.
    Awaited,
    /// The same, or as soon as so much is queued.
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
    pub(super) lobby: Lobby,
    /// Entries that are written. Memory goes back fastest on the thread that asked for it, so the
    /// next caller takes them and drops them.
    pub(crate) spent: Vec<Vec<AuditEntry>>,
    /// The delivery thread sleeps until so much waits. Waking it costs a system call, so whoever
    /// submits something does it only when it is of use.
    pub(crate) wake_at: Option<Wake>,
    /// Somebody has begun to wait for everything: the pause after a failure ends, once.
    pub(crate) hurry: bool,
    /// So many wait for everything: nothing is put off.
    pub(super) flushes: usize,
    pub(super) gaps: Gaps,
    pub(crate) tally: Tally,
    pub(crate) closing: bool,
    pub(crate) closed: bool,
}

impl Queue {
    /// Whether a batch of this size may come in, where `times` the limits hold. One that is
    /// larger than the whole queue may when nothing else is there.
    pub(crate) fn has_room(&self, batch: &Batch, limits: &QueueLimits, times: usize) -> bool {
        self.entries == 0
            || (self.entries + batch.count <= limits.entries.saturating_mul(times)
                && self.bytes + batch.bytes <= limits.bytes.saturating_mul(times))
    }

    /// Takes a batch in; true if the delivery thread has to be woken.
    #[must_use]
    pub(crate) fn push(&mut self, mut batch: Batch) -> bool {
        self.accepted += 1;
        batch.number = self.accepted;
        self.outstanding.insert(batch.number);
        self.entries += batch.count;
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
            Some(Wake::Awaited) => self.is_newest_awaited(),
            Some(Wake::Pressed(much)) => self.is_newest_awaited() || self.is_much(much),
            None => false,
        };
        if is_enough {
            self.wake_at = None;
        }
        is_enough
    }

    fn is_newest_awaited(&self) -> bool {
        !self.notes.is_empty() || self.batches.back().is_some_and(Batch::is_awaited)
    }

    /// Whether somebody waits for the answer to something that is queued.
    pub(super) fn is_awaited(&self) -> bool {
        !self.notes.is_empty() || self.batches.iter().any(Batch::is_awaited)
    }

    fn is_much(&self, much: Much) -> bool {
        self.entries >= much.entries || self.bytes >= much.bytes
    }

    /// Whether nobody waits for what is queued, and there is room for more.
    pub(super) fn is_leisurely(&self, much: Much) -> bool {
        let is_urgent = self.closing || self.flushes > 0 || self.lobby.wants_room;
        let is_urgent = is_urgent || self.gaps.are_waiting() || self.is_much(much);
        !is_urgent && !self.is_awaited()
    }

    /// What a flush has to see done.
    pub(crate) fn goal(&self) -> u64 {
        self.accepted
    }

    /// Whether every batch up to a goal is done with, and every loss told of.
    pub(crate) fn is_done(&self, goal: u64) -> bool {
        self.outstanding.first().is_none_or(|oldest| *oldest > goal) && !self.gaps.are_untold()
    }

    /// The next batches, up to `max` entries; those whose callers have given up fall out.
    pub(crate) fn take(&mut self, max: usize) -> Vec<Batch> {
        let mut taken = Vec::new();
        let mut entries = 0;
        while let Some(next) = self.batches.front() {
            if !taken.is_empty() && entries + next.count > max {
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
            entries += batch.count;
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
        self.entries = self.entries.saturating_sub(batch.count);
        self.bytes = self.bytes.saturating_sub(batch.bytes);
        self.outstanding.remove(&batch.number);
    }

    /// Counts anew, after a panic dropped what was being written; says how many entries that were.
    pub(crate) fn count_anew(&mut self) -> usize {
        let before = self.entries;
        let batches = self.batches.iter().map(|batch| batch.number);
        let notes = self.notes.iter().map(|note| note.number);
        self.outstanding = batches.chain(notes).collect();
        self.entries = self.batches.iter().map(|batch| batch.count).sum();
        self.bytes = self.batches.iter().map(|batch| batch.bytes).sum();
        self.gaps.restore();
        before.saturating_sub(self.entries)
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
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUCH: Much = Much {
        entries: 10,
        bytes: 1000,
    };

    fn batch() -> Batch {
        Batch::new(Vec::new(), FailurePolicy::Strict)
    }

    #[test]
    fn what_nobody_waits_for_is_put_off_unless_somebody_waits_for_all_or_for_room() {
        let mut queue = Queue::default();
        assert!(!queue.push(batch()));
        assert!(queue.is_leisurely(MUCH));
        queue.flushes += 1;
        assert!(!queue.is_leisurely(MUCH));
        queue.flushes -= 1;
        queue.lobby.wants_room = true;
        assert!(!queue.is_leisurely(MUCH));
    }

    #[test]
    fn in_a_pause_only_what_somebody_waits_for_wakes() {
        let mut queue = Queue {
            wake_at: Some(Wake::Awaited),
            ..Queue::default()
        };
        assert!(!queue.push(batch()));
        let mut abandoned = batch();
        let ticket = Arc::<Ticket>::default();
        drop(ticket.abandon());
        abandoned.ticket = Some(ticket);
        assert!(!queue.push(abandoned));
        assert!(!queue.is_awaited());
        let mut awaited = batch();
        awaited.ticket = Some(Arc::default());
        assert!(queue.push(awaited));
        assert!(queue.is_awaited());
    }
}
