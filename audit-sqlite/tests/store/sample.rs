//! Entries of every kind, the same in each run.

use std::time::Duration;

use audit_core::store::to_micros;
use audit_core::{
    Actor, ActorKind, AuditEntry, Change, Entity, EntityId, ErrorDetail, LengthUnit, Outcome,
    Severity, Tenant, Truncation,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// A small generator, so that no run differs from another.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, sides: usize) -> bool {
        self.roll(sides) == 0
    }

    pub(crate) fn pick<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.roll(items.len())].clone()
    }

    pub(crate) fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (!self.one_in(3)).then(|| make(self))
    }

    pub(crate) fn uuid(&mut self) -> Uuid {
        let high = self.roll(usize::MAX) as u128;
        Uuid::from_u128(high << 64 | self.roll(usize::MAX) as u128)
    }

    pub(crate) fn word(&mut self) -> String {
        self.pick(WORDS).to_owned()
    }
}

/// Texts that have broken stores: empty, NUL, beyond the basic plane, right to left, quotes,
/// combining, the replacement character, a byte order mark.
pub(crate) const WORDS: &[&str] = &[
    "ada",
    "Ada",
    "grace",
    "nul \0 inside",
    "\0",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 🛰",
    "مرحبا بالعالم",
    "it's \"quoted\" \\ `ticked`",
    "e\u{301}",
    "é",
    "\u{FFFD}",
    "\u{FEFF}x",
    "line\nbreak\u{2028}",
    "%_[]*",
    "'; DROP TABLE audit_entry; --",
    "İstanbul",
];

pub(crate) const ACTIONS: &[&str] = &[
    "create",
    "update",
    "delete",
    "login_failed",
    "billing.charge",
    "billing.refund",
    "billing",
    "\0x",
];
pub(crate) const TYPES: &[&str] = &["incident", "user", "policy", "billing"];
pub(crate) const FIELDS: &[&str] = &[
    "status",
    "location",
    "location.city",
    "notes[7].text",
    "notes[9]",
    "stat",
    "",
    "a b",
    "\0",
];
pub(crate) const IPS: &[&str] = &[
    "10.1.2.3",
    "255.255.255.255",
    "0.0.0.0",
    "127.0.0.1",
    "2001:db8::1",
    "::1",
    "::",
    "::ffff:10.0.0.1",
    "fe80::1:0:0:1",
];

pub(crate) fn id(dice: &mut Dice) -> EntityId {
    match dice.roll(7) {
        0 => EntityId::from(dice.roll(4)),
        1 => EntityId::from(dice.pick(&[i64::MIN, -1, i64::MAX])),
        2 => EntityId::from(dice.pick(&[u64::MAX, i64::MAX as u64 + 1])),
        3 => EntityId::from(Uuid::from_u128(dice.roll(4) as u128)),
        4 => EntityId::from(Uuid::from_u128(dice.roll(4) as u128).to_string()),
        5 => EntityId::from(dice.roll(4).to_string()),
        _ => EntityId::from(dice.word()),
    }
}

pub(crate) fn actor(dice: &mut Dice) -> Actor {
    let kinds = [
        ActorKind::User,
        ActorKind::Service,
        ActorKind::System,
        ActorKind::Anonymous,
        ActorKind::Unattributed,
    ];
    let mut actor = Actor::new(dice.pick(&kinds));
    if let Some(id) = dice.maybe(id) {
        actor = actor.identified(id);
    }
    if let Some(name) = dice.maybe(Dice::word) {
        actor = actor.named(name);
    }
    if dice.one_in(6) {
        actor = actor.on_behalf_of(self::actor(dice));
    }
    actor
}

fn value(dice: &mut Dice, depth: usize) -> Value {
    match dice.roll(if depth == 0 { 7 } else { 9 }) {
        0 => Value::Null,
        1 => json!(dice.one_in(2)),
        2 => json!(dice.pick(&[0, 1, -1, i64::MIN, i64::MAX])),
        3 => json!(u64::MAX),
        4 => json!(dice.pick(&[0.1, -0.0, 1e300, 5e-324, 0.1 + 0.2, 9_007_199_254_740_993.0])),
        5 | 6 => json!(dice.word()),
        7 => (0..dice.roll(4)).map(|_| value(dice, depth - 1)).collect(),
        _ => Value::Object(map(dice, depth - 1)),
    }
}

