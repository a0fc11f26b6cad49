//! The data of the work: the same in each run, and the same as every peer was measured on.

use std::net::Ipv4Addr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

const WORDS: [&str; 16] = [
    "alpha", "breach", "cluster", "denied", "endpoint", "firewall", "gateway", "handler",
    "incident", "journal", "kernel", "login", "malware", "network", "outbound", "packet",
];
const STATUSES: [&str; 5] = ["open", "triaged", "in_progress", "resolved", "closed"];
pub(crate) const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139";
/// How many entries the log of the queries has.
pub(crate) const LOG: u64 = 1_000_000;
pub(crate) const TENANTS: u64 = 100;

pub(crate) fn hash(n: u64) -> u64 {
    (n.wrapping_mul(2_654_435_761) & 0xFFFF_FFFF) >> 8
}

/// `%08x-%04x-4000-8000-%012x` of hash, kind and number.
pub(crate) fn uuid(kind: u16, n: u64) -> Uuid {
    let high = (hash(n) << 32) | (u64::from(kind) << 16) | 0x4000;
    Uuid::from_u64_pair(high, 0x8000_0000_0000_0000 | n)
}

pub(crate) fn text(n: u64, length: usize) -> String {
    let mut text = String::with_capacity(length + 10);
    for k in 0_u64.. {
        if text.len() >= length {
            break;
        }
        if k > 0 {
            text.push(' ');
        }
        text.push_str(WORDS[usize::try_from((31 * n + 7 * k * k + k) % 16).unwrap_or(0)]);
    }
    text.truncate(length);
    text
}

fn status(n: u64) -> &'static str {
    STATUSES[usize::try_from(n % 5).unwrap_or(0)]
}

/// One audit entry in the terms of the application, before anybody stores it.
#[derive(Clone)]
pub(crate) struct Work {
    pub(crate) time: DateTime<Utc>,
    pub(crate) actor: Uuid,
    pub(crate) actor_name: String,
    pub(crate) action: &'static str,
    pub(crate) entity_type: &'static str,
    pub(crate) entity_id: Uuid,
    pub(crate) entity_name: String,
    pub(crate) company: Uuid,
    pub(crate) ip: Ipv4Addr,
    pub(crate) path: String,
    pub(crate) request_id: Uuid,
    pub(crate) session: Uuid,
    pub(crate) old: &'static str,
    pub(crate) new: &'static str,
}

fn end() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_392_000, 0).unwrap_or_default()
}

/// The last 30 days of the log.
pub(crate) fn last_month() -> DateTime<Utc> {
    end() - TimeDelta::days(30)
}

fn ip(n: u64) -> Ipv4Addr {
    let [.., b, c, d] = n.to_be_bytes();
    Ipv4Addr::new(10, b, c, d)
}

/// Update `j` of the bulk work: incident `j mod 1000` moves to its next status.
pub(crate) fn update(j: u64) -> Work {
    let i = j % 1000;
    let step = i + j / 1000;
    Work {
        time: end() + TimeDelta::milliseconds(j.cast_signed()),
        actor: uuid(3, j % 50),
        actor_name: format!("Analyst {:02}", j % 50),
        action: "update",
        entity_type: "incident",
        entity_id: uuid(1, i),
        entity_name: text(i, 40),
        company: uuid(2, i % 100),
        ip: ip(i),
        path: format!("/api/v1/incidents/{}", uuid(1, i)),
        request_id: uuid(4, j),
        session: uuid(5, j % 500),
        old: status(step),
        new: status(step + 1),
    }
}

/// The entity that entry `n` of the log is about.
pub(crate) fn entity_of(e: u64) -> (&'static str, Uuid, u64) {
    let entity_type = match (e / 100) % 10 {
        0..=5 => "incident",
        6 | 7 => "user",
        8 => "policy",
        _ => "asset",
    };
    let kind = if entity_type == "incident" { 1 } else { 6 };
    (entity_type, uuid(kind, e), e % TENANTS)
}

/// Entry `n` of the log that is queried.
pub(crate) fn log_entry(n: u64) -> Work {
    let e = (30_011 * n) % 50_000;
    let (entity_type, entity_id, tenant) = entity_of(e);
    let actor = 50 * tenant + hash(n) % 50;
    Work {
        time: end() - TimeDelta::milliseconds(((LOG - n) * 31_536).cast_signed()),
        actor: uuid(3, actor),
        actor_name: format!("Analyst {:02}", actor % 50),
        action: match hash(n) % 100 {
            0..80 => "update",
            80..95 => "create",
            _ => "delete",
        },
        entity_type,
        entity_id,
        entity_name: text(e, 40),
        company: uuid(2, tenant),
        ip: ip(e),
        path: format!("/api/v1/incidents/{entity_id}"),
        request_id: uuid(4, n),
        session: uuid(5, n % 500),
        old: status(n),
        new: status(n + 1),
    }
}
