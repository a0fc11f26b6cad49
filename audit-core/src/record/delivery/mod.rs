//! From callers to the store: a bounded queue and the one thread that writes.

mod attempt;
mod gaps;
mod queue;
mod recording;
mod settling;
mod shared;
mod thread;
mod ticket;
mod waking;
mod writing;

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use self::attempt::Note;
pub(crate) use self::queue::Batch;
use self::queue::Queue;
pub(crate) use self::recording::{Abandoned, Submission};
use self::settling::settle;
pub(crate) use self::shared::Shared;
use self::ticket::{Ticket, Waited};
use chrono::{DateTime, Utc};

use crate::entry::Tenant;
use crate::error::{Error, ErrorKind, Result};
use crate::record::policy::{Delivery as Mode, FailurePolicy};
use crate::record::receipt::Receipt;
use crate::record::statistics::LastError;
use crate::store::Durability;

/// The queue's entrance. Dropping it writes what is queued and ends the thread.
pub(crate) struct Delivery {
    pub(crate) shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How far beyond the limits the queue may grow for entries that cannot wait: those of actions
/// that were dropped half-way, and best effort in async code.
const BEYOND: usize = 2;

/// How long the last handle waits for the queue when it is dropped.
const DROP_DEADLINE: Duration = Duration::from_secs(5);

impl Delivery {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
            thread: Mutex::default(),
        }
    }

    /// Hands a batch over and waits as the delivery mode says.
    pub(crate) fn submit(
        &self,
        mut batch: Batch,
        mode: Mode,
    ) -> std::result::Result<Vec<Receipt>, Refused> {
        if self.is_own_thread() {
            // A callback records: waiting for this very thread would be in vain.
            let receipts = queued_receipts(&batch);
            return self.submit_detached(batch).map(|()| receipts);
        }
        let deadline = after(self.shared.limits.deadline);
        let ticket = give_ticket(&mut batch, mode);
        if let Err(error) = self.start() {
            return Err(Refused::returned(error, batch));
        }
        let receipts = queued_receipts(&batch);
        let mut queue = self.shared.lock();
        loop {
            if queue.closing {
                return Err(Refused::returned(closed(), batch));
            }
            if queue.has_room(&batch, &self.shared.limits, 1) {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Refused::returned(no_room(), batch));
            }
            // What is queued may have been put off for more to come, and no more can come.
            queue.lobby.wants_room = true;
            self.shared.work.notify_one();
            queue = self
                .shared
                .space
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        let first_id = batch.entries.first().map(|entry| entry.id);
        let count = batch.count as u64;
        let strict = batch.policy == FailurePolicy::Strict;
        self.shared.accept(queue, batch);

        let Some(ticket) = ticket else {
            return Ok(receipts);
        };
        let error = match ticket.wait(deadline, strict) {
            Waited::Answered(answer) => return answer.map_err(Refused::kept),
            // Best effort stays queued.
            Waited::Underway if !strict => return Ok(receipts),
            // It is counted when it is known what became of it.
            Waited::Underway => no_answer(),
            Waited::Withdrawn => {
                let error = no_turn();
                self.shared.note_failed(&error, count);
                error
            }
        };
        Err(Refused::kept(match first_id {
            Some(id) => error.with_entry(id),
            None => error,
        }))
    }

    /// Hands a batch over and waits for nothing, a little beyond the bounds if need be: for what
    /// happens in a `Drop`, which can neither wait nor be told.
    pub(crate) fn submit_detached(&self, mut batch: Batch) -> std::result::Result<(), Refused> {
        batch.ticket = None;
        if let Err(error) = self.start() {
            return Err(Refused::returned(error, batch));
        }
        let queue = self.shared.lock();
        if queue.closing {
            return Err(Refused::returned(closed(), batch));
        }
        if !queue.has_room(&batch, &self.shared.limits, BEYOND) {
            return Err(Refused::returned(no_room(), batch));
        }
        self.shared.accept(queue, batch);
        Ok(())
    }

    /// Counts entries that were let go before they reached the queue; where the tenant is known, a
    /// gap entry will tell of them.
    pub(crate) fn note_lost<'a>(
        &self,
        lost: impl Iterator<Item = (&'a Tenant, DateTime<Utc>)>,
        count: u64,
        error: &Error,
    ) {
        let now = self.shared.now();
        let mut queue = self.shared.lock();
        queue.tally.lost += count;
        queue.tally.last_error = Some(LastError::new(error, now));
        if !queue.closing {
            for (tenant, time) in lost {
                queue.gaps.note(tenant, time, error.kind());
            }
        }
        let has_gaps = queue.gaps.are_waiting();
        drop(queue);
        if has_gaps && self.start().is_ok() {
            self.shared.work.notify_one();
        }
    }

    /// Waits until everything accepted so far is done with, and every gap is told of; one that the
    /// store has refused is tried once more.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<()> {
        let deadline = after(timeout);
        let mut queue = self.shared.lock();
        if !self.is_own_thread() {
            queue.gaps.ask_again();
        }
        let goal = queue.goal();
        if queue.is_done(goal) {
            return Ok(());
        }
        if self.is_own_thread() {
            return Err(on_own_thread());
        }
        // Once: a store that fails is tried again after a pause, however many wait for it.
        queue.hurry = true;
        queue.flushes += 1;
        self.shared.work.notify_one();
        let mut flushed = Ok(());
        while !queue.is_done(goal) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                flushed = Err(still_queued(&queue));
                break;
            }
            queue = self
                .shared
                .done
                .wait_timeout(queue, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        queue.flushes -= 1;
        flushed
    }

    /// Accepts nothing more, writes what is queued, and ends the thread.
    pub(crate) fn close(&self, timeout: Duration) -> Result<()> {
        let mut queue = self.shared.lock();
        if queue.closed {
            return Ok(());
        }
        queue.closing = true;
        drop(queue);
        self.shared.work.notify_all();
        // Whoever waits for room waits in vain.
        settle(&self.shared, |_, _| {}).wake();

        // The last handle may be dropped by a callback, on the delivery thread itself. That
        // thread cannot wait for itself; it tries once more what is queued, and ends.
        let on_own_thread = self.is_own_thread();
        let flushed = if on_own_thread {
            Ok(())
        } else {
            self.flush(timeout)
        };
        self.shared.lock().closed = true;
        self.shared.work.notify_all();
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if flushed.is_err() {
            // A store that never returns keeps its thread, not us.
            self.shared.let_go_of_all(&closed());
        } else if let Some(thread) = thread
            && !on_own_thread
        {
            drop(thread.join());
        }
        flushed
    }

    /// Whether this is the delivery thread: a callback runs.
    pub(crate) fn is_own_thread(&self) -> bool {
        self.shared.is_own_thread()
    }

    /// Starts the thread when it is first needed.
    fn start(&self) -> Result<()> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_some() || self.shared.lock().closing {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let started = std::thread::Builder::new()
            .name("audit-delivery".to_owned())
            .spawn(move || thread::run(&shared))
            .map_err(|error| {
                Error::new(
                    ErrorKind::Store,
                    "the delivery thread could not be started; check the limits of the process",
                )
                .with_source(error)
            })?;
        *thread = Some(started);
        Ok(())
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // What cannot be written by then is counted and reported.
        drop(self.close(DROP_DEADLINE));
    }
}

