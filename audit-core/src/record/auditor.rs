//! The handle that application code holds and records through.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::context::{AuditContext, Frame, Here, Recorder};
use crate::diff::{Audited, FieldDiff, FieldSnapshot};
use crate::entry::{AuditEntry, Severity, Tenant, action};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{AllTenants, TenantLog};
use crate::record::batch::Drafts;
use crate::record::builder::{AuditorBuilder, Settings};
use crate::record::closing::LastWords;
use crate::record::delivery::{Batch, Delivery};
use crate::record::draft::Draft;
use crate::record::parts::Prepared;
use crate::record::policy::{Delivery as Mode, FailurePolicy};
use crate::record::receipt::Receipt;
use crate::record::statistics::{Health, Statistics};
use crate::record::transaction::{self, TransactionScope};
use crate::sanitize::{Sanitizer, choke};
use crate::store::AuditStore;

/// Records into a store and reads from it. A cheap handle; clones are the same auditor.
///
/// The last handle that is dropped writes what is queued, but runs nothing of what
/// [`Auditor::on_close`] announced. A handle that was installed as process
/// default is never dropped: call [`Auditor::close`] at the end of `main` if delivery is
/// buffered.
///
/// ```
/// use audit_core::{Actor, AuditContext, Auditor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let context = AuditContext::new("acme").actor(Actor::user(7, "ada"));
/// context.scope(|| auditor.log("export").entity("report", 2026).record())?;
///
/// let page = auditor.tenant("acme").entries().action("export").page()?;
/// assert_eq!(page.entries[0].actor.name(), Some("ada"));
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Auditor(Arc<Inner>);

struct Inner {
    /// Told from every other auditor of the process, past ones too.
    number: u64,
    delivery: Delivery,
    settings: Settings,
    last_words: LastWords,
}

static INSTALLED: OnceLock<Auditor> = OnceLock::new();
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

impl Auditor {
    /// An auditor with the usual settings: durable, strict, sanitizing.
    #[must_use]
    pub fn new(store: impl AuditStore) -> Self {
        AuditorBuilder::new(Arc::new(store)).into_auditor()
    }

    /// An auditor with settings of your own.
    pub fn builder(store: impl AuditStore) -> AuditorBuilder {
        AuditorBuilder::new(Arc::new(store))
    }

