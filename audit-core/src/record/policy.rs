//! What recording waits for, and what happens when it fails.

use std::time::Duration;

/// What [`Draft::record`](crate::Draft::record) waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// Returns after the store has committed, so that the next read sees the entry. Callers who
    /// wait at the same time share a commit.
    #[default]
    Durable,
    /// Returns once the entry is in the queue. What is queued is written together, within some 50
    /// milliseconds unless the store is slower. A full queue makes callers wait, and drops nothing; a
    /// process that dies loses what is queued.
    Buffered,
}

/// What happens when an entry cannot be recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailurePolicy {
    /// The caller gets the error and decides; the default wherever an error can reach it.
    #[default]
    Strict,
    /// The work goes on. The entry stays queued and is tried again; what has to be let go is
    /// counted, reported, and becomes a gap entry as soon as writing works.
    BestEffort,
}

/// How much may wait to be written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueLimits {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    /// How long a caller waits for room, or for its turn.
    pub(crate) deadline: Duration,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self {
            entries: 16 * 1024,
            bytes: 32 * 1024 * 1024,
            deadline: Duration::from_secs(5),
        }
    }
}
