//! A fair lock between processes, taken before each write transaction.
//!
//! SQLite's own busy handler sleeps and retries, so that under load the unluckiest of several
//! processes hardly gets a turn. An operating system lock on a file beside the database queues the
//! waiters. A crash releases it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use audit_core::{ErrorKind, Result};

use crate::connection::restrict;
use crate::error::{self, Phase, of_kind};

/// The lock. One caller at a time may acquire it, which the writer's mutex sees to.
pub(crate) struct FairLock {
    shared: Arc<Shared>,
    has_helper: bool,
}

struct Shared {
    file: File,
    turn: Mutex<Turn>,
    changed: Condvar,
}

/// What the helper is to do, or has done. The operating system cannot wait with a deadline, so
/// that a helper waits instead, and what it gets too late is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Idle,
    /// The helper is to get the lock, or is waiting for it.
    Wanted,
    /// The helper has got it for the one who waits.
    Granted,
    /// Nobody waits any more; the helper still does.
    Abandoned,
    /// The lock could not be had for another reason than being held.
    Failed,
    /// There is nothing to lock any more.
    Over,
}

/// The lock is held; dropping this gives it back.
#[must_use]
pub(crate) struct Held(Arc<Shared>);

impl FairLock {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        restrict(&mut options);
        let file = options
            .open(path)
            .map_err(|error| error::io(&error, Phase::Open))?;
        Ok(Self {
            shared: Arc::new(Shared {
                file,
                turn: Mutex::new(Turn::Idle),
                changed: Condvar::new(),
            }),
            has_helper: false,
        })
    }

    /// Waits for the lock until the deadline.
    pub(crate) fn acquire(&mut self, deadline: Instant) -> Result<Held> {
        let mut turn = self.shared.turn();
        if *turn == Turn::Idle {
            match self.shared.file.try_lock() {
                Ok(()) => {
                    drop(turn);
                    return Ok(Held(Arc::clone(&self.shared)));
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(error::io(&error, Phase::Begin)),
            }
        }
        // An abandoned wait is taken up again: the place in the queue is kept.
        *turn = Turn::Wanted;
        drop(turn);
        if !self.has_helper {
            let shared = Arc::clone(&self.shared);
            thread::Builder::new()
                .name("audit-sqlite-lock".to_owned())
                .spawn(move || shared.help())
                .map_err(|error| error::io(&error, Phase::Begin))?;
            self.has_helper = true;
        }
        self.shared.changed.notify_all();

        let mut turn = self.shared.turn();
        loop {
            match *turn {
                Turn::Granted => {
                    *turn = Turn::Idle;
                    drop(turn);
                    return Ok(Held(Arc::clone(&self.shared)));
                }
                Turn::Failed => {
                    *turn = Turn::Idle;
                    return Err(of_kind(ErrorKind::Store, Phase::Begin));
                }
                _ => {}
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                *turn = Turn::Abandoned;
                return Err(of_kind(ErrorKind::Busy, Phase::Begin));
            }
            turn = match self.shared.changed.wait_timeout(turn, left) {
                Ok((turn, _)) => turn,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

impl Drop for FairLock {
    fn drop(&mut self) {
        *self.shared.turn() = Turn::Over;
        self.shared.changed.notify_all();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The lock also goes with the file; there is nothing else to be done about a failure.
        let _unlocked = self.0.file.unlock();
    }
}

impl Shared {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The helper: gets the lock whenever it is wanted, until there is nothing to lock.
    fn help(&self) {
        loop {
            let mut turn = self.turn();
            while !matches!(*turn, Turn::Wanted | Turn::Abandoned | Turn::Over) {
                turn = self
                    .changed
                    .wait(turn)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if *turn == Turn::Over {
                return;
            }
            drop(turn);
            let locked = self.file.lock();
            let mut turn = self.turn();
            *turn = match (*turn, locked) {
                (Turn::Wanted, Ok(())) => Turn::Granted,
                (Turn::Wanted, Err(_)) => Turn::Failed,
                (now, Ok(())) => {
                    let _unlocked = self.file.unlock();
                    if now == Turn::Over {
                        Turn::Over
                    } else {
                        Turn::Idle
                    }
                }
                (Turn::Over, Err(_)) => Turn::Over,
                (_, Err(_)) => Turn::Idle,
            };
            self.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(50)
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(20)
    }

    #[test]
    fn one_holds_it_and_the_other_gives_up_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db-audit-lock");
        let mut first = FairLock::open(&path).unwrap();
        let mut second = FairLock::open(&path).unwrap();
        let held = first.acquire(later()).unwrap();
        let before = Instant::now();
        assert_eq!(
            second.acquire(soon()).err().unwrap().kind(),
            ErrorKind::Busy
        );
        assert!(before.elapsed() < Duration::from_secs(5));
        // The wait that was given up is taken up again.
        let waiting = thread::spawn(move || second.acquire(later()).map(drop));
        thread::sleep(Duration::from_millis(20));
        drop(held);
        waiting.join().unwrap().unwrap();
        drop(first.acquire(later()).unwrap());
    }

    #[test]
    fn what_comes_too_late_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db-audit-lock");
        let mut first = FairLock::open(&path).unwrap();
        let mut second = FairLock::open(&path).unwrap();
        let held = first.acquire(later()).unwrap();
        assert!(second.acquire(soon()).is_err());
        drop(held);
        for _ in 0..50 {
            drop(first.acquire(later()).unwrap());
        }
        drop(second.acquire(later()).unwrap());
        drop(second);
        drop(first.acquire(later()).unwrap());
    }

    #[test]
    fn everybody_gets_a_turn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db-audit-lock");
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let mut lock = FairLock::open(&path).unwrap();
                thread::spawn(move || {
                    for _ in 0..100 {
                        drop(lock.acquire(later()).unwrap());
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
