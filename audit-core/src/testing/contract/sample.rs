//! Entries of every shape, the same in every run.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entry::{
    Actor, ActorKind, AuditEntry, Change, Entity, EntityId, ErrorDetail, LengthUnit, Outcome,
    Severity, Tenant, Truncation,
};

/// Makes entries that differ in every field, the same ones for the same seed.
#[derive(Clone, Debug)]
pub struct Sample {
    state: u64,
}

/// 2026-01-01T00:00:00Z in microseconds.
const BEGIN: i64 = 1_767_225_600_000_000;

const ACTIONS: [&str; 6] = [
    "create",
    "update",
    "delete",
    "billing.refund",
    "billing.pay",
    "login",
];
const TYPES: [&str; 3] = ["incident", "user", "policy"];
const WORDS: [&str; 8] = [
    "alpha", "Élan", "日本", "o'neil", "50%_off", "a\0b", "🦀", "Straße",
];
const FIELDS: [&str; 5] = [
    "status",
    "title",
    "location.city",
    "notes[7].text",
    "status_code",
];

impl Sample {
    /// The sequence for a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
        }
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*: plenty for test data.
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        (self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.index(of.len())]
    }

    /// A place in something of this length, which is not 0.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }

    fn sometimes(&mut self) -> bool {
        self.below(3) == 0
    }

    /// An id out of a few, of any kind.
    pub fn entity_id(&mut self) -> EntityId {
        let number = self.below(4);
        match self.below(5) {
            0 => EntityId::from(i64::MIN + number.cast_signed()),
            1 => EntityId::from(number),
            2 => EntityId::from(u64::MAX - number),
            3 => EntityId::from(number.to_string()),
            _ => EntityId::from(Uuid::from_u128(u128::from(number))),
        }
    }

    /// An actor out of a few, of any kind.
    pub fn actor(&mut self) -> Actor {
        let kind = self.pick(&[
            ActorKind::User,
            ActorKind::Service,
            ActorKind::System,
            ActorKind::Anonymous,
            ActorKind::Unattributed,
        ]);
        let mut actor = Actor::new(kind);
        if !self.sometimes() {
            actor = actor.identified(self.entity_id());
        }
        if !self.sometimes() {
            actor = actor.named(self.pick(&WORDS));
        }
        actor
    }

    /// An id that is new, as a UUIDv7 is.
    pub fn id(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.below(u64::MAX >> 33), self.state)
    }

    /// An entry of a tenant.
    pub fn entry(&mut self, tenant: &Tenant) -> AuditEntry {
        let timestamp = self.time();
        let mut entry = AuditEntry::new(
            self.id(),
            timestamp,
            tenant.clone(),
            self.actor(),
            self.pick(&ACTIONS),
        );
        entry.recorded_at = timestamp + TimeDelta::microseconds(self.below(1000).cast_signed());
        if self.sometimes() {
            let principal = self.actor();
            entry.actor = entry.actor.on_behalf_of(principal);
        }
        if !self.sometimes() {
            let mut entity = Entity::new(self.pick(&TYPES));
            if !self.sometimes() {
                entity = entity.identified(self.entity_id());
            }
            if !self.sometimes() {
                entity = entity.named(self.pick(&WORDS));
            }
            entry.entity = Some(entity);
        }
        self.circumstances(&mut entry);
        self.content(&mut entry);
        entry
    }

    /// A time in January 2026; entries are not made in the order of their times.
    pub fn time(&mut self) -> DateTime<Utc> {
        let offset = self.below(30 * 86_400_000).cast_signed() * 1000 + 1;
        DateTime::from_timestamp_micros(BEGIN + offset).unwrap_or_default()
    }

    fn circumstances(&mut self, entry: &mut AuditEntry) {
        entry.outcome = self.pick(Outcome::ALL);
        entry.severity = self.pick(Severity::ALL);
        entry.ip_address = match self.below(4) {
            0 => Some(Ipv4Addr::new(10, 0, 0, 1).into()),
            1 => Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into()),
            2 => Some(Ipv6Addr::UNSPECIFIED.into()),
            _ => None,
        };
        if self.sometimes() {
            entry.user_agent = Some(format!("agent/{} ({})", self.below(3), self.pick(&WORDS)));
        }
        if self.sometimes() {
            entry.request_id = Some(match self.below(3) {
                0 => Uuid::from_u128(7).to_string(),
                // Not canonical: has to come back as it is.
                1 => Uuid::from_u128(0xABC).to_string().to_uppercase(),
                _ => "req-1".to_owned(),
            });
        }
        if self.sometimes() {
            entry.operation = Some(Uuid::from_u128(u128::from(self.below(3)) + 1));
        }
        if self.sometimes() {
            entry.cause = Some(Uuid::from_u128(u128::from(self.below(3)) + 9));
        }
        if self.sometimes() {
            entry.duration = Some(Duration::from_micros(self.below(1 << 30)));
        }
    }

    fn content(&mut self, entry: &mut AuditEntry) {
        if self.sometimes() {
            entry.error = Some(ErrorDetail::new("DeskError", self.pick(&WORDS)));
        }
        if self.sometimes() {
            entry.reason = Some(self.pick(&WORDS).to_owned());
        }
        for _ in 0..self.below(3) {
            let (field, value) = (self.pick(&FIELDS), self.value());
            let change = match self.below(3) {
                0 => Change::added(value),
                1 => Change::removed(value),
                _ => Change::replaced(value, self.value()),
            };
            entry.changes.insert(field, change);
        }
        for _ in 0..self.below(3) {
            let value = self.value();
            entry.metadata.insert(self.pick(&WORDS).to_owned(), value);
        }
        if self.sometimes() {
            entry.request_data.insert("path".to_owned(), self.value());
        }
        if self.sometimes() {
            let truncation =
                Truncation::new("entity_name", self.below(1000), LengthUnit::Characters);
            entry.truncated.push(truncation);
        }
        let paths = entry.changes.iter().map(|(path, _)| path.to_owned());
        entry.sensitive = paths.filter(|_| self.sometimes()).collect();
    }

    fn value(&mut self) -> Value {
        match self.below(8) {
            0 => Value::Null,
            1 => json!(i64::MIN),
            2 => json!(u64::MAX),
            3 => json!(0.1 + 0.2),
            4 => json!(-0.0),
            5 => json!({"nested": [1, {"deep": self.pick(&WORDS)}]}),
            6 => json!(true),
            _ => json!(self.pick(&WORDS)),
        }
    }
}
