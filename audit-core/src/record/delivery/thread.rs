//! The delivery thread: takes what is queued, in groups.

use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Shared;
use super::attempt::Notes;
use super::gaps::Gap;
use super::queue::{Batch, Much, Queue, Wake};
use super::settling::{report_lost, settle};
use super::writing::write;
use crate::entry::Tenant;
use crate::error::{Error, ErrorKind};
use crate::record::guarded::guarded;
use crate::record::policy::Delivery as Mode;

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
    shared.own_thread.get_or_init(|| thread::current().id());
    let mut past = Past::default();
    loop {
        // What runs code of the user guards it. Should anything panic all the same, the callers
        // get an answer, it is told of, and the thread goes on.
        let round = guarded(|| {
            let group = next_group(shared, &past)?;
            let size = group.batches.len();
            // An attempt is open before its own entry, which may be in the same group, ends it.
            for note in &group.notes {
                note.carry_out(&*shared.store);
                settle(shared, |queue, _| queue.leave_note(note)).wake();
            }
            let failed = write(shared, group.batches, group.gaps);
            Some(past.then(size, failed, group.hurry, group.is_last))
        });
        past = match round {
            Some(None) => return,
            Some(Some(past)) => past,
            None => {
                note_panic(shared);
                past.after_panic()
            }
        };
    }
}

/// How it went so far.
#[derive(Default)]
struct Past {
    /// How long to wait before what failed is tried again.
    pause: Option<Duration>,
    /// How many batches came together.
    last_group: usize,
    /// What was left at the end was tried once more, and failed.
    is_over: bool,
}

impl Past {
    fn then(&self, size: usize, failed: bool, hurry: bool, is_last: bool) -> Self {
        // Somebody waits for everything: the pauses begin anew.
        let before = self.pause.filter(|_| !hurry);
        let longer = |pause: Duration| (pause * 2).min(LONGEST_PAUSE);
        let last = self.last_group;
        Self {
            pause: failed.then(|| before.map_or(FIRST_PAUSE, longer)),
            // A crowd thins out slowly: one group that some came late for is no sign.
            last_group: size.max(last - last.div_ceil(8)),
            is_over: failed && is_last,
        }
    }

    fn after_panic(&self) -> Self {
        Self {
            pause: Some(LONGEST_PAUSE),
            last_group: self.last_group,
            is_over: true,
        }
    }
}

fn note_panic(shared: &Shared) {
    let mut lost = 0;
    settle(shared, |queue, _| {
        lost = queue.count_anew() as u64;
        queue.tally.lost += lost;
    })
    .wake();
    if lost > 0 {
        let error = Error::new(
            ErrorKind::Unknown,
            "the delivery thread panicked, the entries may or may not be stored; the panic says where",
        );
        report_lost(shared, lost, &error);
    }
}

/// What is written in one transaction, and the notes before it.
struct Group {
    notes: Notes,
    batches: Vec<Batch>,
    gaps: Vec<(Tenant, Gap)>,
    /// Somebody had begun to wait for everything.
    hurry: bool,
    /// Nothing can come after it.
    is_last: bool,
}

/// Waits for work. `None` when the end has come and nothing is left to do.
fn next_group(shared: &Shared, past: &Past) -> Option<Group> {
    let mut queue = shared.lock();
    let mut until = past.pause.map(|pause| Instant::now() + pause);
    loop {
        let has_gaps = queue.gaps.are_waiting();
        if queue.closed {
            // Losses are told of once more, and not for ever.
            if queue.is_empty() && (past.is_over || !has_gaps) {
                return None;
            }
            break;
        }
        match until {
            // What somebody waits for is tried at once; what nobody waits for, new or old, waits for
            // the end of the pause.
            Some(end) if !queue.hurry && !queue.is_awaited() => {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    until = None;
                    continue;
                }
                queue = wait(shared, queue, Wake::Awaited, left);
            }
            _ if !queue.is_empty() || has_gaps => break,
            _ => queue = wait(shared, queue, Wake::Waiting(1), Duration::MAX),
        }
    }
    if past.pause.is_none() {
        let much = much(shared);
        if shared.mode == Mode::Buffered && queue.is_leisurely(much) {
            // Whoever has news ends it; a little early does no harm.
            queue = wait(shared, queue, Wake::Pressed(much), LEISURE);
        } else if past.last_group > 1 {
            queue = gather(shared, queue, past.last_group);
        }
    }
    queue.lobby.wants_room = false;
    Some(Group {
        hurry: std::mem::take(&mut queue.hurry),
        is_last: queue.closed,
        batches: queue.take(GROUP),
        notes: queue.take_notes(),
        gaps: queue.gaps.take(),
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
