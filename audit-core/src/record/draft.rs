//! What is about to be recorded.

use std::borrow::Cow;
use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::context::{AuditContext, Frame};
use crate::diff::Audited;
use crate::entry::{Actor, Changes, Entity, ErrorDetail, Outcome, Severity, Tenant, ToEntityId};
use crate::error::{Error, Result};
use crate::record::auditor::Auditor;
use crate::record::parts::{Parts, Prepared};
use crate::record::policy::FailurePolicy;
use crate::record::receipt::Receipt;
use crate::record::recording::Recording;
use crate::store::to_micros;

/// An entry that is about to be recorded: [`Draft::record`] in sync code, `.await` in async code.
///
/// A draft takes the context of where it is made. Everything in it passes the sanitizer before
/// anything else sees it. A clone is the same entry: recording it again, after an error whose
/// kind is [`ErrorKind::Unknown`](crate::ErrorKind::Unknown), never stores it twice.
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
    auditor: Auditor,
    parts: Box<Parts>,
}

impl Draft {
    pub(crate) fn new(auditor: Auditor, action: impl Into<String>) -> Self {
        let action = Cow::Owned(action.into());
        Self {
            parts: Box::new(Parts::new(Some(&auditor), action, Frame::current())),
            auditor,
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

    /// Says who did it, where that is not the context's actor: somebody who is just coming in.
    ///
    /// ```
    /// use audit_core::{Actor, AuditContext, Auditor, MemoryStore};
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// let ada = Actor::user(17, "ada");
    /// AuditContext::new("acme").scope(|| auditor.log("sign_up").actor(ada).record())?;
    /// assert_eq!(auditor.tenant("acme").entries().actor(17).count()?, 1);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    pub fn actor(mut self, actor: Actor) -> Self {
        self.parts.actor = Some(actor);
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
    pub fn about<T: Audited + ?Sized>(self, record: &T) -> Self {
        self.target(record.audit_entity(), record.audit_tenant())
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
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the text is no JSON that can be kept exactly; an unpaired
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
    /// Under the strict policy: [`ErrorKind::MissingContext`](crate::ErrorKind::MissingContext) and [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for what
    /// is missing or wrong, [`ErrorKind::Timeout`](crate::ErrorKind::Timeout) and [`ErrorKind::Closed`](crate::ErrorKind::Closed) if it did not reach
    /// the store, [`ErrorKind::Unknown`](crate::ErrorKind::Unknown) if it may have, and whatever the store says. Under best
    /// effort: none.
    pub fn record(self) -> Result<Receipt> {
        match self.prepare() {
            Prepared::Entry {
                auditor,
                entries,
                policy,
            } => auditor.record_now(entries, policy).map(first),
            Prepared::Answer(answer) => answer,
        }
    }

    /// A tenant that was said goes before that of the target.
    pub(crate) fn target(mut self, entity: Entity, tenant: Option<Tenant>) -> Self {
        self.parts.entity = Some(entity);
        if self.parts.tenant.is_none() {
            self.parts.tenant = tenant;
        }
        self
    }

    pub(crate) fn insert(&mut self, name: impl Into<String>, value: Value) {
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

    pub(crate) fn prepare(self) -> Prepared {
        self.parts.prepare(Some(self.auditor))
    }

    fn entity_or(&mut self, entity_type: impl Into<String>) -> Entity {
        let mut entity = Entity::new(entity_type);
        if let Some(present) = self.parts.entity.take() {
            entity.id = present.id;
            entity.name = present.name;
        }
        entity
    }

    pub(crate) fn mistake(&mut self, message: impl Into<String>) {
        self.parts.invalid.get_or_insert(message.into());
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
