//! An incident of twelve fields, of which eleven are audited, and a board with notes.

use audit_core::Audited;
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use structdiff::{Difference, StructDiff};
use uuid::Uuid;

pub(crate) const NOTES: u64 = 1000;

const STATUSES: [Status; 5] = [
    Status::Open,
    Status::Triaged,
    Status::InProgress,
    Status::Resolved,
    Status::Closed,
];

const WORDS: [&str; 16] = [
    "alpha", "breach", "cluster", "denied", "endpoint", "firewall", "gateway", "handler",
    "incident", "journal", "kernel", "login", "malware", "network", "outbound", "packet",
];

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    unreachable_pub,
    reason = "the derive of structdiff knows no other visibility"
)]
pub enum Status {
    Open,
    Triaged,
    InProgress,
    Resolved,
    Closed,
}

#[expect(
    unreachable_pub,
    reason = "the derive of structdiff knows no other visibility"
)]
#[derive(Clone, Audited, Difference)]
#[audit(entity_type = "incident")]
pub struct Incident {
    #[audit(id)]
    pub id: Uuid,
    pub company: Uuid,
    #[audit(name)]
    pub title: String,
    pub description: String,
    pub status: Status,
    pub severity: u8,
    pub assignee: Option<Uuid>,
    pub tags: Vec<String>,
    pub source_ip: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[audit(exclude)]
    #[difference(skip)]
    pub password: String,
}

impl Incident {
    pub(crate) fn number(i: u64) -> Self {
        let status = usize::try_from(i % 5).unwrap();
        let created = DateTime::from_timestamp(1_767_225_600, 0).unwrap()
            + TimeDelta::minutes(i64::try_from(i).unwrap());
        Self {
            id: uuid(1, i),
            company: uuid(2, i % 100),
            title: text(i, 40),
            description: text(i + 1_000_003, 400),
            status: *STATUSES.get(status).unwrap(),
            severity: u8::try_from(i % 5 + 1).unwrap(),
            assignee: (!i.is_multiple_of(4)).then(|| uuid(3, i % 50)),
            tags: (0..5).map(|k| word(i + 3 * k).to_owned()).collect(),
            source_ip: format!("10.{}.{}.{}", (i >> 16) & 255, (i >> 8) & 255, i & 255),
            created_at: created,
            updated_at: created,
            password: format!("pw-{i:032x}"),
        }
    }

    /// The same incident with the next status.
    pub(crate) fn moved_on(&self) -> Self {
        Self {
            status: Status::Closed,
            ..self.clone()
        }
    }

    /// Another incident, in which nothing is the same.
    pub(crate) fn all_different(&self) -> Self {
        let mut other = Self::number(21);
        other.status = Status::Closed;
        other.severity = 9;
        other.assignee = None;
        assert!(other.password != self.password);
        other
    }
}

#[derive(Clone, PartialEq, Audited)]
#[audit(entity_type = "note")]
pub(crate) struct Note {
    #[audit(id)]
    id: u64,
    author: Uuid,
    text: String,
    written: DateTime<Utc>,
}

#[derive(Clone, Audited)]
#[audit(entity_type = "board")]
pub(crate) struct Board {
    #[audit(id)]
    id: u64,
    #[audit(key = "id")]
    pub(crate) notes: Vec<Note>,
}

impl Board {
    pub(crate) fn with_notes(count: u64) -> Self {
        let note = |id| Note {
            id,
            author: uuid(3, id % 50),
            text: text(id, 40),
            written: DateTime::from_timestamp(1_767_225_600, 0).unwrap(),
        };
        Self {
            id: 1,
            notes: (0..count).map(note).collect(),
        }
    }

    /// Ten notes, far from one another, go to the other end of the list.
    pub(crate) fn with_ten_moved(&self) -> Self {
        let mut board = self.clone();
        for step in 0..10 {
            let note = board.notes.remove(step * 90);
            board.notes.insert(990 - step * 95, note);
        }
        board
    }
}

fn h(n: u64) -> u64 {
    (n.wrapping_mul(2_654_435_761) % (1 << 32)) >> 8
}

fn uuid(kind: u64, n: u64) -> Uuid {
    format!("{:08x}-{kind:04x}-4000-8000-{n:012x}", h(n))
        .parse()
        .unwrap()
}

fn word(n: u64) -> &'static str {
    WORDS.get(usize::try_from(n % 16).unwrap()).unwrap()
}

fn text(n: u64, len: usize) -> String {
    let mut text = String::new();
    for k in 0.. {
        if text.len() >= len {
            break;
        }
        if k > 0 {
            text.push(' ');
        }
        text.push_str(word(31 * n + 7 * k * k + k));
    }
    text.truncate(len);
    text
}
