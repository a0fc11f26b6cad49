//! One captured change, and the entry that it becomes.

use std::collections::BTreeMap;

use audit_core::store::{pass, to_micros};
use audit_core::{
    Actor, ActorKind, AuditContext, AuditEntry, Auditor, Changes, Draft, Entity, EntityId,
    Sanitizer, Severity, Tenant, action,
};
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The tenant of changes of which nobody knows whose they are: the table names none, or the row
/// has none, and they were made without a context.
pub const UNKNOWN_TENANT: &str = "unknown";

/// The member of the metadata that says that triggers have told of a change.
const SOURCE: &str = "source";
const TRIGGER: &str = "trigger";
const TABLE: &str = "table";

/// What happened to a row of a tracked table.
#[derive(Clone, Debug)]
pub(crate) struct RowChange {
    pub(crate) table: String,
    pub(crate) entity_type: String,
    pub(crate) id: Option<EntityId>,
    pub(crate) name: Option<String>,
    /// Nothing where the context has to say it.
    pub(crate) tenant: Option<Tenant>,
    pub(crate) action: &'static str,
    pub(crate) changes: Changes,
    /// When the row was written.
    pub(crate) time: DateTime<Utc>,
    /// Why capture was paused.
    pub(crate) reason: Option<String>,
    /// Where this stands for many rows.
    pub(crate) summary: Option<Summary>,
}

/// What many rows have in common.
#[derive(Clone, Debug, Default)]
pub(crate) struct Summary {
    pub(crate) rows: u64,
    /// How often each field changed.
    pub(crate) fields: BTreeMap<String, u64>,
    /// The condition under which rows of the table are captured.
    pub(crate) condition: Option<String>,
}

impl RowChange {
    /// Whether the row was written in another way, and says the same: JSON with other spaces.
    pub(crate) fn is_of_form_only(&self) -> bool {
        self.action == action::UPDATE && self.changes.is_empty()
    }

    /// Tells of this in an entry whose tenant, actor and context are set: action, entity, changes
    /// and metadata.
    pub(crate) fn describe(self, entry: &mut AuditEntry) {
        self.action.clone_into(&mut entry.action);
        entry.timestamp = self.time;
        let entity = Entity::new(self.entity_type);
        let entity = match self.id {
            Some(id) => entity.identified(id),
            None => entity,
        };
        entry.entity = Some(entity.named(self.name.unwrap_or_default()));
        entry.changes = self.changes;
        entry.metadata.insert(SOURCE.to_owned(), TRIGGER.into());
        entry.metadata.insert(TABLE.to_owned(), self.table.into());
        if let Some(summary) = self.summary {
            summary.describe(&mut entry.metadata);
        }
        if self.action.starts_with("capture_") {
            entry.severity = Severity::Notice;
            entry.reason = self.reason;
        }
    }

    /// The same as a draft in the current context.
    pub(crate) fn into_draft(self, auditor: &Auditor) -> Draft {
        let draft = auditor.log(self.action).at(self.time);
        let draft = match self.id {
            Some(id) => draft.entity(self.entity_type, id),
            None => draft.entity_type(self.entity_type),
        };
        let draft = draft
            .entity_name(self.name.unwrap_or_default())
            .changes(self.changes)
            .metadata(SOURCE, TRIGGER)
            .metadata(TABLE, self.table)
            .reason(self.reason.unwrap_or_default());
        let draft = match self.tenant {
            Some(tenant) => draft.tenant(tenant),
            None => draft,
        };
        let draft = if self.action.starts_with("capture_") {
            draft.severity(Severity::Notice)
        } else {
            draft
        };
        let Some(summary) = self.summary else {
            return draft;
        };
        let mut metadata = Map::new();
        summary.describe(&mut metadata);
        metadata
            .into_iter()
            .fold(draft, |draft, (name, value)| draft.metadata(name, value))
    }

    /// The same in a context that knows of no auditor, ready to be stored.
    pub(crate) fn into_entry_of(self, context: &AuditContext, sanitizer: &Sanitizer) -> AuditEntry {
        let mut entry = self.begin_entry(context.tenant());
        context.describe(&mut entry);
        self.end_entry(entry, sanitizer)
    }

    /// The entry of a change that nobody has claimed, ready to be stored.
    pub(crate) fn into_unattributed(self, sanitizer: &Sanitizer) -> AuditEntry {
        let entry = self.begin_entry(&Tenant::from(UNKNOWN_TENANT));
        self.end_entry(entry, sanitizer)
    }

    /// An entry of nobody, in the log of the row's tenant, or else of this one.
    fn begin_entry(&self, or_else: &Tenant) -> AuditEntry {
        let tenant = self.tenant.as_ref().unwrap_or(or_else).clone();
        let actor = Actor::new(ActorKind::Unattributed);
        AuditEntry::new(Uuid::now_v7(), self.time, tenant, actor, self.action)
    }

    fn end_entry(self, mut entry: AuditEntry, sanitizer: &Sanitizer) -> AuditEntry {
        // A clock that was set back does not make it recorded before it happened.
        entry.recorded_at = to_micros(Utc::now()).max(self.time);
        self.describe(&mut entry);
        pass(&mut entry, sanitizer);
        entry
    }

    /// This and what came before it as one, which changes so much.
    pub(crate) fn after(&self, before: Option<&Self>, changes: Changes) -> Self {
        Self {
            action: before.map_or(self.action, |before| before.action),
            changes,
            ..self.clone()
        }
    }
}

impl Summary {
    /// Counts one more row.
    pub(crate) fn add(&mut self, changes: &Changes) {
        self.rows += 1;
        for field in changes.fields() {
            match self.fields.get_mut(field) {
                Some(count) => *count += 1,
                None => {
                    self.fields.insert(field.to_owned(), 1);
                }
            }
        }
    }

    fn describe(self, metadata: &mut Map<String, Value>) {
        metadata.insert("rows".to_owned(), self.rows.into());
        metadata.insert("fields".to_owned(), json!(self.fields));
        if let Some(condition) = self.condition {
            metadata.insert("condition".to_owned(), condition.into());
        }
    }
}
