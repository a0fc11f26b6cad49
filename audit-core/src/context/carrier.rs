//! A context that travels: in a job's payload, in a message.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::context::{AuditContext, Frame};
use crate::entry::{Actor, ActorKind, EntityId, IdRef, Tenant};
use crate::error::{Error, Result};

/// The version that is written. What is read may be older, never newer.
const VERSION: u16 = 1;

/// A context as a small serde value, to travel in a job's payload and come back in the worker as
/// "on behalf of" whoever enqueued it.
///
/// It holds the tenant, the actor, the request id, the operation and the causing entry; neither
/// address nor request data. Whoever can alter the payload can alter it: carry it through queues
/// that you trust.
///
/// ```
/// use audit_core::{Actor, AuditContext, Carrier};
///
/// let payload = AuditContext::new("acme").actor(Actor::user(7, "ada")).scope(|| {
///     serde_json::to_string(&Carrier::current().unwrap()).unwrap()
/// });
///
/// let carrier: Carrier = serde_json::from_str(&payload).unwrap();
/// let context = carrier.into_context(Actor::system().named("nightly"))?;
/// let actor = context.resolve_actor();
/// assert_eq!(actor.name(), Some("nightly"));
/// assert_eq!(actor.principal().unwrap().name(), Some("ada"));
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use]
pub struct Carrier {
    v: u16,
    tenant: Tenant,
    actor: Party,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Uuid>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Party {
    kind: ActorKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// An id that comes back in the kind it had; plain JSON would make text of a UUID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Id {
    Integer(i64),
    Unsigned(u64),
    Text(String),
    Uuid(Uuid),
}

impl Carrier {
    /// The context of here and now, if there is one. An actor that is still late is resolved.
    #[must_use]
    pub fn current() -> Option<Self> {
        let frame = Frame::current()?;
        let operation = frame.operation(Uuid::now_v7);
        Some(Self::of(&AuditContext::current()?, operation))
    }

    /// Makes the carrier name the entry that caused what it travels to, as the entry of the
    /// enqueuing does.
    pub fn caused_by(mut self, entry: Uuid) -> Self {
        self.cause = Some(entry);
        self
    }

    /// Whose log it is about.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The context of the work at the far end: done by `actor`, on behalf of whoever the carrier
    /// came from, caused by the entry that it names. The operation is a new one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if it was written by a newer release, names no
    /// tenant that can be, or an actor whose id is longer than [`MAX_ID_BYTES`](crate::MAX_ID_BYTES):
    /// every entry of that context would be refused.
    pub fn into_context(self, actor: Actor) -> Result<AuditContext> {
        if self.v > VERSION {
            return Err(Error::invalid(format!(
                "the carried context has version {} and this release reads up to {VERSION}; upgrade the worker before whoever enqueues",
                self.v
            )));
        }
        self.tenant.check()?;
        let origin = Actor::from(self.actor);
        if let Some(id) = origin.id() {
            id.check("carried actor id")?;
        }
        let context = AuditContext::new(self.tenant).actor(actor.on_behalf_of(origin));
        let context = match self.request_id {
            Some(id) => context.request_id(id),
            None => context,
        };
        Ok(match self.cause {
            Some(cause) => context.caused_by(cause),
            None => context,
        })
    }

    /// The unit of work that it came from.
    #[must_use]
    pub fn operation(&self) -> Option<Uuid> {
        self.operation
    }

