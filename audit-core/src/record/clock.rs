//! Where times and ids come from.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Tells the time. Give a fixed one to tests through
/// [`AuditorBuilder::clock`](crate::AuditorBuilder::clock).
#[diagnostic::on_unimplemented(
    message = "`{Self}` tells no time for audit entries",
    label = "the trait `Clock` is not implemented for `{Self}`",
    note = "implement `audit_core::Clock` for it; tests take `audit_core::testing::FixedClock`"
)]
pub trait Clock: Send + Sync + 'static {
    /// The time now. It may step backwards: the order of entries is their index, not their time.
    fn now(&self) -> DateTime<Utc>;
}

/// Makes the ids of entries and operations.
#[diagnostic::on_unimplemented(
    message = "`{Self}` makes no ids of audit entries",
    label = "the trait `IdSource` is not implemented for `{Self}`",
    note = "implement `audit_core::IdSource` for it; tests take `audit_core::testing::SequentialIds`"
)]
pub trait IdSource: Send + Sync + 'static {
    /// An id that was not given before.
    fn next_id(&self) -> Uuid;
}

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }
}

/// UUIDs of version 7 (RFC 9562): later ones sort behind earlier ones, which indexes like.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct TimeOrderedIds;

impl IdSource for TimeOrderedIds {
    fn next_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}
