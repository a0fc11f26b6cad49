//! What becomes of batches that were written, could not be written, or are let go: their callers
//! learn it, and it is counted.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::gaps::{Gap, Told};
use super::queue::{Batch, Queue};
use super::ticket::Ticket;
use super::waking::Wakers;
use super::{Shared, queued_receipts};
use crate::entry::{Tenant, action};
use crate::error::{Error, ErrorKind};
use crate::record::policy::Delivery as Mode;
use crate::record::receipt::Receipt;
use crate::record::report::{Problem, ProblemKind};
use crate::record::statistics::LastError;
use crate::store::Appended;

pub(super) fn succeed(
    shared: &Shared,
    mut batches: Vec<Batch>,
    appended: &[Appended],
    retried: bool,
) {
    let durability = shared.durability();
    let now = shared.now();
    let mut answers = Vec::with_capacity(batches.len());
    let mut lost = 0;
    let mut rest = appended;
    let mut wakers = settle(shared, |queue, wakers| {
        for batch in &mut batches {
            let (own, others) = rest
                .split_at_checked(batch.entries.len())
                .unwrap_or_default();
            rest = others;
            queue.leave(batch);
            let mut receipts = Vec::with_capacity(own.len());
            for (entry, appended) in batch.entries.iter().zip(own) {
                receipts.push(match appended {
                    Appended::Stored { index } | Appended::Present { index } => {
                        let is_new = retried || matches!(appended, Appended::Stored { .. });
                        queue.tally.written += u64::from(is_new);
                        Receipt::new(entry.id, Some(*index), durability)
                    }
                    Appended::Conflict => Receipt::lost(entry.id),
                });
            }
            answers.push(receipts);
            if own.contains(&Appended::Conflict) {
                keep_conflicts(batch, own);
                let error = about(&conflict(), batch);
                queue.tally.last_error = Some(LastError::new(&error, now));
                lost += give_up(queue, batch, &error, wakers);
            }
        }
        if !appended.is_empty() {
            note_success(queue, now);
        }
    });
    for (batch, receipts) in batches.iter_mut().zip(answers) {
        if let Some(ticket) = batch.ticket.take() {
            let entries = std::mem::take(&mut batch.entries);
            wakers.add(ticket.answer_with(Ok(receipts), entries));
        }
    }
    wakers.wake();
    if shared.mode == Mode::Buffered {
        shared.lock().leave_memory(batches);
    }
    if lost > 0 {
        report_lost(shared, lost, &conflict());
    }
}

/// Leaves in a batch what is not stored.
fn keep_conflicts(batch: &mut Batch, appended: &[Appended]) {
    let entries = std::mem::take(&mut batch.entries).into_iter();
    let conflicting = entries
        .zip(appended)
        .filter(|(_, appended)| matches!(appended, Appended::Conflict));
    batch.entries = conflicting.map(|(entry, _)| entry).collect();
}

fn note_success(queue: &mut Queue, now: DateTime<Utc>) {
    queue.tally.failing_since = None;
    queue.tally.last_write = Some(now);
}

/// The store failed: whoever can be told is told, and the rest stays queued.
pub(super) fn fail(shared: &Shared, batches: Vec<Batch>, gaps: Vec<(Tenant, Gap)>, error: &Error) {
    let now = shared.now();
    let mut delayed = 0;
    let mut answers = Vec::new();
    let mut wakers = settle(shared, |queue, wakers| {
        queue.tally.failing_since.get_or_insert(now);
        queue.tally.last_error = Some(LastError::new(error, now));
        if !gaps.is_empty() {
            queue.gaps.settle(Told::not_at_all(gaps));
        }
        let mut kept = Vec::new();
        for mut batch in batches {
            let count = batch.entries.len() as u64;
            if batch.refuse(error, wakers) {
                queue.tally.failed += count;
                queue.leave(&batch);
                continue;
            }
            if let Some(ticket) = batch.ticket.take() {
                answers.push((ticket, queued_receipts(&batch)));
            }
            delayed += count;
            kept.push(batch);
        }
        queue.put_back(kept);
    });
    for (ticket, receipts) in answers {
        wakers.add(ticket.answer(Ok(receipts)));
    }
    wakers.wake();
    if shared.lock().closed {
        // There is no next time.
        shared.let_go_of_all(error);
    } else if delayed > 0 {
        shared.reporter.report(&Problem {
            kind: ProblemKind::Delayed,
            entries: delayed,
            tenant: None,
            action: None,
            error,
        });
    }
}

