//! What is about to be recorded.

use std::borrow::Cow;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::context::{AuditContext, Frame};
use crate::diff::Audited;
use crate::entry::{
    Actor, AuditEntry, Changes, Entity, ErrorDetail, Outcome, Severity, Tenant, ToEntityId,
};
use crate::error::{Error, ErrorKind, Result};
use crate::record::auditor::Auditor;
use crate::record::policy::FailurePolicy;
use crate::record::receipt::Receipt;
use crate::record::recording::Recording;
use crate::store::to_micros;

/// An entry that is about to be recorded: [`Draft::record`] in sync code, `.await` in async code.
///
/// A draft takes the context of where it is made. Everything in it passes the sanitizer before
/// anything else sees it. A clone is the same entry: recording it again, after an error whose
/// kind is [`ErrorKind::Unknown`], never stores it twice.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore, Severity};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| {
///     auditor
///         .log("complex_operation")
///         .entity("resource", 7)
///         .entity_name("billing")
///         .metadata("api_key", "hunter2")
///         .severity(Severity::Notice)
///         .record()
/// })?;
/// let entry = &auditor.tenant("acme").entries().page()?.entries[0];
/// assert_eq!(entry.metadata["api_key"], "********");
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a draft is not recorded until `.record()` is called or it is awaited"]
pub struct Draft {
    auditor: Option<Auditor>,
    pub(super) parts: Box<Parts>,
}

/// Everything of an entry that the recorder says; the context says the rest.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) id: Uuid,
    pub(super) timestamp: DateTime<Utc>,
    pub(super) action: Cow<'static, str>,
    pub(super) tenant: Option<Tenant>,
    pub(super) entity: Option<Entity>,
    pub(super) changes: Changes,
    pub(super) metadata: Map<String, Value>,
    pub(super) outcome: Outcome,
    pub(super) error: Option<ErrorDetail>,
    pub(super) duration: Option<Duration>,
    pub(super) reason: Option<String>,
    pub(super) severity: Severity,
    pub(super) cause: Option<Uuid>,
    pub(super) frame: Option<Frame>,
    pub(super) policy: Option<FailurePolicy>,
    /// An update that changed nothing: there is nothing to record.
    pub(super) unchanged: bool,
    /// Recorded although its action is switched off.
    pub(super) always: bool,
    /// The first mistake made while building; recording reports it.
    pub(super) invalid: Option<String>,
}

impl Draft {
    pub(crate) fn new(auditor: Auditor, action: impl Into<String>) -> Self {
        let action = Cow::Owned(action.into());
        Self::in_frame(Some(auditor), action, Frame::current())
    }

    /// A draft that may have no auditor to go to; recording it says so.
    pub(crate) fn in_frame(
        auditor: Option<Auditor>,
        action: Cow<'static, str>,
        frame: Option<Frame>,
    ) -> Self {
        let (id, now) = match &auditor {
            Some(auditor) => (auditor.next_id(), auditor.now()),
            None => (Uuid::now_v7(), Utc::now()),
        };
        Self {
            auditor,
            parts: Box::new(Parts {
                id,
                timestamp: to_micros(now),
                action,
                tenant: None,
                entity: None,
                changes: Changes::new(),
                metadata: Map::new(),
                outcome: Outcome::Success,
                error: None,
                duration: None,
                reason: None,
                severity: Severity::Info,
                cause: None,
                frame,
                policy: None,
                unchanged: false,
                always: false,
                invalid: None,
            }),
        }
    }

