//! The action that runs, and what its body says about it.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::entry::{Changes, Entity, ErrorDetail, Outcome, Severity, Tenant};

/// A running action, as its body sees it. Nothing is allocated before the body says something.
pub(crate) struct Running {
    entry: Uuid,
    said: OnceLock<Box<Mutex<Said>>>,
}

/// What a body says about its action. It goes before what the attribute says.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) entity: Option<Entity>,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) entity_name: Option<String>,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) reason: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) error: Option<ErrorDetail>,
    pub(crate) changes: Option<Changes>,
}

impl Running {
    pub(super) fn new(entry: Uuid) -> Self {
        Self {
            entry,
            said: OnceLock::new(),
        }
    }

    /// The id of the entry that the action will leave.
    pub(crate) fn entry(&self) -> Uuid {
        self.entry
    }

    pub(crate) fn say(&self, say: impl FnOnce(&mut Said)) {
        say(&mut lock(self.said.get_or_init(Box::default)));
    }

    /// Whether the body said how it ended, and that that is no success.
    pub(crate) fn said_to_fail(&self) -> bool {
        let outcome = self.said.get().and_then(|said| lock(said).outcome);
        outcome.is_some_and(|outcome| outcome != Outcome::Success)
    }

    /// Takes what was said: the action has ended. What is said later reaches nobody.
    pub(crate) fn take(&self) -> Option<Said> {
        let said = self.said.get()?;
        Some(std::mem::take(&mut *lock(said)))
    }
}

// What was said stays whole whatever panics.
fn lock(said: &Mutex<Said>) -> MutexGuard<'_, Said> {
    said.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Shows no values: they have not passed the sanitizer.
impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Running").field(&self.entry).finish()
    }
}