/// The store refuses a batch for what it is: it is never tried again.
pub(super) fn turn_down(shared: &Shared, mut batch: Batch, error: &Error) {
    let now = shared.now();
    let receipts = batch.entries.iter().map(|entry| Receipt::lost(entry.id));
    let receipts: Vec<Receipt> = receipts.collect();
    let mut lost = 0;
    let mut wakers = settle(shared, |queue, wakers| {
        queue.tally.last_error = Some(LastError::new(error, now));
        queue.leave(&batch);
        lost = give_up(queue, &mut batch, error, wakers);
    });
    if let Some(ticket) = batch.ticket.take() {
        wakers.add(ticket.answer(Ok(receipts)));
    }
    wakers.wake();
    if lost > 0 {
        report_lost(shared, lost, error);
    }
}

/// Entries that are not tried again: their caller gets the error, or they are lost, and a gap
/// entry will tell of them. Says how many are lost.
fn give_up(queue: &mut Queue, batch: &mut Batch, error: &Error, wakers: &mut Wakers) -> u64 {
    let count = batch.entries.len() as u64;
    if batch.refuse(error, wakers) {
        queue.tally.failed += count;
        return 0;
    }
    queue.tally.lost += count;
    for entry in &batch.entries {
        let (tenant, time) = (&entry.tenant, entry.timestamp);
        queue.gaps.note(tenant, time, error.kind());
    }
    count
}

/// What became of gaps is known. True if some are to be tried again.
pub(super) fn settle_gaps(shared: &Shared, told: Told, refusal: Option<&Error>) -> bool {
    let now = shared.now();
    let is_unfinished = !told.untold.is_empty();
    let refused: Vec<Tenant> = told.refused.iter().map(|gap| gap.0.clone()).collect();
    let wakers = settle(shared, |queue, _| {
        if told.stored > 0 {
            queue.tally.gaps += told.stored;
            note_success(queue, now);
        }
        if let Some(error) = refusal {
            queue.tally.last_error = Some(LastError::new(error, now));
        }
        queue.gaps.settle(told);
    });
    wakers.wake();
    for tenant in &refused {
        let Some(error) = refusal else { break };
        shared.reporter.report(&Problem {
            kind: ProblemKind::Lost,
            entries: 1,
            tenant: Some(tenant),
            action: Some(action::GAP),
            error,
        });
    }
    is_unfinished
}

/// A copy of an error, naming the first entry of a batch.
fn about(error: &Error, batch: &Batch) -> Error {
    match batch.entries.first() {
        Some(entry) => error.shared().with_entry(entry.id),
        None => error.shared(),
    }
}

pub(super) fn report_lost(shared: &Shared, entries: u64, error: &Error) {
    shared.reporter.report(&Problem {
        kind: ProblemKind::Lost,
        entries,
        tenant: None,
        action: None,
        error,
    });
}

impl Shared {
    /// Lets everything go that is still queued, counted and reported: the end has come.
    pub(super) fn let_go_of_all(&self, error: &Error) {
        let mut lost = 0;
        let mut answers = Vec::new();
        // Their senders are told when they are dropped, which is not under the lock.
        let notes = self.lock().take_notes();
        let mut wakers = settle(self, |queue, wakers| {
            for note in &notes {
                queue.leave_note(note);
            }
            for mut batch in queue.drain() {
                queue.leave(&batch);
                let is_given_up = |ticket: &Arc<Ticket>| !ticket.take();
                if batch.ticket.as_ref().is_some_and(is_given_up) {
                    // Its caller was counted then.
                    batch.ticket = None;
                    continue;
                }
                let count = batch.entries.len() as u64;
                if batch.refuse(error, wakers) {
                    queue.tally.failed += count;
                    continue;
                }
                lost += count;
                if let Some(ticket) = batch.ticket.take() {
                    let receipts = batch.entries.iter().map(|entry| Receipt::lost(entry.id));
                    answers.push((ticket, receipts.collect()));
                }
            }
            queue.tally.lost += lost;
        });
        for (ticket, receipts) in answers {
            wakers.add(ticket.answer(Ok(receipts)));
        }
        drop(notes);
        wakers.wake();
        if lost > 0 {
            report_lost(self, lost, error);
        }
    }
}

/// Changes the queue and tells whoever waits in a thread. Gives the wakers of those who wait
/// otherwise, and of those whom `change` has answered: they come last, for waking is code of the
/// user.
pub(super) fn settle(shared: &Shared, change: impl FnOnce(&mut Queue, &mut Wakers)) -> Wakers {
    let mut queue = shared.lock();
    let mut wakers = Wakers::default();
    change(&mut queue, &mut wakers);
    wakers.append(queue.lobby.call());
    drop(queue);
    shared.space.notify_all();
    shared.done.notify_all();
    wakers
}

fn conflict() -> Error {
    Error::new(
        ErrorKind::IdConflict,
        "another entry of the tenant already has this id and is about something else; nothing was stored, give the draft an id of its own or none",
    )
}
