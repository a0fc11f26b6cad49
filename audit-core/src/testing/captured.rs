//! What a test has recorded, and what of it an assertion has asked for.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::DateTime;
use uuid::Uuid;

use crate::context::AuditContext;
use crate::entry::{AuditEntry, Tenant};
use crate::error::Result;
use crate::query::TenantLog;
use crate::record::Auditor;
use crate::sanitize::Sanitizer;
use crate::store::{AuditStore, MemoryStore};
use crate::testing::{FixedClock, SequentialIds};

/// How long what is queued may take to be written before an assertion gives up.
const FLUSH: Duration = Duration::from_secs(5);

/// Everything that one test records, to be matched by [`assert_audited!`](crate::assert_audited).
///
/// Each test makes its own, so that tests run in parallel. The clock stands still at
/// 2026-01-01T12:00:00Z, and ids come in sequence. Clones are the same log.
///
/// ```
/// use audit_core::testing::Captured;
/// use audit_core::{Actor, assert_audited, assert_nothing_else_audited, audit_action};
///
/// #[audit_action(entity_id = id, metadata(why))]
/// fn archive_order(id: u32, why: &str) {}
///
/// let log = Captured::new();
/// log.context("acme").actor(Actor::user(17, "ada")).scope(|| archive_order(4, "paid"));
///
/// let entry = assert_audited!(log, action = "archive", entity = 4, actor = "ada", metadata "why" = "paid");
/// assert_eq!(entry.tenant.as_str(), "acme");
/// assert_nothing_else_audited!(log);
/// ```
#[derive(Clone, Debug)]
pub struct Captured {
    auditor: Auditor,
    claimed: Arc<Mutex<HashSet<(Tenant, Uuid)>>>,
}

impl Captured {
    /// An empty log in memory.
    #[must_use]
    pub fn new() -> Self {
        Self::over(MemoryStore::new())
    }

    /// The log that is kept in this store, with a fixed clock and ids in sequence. For a store that is
    /// empty: ids begin with 1.
    #[must_use]
    pub fn over(store: impl AuditStore) -> Self {
        let noon = DateTime::from_timestamp(1_767_268_800, 0).unwrap_or_default();
        let auditor = Auditor::builder(store)
            .clock(FixedClock::at(noon))
            .ids(SequentialIds::new());
        Self::of(&auditor.into_auditor())
    }

    /// The log that this auditor records into, with the clock, delivery and policies it has.
    ///
    /// ```
    /// use audit_core::testing::Captured;
    /// use audit_core::{AuditContext, Auditor, Delivery, MemoryStore, assert_audited};
    ///
    /// let auditor = Auditor::builder(MemoryStore::new()).delivery(Delivery::Buffered).build()?;
    /// AuditContext::new("acme").scope(|| auditor.log("export").record())?;
    ///
    /// // What is queued is written before anything is matched.
    /// assert_audited!(Captured::of(&auditor), action = "export", tenant = "acme");
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    #[must_use]
    pub fn of(auditor: &Auditor) -> Self {
        Self {
            auditor: auditor.clone(),
            claimed: Arc::default(),
        }
    }

    /// What the code under test records through.
    #[must_use]
    pub fn auditor(&self) -> &Auditor {
        &self.auditor
    }

    /// A context that brings the auditor along, so that annotated functions record here.
    #[must_use]
    pub fn context(&self, tenant: impl Into<Tenant>) -> AuditContext {
        AuditContext::new(tenant).auditor(&self.auditor)
    }

    /// What no assertion has claimed yet.
    ///
    /// # Errors
    ///
    /// As [`AuditedLog::recorded_so_far`].
    pub fn unclaimed(&self) -> Result<Vec<AuditEntry>> {
        let mut entries = self.recorded_so_far()?;
        entries.retain(|entry| !self.is_claimed(entry));
        Ok(entries)
    }

    fn claimed(&self) -> MutexGuard<'_, HashSet<(Tenant, Uuid)>> {
        self.claimed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Captured {
    fn default() -> Self {
        Self::new()
    }
}

/// Where an assertion looks for entries: a [`Captured`] log, an [`Auditor`] or a [`TenantLog`].
///
/// Only a captured log remembers what was claimed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no log that an assertion can look into",
    note = "use `audit_core::testing::Captured`, an `Auditor` or a `TenantLog`; over a store of your own, `Captured::over(store)`"
)]
pub trait AuditedLog {
    /// Every entry, tenant by tenant, in the order of their logs.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) if what is queued is not written in 5
    /// seconds, and any failure of the store.
    fn recorded_so_far(&self) -> Result<Vec<AuditEntry>>;

    /// What masks the values that a failed assertion shows.
    fn sanitizer(&self) -> Sanitizer;

    /// Notes that an assertion has asked for this entry.
    fn claim(&self, _entry: &AuditEntry) {}

    /// Whether an assertion has asked for this entry.
    fn is_claimed(&self, _entry: &AuditEntry) -> bool {
        false
    }
}

impl AuditedLog for Captured {
    fn recorded_so_far(&self) -> Result<Vec<AuditEntry>> {
        self.auditor.recorded_so_far()
    }

    fn sanitizer(&self) -> Sanitizer {
        self.auditor.sanitizer().clone()
    }

    fn claim(&self, entry: &AuditEntry) {
        self.claimed().insert((entry.tenant.clone(), entry.id));
    }

    fn is_claimed(&self, entry: &AuditEntry) -> bool {
        self.claimed().contains(&(entry.tenant.clone(), entry.id))
    }
}

impl AuditedLog for Auditor {
    fn recorded_so_far(&self) -> Result<Vec<AuditEntry>> {
        self.flush(FLUSH)?;
        let mut all = Vec::new();
        for tenant in self.store().tenants()? {
            all.extend(self.tenant(tenant).recorded_so_far()?);
        }
        Ok(all)
    }

    fn sanitizer(&self) -> Sanitizer {
        Self::sanitizer(self).clone()
    }
}

/// Only what is stored by now: a log knows of no queue, so that [`Auditor::flush`] comes before, where
/// delivery is not durable.
impl AuditedLog for TenantLog {
    fn recorded_so_far(&self) -> Result<Vec<AuditEntry>> {
        self.entries().oldest_first().stream()?.collect()
    }

    fn sanitizer(&self) -> Sanitizer {
        Sanitizer::default()
    }
}

impl<L: AuditedLog + ?Sized> AuditedLog for &L {
    fn recorded_so_far(&self) -> Result<Vec<AuditEntry>> {
        (**self).recorded_so_far()
    }

    fn sanitizer(&self) -> Sanitizer {
        (**self).sanitizer()
    }

    fn claim(&self, entry: &AuditEntry) {
        (**self).claim(entry);
    }

    fn is_claimed(&self, entry: &AuditEntry) -> bool {
        (**self).is_claimed(entry)
    }
}
