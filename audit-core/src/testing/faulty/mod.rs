//! A store that fails on demand.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::entry::{AuditEntry, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{Count, Filter, GroupBy};
use crate::store::{Appended, AuditStore, Durability, Query};

/// How writing or reading goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Fails with an error of this kind; nothing is stored.
    Fail(ErrorKind),
    /// Stores, and then says that it does not know: what an I/O error at commit does. Reads, and then
    /// says so.
    StoredButUnknown,
    /// Stores nothing, and says that it does not know.
    LostButUnknown,
    /// Waits so long before it stores or reads.
    Slow(Duration),
    /// Waits until the fault is taken away or another one is set.
    Block,
    /// Panics.
    Panic,
}

/// A store around another that fails, waits or panics on demand when appending, when opening and
/// closing attempts, or when reading. Clones are the same store.
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
    read: Plan,
    appends: u64,
    largest: usize,
}

/// What is to go wrong with one kind of call.
#[derive(Clone, Copy, Default)]
struct Plan {
    fault: Option<Fault>,
    /// How many calls the fault spares before it strikes.
    spared: u64,
    /// How many more calls the fault strikes; none for all.
    times: Option<u64>,
}

impl Plan {
    fn always(fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..Self::default()
        }
    }

    fn some(fault: Fault, spared: u64, times: u64) -> Self {
        Self {
            fault: Some(fault),
            spared,
            times: Some(times),
        }
    }

    fn nth(fault: Fault, number: u64) -> Self {
        Self::some(fault, number.saturating_sub(1), 1)
    }

    /// What goes wrong with the call that comes now.
    fn strike(&mut self) -> Option<Fault> {
        if self.spared > 0 {
            self.spared -= 1;
            return None;
        }
        match &mut self.times {
            None => self.fault,
            Some(0) => None,
            Some(times) => {
                *times -= 1;
                self.fault
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Call {
    Append,
    Attempt,
    Read,
}

impl State {
    fn plan(&mut self, call: Call) -> &mut Plan {
        match call {
            Call::Append => &mut self.append,
            Call::Attempt => &mut self.attempt,
            Call::Read => &mut self.read,
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
        self.set(Call::Append, Plan::always(fault));
    }

    /// The next appends, so many of them, go wrong like this.
    pub fn fault_times(&self, fault: Fault, times: u64) {
        self.set(Call::Append, Plan::some(fault, 0, times));
    }

    /// One append goes wrong like this: the first from now on is number 1.
    ///
    /// ```
    /// use audit_core::testing::{Fault, FaultyStore};
    /// use audit_core::{AuditContext, Auditor, ErrorKind, MemoryStore};
    ///
    /// let store = FaultyStore::new(MemoryStore::new());
    /// let auditor = Auditor::new(store.clone());
    /// store.fault_nth(Fault::Fail(ErrorKind::Full), 2);
    /// let recorded = AuditContext::new("acme")
    ///     .scope(|| [(); 3].map(|()| auditor.log("export").record().is_ok()));
    /// assert_eq!(recorded, [true, false, true]);
    /// ```
    pub fn fault_nth(&self, fault: Fault, number: u64) {
        self.set(Call::Append, Plan::nth(fault, number));
    }

    /// From now on, opening and closing attempts goes wrong like this.
    pub fn fault_attempts(&self, fault: Fault) {
        self.set(Call::Attempt, Plan::always(fault));
    }

    /// From now on, every read of entries, counts and tenants goes wrong like this.
    pub fn fault_reads(&self, fault: Fault) {
        self.set(Call::Read, Plan::always(fault));
    }

    /// One read goes wrong like this: the first from now on is number 1.
    pub fn fault_nth_read(&self, fault: Fault, number: u64) {
        self.set(Call::Read, Plan::nth(fault, number));
    }

    /// From now on, everything works. What was blocked goes on.
    pub fn heal(&self) {
        for call in [Call::Append, Call::Attempt, Call::Read] {
            self.set(call, Plan::default());
        }
    }

    fn set(&self, call: Call, plan: Plan) {
        *self.lock().plan(call) = plan;
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
        self.lock().plan(call).strike()
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

    /// Calls the store inside, unless a fault is in the way.
    fn call<R>(&self, call: Call, work: impl FnOnce(&dyn AuditStore) -> Result<R>) -> Result<R> {
        let unknown = || Error::new(ErrorKind::Unknown, "the store was told to lose track");
        match self.strike(call) {
            Some(Fault::Fail(kind)) => {
                return Err(Error::new(kind, "the store was told to fail"));
            }
            Some(Fault::StoredButUnknown) => {
                work(&*self.0.inner)?;
                return Err(unknown());
            }
            Some(Fault::LostButUnknown) => return Err(unknown()),
            Some(Fault::Slow(time)) => std::thread::sleep(time),
            Some(Fault::Block) => self.wait_until_healed(call),
            #[expect(clippy::panic, reason = "told to")]
            Some(Fault::Panic) => panic!("the store was told to panic"),
            None => {}
        }
        work(&*self.0.inner)
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
        self.call(Call::Append, |store| store.append(entries))
    }

    fn open_attempt(&self, entry: &AuditEntry) -> Result<()> {
        self.call(Call::Attempt, |store| store.open_attempt(entry))
    }

    fn close_attempt(&self, tenant: &Tenant, id: Uuid) -> Result<()> {
        self.call(Call::Attempt, |store| store.close_attempt(tenant, id))
    }

    fn entries(&self, tenant: &Tenant, query: &Query<'_>) -> Result<Vec<AuditEntry>> {
        self.call(Call::Read, |store| store.entries(tenant, query))
    }

    fn entry(&self, tenant: &Tenant, id: Uuid) -> Result<Option<AuditEntry>> {
        self.call(Call::Read, |store| store.entry(tenant, id))
    }

    fn count_by(&self, tenant: &Tenant, filter: &Filter, by: GroupBy) -> Result<Vec<Count>> {
        self.call(Call::Read, |store| store.count_by(tenant, filter, by))
    }

    fn count(&self, tenant: &Tenant, filter: &Filter) -> Result<u64> {
        self.call(Call::Read, |store| store.count(tenant, filter))
    }

    fn tenants(&self) -> Result<Vec<Tenant>> {
        self.call(Call::Read, AuditStore::tenants)
    }

    fn cursor_key(&self) -> Result<[u8; 32]> {
        self.0.inner.cursor_key()
    }

    fn durability(&self) -> Durability {
        self.0.inner.durability()
    }
}
