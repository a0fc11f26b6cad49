//! What becomes of batches that were written, could not be written, or are let go: their callers
//! learn it, and it is counted.

use super::queue::{Batch, Gap, Queue};
use super::{Answer, Shared};
use crate::entry::Tenant;
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
    let durability = shared.store.durability();
    let now = shared.clock.now();
    let mut answers = Vec::with_capacity(batches.len());
    let mut conflicts = 0;
    let mut rest = appended;
    settle(shared, |queue| {
        for batch in &batches {
            let (own, others) = rest
                .split_at_checked(batch.entries.len())
                .unwrap_or_default();
            rest = others;
            let mut answer: Answer = Ok(Vec::with_capacity(own.len()));
            for (entry, appended) in batch.entries.iter().zip(own) {
                match appended {
                    Appended::Stored { index } | Appended::Present { index } => {
                        let is_new = retried || matches!(appended, Appended::Stored { .. });
                        queue.tally.written += u64::from(is_new);
                        if let Ok(receipts) = &mut answer {
                            receipts.push(Receipt::new(entry.id, Some(*index), durability));
                        }
                    }
                    Appended::Conflict => {
                        let error = conflict().with_entry(entry.id);
                        queue.tally.last_error = Some(LastError::new(&error, now));
                        if batch.fails_to_caller() {
                            queue.tally.failed += 1;
                            answer = Err(error);
                        } else {
                            queue.tally.lost += 1;
                            conflicts += 1;
                            queue.note_gap(&entry.tenant, entry.timestamp, error.kind());
                            if let Ok(receipts) = &mut answer {
                                receipts.push(Receipt::lost(entry.id));
                            }
                        }
                    }
                }
            }
            queue.leave(batch);
            answers.push(answer);
        }
        queue.gaps_told();
        queue.tally.failing_since = None;
        queue.tally.last_write = Some(now);
    });
    for (batch, answer) in batches.iter_mut().zip(answers) {
        if let Some(ticket) = batch.ticket.take() {
            ticket.answer_with(answer, std::mem::take(&mut batch.entries));
        }
    }
    if shared.mode == Mode::Buffered {
        shared.lock().leave_memory(batches);
    }
    if conflicts > 0 {
        report_lost(shared, conflicts, &conflict());
    }
}

pub(super) fn fail(shared: &Shared, batches: Vec<Batch>, gaps: Vec<(Tenant, Gap)>, error: &Error) {
    let now = shared.clock.now();
    let mut delayed = 0;
    let mut answers = Vec::new();
    settle(shared, |queue| {
        queue.tally.failing_since.get_or_insert(now);
        queue.tally.last_error = Some(LastError::new(error, now));
        queue.gaps_untold(gaps);
        let mut kept = Vec::new();
        for mut batch in batches {
            let is_told = batch.fails_to_caller();
            let ticket = batch.ticket.take();
            if is_told {
                queue.tally.failed += batch.entries.len() as u64;
                queue.leave(&batch);
                answers.push((ticket, Err(about(error, &batch))));
                continue;
            }
            answers.push((ticket, Ok(super::queued_receipts(&batch))));
            delayed += batch.entries.len() as u64;
            kept.push(batch);
        }
        queue.put_back(kept);
    });
    for (ticket, answer) in answers {
        if let Some(ticket) = ticket {
            ticket.answer(answer);
        }
    }
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

/// A copy of an error, naming the first entry of a batch.
pub(super) fn about(error: &Error, batch: &Batch) -> Error {
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
        settle(self, |queue| {
            for note in &notes {
                queue.leave_note(note);
            }
        });
        drop(notes);
        settle(self, |queue| {
            for mut batch in queue.drain() {
                queue.leave(&batch);
                let count = batch.entries.len() as u64;
                let is_told = batch.fails_to_caller();
                let ticket = batch.ticket.take();
                if ticket.as_ref().is_some_and(|ticket| !ticket.take()) {
                    // Its caller has given up, and was counted then.
                    continue;
                }
                if is_told {
                    queue.tally.failed += count;
                    answers.push((ticket, Err(about(error, &batch))));
                } else {
                    lost += count;
                    let receipts = batch.entries.iter().map(|entry| Receipt::lost(entry.id));
                    answers.push((ticket, Ok(receipts.collect())));
                }
            }
            queue.tally.lost += lost;
        });
        for (ticket, answer) in answers {
            if let Some(ticket) = ticket {
                ticket.answer(answer);
            }
        }
        if lost > 0 {
            report_lost(self, lost, error);
        }
    }
}

/// Changes the queue and wakes whoever waits for that.
pub(super) fn settle(shared: &Shared, change: impl FnOnce(&mut Queue)) {
    let mut queue = shared.lock();
    change(&mut queue);
    let wakers = std::mem::take(&mut queue.space_wakers);
    drop(queue);
    shared.announce_room(wakers);
}

fn conflict() -> Error {
    Error::new(
        ErrorKind::IdConflict,
        "another entry of the tenant already has this id and is about something else; nothing was stored, give the draft an id of its own or none",
    )
}