    pub(super) fn from_parts(delivery: Delivery, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            number: NEXT_NUMBER.fetch_add(1, Ordering::Relaxed),
            delivery,
            settings,
            last_words: LastWords::default(),
        }))
    }

    /// Makes this the auditor of the process, for annotated functions that run outside of a
    /// context which brings one. For applications; libraries and tests use
    /// [`AuditContext::auditor`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::AlreadyInstalled`] if one was installed before; it stays.
    pub fn install(&self) -> Result<()> {
        INSTALLED.set(self.clone()).map_err(|_| {
            Error::new(
                ErrorKind::AlreadyInstalled,
                "an auditor was installed before and stays; install once, at the start of the process",
            )
        })
    }

    /// The auditor of here and now: the one of the context, or else the installed one.
    #[must_use]
    pub fn current() -> Option<Self> {
        Frame::look(|frame| Self::of_frame(frame).cloned())
    }

    pub(crate) fn of_frame(frame: Option<&Frame>) -> Option<&Self> {
        let brought = frame.and_then(Frame::recorder);
        let brought = brought.and_then(|recorder| recorder.auditor.downcast_ref());
        brought.or_else(|| INSTALLED.get())
    }

    /// The number of the auditor of here and now; zero if there is none.
    #[inline]
    pub(crate) fn number_here(here: Here) -> u64 {
        if here.auditor != 0 {
            return here.auditor;
        }
        INSTALLED.get().map_or(0, Self::number)
    }

    /// As contexts bring it along.
    pub(crate) fn to_recorder(&self) -> Recorder {
        Recorder {
            auditor: Arc::new(self.clone()),
            number: self.number(),
        }
    }

    /// An entry by hand, for any action of 1 to 50 characters.
    pub fn log(&self, action: impl Into<String>) -> Draft {
        Draft::new(self.clone(), action)
    }

    /// A record came to be: every field with its value.
    pub fn created<T: Audited + ?Sized>(&self, record: &T) -> Draft {
        let mut fields = FieldSnapshot::created();
        record.audit_snapshot(&mut fields);
        self.log(action::CREATE)
            .about(record)
            .snapshot(fields.finish())
    }

    /// A record changed: each field that differs, with its old and its new value. Where nothing
    /// differs, recording does nothing.
    pub fn updated<T: Audited>(&self, before: &T, after: &T) -> Draft {
        let mut fields = FieldDiff::new();
        before.audit_diff(after, &mut fields);
        self.log(action::UPDATE)
            .about(after)
            .difference(fields.finish())
    }

    /// A record went: every field with the value it had.
    pub fn deleted<T: Audited + ?Sized>(&self, record: &T) -> Draft {
        let mut fields = FieldSnapshot::deleted();
        record.audit_snapshot(&mut fields);
        self.log(action::DELETE)
            .about(record)
            .snapshot(fields.finish())
    }

    /// Many drafts as one: one append, all or none, one receipt each.
    pub fn batch<I: IntoIterator<Item = Draft>>(&self, drafts: I) -> Drafts<I::IntoIter> {
        Drafts::new(self.clone(), drafts.into_iter())
    }

    /// The log of one tenant: the only way to read.
    #[must_use]
    pub fn tenant(&self, tenant: impl Into<Tenant>) -> TenantLog {
        TenantLog::new(self.store(), tenant)
    }

    /// The logs of all tenants, for the operator of the system. Says why, and is itself recorded
    /// in the log of the current context's tenant before anything is read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] without a reason, [`ErrorKind::MissingContext`] outside of a
    /// context, [`ErrorKind::Busy`] inside an open transaction on the store or in a callback that
    /// runs on the thread that writes, and whatever recording may fail with.
    pub fn all_tenants(&self, reason: impl Into<String>) -> Result<AllTenants> {
        let reason: String = reason.into();
        if reason.trim().is_empty() {
            return Err(Error::invalid(
                "reading across tenants needs a reason; say in words why",
            ));
        }
        if TransactionScope::is_open(self.store_ref()) {
            return Err(Error::new(
                ErrorKind::Busy,
                "reading across tenants is recorded for good before anything is read, which an open transaction cannot do; end the transaction first",
            ));
        }
        if self.delivery().is_own_thread() {
            return Err(Error::new(
                ErrorKind::Busy,
                "reading across tenants is recorded before anything is read, which a callback of the auditor cannot wait for; read on another thread",
            ));
        }
        let draft = self
            .log(action::ACCESS)
            .entity_type("audit_log")
            .entity_name("all tenants")
            .reason(reason)
            .severity(Severity::Notice)
            .strict()
            .always();
        match draft.prepare() {
            // Written before anything is read, also where delivery is buffered.
            Prepared::Entry {
                entries, policy, ..
            } => {
                self.deliver(entries, policy, Mode::Durable)?;
            }
            Prepared::Answer(answer) => {
                answer?;
            }
        }
        Ok(AllTenants::new(self.store()))
    }

    /// Waits until everything recorded so far is written, and every gap is told of.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Timeout`] at the deadline, [`ErrorKind::Busy`] in a callback that runs on the
    /// thread that writes. Nothing is dropped: what is queued stays queued.
    pub fn flush(&self, timeout: Duration) -> Result<()> {
        self.0.delivery.flush(timeout)
    }

    /// Whether recording works.
    #[must_use]
    pub fn health(&self) -> Health {
        self.0.delivery.shared.health()
    }

    /// How much was written, failed and lost so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.0.delivery.shared.statistics()
    }

    /// Whether it records into this store, or into a decorator of it: whether
    /// [`AuditStore::cursor_key`] is the same. For authors of stores.
    #[must_use]
    pub fn records_into(&self, store: &dyn AuditStore) -> bool {
        match (self.store_ref().cursor_key(), store.cursor_key()) {
            (Ok(own), Ok(other)) => own == other,
            _ => false,
        }
    }

    /// The sanitizer that everything recorded passes.
    #[must_use]
    pub fn sanitizer(&self) -> &Sanitizer {
        &self.0.settings.sanitizer
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(crate) fn store(&self) -> Arc<dyn AuditStore> {
        Arc::clone(&self.0.delivery.shared.store)
    }

    pub(super) fn store_ref(&self) -> &dyn AuditStore {
        &*self.0.delivery.shared.store
    }

    pub(super) fn last_words(&self) -> &LastWords {
        &self.0.last_words
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.0.delivery
    }

    /// What time it is, as the clock says that this auditor was given.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.0.delivery.shared.clock.now()
    }

    pub(crate) fn next_id(&self) -> Uuid {
        self.0.delivery.shared.ids.next_id()
    }

    pub(crate) fn pass(&self, entry: &mut AuditEntry) {
        choke::pass(
            entry,
            &self.0.settings.sanitizer,
            self.0.settings.entry_bytes,
        );
    }

    pub(crate) fn number(&self) -> u64 {
        self.0.number
    }

    /// Whether any action is switched off at all.
    pub(crate) fn is_any_off(&self) -> bool {
        !self.0.settings.off.is_empty()
    }

    pub(crate) fn is_off(&self, action: &str) -> bool {
        self.is_any_off() && self.0.settings.off.contains(action)
    }

    /// The draft's own word first, then the action's, then the auditor's.
    pub(crate) fn policy_for(&self, action: &str, own: Option<FailurePolicy>) -> FailurePolicy {
        let settings = &self.0.settings;
        own.or_else(|| settings.action_policies.get(action).copied())
            .unwrap_or(settings.policy)
    }

    /// Delivers entries and waits as the delivery mode says.
    pub(crate) fn record_now(
        &self,
        entries: Vec<AuditEntry>,
        policy: FailurePolicy,
    ) -> Result<Vec<Receipt>> {
        self.record_in_mode(entries, policy, self.0.delivery.shared.mode)
    }

    /// The same as this mode says, whatever the auditor's is. In a transaction, entries join it.
    pub(crate) fn record_in_mode(
        &self,
        entries: Vec<AuditEntry>,
        policy: FailurePolicy,
        mode: Mode,
    ) -> Result<Vec<Receipt>> {
        match transaction::join(self, entries) {
            Ok(receipts) => Ok(receipts),
            Err(entries) => self.deliver(entries, policy, mode),
        }
    }

    /// Delivers entries past any transaction, and waits as this mode says.
    pub(crate) fn deliver(
        &self,
        entries: Vec<AuditEntry>,
        policy: FailurePolicy,
        mode: Mode,
    ) -> Result<Vec<Receipt>> {
        let answer = self.0.delivery.submit(Batch::new(entries, policy), mode);
        self.settle(answer, policy)
    }

    /// Delivers without waiting, for what happens in a `Drop`.
    pub(crate) fn record_detached(&self, mut batch: Batch) {
        match transaction::join(self, std::mem::take(&mut batch.entries)) {
            Ok(_) => return,
            Err(entries) => batch.entries = entries,
        }
        if let Err(refused) = self.0.delivery.submit_detached(batch) {
            // Nobody is there to be told, whatever the policy.
            drop(self.settle(Err(refused), FailurePolicy::BestEffort));
        }
    }
}

impl AuditContext {
    /// Brings an auditor along: annotated functions in this context record through it, whatever
    /// is installed. This is how tests run in parallel.
    ///
    /// ```
    /// use audit_core::{AuditContext, Auditor, MemoryStore};
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// AuditContext::new("acme").auditor(&auditor).scope(|| {
    ///     assert!(Auditor::current().is_some());
    /// });
    /// ```
    #[must_use]
    pub fn auditor(self, auditor: &Auditor) -> Self {
        self.with_recorder(auditor.to_recorder())
    }
}

impl fmt::Debug for Auditor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auditor")
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn shareable<T: Send + Sync + Clone + 'static>() {}
    shareable::<Auditor>();
};
