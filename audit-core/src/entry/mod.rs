//! What is recorded.

mod actor;
mod changes;
mod entity;
mod field;
mod id;
mod json;
pub(crate) mod limits;
pub(crate) mod marks;
mod outcome;
pub(crate) mod path;
mod steps;
mod tenant;
mod truncation;

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::actor::{Actor, ActorKind};
pub use self::changes::{Change, Changes, Move};
pub(crate) use self::changes::{Extra, Plain, first_segment, is_at_or_beneath};
pub use self::entity::Entity;
pub use self::field::{AuditedField, FieldCapture};
pub use self::id::{ActorId, EntityId, IdRef, MAX_ID_BYTES, ToEntityId};
pub use self::limits::{DEFAULT_ENTRY_BYTES, MAX_NAME_CHARS, MAX_TEXT_CHARS, MAX_WORD_CHARS};
pub use self::marks::Obscured;
pub(crate) use self::outcome::short_type_name;
pub use self::outcome::{ErrorDetail, Outcome, Severity};
pub use self::tenant::Tenant;
pub use self::truncation::{LengthUnit, Truncation};
use crate::error::Result;

/// One immutable record in the audit log.
///
/// Entries are made by an [`Auditor`](crate::Auditor) out of a draft and a context, and read
/// through a [`TenantLog`](crate::TenantLog). As JSON an entry has the fourteen names `id
/// timestamp actor actor_name action entity_type entity_id entity_name company ip_address
/// user_agent request_data changes metadata`, then everything else; what is absent is null.
///
/// ```
/// use audit_core::{Actor, AuditContext, Auditor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme")
///     .actor(Actor::user(7, "ada"))
///     .scope(|| auditor.log("export").entity("report", 1).record())?;
///
/// let page = auditor.tenant("acme").entries().page()?;
/// let json = serde_json::to_value(&page.entries[0]).unwrap();
/// assert_eq!(json["actor_name"], "ada");
/// assert_eq!(json["company"], "acme");
/// assert_eq!(json["changes"], serde_json::Value::Null);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Unique within the tenant; a UUIDv7 unless the recorder gave one.
    pub id: Uuid,
    /// When it happened, in UTC, to the microsecond.
    pub timestamp: DateTime<Utc>,
    /// Who did it, and on whose behalf.
    pub actor: Actor,
    /// What was done: 1 to 50 characters.
    pub action: String,
    /// What it was done to, if to anything.
    pub entity: Option<Entity>,
    /// Whose log it is.
    pub tenant: Tenant,
    /// Where it came from.
    pub ip_address: Option<IpAddr>,
    /// The program that the request says it came from; not to be trusted.
    pub user_agent: Option<String>,
    /// What is known of the request: method, path and the like. Empty is absent.
    pub request_data: Map<String, Value>,
    /// What changed.
    pub changes: Changes,
    /// Anything else that the recorder named. Empty is absent.
    pub metadata: Map<String, Value>,
    /// The place in the tenant's log, gapless from 0, given by the store under its write lock.
    /// This is the order of entries; the clock is not.
    pub index: u64,
    /// When it was made ready for the store, in UTC, to the microsecond.
    pub recorded_at: DateTime<Utc>,
    /// How it ended.
    pub outcome: Outcome,
    /// What went wrong, if anything did.
    pub error: Option<ErrorDetail>,
    /// How long it took, to the microsecond.
    pub duration: Option<Duration>,
    /// Why it was done, in somebody's words.
    pub reason: Option<String>,
    /// How much attention it asks for.
    pub severity: Severity,
    /// The request, as the edge of the system names it.
    pub request_id: Option<String>,
    /// The unit of work that this is a part of: one request, one job, one transaction.
    pub operation: Option<Uuid>,
    /// The entry that caused this one.
    pub cause: Option<Uuid>,
    /// What of it was too long to keep whole.
    pub truncated: Vec<Truncation>,
    /// The paths of `changes` that hold personal values, as the type of the record says, so that
    /// erasing a person finds them.
    pub sensitive: Vec<String>,
}

impl AuditEntry {
    /// An entry with a tenant, an actor and an action, and nothing else; for stores that read one
    /// back. Recording goes through an [`Auditor`](crate::Auditor).
    #[must_use]
    pub fn new(
        id: Uuid,
        timestamp: DateTime<Utc>,
        tenant: Tenant,
        actor: Actor,
        action: impl Into<String>,
    ) -> Self {
        Self {
            id,
            timestamp,
            actor,
            action: action.into(),
            entity: None,
            tenant,
            ip_address: None,
            user_agent: None,
            request_data: Map::new(),
            changes: Changes::new(),
            metadata: Map::new(),
            index: 0,
            recorded_at: timestamp,
            outcome: Outcome::Success,
            error: None,
            duration: None,
            reason: None,
            severity: Severity::Info,
            request_id: None,
            operation: None,
            cause: None,
            truncated: Vec::new(),
            sensitive: Vec::new(),
        }
    }

