//! The log of one tenant.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::entry::{AuditEntry, Tenant};
use crate::error::Result;
use crate::query::Entries;
use crate::store::AuditStore;

/// The log of one tenant: the only way to read. It cannot see, count or guess any other's.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let receipt = AuditContext::new("acme").scope(|| auditor.log("export").record())?;
/// let id = receipt.entry_id().unwrap();
///
/// assert!(auditor.tenant("acme").entry(id)?.is_some());
/// assert!(auditor.tenant("globex").entry(id)?.is_none());
/// # Ok::<(), audit_core::Error>(())
/// ```
///
/// There is no reading without a tenant:
///
/// ```compile_fail,E0599
/// # let auditor = audit_core::Auditor::new(audit_core::MemoryStore::new());
/// let page = auditor.entries().page();
/// ```
#[derive(Clone)]
pub struct TenantLog {
    store: Arc<dyn AuditStore>,
    tenant: Tenant,
}

impl TenantLog {
    /// The log of a tenant in a store, for readers that have no auditor.
    #[must_use]
    pub fn new(store: Arc<dyn AuditStore>, tenant: impl Into<Tenant>) -> Self {
        Self {
            store,
            tenant: tenant.into(),
        }
    }

    /// The entries: narrow them down, then read a page, a stream or a count.
    pub fn entries(&self) -> Entries<'_> {
        Entries::new(self)
    }

    /// One entry by its id. An id of another tenant is as unknown as one that nobody has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a tenant that cannot be, and any
    /// failure of the store.
    pub fn entry(&self, id: Uuid) -> Result<Option<AuditEntry>> {
        self.tenant.check()?;
        self.store.entry(&self.tenant, id)
    }

    /// Whose log this is.
    #[must_use]
    pub fn name(&self) -> &Tenant {
        &self.tenant
    }

    pub(super) fn store(&self) -> &dyn AuditStore {
        &*self.store
    }
}

impl fmt::Debug for TenantLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TenantLog").field(&self.tenant).finish()
    }
}
