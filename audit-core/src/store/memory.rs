//! A store in memory, for tests.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use uuid::Uuid;

use super::{Appended, AuditStore, Durability, Query, attempt_conflict, is_same_record};
use crate::entry::{AuditEntry, Tenant};
use crate::error::Result;
use crate::query::{Count, Filter, Group, GroupBy, Order, tally};

/// Keeps entries in memory: for tests, and for trying things out. A cheap handle; clones share
/// their entries.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| auditor.log("export").record())?;
/// assert_eq!(auditor.tenant("acme").entries().count()?, 1);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone)]
pub struct MemoryStore(Arc<Shared>);

struct Shared {
    key: [u8; 32],
    tenants: RwLock<BTreeMap<Tenant, Log>>,
}

#[derive(Default)]
struct Log {
    entries: Vec<AuditEntry>,
    by_id: HashMap<Uuid, usize>,
    /// In the order of their ids, which is that of their times for a `UUIDv7`.
    attempts: BTreeMap<Uuid, AuditEntry>,
}

impl Log {
    fn by_id(&self, id: Uuid) -> Option<&AuditEntry> {
        self.entries.get(*self.by_id.get(&id)?)
    }
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        let mut key = [0; 32];
        let random = [Uuid::new_v4(), Uuid::new_v4()];
        for (half, uuid) in key.chunks_exact_mut(16).zip(random) {
            half.copy_from_slice(uuid.as_bytes());
        }
        Self(Arc::new(Shared {
            key,
            tenants: RwLock::default(),
        }))
    }

    /// The attempts of a tenant that are open, in the order of their ids: for tests of actions that
    /// note their beginning, see [`AuditStore::open_attempt`].
    #[must_use]
    pub fn open_attempts(&self, tenant: impl Into<Tenant>) -> Vec<AuditEntry> {
        let tenants = self.read();
        let log = tenants.get(&tenant.into());
        log.map_or_else(Vec::new, |log| log.attempts.values().cloned().collect())
    }

    // A panic while the lock is held leaves whole entries only, so a poisoned lock is as good.
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Tenant, Log>> {
        self.0
            .tenants
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Tenant, Log>> {
        self.0
            .tenants
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn select<R>(
        &self,
        tenant: &Tenant,
        filter: &Filter,
        select: impl FnOnce(&mut dyn DoubleEndedIterator<Item = &AuditEntry>) -> R,
    ) -> R {
        let tenants = self.read();
        let entries = tenants.get(tenant).map_or(&[][..], |log| &log.entries);
        select(&mut entries.iter().filter(|entry| filter.matches(entry)))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl AuditStore for MemoryStore {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
        let mut tenants = self.write();
        let appended = entries.iter().map(|entry| {
            let log = tenants.entry(entry.tenant.clone()).or_default();
            log.attempts.remove(&entry.id);
            if let Some(present) = log.by_id(entry.id) {
                return if is_same_record(present, entry) {
                    Appended::Present {
                        index: present.index,
                    }
                } else {
                    Appended::Conflict
                };
            }
            let index = log.entries.len() as u64;
            log.by_id.insert(entry.id, log.entries.len());
            log.entries.push(AuditEntry {
                index,
                ..entry.clone()
            });
            Appended::Stored { index }
        });
        Ok(appended.collect())
    }

    fn open_attempt(&self, entry: &AuditEntry) -> Result<()> {
        let mut tenants = self.write();
        let log = tenants.entry(entry.tenant.clone()).or_default();
        match log.by_id(entry.id).or_else(|| log.attempts.get(&entry.id)) {
            None => {
                log.attempts.insert(entry.id, entry.clone());
                Ok(())
            }
            Some(present) if is_same_record(present, entry) => Ok(()),
            Some(_) => Err(attempt_conflict(entry.id)),
        }
    }

    fn close_attempt(&self, tenant: &Tenant, id: Uuid) -> Result<()> {
        if let Some(log) = self.write().get_mut(tenant) {
            log.attempts.remove(&id);
        }
        Ok(())
    }

    fn entries(&self, tenant: &Tenant, query: &Query<'_>) -> Result<Vec<AuditEntry>> {
        Ok(
            self.select(tenant, query.filter, |entries| match query.order {
                Order::NewestFirst => entries
                    .rev()
                    .filter(|entry| query.after.is_none_or(|after| entry.index < after))
                    .take(query.limit)
                    .cloned()
                    .collect(),
                Order::OldestFirst => entries
                    .filter(|entry| query.after.is_none_or(|after| entry.index > after))
                    .take(query.limit)
                    .cloned()
                    .collect(),
            }),
        )
    }

    fn entry(&self, tenant: &Tenant, id: Uuid) -> Result<Option<AuditEntry>> {
        let tenants = self.read();
        let log = tenants.get(tenant);
        Ok(log.and_then(|log| log.by_id(id).cloned()))
    }

    fn count_by(&self, tenant: &Tenant, filter: &Filter, by: GroupBy) -> Result<Vec<Count>> {
        Ok(self.select(tenant, filter, |entries| {
            tally(entries.map(|entry| Count::new(Group::of(entry, by), 1)))
        }))
    }

    fn count(&self, tenant: &Tenant, filter: &Filter) -> Result<u64> {
        Ok(self.select(tenant, filter, |entries| entries.count() as u64))
    }

    fn tenants(&self) -> Result<Vec<Tenant>> {
        let tenants = self.read();
        let used = tenants.iter().filter(|(_, log)| !log.entries.is_empty());
        Ok(used.map(|(tenant, _)| tenant.clone()).collect())
    }

    fn cursor_key(&self) -> Result<[u8; 32]> {
        Ok(self.0.key)
    }

    fn durability(&self) -> Durability {
        Durability::Volatile
    }
}

#[cfg(test)]
mod tests {
    use crate::store::AuditStore;
    use crate::testing::contract::Sample;

    crate::store_contract!((super::MemoryStore::new(), ()));

    #[test]
    fn open_attempts_are_shown_to_tests() {
        let store = super::MemoryStore::new();
        let tenant = "a".into();
        let mut sample = Sample::new(1);
        let attempts = [sample.entry(&tenant), sample.entry(&tenant)];
        for attempt in &attempts {
            store.open_attempt(attempt).unwrap();
        }
        assert_eq!(store.open_attempts("b"), []);
        let mut expected = attempts.to_vec();
        expected.sort_by_key(|attempt| attempt.id);
        assert_eq!(store.open_attempts("a"), expected);
        store.append(&attempts[..1]).unwrap();
        assert_eq!(store.open_attempts("a"), attempts[1..]);
        store.close_attempt(&tenant, attempts[1].id).unwrap();
        assert_eq!(store.open_attempts("a"), []);
    }
}
