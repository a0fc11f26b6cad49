//! Code of the user that runs where a panic would cost somebody else.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// What code of the user gives; nothing where it panics.
pub(super) fn guarded<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