    fn of(context: &AuditContext, operation: Option<Uuid>) -> Self {
        let actor = context.resolve_actor();
        let origin = actor.principal().unwrap_or(&actor);
        Self {
            v: VERSION,
            tenant: context.tenant().clone(),
            actor: origin.into(),
            request_id: context.parts_request_id().map(ToString::to_string),
            operation,
            cause: context.parts_cause(),
        }
    }
}

impl From<&AuditContext> for Carrier {
    fn from(context: &AuditContext) -> Self {
        Self::of(context, context.parts_operation())
    }
}

impl From<&Actor> for Party {
    fn from(actor: &Actor) -> Self {
        Self {
            kind: actor.kind(),
            id: actor.id().map(|id| match id.as_ref() {
                IdRef::Integer(number) => Id::Integer(number),
                IdRef::Unsigned(number) => Id::Unsigned(number),
                IdRef::Text(text) => Id::Text(text.to_owned()),
                IdRef::Uuid(uuid) => Id::Uuid(uuid),
            }),
            name: actor.name().map(str::to_owned),
        }
    }
}

impl From<Party> for Actor {
    fn from(party: Party) -> Self {
        let actor = Self::new(party.kind).named(party.name.unwrap_or_default());
        match party.id {
            Some(id) => actor.identified(match id {
                Id::Integer(number) => EntityId::from(number),
                Id::Unsigned(number) => EntityId::from(number),
                Id::Text(text) => EntityId::from(text),
                Id::Uuid(uuid) => EntityId::from(uuid),
            }),
            None => actor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::MAX_ID_BYTES;

    #[test]
    fn every_kind_of_id_survives_the_journey() {
        let ids = [
            EntityId::from(-1),
            EntityId::from(u64::MAX),
            EntityId::from("7"),
            EntityId::from(Uuid::from_u128(3)),
        ];
        for id in ids {
            let context = AuditContext::new("acme").actor(Actor::user(id.clone(), "ada"));
            let json = serde_json::to_string(&Carrier::from(&context)).unwrap();
            let carrier: Carrier = serde_json::from_str(&json).unwrap();
            let back = carrier.into_context(Actor::system()).unwrap();
            assert_eq!(back.resolve_actor().principal().unwrap().id(), Some(&id));
        }
    }

    #[test]
    fn a_job_that_enqueues_a_job_still_acts_for_the_person() {
        let first = Carrier::from(&AuditContext::new("acme").actor(Actor::user(1, "ada")));
        let job = first.into_context(Actor::system().named("first")).unwrap();
        let second = Carrier::from(&job);
        let job = second
            .into_context(Actor::system().named("second"))
            .unwrap();
        assert_eq!(job.resolve_actor().principal().unwrap().name(), Some("ada"));
    }

    #[test]
    fn cause_and_request_travel_and_the_operation_is_known() {
        let cause = Uuid::from_u128(4);
        let carrier = AuditContext::new("acme")
            .request_id("r-1")
            .scope(|| Carrier::current().unwrap().caused_by(cause));
        assert!(carrier.operation().is_some());
        let context = carrier.into_context(Actor::system()).unwrap();
        assert_eq!(context.parts_cause(), Some(cause));
        assert_eq!(context.parts_request_id().map(|id| &**id), Some("r-1"));
        assert_eq!(context.parts_operation(), None);
    }

    #[test]
    fn an_id_that_no_entry_may_have_is_refused() {
        for (bytes, is_fine) in [(MAX_ID_BYTES, true), (MAX_ID_BYTES + 1, false)] {
            let context = AuditContext::new("acme").actor(Actor::user("x".repeat(bytes), "ada"));
            let read = Carrier::from(&context).into_context(Actor::system());
            assert_eq!(read.is_ok(), is_fine, "{bytes}");
        }
    }

    #[test]
    fn a_newer_carrier_is_refused_with_the_way_out() {
        let json = r#"{"v":2,"tenant":"acme","actor":{"kind":"system"}}"#;
        let carrier: Carrier = serde_json::from_str(json).unwrap();
        let error = carrier.into_context(Actor::system()).unwrap_err();
        assert!(error.to_string().contains("upgrade the worker"));
        let empty = r#"{"v":1,"tenant":"","actor":{"kind":"system"}}"#;
        let carrier: Carrier = serde_json::from_str(empty).unwrap();
        assert!(carrier.into_context(Actor::system()).is_err());
    }
}