/// An error, with the batch if it was not accepted.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) batch: Option<Box<Batch>>,
}

impl Refused {
    fn returned(error: Error, batch: Batch) -> Self {
        Self {
            error,
            batch: Some(Box::new(batch)),
        }
    }

    fn kept(error: Error) -> Self {
        Self { error, batch: None }
    }
}

fn give_ticket(batch: &mut Batch, mode: Mode) -> Option<Arc<Ticket>> {
    if mode == Mode::Durable {
        batch.ticket = Some(Arc::default());
    }
    batch.ticket.clone()
}

/// The time after a duration, or far enough in the future.
fn after(duration: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(24 * 365);
    let now = Instant::now();
    now.checked_add(duration).unwrap_or_else(|| now + FAR)
}

pub(crate) fn queued_receipts(batch: &Batch) -> Vec<Receipt> {
    let entries = batch.entries.iter();
    entries
        .map(|entry| Receipt::new(entry.id, None, Durability::Queued))
        .collect()
}

fn still_queued(queue: &Queue) -> Error {
    let error = Error::new(
        ErrorKind::Timeout,
        format!(
            "{} entries are still queued at the deadline of the flush; they stay queued, flush again or look at the last error",
            queue.entries
        ),
    );
    match &queue.tally.last_error {
        Some(last) => error.with_source(last.text.clone()),
        None => error,
    }
}

fn on_own_thread() -> Error {
    Error::new(
        ErrorKind::Busy,
        "a callback of the auditor runs on the thread that writes, which cannot wait for itself; flush from another thread",
    )
}

fn closed() -> Error {
    Error::new(
        ErrorKind::Closed,
        "the auditor is closed; record before closing it, and close it last",
    )
}

fn no_answer() -> Error {
    Error::new(
        ErrorKind::Unknown,
        "the store did not answer before the deadline, the entry may or may not be stored; record the same draft again, it is never stored twice",
    )
}

fn no_room() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the queue had no room before the deadline and the entry is not stored; the store is slower than what is recorded, retry later or give the auditor a larger queue",
    )
}

fn no_turn() -> Error {
    Error::new(
        ErrorKind::Timeout,
        "the entry's turn did not come before the deadline and it is not stored; the store is slow or busy, retry later",
    )
}
