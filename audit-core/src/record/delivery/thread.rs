//! The delivery thread: takes what is queued, appends it in groups, answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::Shared;
use super::attempt::Notes;
use super::queue::{Batch, Gap, Much, Queue, Wake};
use super::settling::{about, fail, report_lost, settle, succeed};
use crate::entry::{Actor, AuditEntry, Entity, Outcome, Severity, Tenant, action};
use crate::error::{Error, ErrorKind, Result};
use crate::record::policy::Delivery as Mode;
use crate::record::receipt::Receipt;
use crate::record::statistics::LastError;
use crate::store::{Appended, to_micros};

/// So many entries share a commit at the most.
const GROUP: usize = 1024;
/// The first pause after a failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How long a commit is put off when the callers of the last one are about to come back.
const GATHERING: Duration = Duration::from_micros(250);
/// How long one is put off for more to come where nobody waits for it.
const LEISURE: Duration = Duration::from_millis(50);

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
                queue = wait(shared, queue, Wake::Waiting(waiting + 1), left);
            }
            _ if !queue.is_empty() || queue.has_gaps() => break,
            _ if queue.closed => return None,
            _ => queue = wait(shared, queue, Wake::Waiting(1), Duration::MAX),
        }
    }
    if pause.is_none() {
        let much = much(shared);
        if shared.mode == Mode::Buffered && queue.is_leisurely(much) {
            // Whoever has news ends it; a little early does no harm.
            queue = wait(shared, queue, Wake::Pressed(much), LEISURE);
        } else if last_group > 1 {
            queue = gather(shared, queue, last_group);
        }
    }
    queue.hurry = false;
    let batches = queue.take(GROUP);
    Some(Group {
        notes: queue.take_notes(),
        batches,
        gaps: queue.take_gaps(),
    })
}

/// What is worth a commit by itself, and leaves callers room in the queue meanwhile.
fn much(shared: &Shared) -> Much {
    Much {
        entries: GROUP.min(shared.limits.entries / 2),
        bytes: shared.limits.bytes / 2,
    }
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
        queue = wait(shared, queue, Wake::Waiting(last_group), left);
    }
    queue
}

/// Sleeps until enough waits, somebody has news, or the time is over.
fn wait<'a>(
    shared: &'a Shared,
    mut queue: std::sync::MutexGuard<'a, Queue>,
    enough: Wake,
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
