//! A store that fails on demand.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use uuid::Uuid;

use crate::entry::{AuditEntry, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{Count, Filter, GroupBy};
use crate::store::{Appended, AuditStore, Durability, Query};

/// How appending goes wrong.
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

/// A store around another that fails, waits or panics on demand when appending. Clones are the
/// same store.
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
    fault: Option<Fault>,
    /// How many more appends the fault strikes; none for all.
    times: Option<u64>,
    appends: u64,
    largest: usize,
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
        self.set(Some(fault), None);
    }

    /// The next appends, so many of them, go wrong like this.
    pub fn fault_times(&self, fault: Fault, times: u64) {
        self.set(Some(fault), Some(times));
    }

    /// From now on, appending works.
    pub fn heal(&self) {
        self.set(None, None);
    }

    fn set(&self, fault: Option<Fault>, times: Option<u64>) {
        let mut state = self.lock();
        state.fault = fault;
        state.times = times;
        drop(state);
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

    fn strike(&self, entries: usize) -> Option<Fault> {
        let mut state = self.lock();
        state.appends += 1;
        state.largest = state.largest.max(entries);
        match &mut state.times {
            None => state.fault,
            Some(0) => None,
            Some(times) => {
                *times -= 1;
                state.fault
            }
        }
    }

    fn wait_until_healed(&self) {
        let mut state = self.lock();
        while state.fault == Some(Fault::Block) {
            state = self
                .0
                .healed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").finish_non_exhaustive()
    }
}

impl AuditStore for FaultyStore {
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
        let unknown = || Error::new(ErrorKind::Unknown, "the store was told to lose track");
        match self.strike(entries.len()) {
            Some(Fault::Fail(kind)) => {
                return Err(Error::new(kind, "the store was told to fail"));
            }
            Some(Fault::StoredButUnknown) => {
                self.0.inner.append(entries)?;
                return Err(unknown());
            }
            Some(Fault::LostButUnknown) => return Err(unknown()),
            Some(Fault::Slow(time)) => std::thread::sleep(time),
            Some(Fault::Block) => self.wait_until_healed(),
            #[expect(clippy::panic, reason = "told to")]
            Some(Fault::Panic) => panic!("the store was told to panic"),
            None => {}
        }
        self.0.inner.append(entries)
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
