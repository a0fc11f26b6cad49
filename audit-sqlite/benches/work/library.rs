//! The work through the library, as an application would do it.

use std::path::Path;
use std::sync::Arc;

use audit_core::{
    Actor, AuditContext, AuditEntry, AuditStore, Auditor, AuditorBuilder, Change, Changes,
    Delivery, Draft, Entity, Sanitizer, Tenant, TenantLog,
};
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::data::{USER_AGENT, Work};

/// Each recording waits for its commit.
pub(crate) fn auditor(store: SqliteStore) -> Auditor {
    builder(store).build().unwrap()
}

/// Recording goes on while the entries before are written; a short queue keeps memory small.
pub(crate) fn importer(store: SqliteStore) -> Auditor {
    builder(store)
        .delivery(Delivery::Buffered)
        .queue(2000, 16 * 1024 * 1024)
        .build()
        .unwrap()
}

fn builder(store: SqliteStore) -> AuditorBuilder {
    // The session is a part of the work, and the same bytes have to be stored.
    let sanitizer = Sanitizer::builder().allow("session").build();
    Auditor::builder(store).sanitizer(sanitizer)
}

pub(crate) fn open(path: &Path, synchronous: Synchronous) -> SqliteStore {
    let options = SqliteOptions::new().synchronous(synchronous);
    SqliteStore::open_with(path, options).unwrap()
}

pub(crate) fn draft(auditor: &Auditor, work: &Work) -> Draft {
    let context = AuditContext::new(work.company)
        .actor(Actor::user(work.actor, work.actor_name.as_str()))
        .ip(work.ip)
        .user_agent(USER_AGENT)
        .request_data("method", "PATCH")
        .request_data("path", &work.path)
        .request_data("request_id", work.request_id);
    auditor
        .log(work.action)
        .entity(work.entity_type, work.entity_id)
        .entity_name(work.entity_name.as_str())
        .changes(changes(work))
        .metadata("source", "api")
        .metadata("session", work.session)
        .context(&context)
}

fn changes(work: &Work) -> Changes {
    let mut changes = Changes::new();
    changes.insert("status", Change::replaced(json!(work.old), json!(work.new)));
    changes
}

/// An entry as the store gets it, to fill the log without the way there.
pub(crate) fn entry(work: &Work) -> AuditEntry {
    let mut entry = AuditEntry::new(
        Uuid::now_v7(),
        work.time,
        Tenant::from(work.company),
        Actor::user(work.actor, work.actor_name.as_str()),
        work.action,
    );
    let entity = Entity::new(work.entity_type);
    entry.entity = Some(
        entity
            .identified(work.entity_id)
            .named(work.entity_name.as_str()),
    );
    entry.ip_address = Some(work.ip.into());
    entry.user_agent = Some(USER_AGENT.to_owned());
    entry.request_data = Map::from_iter([
        ("method".to_owned(), json!("PATCH")),
        ("path".to_owned(), json!(work.path)),
        ("request_id".to_owned(), json!(work.request_id)),
    ]);
    entry.changes = changes(work);
    entry.metadata = Map::from_iter([
        ("source".to_owned(), Value::from("api")),
        ("session".to_owned(), json!(work.session)),
    ]);
    entry
}

pub(crate) fn log(store: &SqliteStore, company: Uuid) -> TenantLog {
    let store: Arc<dyn AuditStore> = Arc::new(store.clone());
    TenantLog::new(store, company)
}
