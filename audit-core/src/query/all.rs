//! The logs of all tenants, for the operator of the system.

use std::fmt;
use std::sync::Arc;

use crate::entry::Tenant;
use crate::error::Result;
use crate::query::{Count, Filter, GroupBy, TenantLog};
use crate::store::AuditStore;

/// The logs of all tenants. Made by [`Auditor::all_tenants`](crate::Auditor::all_tenants) only,
/// which asks for a reason and records that it was used.
///
/// ```
/// use audit_core::{Actor, AuditContext, Auditor, GroupBy, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| auditor.log("export").record())?;
///
/// let operator = AuditContext::new("operations").actor(Actor::user(1, "root"));
/// let all = operator.scope(|| auditor.all_tenants("quarterly review"))?;
/// assert_eq!(all.tenants()?.len(), 2);
/// let by_action = all.count_by(GroupBy::Action)?;
/// assert_eq!(by_action[0].0.as_str(), "acme");
///
/// let trace = &auditor.tenant("operations").entries().page()?.entries[0];
/// assert_eq!(trace.reason.as_deref(), Some("quarterly review"));
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone)]
pub struct AllTenants(Arc<dyn AuditStore>);

impl AllTenants {
    pub(crate) fn new(store: Arc<dyn AuditStore>) -> Self {
        Self(store)
    }

    /// Every tenant that has entries, in text order.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn tenants(&self) -> Result<Vec<Tenant>> {
        self.0.tenants()
    }

    /// The log of each tenant, in text order.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn logs(&self) -> Result<impl Iterator<Item = TenantLog>> {
        let store = Arc::clone(&self.0);
        let tenants = self.tenants()?.into_iter();
        Ok(tenants.map(move |tenant| TenantLog::new(Arc::clone(&store), tenant)))
    }

    /// How many entries each tenant has in each group.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn count_by(&self, by: GroupBy) -> Result<Vec<(Tenant, Vec<Count>)>> {
        let filter = Filter::default();
        let tenants = self.tenants()?.into_iter();
        tenants
            .map(|tenant| {
                let counts = self.0.count_by(&tenant, &filter, by)?;
                Ok((tenant, counts))
            })
            .collect()
    }
}

impl fmt::Debug for AllTenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AllTenants")
    }
}
