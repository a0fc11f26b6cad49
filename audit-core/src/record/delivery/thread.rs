//! The delivery thread: takes what is queued, appends it in groups, answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::attempt::Notes;
use super::queue::{Batch, Gap, Queue};
use super::{Answer, Shared};
use crate::entry::{Actor, AuditEntry, Entity, Outcome, Severity, Tenant, action};
use crate::error::{Error, ErrorKind, Result};
use crate::record::policy::Delivery as Mode;
use crate::record::receipt::Receipt;
use crate::record::report::{Problem, ProblemKind};
use crate::record::statistics::LastError;
use crate::store::{Appended, to_micros};

/// So many entries share a commit at the most.
const GROUP: usize = 1024;
/// The first pause after a failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a commit is put off when the callers of the last one are about to come back.
const GATHERING: Duration = Duration::from_micros(250);

pub(super) fn run(shared: &Arc<Shared>) {
    let mut pause = None;
    let mut last_group = 0;
    loop {
        // A clock, a source of ids or a waker is the user's code: where one panics, the callers
        // get an answer and the thread goes on.
        let round = catch_unwind(AssertUnwindSafe(|| {
            let group = next_group(shared, pause, last_group)?;
            let size = group.batches.len();
            // An attempt is open before its own entry, which may be in the same group, ends it.
            for note in &group.notes {
                note.carry_out(&*shared.store);
                settle(shared, |queue| queue.leave_note(note));
            }
            Some((size, write(shared, group)))
        }));
        match round {
            Ok(None) => return,
            Ok(Some((size, failed))) => {
                // A crowd thins out slowly: one group that some came late for is no sign.
                last_group = size.max(last_group - last_group.div_ceil(8));
                pause = failed.then(|| {
                    pause.map_or(FIRST_PAUSE, |pause: Duration| {
                        (pause * 2).min(LONGEST_PAUSE)
                    })
                });
            }
            Err(_) => {
                settle(shared, Queue::count_anew);
                pause = Some(LONGEST_PAUSE);
            }
        }
    }
}

/// What is written in one transaction, and the notes before it.
struct Group {
    notes: Notes,
    batches: Vec<Batch>,
    gaps: Vec<(Tenant, Gap)>,
}

/// Waits for work. `None` when the end has come and nothing is left to do.
fn next_group(shared: &Shared, pause: Option<Duration>, last_group: usize) -> Option<Group> {
    let mut queue = shared.lock();
    let waiting = queue.waiting();
    let mut until = pause.map(|pause| Instant::now() + pause);
    loop {
        if queue.closed && queue.is_empty() {
            return None;
        }
        match until {
            // Something new is tried at once, for its caller waits; the old waits for the pause.
            Some(end) if queue.waiting() <= waiting && !queue.hurry && !queue.closed => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    until = None;
                    continue;
                }
                queue = wait(shared, queue, waiting + 1, left);
            }
            _ if !queue.is_empty() || queue.has_gaps() => break,
            _ if queue.closed => return None,
            _ => queue = wait(shared, queue, 1, Duration::MAX),
        }
    }
    if pause.is_none() && last_group > 1 {
        queue = gather(shared, queue, last_group);
    }
    queue.hurry = false;
    let batches = queue.take(GROUP);
    Some(Group {
        notes: queue.take_notes(),
        batches,
        gaps: queue.take_gaps(),
    })
}

/// Callers that were answered together come back together: a moment's wait gives one commit for
/// all of them where there would be two.
fn gather<'a>(
    shared: &'a Shared,
    mut queue: std::sync::MutexGuard<'a, Queue>,
    last_group: usize,
) -> std::sync::MutexGuard<'a, Queue> {
    let end = Instant::now() + GATHERING;
    while queue.waiting() < last_group && !queue.closing {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        queue = wait(shared, queue, last_group, left);
    }
    queue
}

/// Sleeps until so many batches wait, somebody has news, or the time is over.
fn wait<'a>(
    shared: &'a Shared,
    mut queue: std::sync::MutexGuard<'a, Queue>,
    enough: usize,
    time: Duration,
) -> std::sync::MutexGuard<'a, Queue> {
    queue.wake_at = Some(enough);
    let waited = shared.work.wait_timeout(queue, time);
    let mut queue = waited.unwrap_or_else(PoisonError::into_inner).0;
    queue.wake_at = None;
    queue
}

/// Appends a group and answers its callers. True if the store failed.
fn write(shared: &Shared, group: Group) -> bool {
    let Group {
        mut batches,
        mut gaps,
        ..
    } = group;
    let sizes: Vec<usize> = batches.iter().map(|batch| batch.entries.len()).collect();
    let mut entries = Vec::with_capacity(sizes.iter().sum::<usize>() + gaps.len());
    for batch in &mut batches {
        entries.append(&mut batch.entries);
    }
    let own = entries.len();
    for (tenant, gap) in &mut gaps {
        entries.push(gap_entry(shared, tenant, gap));
    }
    if entries.is_empty() {
        settle(shared, |queue| {
            for batch in &batches {
                queue.leave(batch);
            }
        });
        return false;
    }

    let appended = append(shared, &entries);
    entries.truncate(own);
    // Each batch gets its own entries back, to be answered or put back.
    for (batch, size) in batches.iter_mut().zip(sizes).rev() {
        let start = entries.len().saturating_sub(size);
        batch.entries = entries.split_off(start);
    }
    match appended {
        Ok((appended, retried)) => {
            succeed(shared, batches, &appended, retried);
            false
        }
        Err(error) if error.kind() == ErrorKind::Invalid => {
            settle(shared, |queue| queue.gaps_untold(gaps));
            write_one_by_one(shared, batches, &error)
        }
        Err(error) => {
            fail(shared, batches, gaps, &error);
            true
        }
    }
}

