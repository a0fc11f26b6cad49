//! An entry as one text, complete and exact.
//!
//! Not the JSON of an entry for people: there a UUID and its text look alike, and so do a null and
//! nothing.

use std::net::IpAddr;

use audit_core::{
    Actor, ActorKind, AuditEntry, Changes, Entity, EntityId, Error, ErrorDetail, ErrorKind, IdRef,
    Outcome, Result, Severity, Tenant, Truncation,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::codec;
use crate::error::corrupt;

/// The number of the format that is written. What an older release has written is read for ever.
pub(super) const NEWEST: i64 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    id: Uuid,
    /// Microseconds.
    time: i64,
    recorded: i64,
    tenant: Tenant,
    actor: Party,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    principal: Option<Party>,
    action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    entity: Option<Thing>,
    outcome: Outcome,
    severity: Severity,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    changes: Changes,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    request_data: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operation: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
    /// Microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duration: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    truncated: Vec<Truncation>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sensitive: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Party {
    kind: ActorKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Thing {
    r#type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Id {
    Integer(i64),
    Unsigned(u64),
    Text(String),
    Uuid(Uuid),
}

/// An entry as text.
pub(super) fn write(entry: &AuditEntry) -> Result<String> {
    let entity = entry.entity.as_ref();
    let stored = Stored {
        id: entry.id,
        time: entry.timestamp.timestamp_micros(),
        recorded: entry.recorded_at.timestamp_micros(),
        tenant: entry.tenant.clone(),
        actor: Party::of(&entry.actor)?,
        principal: entry.actor.principal().map(Party::of).transpose()?,
        action: entry.action.clone(),
        entity: entity.map(Thing::of).transpose()?,
        outcome: entry.outcome,
        severity: entry.severity,
        changes: entry.changes.clone(),
        metadata: entry.metadata.clone(),
        request_data: entry.request_data.clone(),
        ip: entry.ip_address,
        agent: entry.user_agent.clone(),
        request_id: entry.request_id.clone(),
        operation: entry.operation,
        cause: entry.cause,
        error: entry.error.clone(),
        duration: entry.duration.map(codec::duration_to_micros),
        reason: entry.reason.clone(),
        truncated: entry.truncated.clone(),
        sensitive: entry.sensitive.clone(),
    };
    serde_json::to_string(&stored).map_err(|_| {
        Error::new(
            ErrorKind::Invalid,
            "the entry has a value that is no JSON; record it as text",
        )
    })
}

/// The entry that a text of some format is.
pub(super) fn read(format: i64, text: &str) -> Result<AuditEntry> {
    if format > NEWEST {
        return Err(Error::new(
            ErrorKind::NewerSchema,
            "an entry in the outbox was written by a newer release of audit-sqlite; drain it with that release",
        ));
    }
    let stored: Stored = serde_json::from_str(text).map_err(|_| corrupt())?;
    let mut actor = stored.actor.into_actor();
    if let Some(principal) = stored.principal {
        actor = actor.on_behalf_of(principal.into_actor());
    }
    let time = codec::time_from(stored.time)?;
    let mut entry = AuditEntry::new(stored.id, time, stored.tenant, actor, stored.action);
    entry.recorded_at = codec::time_from(stored.recorded)?;
    entry.entity = stored.entity.map(Thing::into_entity);
    entry.outcome = stored.outcome;
    entry.severity = stored.severity;
    entry.changes = stored.changes;
    entry.metadata = stored.metadata;
    entry.request_data = stored.request_data;
    entry.ip_address = stored.ip;
    entry.user_agent = stored.agent;
    entry.request_id = stored.request_id;
    entry.operation = stored.operation;
    entry.cause = stored.cause;
    entry.error = stored.error;
    entry.duration = stored.duration.map(codec::duration_from).transpose()?;
    entry.reason = stored.reason;
    entry.truncated = stored.truncated;
    entry.sensitive = stored.sensitive;
    Ok(entry)
}

impl Party {
    fn of(actor: &Actor) -> Result<Self> {
        Ok(Self {
            kind: actor.kind(),
            id: actor.id().map(Id::of).transpose()?,
            name: actor.name().map(str::to_owned),
        })
    }

    fn into_actor(self) -> Actor {
        let mut actor = Actor::new(self.kind);
        if let Some(id) = self.id {
            actor = actor.identified(id.into_id());
        }
        match self.name {
            Some(name) => actor.named(name),
            None => actor,
        }
    }
}

impl Thing {
    fn of(entity: &Entity) -> Result<Self> {
        Ok(Self {
            r#type: entity.entity_type().to_owned(),
            id: entity.id().map(Id::of).transpose()?,
            name: entity.name().map(str::to_owned),
        })
    }

    fn into_entity(self) -> Entity {
        let mut entity = Entity::new(self.r#type);
        if let Some(id) = self.id {
            entity = entity.identified(id.into_id());
        }
        match self.name {
            Some(name) => entity.named(name),
            None => entity,
        }
    }
}

impl Id {
    fn of(id: &EntityId) -> Result<Self> {
        Ok(match id.as_ref() {
            IdRef::Integer(number) => Self::Integer(number),
            IdRef::Unsigned(number) => Self::Unsigned(number),
            IdRef::Text(text) => Self::Text(text.to_owned()),
            IdRef::Uuid(uuid) => Self::Uuid(uuid),
            _ => {
                return Err(Error::new(
                    ErrorKind::Store,
                    "this release of audit-sqlite does not know a kind of id that audit-core has; update it",
                ));
            }
        })
    }

    fn into_id(self) -> EntityId {
        match self {
            Self::Integer(number) => EntityId::from(number),
            Self::Unsigned(number) => EntityId::from(number),
            Self::Text(text) => EntityId::from(text),
            Self::Uuid(uuid) => EntityId::from(uuid),
        }
    }
}

#[cfg(test)]
mod tests {
    use audit_core::testing::contract::Sample;

    use super::*;

    #[test]
    fn every_kind_of_entry_comes_back_as_it_went_in() {
        let mut sample = Sample::new(7);
        let tenant = Tenant::from("acme \0 \u{1F6F0}");
        for _ in 0..500 {
            let mut entry = sample.entry(&tenant);
            entry.index = 0;
            let text = write(&entry).unwrap();
            assert_eq!(read(NEWEST, &text).unwrap(), entry);
        }
    }

    #[test]
    fn the_first_format_is_read_for_ever() {
        let text = r#"{"id":"00000000-0000-0000-0000-000000000007","time":1795392000000001,"recorded":1795392000000002,"tenant":"acme","actor":{"kind":"user","id":{"unsigned":18446744073709551615},"name":"ada"},"principal":{"kind":"system"},"action":"close","entity":{"type":"incident","id":{"uuid":"00000000-0000-0000-0000-000000000001"},"name":"fire"},"outcome":"denied","severity":"notice","changes":{"status":{"old":null,"new":"closed"}},"metadata":{"a":1},"ip":"::1","error":{"class":"denied","text":"no"},"duration":5,"sensitive":["status"]}"#;
        let entry = read(1, text).unwrap();
        assert_eq!(write(&entry).unwrap(), text);
        assert_eq!(entry.entity_id(), Some(&EntityId::from(Uuid::from_u128(1))));
        assert_eq!(entry.changes.get("status").unwrap().old, Some(Value::Null));
    }

    #[test]
    fn a_newer_format_and_damage_are_told_apart() {
        let kind = |format, text| read(format, text).unwrap_err().kind();
        assert_eq!(kind(NEWEST + 1, "?"), ErrorKind::NewerSchema);
        assert_eq!(kind(NEWEST, "?"), ErrorKind::Corrupt);
    }
}
