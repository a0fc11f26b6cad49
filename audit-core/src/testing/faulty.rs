//! A store that fails on demand.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::entry::{AuditEntry, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{Count, Filter, GroupBy};
use crate::store::{Appended, AuditStore, Durability, Query};

/// How writing goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Fails with an error of this kind; nothing is stored.
    Fail(ErrorKind),
    /// Stores, and then says that it does not know: what an I/O error at commit does.
    StoredButUnknown,
    /// Stores nothing, and says that it does not know.
    LostButUnknown,
    /// Waits so long before it stores.
    Slow(Duration),
    /// Waits until the fault is taken away.
    Block,
    /// Panics.
    Panic,
}

/// A store around another that fails, waits or panics on demand when appending, or when opening and
/// closing attempts. Clones are the same store.
///
/// ```
/// use audit_core::testing::{Fault, FaultyStore};
/// use audit_core::{AuditContext, Auditor, ErrorKind, MemoryStore};
///
/// let store = FaultyStore::new(MemoryStore::new());
/// let auditor = Auditor::new(store.clone());
/// AuditContext::new("acme").scope(|| {
///     store.fault(Fault::Fail(ErrorKind::Full));
///     assert_eq!(auditor.log("export").record().unwrap_err().kind(), ErrorKind::Full);
///     store.heal();
///     assert!(auditor.log("export").record().is_ok());
/// });
/// ```
#[derive(Clone)]
pub struct FaultyStore(Arc<Shared>);

struct Shared {
    inner: Arc<dyn AuditStore>,
    state: Mutex<State>,
    healed: Condvar,
}

#[derive(Default)]
struct State {
    append: Plan,
    attempt: Plan,
    appends: u64,
    largest: usize,
}

/// What is to go wrong with one kind of call.
#[derive(Clone, Copy, Default)]
struct Plan {
    fault: Option<Fault>,
    /// How many more calls the fault strikes; none for all.
    times: Option<u64>,
}

#[derive(Clone, Copy)]
enum Call {
    Append,
    Attempt,
}

impl State {
    fn plan(&mut self, call: Call) -> &mut Plan {
        match call {
            Call::Append => &mut self.append,
            Call::Attempt => &mut self.attempt,
        }
    }
}

impl FaultyStore {
    /// A store that works until it is told not to.
    #[must_use]
    pub fn new(inner: impl AuditStore) -> Self {
        Self(Arc::new(Shared {
            inner: Arc::new(inner),
            state: Mutex::default(),
            healed: Condvar::new(),
        }))
    }

    /// From now on, every append goes wrong like this.
    pub fn fault(&self, fault: Fault) {
        self.set(Call::Append, Some(fault), None);
    }

    /// The next appends, so many of them, go wrong like this.
    pub fn fault_times(&self, fault: Fault, times: u64) {
        self.set(Call::Append, Some(fault), Some(times));
    }

    /// From now on, opening and closing attempts goes wrong like this.
    pub fn fault_attempts(&self, fault: Fault) {
        self.set(Call::Attempt, Some(fault), None);
    }

    /// From now on, everything works.
    pub fn heal(&self) {
        self.set(Call::Append, None, None);
        self.set(Call::Attempt, None, None);
    }

    fn set(&self, call: Call, fault: Option<Fault>, times: Option<u64>) {
        *self.lock().plan(call) = Plan { fault, times };
        // What was blocked by the fault before goes on.
        self.0.healed.notify_all();
    }

    /// How often something was appended or tried to be.
    #[must_use]
    pub fn appends(&self) -> u64 {
        self.lock().appends
    }

    /// The most entries that came in one append.
    #[must_use]
    pub fn largest_append(&self) -> usize {
        self.lock().largest
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn strike(&self, call: Call) -> Option<Fault> {
        let mut state = self.lock();
        let plan = state.plan(call);
        match &mut plan.times {
            None => plan.fault,
            Some(0) => None,
            Some(times) => {
                *times -= 1;
                plan.fault
            }
        }
    }

    fn wait_until_healed(&self, call: Call) {
        let mut state = self.lock();
        while state.plan(call).fault == Some(Fault::Block) {
            state = self
                .0
                .healed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Writes to the store inside, unless a fault is in the way.
    fn write<R>(&self, call: Call, write: impl FnOnce(&dyn AuditStore) -> Result<R>) -> Result<R> {
        let unknown = || Error::new(ErrorKind::Unknown, "the store was told to lose track");
        match self.strike(call) {
            Some(Fault::Fail(kind)) => {
                return Err(Error::new(kind, "the store was told to fail"));
            }
            Some(Fault::StoredButUnknown) => {
                write(&*self.0.inner)?;
                return Err(unknown());
            }
            Some(Fault::LostButUnknown) => return Err(unknown()),
            Some(Fault::Slow(time)) => std::thread::sleep(time),
            Some(Fault::Block) => self.wait_until_healed(call),
            #[expect(clippy::panic, reason = "told to")]
            Some(Fault::Panic) => panic!("the store was told to panic"),
            None => {}
        }
        write(&*self.0.inner)
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").finish_non_exhaustive()
    }
}

impl AuditStore for FaultyStore {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
        let mut state = self.lock();
        state.appends += 1;
        state.largest = state.largest.max(entries.len());
        drop(state);
        self.write(Call::Append, |store| store.append(entries))
    }

    fn open_attempt(&self, entry: &AuditEntry) -> Result<()> {
        self.write(Call::Attempt, |store| store.open_attempt(entry))
    }

    fn close_attempt(&self, tenant: &Tenant, id: Uuid) -> Result<()> {
        self.write(Call::Attempt, |store| store.close_attempt(tenant, id))
    }

    fn entries(&self, tenant: &Tenant, query: &Query<'_>) -> Result<Vec<AuditEntry>> {
        self.0.inner.entries(tenant, query)
    }

    fn entry(&self, tenant: &Tenant, id: Uuid) -> Result<Option<AuditEntry>> {
        self.0.inner.entry(tenant, id)
    }

    fn count_by(&self, tenant: &Tenant, filter: &Filter, by: GroupBy) -> Result<Vec<Count>> {
        self.0.inner.count_by(tenant, filter, by)
    }

    fn count(&self, tenant: &Tenant, filter: &Filter) -> Result<u64> {
        self.0.inner.count(tenant, filter)
    }

    fn tenants(&self) -> Result<Vec<Tenant>> {
        self.0.inner.tenants()
    }

    fn cursor_key(&self) -> Result<[u8; 32]> {
        self.0.inner.cursor_key()
    }

    fn durability(&self) -> Durability {
        self.0.inner.durability()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;
    use crate::testing::contract::Sample;

    #[test]
    fn attempts_fail_apart_from_appends() {
        let memory = MemoryStore::new();
        let store = FaultyStore::new(memory.clone());
        let entry = Sample::new(1).entry(&"a".into());
        let close = || store.close_attempt(&entry.tenant, entry.id);
        store.fault(Fault::Fail(ErrorKind::Full));
        store.open_attempt(&entry).unwrap();
        assert_eq!(memory.open_attempts("a").len(), 1);
        close().unwrap();
        store.heal();

        store.fault_attempts(Fault::StoredButUnknown);
        let error = store.open_attempt(&entry).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert_eq!(memory.open_attempts("a").len(), 1);
        store.fault_attempts(Fault::Fail(ErrorKind::Busy));
        assert_eq!(close().unwrap_err().kind(), ErrorKind::Busy);
        store.append(std::slice::from_ref(&entry)).unwrap();
        assert_eq!(memory.open_attempts("a"), []);
    }
}
