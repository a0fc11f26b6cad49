//! The end of an auditor.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::record::auditor::Auditor;
use crate::record::guarded::guarded;

/// What has something to record when the end comes.
#[derive(Default)]
pub(super) struct LastWords(Mutex<Vec<Word>>);

/// How deep last words may announce others.
const ROUNDS: usize = 16;

type Word = Box<dyn FnOnce() + Send>;

impl Auditor {
    /// Accepts nothing more, writes what is queued, and ends the delivery thread. For all clones.
    ///
    /// What was announced by [`Auditor::on_close`] is recorded before.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) at the deadline. What could not be written is
    /// lost then: it is counted and reported.
    pub fn close(&self, timeout: Duration) -> Result<()> {
        self.last_words().say();
        self.delivery().close(timeout)
    }

    /// Runs this when the auditor is closed, as long as it still accepts entries: for what counts first
    /// and records later, as layers that sample do.
    ///
    /// It runs once, on the thread that closes, and has to be quick. It may announce others, up to 16
    /// deep. Hold what it needs weakly: a closure that holds its auditor keeps it until it is closed.
    ///
    /// Only [`Auditor::close`] runs it: when the last handle is dropped without that, there is no
    /// auditor left to record through, and it is dropped unheard.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Duration;
    ///
    /// use audit_core::{Auditor, MemoryStore};
    ///
    /// struct Skipped { auditor: Auditor, count: u64 }
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// let skipped = Arc::new(Skipped { auditor: auditor.clone(), count: 3 });
    /// let held = Arc::downgrade(&skipped);
    /// auditor.on_close(move || {
    ///     let Some(skipped) = held.upgrade() else { return };
    ///     let draft = skipped.auditor.log("skip").tenant("acme").metadata("count", skipped.count);
    ///     // What cannot be recorded is counted and reported.
    ///     drop(draft.best_effort().record());
    /// });
    /// auditor.close(Duration::from_secs(5))?;
    /// assert_eq!(auditor.tenant("acme").entries().action("skip").count()?, 1);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    pub fn on_close(&self, tell: impl FnOnce() + Send + 'static) {
        self.last_words().announce(Box::new(tell));
    }
}

impl LastWords {
    fn announce(&self, tell: Word) {
        self.lock().push(tell);
    }

    fn say(&self) {
        // One may announce another, and no two of them keep each other talking for ever.
        for _ in 0..ROUNDS {
            // Not under the lock.
            let announced = std::mem::take(&mut *self.lock());
            if announced.is_empty() {
                break;
            }
            for tell in announced {
                // One that panics takes neither the others' words nor what is queued.
                guarded(tell);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Word>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