fn map(dice: &mut Dice, depth: usize) -> Map<String, Value> {
    (0..dice.roll(4))
        .map(|_| (dice.word(), value(dice, depth)))
        .collect()
}

fn change(dice: &mut Dice) -> Change {
    match dice.roll(4) {
        0 => Change::added(value(dice, 2)),
        1 => Change::removed(value(dice, 2)),
        2 => Change::replaced(value(dice, 2), value(dice, 2)),
        _ => serde_json::from_value(json!({"moved": {"from": dice.roll(9), "to": 0}})).unwrap(),
    }
}

/// About when the entries of a sample happened; clocks jump.
pub(crate) fn time(dice: &mut Dice) -> DateTime<Utc> {
    let base = DateTime::from_timestamp(1_764_000_000, 123_456_000).unwrap();
    let jump = if dice.one_in(20) {
        86_400 * 400
    } else {
        86_400 * 3
    };
    base + TimeDelta::seconds(dice.roll(jump) as i64)
        + TimeDelta::microseconds(dice.roll(1_000_000) as i64)
}

/// One entry, of any kind.
pub(crate) fn entry(dice: &mut Dice, tenants: &[&str]) -> AuditEntry {
    let mut entry = AuditEntry::new(
        dice.uuid(),
        time(dice),
        Tenant::from(dice.pick(tenants)),
        actor(dice),
        dice.pick(ACTIONS),
    );
    entry.recorded_at =
        to_micros(entry.timestamp + TimeDelta::microseconds(dice.roll(5_000) as i64 - 1_000));
    entry.entity = dice.maybe(|dice| {
        let mut entity = Entity::new(dice.pick(TYPES));
        if let Some(id) = dice.maybe(id) {
            entity = entity.identified(id);
        }
        if let Some(name) = dice.maybe(Dice::word) {
            entity = entity.named(name);
        }
        entity
    });
    entry.ip_address = dice.maybe(|dice| dice.pick(IPS).parse().unwrap());
    entry.user_agent = dice.maybe(Dice::word);
    entry.request_data = map(dice, 3);
    entry.metadata = map(dice, 3);
    for _ in 0..dice.roll(4) {
        entry.changes.insert(dice.pick(FIELDS), change(dice));
    }
    if dice.one_in(2) {
        entry.outcome = dice.pick(Outcome::ALL);
        entry.severity = dice.pick(Severity::ALL);
    }
    entry.error =
        (entry.outcome != Outcome::Success).then(|| ErrorDetail::new(dice.word(), dice.word()));
    entry.duration = dice.maybe(|dice| Duration::from_micros(dice.roll(1_000_000_000) as u64));
    entry.reason = dice.maybe(Dice::word);
    entry.request_id = dice.maybe(|dice| match dice.roll(3) {
        0 => Uuid::from_u128(dice.roll(5) as u128).to_string(),
        1 => dice.uuid().to_string().to_uppercase(),
        _ => dice.word(),
    });
    entry.operation = dice.maybe(|dice| Uuid::from_u128(dice.roll(20) as u128));
    entry.cause = dice.maybe(|dice| Uuid::from_u128(dice.roll(20) as u128));
    if dice.one_in(5) {
        entry.truncated = vec![
            Truncation::new("entity_name", 300, LengthUnit::Characters),
            Truncation::new("metadata/\0", u64::MAX, LengthUnit::Bytes),
        ];
    }
    let paths = entry.changes.iter().map(|(path, _)| path.to_owned());
    entry.sensitive = paths.filter(|_| dice.one_in(4)).collect();
    entry
}

/// Some entries of some tenants.
pub(crate) fn entries(seed: u64, count: usize, tenants: &[&str]) -> Vec<AuditEntry> {
    let mut dice = Dice::new(seed);
    (0..count).map(|_| entry(&mut dice, tenants)).collect()
}

/// A plain entry.
pub(crate) fn plain(tenant: &str, action: &str) -> AuditEntry {
    let now = to_micros(Utc::now());
    AuditEntry::new(
        Uuid::now_v7(),
        now,
        Tenant::from(tenant),
        Actor::user(7, "ada"),
        action,
    )
}