    /// The type of what it was done to.
    #[must_use]
    pub fn entity_type(&self) -> Option<&str> {
        self.entity.as_ref().map(Entity::entity_type)
    }

    /// The id of what it was done to.
    #[must_use]
    pub fn entity_id(&self) -> Option<&EntityId> {
        self.entity.as_ref().and_then(Entity::id)
    }

    /// The name of what it was done to, as it was.
    #[must_use]
    pub fn entity_name(&self) -> Option<&str> {
        self.entity.as_ref().and_then(Entity::name)
    }

    /// Roughly how many bytes the entry holds: what the size limit and the queue count.
    #[must_use]
    pub fn size(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        let name = |name: &Option<Box<str>>| name.as_ref().map_or(0, |name| name.len());
        let id = |id: &Option<EntityId>| id.as_ref().map_or(0, EntityId::size);
        let actor = |actor: &Actor| id(&actor.id) + name(&actor.name);
        let entity = self.entity.as_ref();
        // The fixed part: ids, times, numbers.
        96 + self.action.len()
            + self.tenant.as_str().len()
            + actor(&self.actor)
            + self.actor.principal.as_deref().map_or(0, actor)
            + entity.map_or(0, |e| e.type_name.len() + id(&e.id) + name(&e.name))
            + text(&self.user_agent)
            + text(&self.reason)
            + text(&self.request_id)
            + self
                .error
                .as_ref()
                .map_or(0, |e| e.class.len() + e.text.len())
            + limits::map_size(&self.request_data)
            + limits::map_size(&self.metadata)
            + self
                .changes
                .iter()
                .map(|(path, change)| limits::change_size(path, change))
                .sum::<usize>()
            + self.truncated.iter().map(Truncation::size).sum::<usize>()
            + self
                .sensitive
                .iter()
                .map(|path| limits::listed_size(path))
                .sum::<usize>()
    }

    /// Refuses what a programmer set wrong.
    pub(crate) fn check(&self) -> Result<()> {
        self.tenant.check()?;
        limits::check_text("action", &self.action, MAX_WORD_CHARS)?;
        if let Some(entity) = &self.entity {
            limits::check_text("entity type", &entity.type_name, MAX_WORD_CHARS)?;
            if let Some(id) = &entity.id {
                id.check("entity id")?;
            }
        }
        let principal = self.actor.principal.as_deref();
        for actor in [Some(&self.actor), principal].into_iter().flatten() {
            if let Some(id) = &actor.id {
                id.check("actor id")?;
            }
        }
        Ok(())
    }
}

/// The well-known actions. Any other name of 1 to 50 characters is as good.
pub mod action {
    /// A record came to be.
    pub const CREATE: &str = "create";
    /// A record changed.
    pub const UPDATE: &str = "update";
    /// A record went.
    pub const DELETE: &str = "delete";
    /// A deleted record came back.
    pub const RESTORE: &str = "restore";
    /// What a record was when its log began.
    pub const BASELINE: &str = "baseline";
    /// What had been changed was brought back.
    pub const REVERT: &str = "revert";
    /// Something was read that is worth noting.
    pub const ACCESS: &str = "access";
    /// Data left the system.
    pub const EXPORT: &str = "export";
    /// Somebody came in.
    pub const LOGIN: &str = "login";
    /// Somebody tried to come in and could not.
    pub const LOGIN_FAILED: &str = "login_failed";
    /// Somebody left.
    pub const LOGOUT: &str = "logout";
    /// Entries were lost: how many, when and why stands in the metadata. Written by the auditor.
    pub const GAP: &str = "audit_gap";
    /// Many rows of a tracked table came: how many stands in the metadata.
    pub const BULK_CREATE: &str = "bulk_create";
    /// Many rows of a tracked table changed: how many, and in which fields, stands in the metadata.
    pub const BULK_UPDATE: &str = "bulk_update";
    /// Many rows of a tracked table went: how many stands in the metadata.
    pub const BULK_DELETE: &str = "bulk_delete";
    /// From here on changes of a tracked table are not told of; the reason says why.
    pub const CAPTURE_PAUSED: &str = "capture_paused";
    /// From here on they are again.
    pub const CAPTURE_RESUMED: &str = "capture_resumed";
}