    /// Says whose log the entry goes to, where that is not the context's tenant.
    ///
    /// Actor, address and request are taken from the context all the same, the operation is not:
    /// it means nothing in another's log. Without a context the actor is [`Actor::anonymous`].
    ///
    /// ```
    /// use audit_core::{AuditContext, Auditor, MemoryStore};
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// AuditContext::new("operator").scope(|| auditor.log("suspend").tenant("acme").record())?;
    /// assert_eq!(auditor.tenant("acme").entries().count()?, 1);
    /// assert_eq!(auditor.tenant("operator").entries().count()?, 0);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    pub fn tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.parts.tenant = Some(tenant.into());
        self
    }

    /// Says what type of record it was done to, and to which.
    pub fn entity(mut self, entity_type: impl Into<String>, id: impl ToEntityId) -> Self {
        let entity = self.entity_or(entity_type).identified(id);
        self.parts.entity = Some(entity);
        self
    }

    /// Says what type of record it was done to, where no single one is meant.
    pub fn entity_type(mut self, entity_type: impl Into<String>) -> Self {
        let entity = self.entity_or(entity_type);
        self.parts.entity = Some(entity);
        self
    }

    /// Says what the record is called, now. Needs an entity.
    pub fn entity_name(mut self, name: impl Into<String>) -> Self {
        match self.parts.entity.take() {
            Some(entity) => self.parts.entity = Some(entity.named(name)),
            None => self.mistake("an entity name needs an entity; call `entity` or `entity_type` before `entity_name`"),
        }
        self
    }

    /// Says what record it was done to: its type, id and name, and whose log it belongs to if the
    /// record says so.
    pub fn about<T: Audited + ?Sized>(mut self, record: &T) -> Self {
        self.parts.entity = Some(record.audit_entity());
        if self.parts.tenant.is_none() {
            self.parts.tenant = record.audit_tenant();
        }
        self
    }

    /// Says what changed, where there is no [`Audited`] type to compare.
    pub fn changes(mut self, changes: Changes) -> Self {
        self.parts.changes = changes;
        self
    }

    /// Adds something to remember, under a name.
    pub fn metadata(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => self.insert(name, value),
            Err(_) => {
                self.mistake("a value of the metadata cannot be written as JSON; give it as text");
            }
        }
        self
    }

    /// Adds a JSON text to the metadata, under a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the text is no JSON that can be kept exactly; an unpaired
    /// surrogate such as `"\ud800"` cannot.
    pub fn metadata_json(mut self, name: impl Into<String>, json: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(json).map_err(|error| {
            Error::invalid(format!(
                "the metadata is not JSON that can be kept exactly (line {}, column {}); send valid Unicode",
                error.line(),
                error.column()
            ))
        })?;
        self.insert(name, value);
        Ok(self)
    }

    /// Says why it was done, in somebody's words.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.parts.reason = Some(reason.into()).filter(|reason| !reason.is_empty());
        self
    }

    /// Says how much attention it asks for.
    pub fn severity(mut self, severity: Severity) -> Self {
        self.parts.severity = severity;
        self
    }

    /// Says how it ended; without this it was a success.
    pub fn outcome(mut self, outcome: Outcome) -> Self {
        self.parts.outcome = outcome;
        self
    }

    /// Says that it failed, and with what: the error's type and its `Display`.
    pub fn failed<E: fmt::Display + ?Sized>(self, error: &E) -> Self {
        self.outcome(Outcome::Failure).error(ErrorDetail::of(error))
    }

    /// Says that it was refused, and why.
    pub fn denied(self, why: impl Into<String>) -> Self {
        self.outcome(Outcome::Denied)
            .error(ErrorDetail::new("denied", why))
    }

    /// Says what went wrong.
    pub fn error(mut self, error: ErrorDetail) -> Self {
        self.parts.error = Some(error);
        self
    }

    /// Says how long it took.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.parts.duration = Some(duration);
        self
    }

    /// Says when it happened, where that is not now.
    pub fn at(mut self, time: DateTime<Utc>) -> Self {
        self.parts.timestamp = to_micros(time);
        self
    }

    /// Names the entry that caused this one; without this the context may name one.
    pub fn caused_by(mut self, entry: Uuid) -> Self {
        self.parts.cause = Some(entry);
        self
    }

    /// Gives the entry an id of the caller's, such as an idempotency key: recording a second
    /// entry with the same id stores nothing.
    pub fn id(mut self, id: Uuid) -> Self {
        self.parts.id = id;
        self
    }

    /// The id that the entry will have.
    #[must_use]
    pub fn entry_id(&self) -> Uuid {
        self.parts.id
    }

    /// Takes tenant, actor and the rest from this context, whatever the current one is.
    pub fn context(mut self, context: &AuditContext) -> Self {
        self.parts.frame = Some(Frame::alone(context.clone()));
        self
    }

    /// Gives the caller the error if this entry cannot be recorded.
    pub fn strict(mut self) -> Self {
        self.parts.policy = Some(FailurePolicy::Strict);
        self
    }

    /// Lets the work go on if this entry cannot be recorded; see [`FailurePolicy::BestEffort`].
    pub fn best_effort(mut self) -> Self {
        self.parts.policy = Some(FailurePolicy::BestEffort);
        self
    }

    /// Records the entry, and waits as the auditor's delivery says.
    ///
    /// Blocks the thread until then; in async code `.await` the draft instead.
    ///
    /// # Errors
    ///
    /// Under the strict policy: [`ErrorKind::MissingContext`] and [`ErrorKind::Invalid`] for what
    /// is missing or wrong, [`ErrorKind::Timeout`] and [`ErrorKind::Closed`] if it did not reach
    /// the store, [`ErrorKind::Unknown`] if it may have, and whatever the store says. Under best
    /// effort: none.
    pub fn record(self) -> Result<Receipt> {
        match self.prepare() {
            Prepared::Entry {
                auditor,
                entry,
                policy,
            } => auditor.record_now(vec![*entry], policy).map(first),
            Prepared::Answer(answer) => answer,
        }
    }

    pub(super) fn auditor(&self) -> Option<&Auditor> {
        self.auditor.as_ref()
    }

    pub(super) fn frame(&self) -> Option<&Frame> {
        self.parts.frame.as_ref()
    }

    /// Whose log the entry goes to, if that is known.
    pub(super) fn log_of(&self) -> Option<&Tenant> {
        self.parts.log_of()
    }

    fn insert(&mut self, name: impl Into<String>, value: Value) {
        self.parts.metadata.insert(name.into(), value);
    }

    /// Is recorded although its action may be switched off.
    pub(crate) fn always(mut self) -> Self {
        self.parts.always = true;
        self
    }

    pub(crate) fn snapshot(mut self, changes: Result<Changes>) -> Self {
        match changes {
            Ok(changes) => self.parts.changes = changes,
            Err(error) => self.mistake(error.to_string()),
        }
        self
    }

    pub(crate) fn difference(self, changes: Result<Changes>) -> Self {
        let mut draft = self.snapshot(changes);
        draft.parts.unchanged = draft.parts.changes.is_empty() && draft.parts.invalid.is_none();
        draft
    }

    /// The entry as it would be now; nothing is counted or reported.
    pub(super) fn entry_so_far(&self) -> Result<AuditEntry> {
        let Some(auditor) = &self.auditor else {
            return Err(Auditor::none());
        };
        let parts = self.parts.clone();
        parts.into_entry(auditor).map_err(|refused| refused.error)
    }

    /// Makes the entry: context, checks, sanitizer, limits.
    pub(crate) fn prepare(self) -> Prepared {
        let Self { auditor, parts } = self;
        if parts.unchanged {
            return Prepared::Answer(Ok(Receipt::unchanged()));
        }
        let Some(auditor) = auditor else {
            return Prepared::Answer(Auditor::missing(parts.policy, &parts.action));
        };
        if !parts.always && auditor.is_off(&parts.action) {
            return Prepared::Answer(Ok(Receipt::unchanged()));
        }
        let policy = auditor.policy_for(&parts.action, parts.policy);
        match parts.into_entry(&auditor) {
            Ok(entry) => Prepared::Entry {
                auditor,
                entry: Box::new(entry),
                policy,
            },
            Err(refused) => {
                let Unrecordable {
                    error,
                    action,
                    tenant,
                } = refused;
                Prepared::Answer(auditor.refuse(error, policy, &action, tenant.as_ref()))
            }
        }
    }

    fn entity_or(&mut self, entity_type: impl Into<String>) -> Entity {
        let mut entity = Entity::new(entity_type);
        if let Some(present) = self.parts.entity.take() {
            entity.id = present.id;
            entity.name = present.name;
        }
        entity
    }

    fn mistake(&mut self, message: impl Into<String>) {
        self.parts.invalid.get_or_insert(message.into());
    }
}

