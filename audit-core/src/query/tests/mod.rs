//! Reading through time, on logs that are written entry by entry.

mod causes;
mod children;
mod history;
mod lapses;
mod missing;
mod moments;
mod plan;
mod told_twice;
mod typed;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entry::{Actor, AuditEntry, Entity, LengthUnit, Outcome, Truncation};
use crate::query::{History, TenantLog};
use crate::store::{AuditStore, MemoryStore};

/// A log that is written by hand; its entries are about incident 7 unless they say otherwise.
struct Log {
    store: MemoryStore,
    next: u128,
}

impl Log {
    fn new() -> Self {
        Self {
            store: MemoryStore::new(),
            next: 1,
        }
    }

    /// A log with these entries: action and changes.
    fn of(entries: &[(&str, Value)]) -> Self {
        let mut log = Self::new();
        for (action, changes) in entries {
            log.add(action, changes.clone(), |_| {});
        }
        log
    }

    /// Adds an entry, ten seconds after the one before; returns its id.
    fn add(&mut self, action: &str, changes: Value, with: impl FnOnce(&mut AuditEntry)) -> Uuid {
        let id = Uuid::from_u128(self.next);
        let time = at(10 * i64::try_from(self.next).unwrap());
        let mut entry = AuditEntry::new(id, time, "acme".into(), Actor::system(), action);
        entry.entity = Some(Entity::new("incident").identified(7));
        entry.changes = serde_json::from_value(changes).unwrap();
        with(&mut entry);
        self.store.append(&[entry]).unwrap();
        self.next += 1;
        id
    }

    fn tenant(&self) -> TenantLog {
        TenantLog::new(Arc::new(self.store.clone()), "acme")
    }

    fn history(&self) -> History {
        self.tenant().history("incident", 7)
    }

    fn state(&self) -> Option<Value> {
        self.history().state_at(u64::MAX).unwrap()
    }

    /// What is missing now: path and reason.
    fn missing(&self) -> Vec<(String, crate::MissingReason)> {
        let state = self.history().state_at_lossy(u64::MAX).unwrap();
        let missing = state.missing.into_iter();
        missing
            .map(|missing| (missing.path, missing.reason))
            .collect()
    }
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn created() -> (&'static str, Value) {
    (
        "create",
        json!({"status": {"new": "open"}, "tags": {"new": ["a"]}, "owner": {"new": null}}),
    )
}

fn closed() -> (&'static str, Value) {
    (
        "update",
        json!({"status": {"old": "open", "new": "closed"}}),
    )
}

fn failed(entry: &mut AuditEntry) {
    entry.outcome = Outcome::Failure;
}

fn short(entry: &mut AuditEntry) {
    let cut = Truncation::new("changes", 9, LengthUnit::Members);
    entry.truncated.push(cut);
}

fn took(seconds: u64) -> impl FnOnce(&mut AuditEntry) {
    move |entry| entry.duration = Some(Duration::from_secs(seconds))
}
