//! What all sides of the queue have in common.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::ThreadId;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::queue::{Batch, Queue};
use crate::error::Error;
use crate::record::clock::{Clock, IdSource};
use crate::record::guarded::guarded;
use crate::record::policy::{Delivery as Mode, QueueLimits};
use crate::record::report::Reporter;
use crate::record::statistics::{Health, LastError, Statistics};
use crate::store::{AuditStore, Durability};

/// What the callers, the delivery thread and the readers of statistics share.
pub(crate) struct Shared {
    pub(crate) store: Arc<dyn AuditStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) reporter: Reporter,
    pub(crate) mode: Mode,
    pub(crate) limits: QueueLimits,
    queue: Mutex<Queue>,
    /// The delivery thread, once it runs.
    pub(super) own_thread: OnceLock<ThreadId>,
    /// There is something to write, or the end has come.
    pub(super) work: Condvar,
    /// There is room again.
    pub(super) space: Condvar,
    /// A batch is done with.
    pub(super) done: Condvar,
}

impl Shared {
    pub(crate) fn new(
        store: Arc<dyn AuditStore>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        reporter: Reporter,
        mode: Mode,
        limits: QueueLimits,
    ) -> Self {
        Self {
            store,
            clock,
            ids,
            reporter,
            mode,
            limits,
            queue: Mutex::default(),
            own_thread: OnceLock::new(),
            work: Condvar::new(),
            space: Condvar::new(),
            done: Condvar::new(),
        }
    }

    // No code of the user runs under the lock: it could ask for statistics, or panic.
    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // A clock, a source of ids and a store are code of the user. A panic in one of them must not
    // take along what others have recorded.

    pub(super) fn now(&self) -> DateTime<Utc> {
        guarded(|| self.clock.now()).unwrap_or_else(Utc::now)
    }

    pub(super) fn next_id(&self) -> Uuid {
        guarded(|| self.ids.next_id()).unwrap_or_else(Uuid::now_v7)
    }

    /// How safe is what the store has taken; where it does not say, the least that this can mean.
    pub(super) fn durability(&self) -> Durability {
        guarded(|| self.store.durability()).unwrap_or(Durability::Volatile)
    }

    /// Whether this is the delivery thread, which cannot wait for itself.
    pub(super) fn is_own_thread(&self) -> bool {
        self.own_thread.get() == Some(&std::thread::current().id())
    }

    /// Takes a batch into the queue, and wakes the delivery thread if that is of use.
    pub(super) fn accept(&self, mut queue: MutexGuard<'_, Queue>, batch: Batch) {
        let wake = queue.push(batch);
        let spent = std::mem::take(&mut queue.spent);
        drop(queue);
        if wake {
            self.work.notify_one();
        }
        drop(spent);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        let queue = self.lock();
        Statistics {
            queued: queue.entries as u64,
            written: queue.tally.written,
            failed: queue.tally.failed,
            lost: queue.tally.lost,
            gaps: queue.tally.gaps,
            last_error: queue.tally.last_error.clone(),
            last_write: queue.tally.last_write,
        }
    }

    pub(crate) fn health(&self) -> Health {
        let queue = self.lock();
        match queue.tally.failing_since {
            _ if queue.closing => Health::Closed,
            Some(since) => Health::Failing { since },
            None => Health::Healthy,
        }
    }

    /// Remembers what went wrong where no entry failed by it.
    pub(crate) fn note_error(&self, error: &Error) {
        let now = self.now();
        self.lock().tally.last_error = Some(LastError::new(error, now));
    }

    /// Counts entries that were stored past the queue.
    pub(crate) fn note_written(&self, entries: u64) {
        let now = self.now();
        let mut queue = self.lock();
        queue.tally.written += entries;
        queue.tally.last_write = Some(now);
    }

    /// Counts entries as not failed after all: nobody took the error, and they are tried again.
    pub(crate) fn note_not_failed(&self, entries: u64) {
        let mut queue = self.lock();
        queue.tally.failed = queue.tally.failed.saturating_sub(entries);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    /// Counts entries that failed before they reached the queue.
    pub(crate) fn note_failed(&self, error: &Error, entries: u64) {
        let now = self.now();
        let mut queue = self.lock();
        queue.tally.failed += entries;
        queue.tally.last_error = Some(LastError::new(error, now));
    }
}
