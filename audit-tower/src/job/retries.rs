//! Which entry the attempt before has left.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use audit_core::{EntityId, Tenant};
use uuid::Uuid;

/// So many jobs wait for another attempt in one process at the most; beyond that, the links of all are
/// forgotten. Their entries still share the id of the job.
const MAX_WAITING: usize = 4096;

/// The last entry of each job that has not succeeded yet, as far as this process has worked on it.
#[derive(Default)]
pub(super) struct Retries(Mutex<HashMap<Key, Uuid>>);

/// Jobs of two queues, or of two tenants, may have one id.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) tenant: Tenant,
    pub(super) name: String,
    pub(super) id: EntityId,
}

impl Retries {
    pub(super) fn before(&self, job: &Key) -> Option<Uuid> {
        self.lock().get(job).copied()
    }

    pub(super) fn failed(&self, job: Key, entry: Uuid) {
        let mut waiting = self.lock();
        if waiting.len() >= MAX_WAITING {
            waiting.clear();
        }
        waiting.insert(job, entry);
    }

    pub(super) fn succeeded(&self, job: &Key) {
        self.lock().remove(job);
    }

    // Entries are put in and taken out whole, whatever panics.
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Uuid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: usize) -> Key {
        Key {
            tenant: "acme".into(),
            name: "mail".to_owned(),
            id: audit_core::ToEntityId::to_entity_id(&id.to_string()),
        }
    }

    #[test]
    fn the_last_failure_is_remembered_until_a_success() {
        let retries = Retries::default();
        assert_eq!(retries.before(&key(1)), None);
        retries.failed(key(1), Uuid::from_u128(1));
        retries.failed(key(1), Uuid::from_u128(2));
        assert_eq!(retries.before(&key(1)), Some(Uuid::from_u128(2)));
        assert_eq!(retries.before(&key(2)), None);
        retries.succeeded(&key(1));
        assert_eq!(retries.before(&key(1)), None);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let retries = Retries::default();
        for id in 0..=MAX_WAITING {
            retries.failed(key(id), Uuid::nil());
        }
        assert_eq!(retries.lock().len(), 1);
    }
}
