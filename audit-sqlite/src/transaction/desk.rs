//! What a store keeps from one transaction on a caller's connection to the next.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use audit_core::{ErrorKind, Result, Sanitizer};

use crate::connection::{Identity, Process, lock_path};
use crate::error::{Phase, of_kind};
use crate::gate::{Caller, Gate};
use crate::lock::{FairLock, Held};
use crate::store::SqliteStore;
use crate::writer::{Memory, Shelf};

/// How long it is believed that the path leads to the file, before it is looked at again: looking
/// takes as long as the lock.
const BELIEVED: Duration = Duration::from_millis(100);

/// How many desks wait for the next transaction; more are made when more threads write at once.
const IDLE: usize = 8;

/// The desks of a store.
pub(crate) struct Desks {
    pub(super) path: PathBuf,
    pub(super) cursor_key: [u8; 32],
    identity: Option<Identity>,
    deadline: Duration,
    /// For rows of tracked tables that nobody claims.
    pub(super) sanitizer: Sanitizer,
    process: Process,
    /// Where batches of the store let our callers go first.
    gate: Arc<Gate>,
    /// What is known of the log, by whoever writes.
    shelf: Arc<Shelf>,
    idle: Mutex<Vec<Desk>>,
}

/// A lock of its own, since the system gives one to each open file, and what was seen at it.
pub(super) struct Desk {
    lock: FairLock,
    /// The schema in which every capture was found to be right.
    pub(super) checked_schema: Option<i64>,
    /// When the path led to the file.
    seen: Option<Instant>,
}

/// A desk in use: nobody else writes to the file who knows its lock.
pub(super) struct Turn {
    held: Held,
    caller: Caller,
    pub(super) desk: Desk,
    pub(super) memory: Box<Memory>,
    store: SqliteStore,
}

impl Desks {
    pub(crate) fn new(
        path: &Path,
        deadline: Duration,
        cursor_key: [u8; 32],
        sanitizer: Sanitizer,
    ) -> Result<Self> {
        let identity =
            Identity::of(path).map_err(|_| of_kind(ErrorKind::FileReplaced, Phase::Open))?;
        Ok(Self {
            path: path.to_owned(),
            cursor_key,
            identity,
            deadline,
            sanitizer,
            process: Process::current(),
            gate: Arc::default(),
            shelf: Arc::default(),
            idle: Mutex::default(),
        })
    }

    /// When to give up waiting.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Where the store's own batches let callers go first.
    pub(crate) fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// What all who write remember.
    pub(crate) fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf)
    }

    /// Says whether this process may write.
    pub(super) fn check_process(&self) -> Result<()> {
        self.process.check()
    }

    /// Waits for a turn at writing. Fails if the path leads to another file now.
    pub(super) fn turn(&self, store: &SqliteStore, deadline: Instant) -> Result<Turn> {
        let caller = self.gate.arrive();
        let idle = self.idle().pop();
        let mut desk = match idle {
            Some(desk) => desk,
            None => Desk {
                lock: FairLock::open(&lock_path(&self.path))?,
                checked_schema: None,
                seen: None,
            },
        };
        let now = Instant::now();
        if desk
            .seen
            .is_none_or(|seen| now.duration_since(seen) > BELIEVED)
        {
            if Identity::of(&self.path).ok() != Some(self.identity) {
                return Err(of_kind(ErrorKind::FileReplaced, Phase::Begin));
            }
            desk.seen = Some(now);
        }
        match desk.lock.acquire(deadline) {
            Ok(held) => Ok(Turn {
                held,
                caller,
                desk,
                memory: self.shelf.take(),
                store: store.clone(),
            }),
            Err(error) => {
                // Kept, since so is its place in the queue.
                self.put_back(desk);
                Err(error)
            }
        }
    }

    fn put_back(&self, desk: Desk) {
        let mut idle = self.idle();
        if idle.len() < IDLE {
            idle.push(desk);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Desk>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn of_another_process(mut self) -> Self {
        self.process = Process::another();
        self
    }
}

impl Turn {
    /// Ends the turn. What is remembered holds if nothing was rolled back.
    pub(super) fn end(self, holds: bool) {
        let Self {
            held,
            caller,
            desk,
            memory,
            store,
        } = self;
        let Ok(desks) = store.desks() else { return };
        if holds {
            // Before the lock: whoever has it next takes this.
            desks.shelf.put_back(memory);
        }
        drop(held);
        drop(caller);
        desks.put_back(desk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_of_fork_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        std::fs::write(&path, "").unwrap();
        let desks = Desks::new(&path, Duration::ZERO, [0; 32], Sanitizer::default()).unwrap();
        desks.check_process().unwrap();
        let error = desks.of_another_process().check_process().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forked);
    }
}