/// One entry that the store refuses for what it is must not hold up the others, nor be tried for
/// ever.
fn write_one_by_one(shared: &Shared, batches: Vec<Batch>, error: &Error) -> bool {
    if batches.len() > 1 {
        let mut failed = false;
        for batch in batches {
            let group = Group {
                notes: Notes::new(),
                batches: vec![batch],
                gaps: Vec::new(),
            };
            failed |= write(shared, group);
        }
        return failed;
    }
    let now = shared.clock.now();
    for mut batch in batches {
        let count = batch.entries.len() as u64;
        let is_told = batch.fails_to_caller();
        settle(shared, |queue| {
            queue.tally.last_error = Some(LastError::new(error, now));
            queue.leave(&batch);
            if is_told {
                queue.tally.failed += count;
            } else {
                queue.tally.lost += count;
                for entry in &batch.entries {
                    queue.note_gap(&entry.tenant, entry.timestamp, error.kind());
                }
            }
        });
        let ticket = batch.ticket.take();
        if is_told {
            if let Some(ticket) = ticket {
                ticket.answer(Err(about(error, &batch)));
            }
            continue;
        }
        if let Some(ticket) = ticket {
            let lost = batch.entries.iter().map(|entry| Receipt::lost(entry.id));
            ticket.answer(Ok(lost.collect()));
        }
        report_lost(shared, count, error);
    }
    false
}

/// Appends, once more with the same ids where the first answer leaves doubt; says whether it did.
fn append(shared: &Shared, entries: &[AuditEntry]) -> Result<(Vec<Appended>, bool)> {
    let attempt = || {
        // A panic in a store is a failure like any other; its callers still get an answer.
        catch_unwind(AssertUnwindSafe(|| shared.store.append(entries)))
            .unwrap_or_else(|_| {
                Err(Error::new(
                    ErrorKind::Unknown,
                    "the store panicked, the entries may or may not be stored; record the same drafts again, they are never stored twice",
                ))
            })
            .and_then(|appended| {
                if appended.len() == entries.len() {
                    Ok(appended)
                } else {
                    Err(Error::new(
                        ErrorKind::Unknown,
                        "the store did not say what became of each entry; it does not keep the contract of `AuditStore::append`",
                    ))
                }
            })
    };
    match attempt() {
        // The same ids again cannot store twice, and usually end the doubt.
        Err(error) if error.kind() == ErrorKind::Unknown => match attempt() {
            Ok(appended) => Ok((appended, true)),
            Err(_) => Err(error),
        },
        answer => answer.map(|appended| (appended, false)),
    }
}

fn succeed(shared: &Shared, mut batches: Vec<Batch>, appended: &[Appended], retried: bool) {
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

fn fail(shared: &Shared, batches: Vec<Batch>, gaps: Vec<(Tenant, Gap)>, error: &Error) {
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
fn about(error: &Error, batch: &Batch) -> Error {
    match batch.entries.first() {
        Some(entry) => error.shared().with_entry(entry.id),
        None => error.shared(),
    }
}

fn report_lost(shared: &Shared, entries: u64, error: &Error) {
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
fn settle(shared: &Shared, change: impl FnOnce(&mut Queue)) {
    let mut queue = shared.lock();
    change(&mut queue);
    let wakers = std::mem::take(&mut queue.space_wakers);
    drop(queue);
    shared.announce_room(wakers);
}

fn gap_entry(shared: &Shared, tenant: &Tenant, gap: &mut Gap) -> AuditEntry {
    let now = to_micros(shared.clock.now());
    let mut entry = AuditEntry::new(
        *gap.id.get_or_insert_with(|| shared.ids.next_id()),
        now,
        tenant.clone(),
        Actor::system().named("auditor"),
        action::GAP,
    );
    entry.entity = Some(Entity::new("audit_log"));
    entry.outcome = Outcome::Failure;
    entry.severity = Severity::Critical;
    let causes: Map<String, Value> = gap
        .causes
        .iter()
        .map(|(cause, times)| (format!("{cause:?}"), json!(times)))
        .collect();
    entry.metadata = Map::from_iter([
        ("lost".to_owned(), json!(gap.lost)),
        ("first".to_owned(), json!(gap.first)),
        ("last".to_owned(), json!(gap.last)),
        ("causes".to_owned(), Value::Object(causes)),
    ]);
    entry
}

fn conflict() -> Error {
    Error::new(
        ErrorKind::IdConflict,
        "another entry of the tenant already has this id and is about something else; nothing was stored, give the draft an id of its own or none",
    )
}
