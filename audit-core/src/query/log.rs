//! The log of one tenant.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::entry::{AuditEntry, Tenant, ToEntityId};
use crate::error::Result;
use crate::query::causes::{CauseTree, Operation, consequences, why};
use crate::query::filter::Filter;
use crate::query::stream::Source;
use crate::query::{Entries, History};
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
        Entries::of(self, Filter::default())
    }

    /// The history of one record: what it was at any moment, and who changed what.
    pub fn history(&self, entity_type: impl Into<String>, id: impl ToEntityId) -> History {
        History::new(self.clone(), entity_type.into(), id.to_entity_id())
    }

    /// Everything of one unit of work: one request, one job, one transaction.
    #[must_use]
    pub fn operation(&self, operation: Uuid) -> Operation {
        Operation::new(self.clone(), operation)
    }

    /// Why an entry came about: the entry that caused it, the one that caused that, and so on to the
    /// first, across jobs.
    ///
    /// If the last of them names a cause itself, that one is not in the log: it was lost, or is an
    /// action that still runs. At most 1,000 are read.
    ///
    /// ```
    /// use audit_core::{AuditContext, Auditor, MemoryStore};
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// let (order, job, mail) = AuditContext::new("acme").scope(|| {
    ///     let order = auditor.log("order").record()?.entry_id().unwrap();
    ///     let job = auditor.log("bill").caused_by(order).record()?.entry_id().unwrap();
    ///     let mail = auditor.log("mail").caused_by(job).record()?.entry_id().unwrap();
    ///     Ok::<_, audit_core::Error>((order, job, mail))
    /// })?;
    /// let log = auditor.tenant("acme");
    /// let why: Vec<String> = log.why(mail)?.into_iter().map(|entry| entry.action).collect();
    /// assert_eq!(why, ["bill", "order"]);
    /// assert_eq!(log.consequences(order)?.entries.len(), 2);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if this log has no such entry, and any
    /// failure of the store.
    pub fn why(&self, entry: Uuid) -> Result<Vec<AuditEntry>> {
        self.tenant.check()?;
        why(self.source(), entry)
    }

    /// What an entry led to: what it caused, what that caused, and so on, across jobs. The entry
    /// itself is not among them, and need not be in the log yet: an action that still runs has
    /// consequences too.
    ///
    /// At most 10,000 are read; [`CauseTree::is_complete`] says whether that was all.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn consequences(&self, entry: Uuid) -> Result<CauseTree> {
        self.tenant.check()?;
        consequences(self.source(), entry)
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

    pub(super) fn source(&self) -> Source<'_> {
        Source {
            store: &*self.store,
            tenant: &self.tenant,
        }
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
