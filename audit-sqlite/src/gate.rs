//! Lets transactions of callers go before batches of entries, for a little while.
//!
//! Each of them ends with a sync, whatever is in it. Where callers come one after the other, a batch in
//! between holds what one of them has left; a few of them later it holds what all of these have
//! left, for the same price. PostgreSQL calls this `commit_delay`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a batch lets callers go first.
const PATIENCE: Duration = Duration::from_millis(8);
/// After so long without a caller, none is about to come. Whoever is alone waits so much longer for an
/// entry behind a transaction.
const LULL: Duration = Duration::from_micros(500);

/// Shared by the writer of a store and the transactions of its callers.
#[derive(Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    is_empty: Condvar,
}

#[derive(Default)]
struct State {
    /// How many callers are in a transaction, or wait for one.
    callers: usize,
    /// When the last of them left.
    left: Option<Instant>,
    /// How many batches wait for them to leave: to wake nobody takes a call of the system as well.
    batches: usize,
}

/// A caller is in a transaction, or waits for one.
pub(crate) struct Caller(Arc<Gate>);

impl Gate {
    /// A caller comes; gone when this is dropped.
    pub(crate) fn arrive(self: &Arc<Self>) -> Caller {
        self.state().callers += 1;
        Caller(Arc::clone(self))
    }

    /// Waits until no caller is there, and none about to come, but not long.
    pub(crate) fn let_callers_go_first(&self) {
        let start = Instant::now();
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let patience = PATIENCE.saturating_sub(now.duration_since(start));
            let wait = if state.callers > 0 {
                patience
            } else {
                let lull = state.left.map(|left| now.saturating_duration_since(left));
                let lull = lull.map_or(Duration::ZERO, |lull| LULL.saturating_sub(lull));
                lull.min(patience)
            };
            if wait.is_zero() {
                return;
            }
            state.batches += 1;
            let waited = self.is_empty.wait_timeout(state, wait);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.batches -= 1;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.callers = state.callers.saturating_sub(1);
        if state.callers == 0 {
            state.left = Some(Instant::now());
            let has_batches = state.batches > 0;
            drop(state);
            if has_batches {
                self.0.is_empty.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn nobody_is_waited_for_where_nobody_is() {
        let gate = Gate::default();
        gate.let_callers_go_first();
        assert!(gate.state().left.is_none());
    }

    #[test]
    fn a_caller_who_stays_is_not_waited_for_without_end() {
        let gate = Arc::new(Gate::default());
        let caller = gate.arrive();
        let start = Instant::now();
        gate.let_callers_go_first();
        assert!(start.elapsed() >= PATIENCE);
        drop(caller);
        assert_eq!(gate.state().callers, 0);
    }

    #[test]
    fn callers_who_come_and_go_let_a_batch_through_in_the_end() {
        let gate = Arc::new(Gate::default());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        drop(gate.arrive());
                    }
                });
            }
            for _ in 0..5 {
                gate.let_callers_go_first();
            }
        });
        gate.let_callers_go_first();
        assert_eq!(gate.state().callers, 0);
    }
}