/// What became of a draft: an entry to deliver, or the answer already.
pub(crate) enum Prepared {
    Entry {
        auditor: Auditor,
        entry: Box<AuditEntry>,
        policy: FailurePolicy,
    },
    Answer(Result<Receipt>),
}

/// What cannot become an entry, and why.
struct Unrecordable {
    error: Error,
    action: Cow<'static, str>,
    tenant: Option<Tenant>,
}

impl Parts {
    fn log_of(&self) -> Option<&Tenant> {
        let context = || self.frame.as_ref()?.tenant();
        self.tenant.as_ref().or_else(context)
    }

    fn into_entry(self, auditor: &Auditor) -> Result<AuditEntry, Unrecordable> {
        let tenant = match self.check() {
            Ok(tenant) => tenant,
            Err(error) => return Err(self.refused(error)),
        };
        let frame = self.frame.as_ref();
        let context = frame.and_then(Frame::context);
        let actor = context.map_or_else(Actor::anonymous, AuditContext::resolve_actor);
        let is_own_log = context.is_some_and(|context| *context.tenant() == tenant);
        let cause = frame.and_then(|frame| frame.cause(&tenant));
        let mut entry = AuditEntry::new(
            self.id,
            self.timestamp,
            tenant,
            actor,
            self.action.into_owned(),
        );
        entry.recorded_at = to_micros(auditor.now());
        entry.entity = self.entity;
        if let Some(context) = context {
            entry.ip_address = context.ip_address();
            entry.user_agent = context.parts_user_agent().map(ToString::to_string);
            if let Some(data) = context.parts_request_data() {
                entry.request_data.clone_from(data);
            }
            entry.request_id = context.parts_request_id().map(ToString::to_string);
        }
        entry.changes = self.changes;
        entry.metadata = self.metadata;
        entry.outcome = self.outcome;
        entry.error = self.error;
        entry.duration = self.duration.map(|duration| {
            Duration::from_micros(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
        });
        entry.reason = self.reason;
        entry.severity = self.severity;
        // The operation of one tenant means nothing in another's log.
        let frame = frame.filter(|_| is_own_log);
        entry.operation = frame.and_then(|frame| frame.operation(|| auditor.next_id()));
        entry.cause = self.cause.or(cause);
        let checked = entry.check();
        if let Err(error) = checked.and_then(|()| auditor.digest_changes(&mut entry)) {
            return Err(Unrecordable {
                error: error.with_entry(entry.id),
                action: Cow::Owned(entry.action),
                tenant: Some(entry.tenant),
            });
        }
        auditor.pass(&mut entry);
        Ok(entry)
    }

    /// Refuses what was set wrong or is missing; gives the tenant.
    fn check(&self) -> Result<Tenant> {
        if let Some(message) = &self.invalid {
            return Err(Error::invalid(message.clone()).with_entry(self.id));
        }
        let Some(tenant) = self.log_of() else {
            return Err(Error::new(
                ErrorKind::MissingContext,
                "there is no audit context, hence no tenant; wrap the work in `AuditContext::new(tenant).scope(…)` or `.in_context(…)`, or give the draft one with `.context(…)`",
            )
            .with_entry(self.id));
        };
        if let Some(context) = self.frame.as_ref().and_then(Frame::context) {
            context.check()?;
        }
        Ok(tenant.clone())
    }

    fn refused(self, error: Error) -> Unrecordable {
        let tenant = self.log_of().cloned();
        Unrecordable {
            error,
            action: self.action,
            tenant,
        }
    }
}

/// The one receipt of a batch of one.
pub(crate) fn first(receipts: Vec<Receipt>) -> Receipt {
    receipts
        .into_iter()
        .next()
        .unwrap_or_else(Receipt::unchanged)
}

impl IntoFuture for Draft {
    type Output = Result<Receipt>;
    type IntoFuture = Recording;

    fn into_future(self) -> Recording {
        Recording::new(self)
    }
}

/// Shows no values: they have not passed the sanitizer.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("id", &self.parts.id)
            .field("action", &self.parts.action)
            .field(
                "entity_type",
                &self.parts.entity.as_ref().map(Entity::entity_type),
            )
            .finish_non_exhaustive()
    }
}
