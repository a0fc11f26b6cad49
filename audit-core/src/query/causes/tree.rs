//! A cause before its effects.

use crate::entry::AuditEntry;

/// How many entries a tree has at most.
pub(super) const MOST_ENTRIES: usize = 10_000;

/// Entries with what they caused, depth first: each stands before its effects, and these in the
/// order of the log.
///
/// Made by [`TenantLog::consequences`](crate::TenantLog::consequences) and
/// [`Operation::tree`](crate::Operation::tree). An entry stands in it once, also where causes go
/// round in a circle.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CauseTree {
    /// The entries.
    pub entries: Vec<Caused>,
    /// Whether these are all. Without this there were more than are read.
    pub is_complete: bool,
}

/// An entry of a [`CauseTree`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Caused {
    /// The entry.
    pub entry: AuditEntry,
    /// How many entries of the tree lead to it: 0 at the top, 1 for what these caused.
    pub depth: usize,
}

impl CauseTree {
    pub(super) fn new() -> Self {
        Self {
            entries: Vec::new(),
            is_complete: true,
        }
    }

    /// Adds the next entry; `false` if there is no more room.
    pub(super) fn add(&mut self, entry: AuditEntry, depth: usize) -> bool {
        self.is_complete = self.entries.len() < MOST_ENTRIES;
        if self.is_complete {
            self.entries.push(Caused { entry, depth });
        }
        self.is_complete
    }
}
