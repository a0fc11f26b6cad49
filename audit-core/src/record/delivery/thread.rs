//! The delivery thread: takes what is queued, appends it in groups, answers.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::queue::{Batch, Gap, Queue};
use super::{Answer, Shared};
use crate::entry::{Actor, AuditEntry, Entity, Outcome, Severity, Tenant, action};
use crate::error::{Error, ErrorKind, Result};
use crate::record::policy::FailurePolicy;
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
const GATHERING: Duration = Duration::from_micros(150);

pub(super) fn run(shared: &Arc<Shared>) {
    let mut pause = None;
    let mut last_group = 0;
    while let Some(group) = next_group(shared, pause, last_group) {
        last_group = group.batches.len();
        let failed = write(shared, group);
        pause = failed.then(|| {
            pause.map_or(FIRST_PAUSE, |pause: Duration| {
                (pause * 2).min(LONGEST_PAUSE)
            })
        });
    }
}

/// What is written in one transaction.
struct Group {
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
            Some(end) if queue.waiting() <= waiting && !queue.closed => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    until = None;
                    continue;
                }
                queue = wait(shared, queue, waiting + 1, left);
            }
            _ if !queue.is_empty() || !queue.gaps.is_empty() => break,
            _ if queue.closing => return None,
            _ => queue = wait(shared, queue, 1, Duration::MAX),
        }
    }
    if pause.is_none() && last_group > 1 {
        queue = gather(shared, queue, last_group);
    }
    let batches = queue.take(GROUP);
    let gaps = queue.gaps.clone().into_iter().collect();
    Some(Group { batches, gaps })
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
    let Group { batches, gaps } = group;
    let mut sizes = Vec::with_capacity(batches.len());
    let mut entries = Vec::with_capacity(batches.iter().map(|batch| batch.entries.len()).sum());
    let mut shells = Vec::with_capacity(batches.len());
    for mut batch in batches {
        sizes.push(batch.entries.len());
        entries.append(&mut batch.entries);
        shells.push(batch);
    }
    let own = entries.len();
    entries.extend(
        gaps.iter()
            .map(|(tenant, gap)| gap_entry(shared, tenant, gap)),
    );
    if entries.is_empty() {
        settle(shared, |queue| {
            for shell in &shells {
                queue.leave(shell);
            }
        });
        return false;
    }

    let appended = append(shared, &entries);
    entries.truncate(own);
    // Each batch gets its own entries back, to be answered or put back.
    for (shell, size) in shells.iter_mut().zip(sizes).rev() {
        let start = entries.len().saturating_sub(size);
        shell.entries = entries.split_off(start);
    }
    match appended {
        Ok(appended) => {
            succeed(shared, shells, &appended, &gaps);
            false
        }
        Err(error) => {
            fail(shared, shells, &error);
            true
        }
    }
}

fn append(shared: &Shared, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
    let attempt = || {
        // A panic in a store is a failure like any other; its callers still get an answer.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shared.store.append(entries)))
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
        Err(error) if error.kind() == ErrorKind::Unknown => attempt().map_err(|_| error),
        answer => answer,
    }
}

fn succeed(
    shared: &Shared,
    mut batches: Vec<Batch>,
    appended: &[Appended],
    gaps: &[(Tenant, Gap)],
) {
    let durability = shared.store.durability();
    let mut answers = Vec::with_capacity(batches.len());
    let mut conflicts = Vec::new();
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
                        queue.tally.written +=
                            u64::from(matches!(appended, Appended::Stored { .. }));
                        if let Ok(receipts) = &mut answer {
                            receipts.push(Receipt::new(entry.id, Some(*index), durability));
                        }
                    }
                    Appended::Conflict => {
                        let error = conflict().with_entry(entry.id);
                        queue.tally.last_error = Some(LastError::new(&error, shared.clock.now()));
                        if batch.fails_to_caller() {
                            queue.tally.failed += 1;
                            answer = Err(error);
                        } else {
                            queue.tally.lost += 1;
                            conflicts.push(entry.action.clone());
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
        queue.tally.gaps += gaps.len() as u64;
        queue.tally.failing_since = None;
        queue.tally.last_write = Some(shared.clock.now());
        for (tenant, told) in gaps {
            confess(queue, tenant, told);
        }
    });
    for (batch, answer) in batches.iter_mut().zip(answers) {
        if let Some(ticket) = batch.ticket.take() {
            ticket.answer(answer);
        }
    }
    shared.lock().leave_memory(batches);
    for action in conflicts {
        shared.reporter.report(&Problem {
            kind: ProblemKind::Lost,
            entries: 1,
            tenant: None,
            action: Some(&action),
            error: &conflict(),
        });
    }
}

/// A gap was told of; what was lost meanwhile remains to be told.
fn confess(queue: &mut Queue, tenant: &Tenant, told: &Gap) {
    if let Some(gap) = queue.gaps.get_mut(tenant) {
        gap.lost = gap.lost.saturating_sub(told.lost);
        for (cause, times) in &told.causes {
            if let Some((_, left)) = gap.causes.iter_mut().find(|(seen, _)| seen == cause) {
                *left = left.saturating_sub(*times);
            }
        }
        gap.causes.retain(|(_, times)| *times > 0);
        gap.first = gap.first.max(told.last);
        if gap.lost == 0 {
            queue.gaps.remove(tenant);
        }
    }
}

fn fail(shared: &Shared, batches: Vec<Batch>, error: &Error) {
    let mut delayed = 0;
    let mut answers = Vec::new();
    settle(shared, |queue| {
        let now = shared.clock.now();
        queue.tally.failing_since.get_or_insert(now);
        queue.tally.last_error = Some(LastError::new(error, now));
        let mut kept = Vec::new();
        for mut batch in batches {
            let ticket = batch.ticket.take();
            if let Some(ticket) = ticket {
                if batch.policy == FailurePolicy::Strict {
                    queue.tally.failed += batch.entries.len() as u64;
                    queue.leave(&batch);
                    let id = batch.entries.first().map(|entry| entry.id);
                    let error = error.shared();
                    answers.push((
                        ticket,
                        Err(match id {
                            Some(id) => error.with_entry(id),
                            None => error,
                        }),
                    ));
                    continue;
                }
                answers.push((ticket, Ok(super::queued_receipts(&batch))));
            }
            delayed += batch.entries.len() as u64;
            kept.push(batch);
        }
        queue.put_back(kept);
    });
    for (ticket, answer) in answers {
        ticket.answer(answer);
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

impl Shared {
    /// Lets everything go that is still queued, counted and reported: the end has come.
    pub(super) fn let_go_of_all(&self, error: &Error) {
        let mut lost = 0;
        let mut tickets = Vec::new();
        settle(self, |queue| {
            for mut batch in queue.drain() {
                lost += batch.entries.len() as u64;
                tickets.extend(batch.ticket.take());
                queue.leave(&batch);
            }
            queue.tally.lost += lost;
        });
        for ticket in tickets {
            if ticket.take() {
                ticket.answer(Err(error.shared()));
            }
        }
        if lost > 0 {
            self.reporter.report(&Problem {
                kind: ProblemKind::Lost,
                entries: lost,
                tenant: None,
                action: None,
                error,
            });
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

fn gap_entry(shared: &Shared, tenant: &Tenant, gap: &Gap) -> AuditEntry {
    let now = to_micros(shared.clock.now());
    let mut entry = AuditEntry::new(
        shared.ids.next_id(),
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
