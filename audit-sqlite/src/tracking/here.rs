//! What this thread has done to tracked tables: a transaction that is open on it has to look anew.

use std::cell::Cell;

thread_local! {
    static TIMES: Cell<u64> = const { Cell::new(0) };
}

/// Tables are tracked from now on that were not, or that were paused.
pub(super) fn note() {
    TIMES.try_with(|times| times.set(times.get() + 1)).ok();
}

/// How often this thread has done that.
pub(crate) fn tracked_here() -> u64 {
    TIMES.try_with(Cell::get).unwrap_or(0)
}
