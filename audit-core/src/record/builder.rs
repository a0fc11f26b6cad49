//! Settings of an auditor.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::diff::digest::DigestKey;
use crate::entry::{DEFAULT_ENTRY_BYTES, limits};
use crate::error::{Error, Result};
use crate::record::auditor::Auditor;
use crate::record::clock::{Clock, IdSource, SystemClock, TimeOrderedIds};
use crate::record::delivery::{Delivery as Queue, Shared};
use crate::record::policy::{Delivery, FailurePolicy, QueueLimits};
use crate::record::report::{Problem, Reporter};
use crate::sanitize::Sanitizer;
use crate::store::AuditStore;

/// What an auditor needs for each draft.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) sanitizer: Sanitizer,
    pub(crate) entry_bytes: usize,
    pub(crate) policy: FailurePolicy,
    pub(crate) action_policies: HashMap<String, FailurePolicy>,
    pub(crate) digest_key: Option<DigestKey>,
    /// Actions of which nothing is recorded.
    pub(crate) off: HashSet<String>,
}

/// Makes an [`Auditor`] with settings of your own.
///
/// ```
/// use std::time::Duration;
///
/// use audit_core::{Auditor, Delivery, FailurePolicy, MemoryStore, Sanitizer};
///
/// let auditor = Auditor::builder(MemoryStore::new())
///     .sanitizer(Sanitizer::builder().name("iban").allow("key").build())
///     .delivery(Delivery::Buffered)
///     .queue(50_000, 64 * 1024 * 1024)
///     .action_policy("access", FailurePolicy::BestEffort)
///     .on_problem(|problem| eprintln!("{problem}"))
///     .build()?;
/// auditor.close(Duration::from_secs(5))?;
/// # Ok::<(), audit_core::Error>(())
/// ```
#[must_use = "a builder does nothing until `.build()` is called"]
pub struct AuditorBuilder {
    store: Arc<dyn AuditStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    reporter: Reporter,
    delivery: Delivery,
    limits: QueueLimits,
    settings: Settings,
}

impl AuditorBuilder {
    pub(super) fn new(store: Arc<dyn AuditStore>) -> Self {
        Self {
            store,
            clock: Arc::new(SystemClock),
            ids: Arc::new(TimeOrderedIds),
            reporter: Reporter::default(),
            delivery: Delivery::default(),
            limits: QueueLimits::default(),
            settings: Settings {
                sanitizer: Sanitizer::default(),
                entry_bytes: DEFAULT_ENTRY_BYTES,
                policy: FailurePolicy::default(),
                action_policies: HashMap::new(),
                digest_key: None,
                off: HashSet::new(),
            },
        }
    }

    /// What recording waits for; without this, for the commit.
    pub fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// What happens when an entry cannot be recorded; without this, the caller gets the error.
    pub fn policy(mut self, policy: FailurePolicy) -> Self {
        self.settings.policy = policy;
        self
    }

    /// What happens when an entry with this action cannot be recorded.
    pub fn action_policy(mut self, action: impl Into<String>, policy: FailurePolicy) -> Self {
        self.settings.action_policies.insert(action.into(), policy);
        self
    }

    /// Switches actions off: annotated functions and drafts with one of these actions record
    /// nothing, and say so with a receipt that [is not recorded](crate::Receipt::is_recorded).
    ///
    /// An annotated function that is switched off costs a read and a comparison: none of the values
    /// that its attribute names is even looked at. What a store has seen by itself, such as row changes of
    /// tracked tables, is recorded all the same.
    ///
    /// ```
    /// use audit_core::{AuditContext, Auditor, MemoryStore};
    ///
    /// let auditor = Auditor::builder(MemoryStore::new()).off(["access"]).build()?;
    /// let receipt = AuditContext::new("acme").scope(|| auditor.log("access").record())?;
    /// assert!(!receipt.is_recorded());
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    pub fn off<A: Into<String>>(mut self, actions: impl IntoIterator<Item = A>) -> Self {
        self.settings
            .off
            .extend(actions.into_iter().map(Into::into));
        self
    }

    /// What masks secrets; without this, the names and detectors of [`Sanitizer::default`].
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.settings.sanitizer = sanitizer;
        self
    }

    /// The secret that fields marked `#[audit(hash)]` are digested with: 32 random bytes, kept
    /// where secrets are kept. With another one, digests made before and after differ.
    pub fn digest_key(mut self, secret: &[u8; 32]) -> Self {
        self.settings.digest_key = Some(DigestKey::new(secret));
        self
    }

    /// How many entries, and how many bytes of them, may wait to be written; without this 16,384
    /// and 32 MiB. Callers wait while the queue is full.
    pub fn queue(mut self, entries: usize, bytes: usize) -> Self {
        self.limits.entries = entries;
        self.limits.bytes = bytes;
        self
    }

    /// How long [`Draft::record`](crate::Draft::record) waits for room and for its commit;
    /// without this 5 seconds. An awaited draft waits as long as its future is polled.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
        self
    }

    /// The largest entry in bytes; without this 64 KiB. Larger values are cut, and say so.
    pub fn entry_bytes(mut self, bytes: usize) -> Self {
        self.settings.entry_bytes = bytes;
        self
    }

    /// Tells the time; for tests.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Makes the ids of entries; for tests.
    pub fn ids(mut self, ids: impl IdSource) -> Self {
        self.ids = Arc::new(ids);
        self
    }

    /// Is told of what was delayed or lost and reached no caller as an error. Runs on the thread
    /// that found out, so it has to be quick; without this, problems go to standard error.
    ///
    /// It may record. On the thread that writes nothing waits: what is recorded there is queued,
    /// whatever the delivery is, and [`Auditor::flush`] is refused.
    pub fn on_problem(mut self, callback: impl Fn(&Problem<'_>) + Send + Sync + 'static) -> Self {
        self.reporter = Reporter::new(callback);
        self
    }

    /// The auditor.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a queue without room, or entries
    /// smaller than what is never cut needs.
    pub fn build(self) -> Result<Auditor> {
        if self.limits.entries == 0 || self.limits.bytes == 0 {
            return Err(Error::invalid(
                "the queue has no room; give it at least 1 entry and 1 byte",
            ));
        }
        if self.settings.entry_bytes < limits::MIN_ENTRY_BYTES {
            return Err(Error::invalid(format!(
                "entries of {} bytes are too small; ids and names are never dropped and need at least {}",
                self.settings.entry_bytes,
                limits::MIN_ENTRY_BYTES
            )));
        }
        Ok(self.into_auditor())
    }

    pub(crate) fn into_auditor(self) -> Auditor {
        let shared = Shared::new(
            self.store,
            self.clock,
            self.ids,
            self.reporter,
            self.delivery,
            self.limits,
        );
        Auditor::from_parts(Queue::new(shared), self.settings)
    }
}

impl fmt::Debug for AuditorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditorBuilder")
            .field("delivery", &self.delivery)
            .field("limits", &self.limits)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
