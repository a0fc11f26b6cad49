//! What an entry is made of, and its making.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::context::Frame;
use crate::entry::{Actor, AuditEntry, Changes, Entity, ErrorDetail, Outcome, Severity, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::record::auditor::Auditor;
use crate::record::policy::FailurePolicy;
use crate::record::receipt::Receipt;
use crate::store::to_micros;

/// Everything of an entry that the recorder says; the context says the rest.
#[derive(Clone)]
pub(super) struct Parts {
    pub(super) id: Uuid,
    pub(super) timestamp: DateTime<Utc>,
    pub(super) action: Cow<'static, str>,
    pub(super) tenant: Option<Tenant>,
    /// Who did it, where that is not the context's actor.
    pub(super) actor: Option<Actor>,
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

/// What became of a draft: an entry to deliver, or the answer already.
pub(crate) enum Prepared {
    Entry {
        auditor: Auditor,
        /// The one entry, as the queue takes it.
        entries: Vec<AuditEntry>,
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
    /// What is known when a draft is made.
    pub(super) fn new(
        auditor: Option<&Auditor>,
        action: Cow<'static, str>,
        frame: Option<Frame>,
    ) -> Self {
        let (id, now) = match auditor {
            Some(auditor) => (auditor.next_id(), auditor.now()),
            None => (Uuid::now_v7(), Utc::now()),
        };
        Self {
            id,
            timestamp: to_micros(now),
            action,
            tenant: None,
            actor: None,
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
        }
    }

    /// The entry as it would be now; nothing is counted or reported.
    pub(super) fn entry_so_far(&self, auditor: &Auditor) -> Result<AuditEntry> {
        let parts = self.clone();
        parts.into_entry(auditor).map_err(|refused| refused.error)
    }

    /// Makes the entry: context, checks, sanitizer, limits. Where there is no auditor to go to,
    /// the answer says so.
    pub(super) fn prepare(self, auditor: Option<Auditor>) -> Prepared {
        if self.unchanged {
            return Prepared::Answer(Ok(Receipt::unchanged()));
        }
        let Some(auditor) = auditor else {
            return Prepared::Answer(Auditor::missing(self.policy, &self.action));
        };
        if !self.always && auditor.is_off(&self.action) {
            return Prepared::Answer(Ok(Receipt::unchanged()));
        }
        let policy = auditor.policy_for(&self.action, self.policy);
        match self.into_entry(&auditor) {
            Ok(entry) => Prepared::Entry {
                auditor,
                entries: vec![entry],
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

    /// Whose log the entry goes to, if that is known.
    pub(super) fn log_of(&self) -> Option<&Tenant> {
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
        let is_own_log = context.is_some_and(|context| *context.tenant() == tenant);
        let cause = frame.and_then(|frame| frame.cause(&tenant));
        let mut entry = AuditEntry::new(
            self.id,
            self.timestamp,
            tenant,
            Actor::anonymous(),
            self.action.into_owned(),
        );
        entry.metadata = self.metadata;
        match (self.actor, context) {
            (Some(actor), _) => entry.actor = actor,
            (None, Some(context)) => context.describe_actor(&mut entry),
            (None, None) => {}
        }
        entry.recorded_at = to_micros(auditor.now());
        entry.entity = self.entity;
        if let Some(context) = context {
            context.describe_request(&mut entry);
        }
        entry.changes = self.changes;
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
                "there is no audit context, hence no tenant; wrap the work in `AuditContext::new(tenant).scope(…)` or `.in_context(…)`, or give the draft one with `.context(…)` or a tenant with `.tenant(…)`; what is spawned needs `in_current_context`, and a layer or a route of a service has to be inside of its context layer",
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
