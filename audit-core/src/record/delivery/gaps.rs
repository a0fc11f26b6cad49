//! Losses, and the entries that tell of them.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Shared;
use crate::entry::{Actor, AuditEntry, Entity, Outcome, Severity, Tenant, action};
use crate::error::ErrorKind;
use crate::store::to_micros;

/// What the log does not hold and has to tell of.
#[derive(Debug, Default)]
pub(super) struct Gaps {
    /// Losses that no entry tells of yet.
    fresh: BTreeMap<Tenant, Gap>,
    /// Losses that an entry tried to tell of, which has to be the same when it is tried again.
    telling: Vec<(Tenant, Gap)>,
    /// Those that the delivery thread is writing.
    in_flight: Vec<(Tenant, Gap)>,
    /// Losses whose entry the store refuses for what it is. They are told of together with the next
    /// loss of the tenant, or when somebody next waits for everything.
    set_aside: BTreeMap<Tenant, Gap>,
    /// Somebody began to wait for everything while the delivery thread was writing.
    is_asked: bool,
}

/// What became of the gaps that were written.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) stored: u64,
    /// They are to be tried again.
    pub(super) untold: Vec<(Tenant, Gap)>,
    /// The store refuses them for what they are.
    pub(super) refused: Vec<(Tenant, Gap)>,
}

impl Told {
    /// Nobody knows whether any is stored.
    pub(super) fn not_at_all(gaps: Vec<(Tenant, Gap)>) -> Self {
        let mut all = Self::default();
        for gap in gaps {
            all.try_again(gap);
        }
        all
    }

    pub(super) fn try_again(&mut self, (tenant, mut gap): (Tenant, Gap)) {
        gap.is_tried = true;
        self.untold.push((tenant, gap));
    }

    pub(super) fn append(&mut self, other: Self) {
        self.stored += other.stored;
        self.untold.extend(other.untold);
        self.refused.extend(other.refused);
    }
}

impl Gaps {
    pub(super) fn note(&mut self, tenant: &Tenant, time: DateTime<Utc>, cause: ErrorKind) {
        if let Some(gap) = self.fresh.get_mut(tenant) {
            return gap.add(time, cause);
        }
        let earlier = self.set_aside.remove(tenant);
        let mut gap = earlier.unwrap_or_else(|| Gap::new(time));
        gap.add(time, cause);
        self.fresh.insert(tenant.clone(), gap);
    }

    /// Those that the store has refused are tried once more.
    pub(super) fn ask_again(&mut self) {
        self.is_asked = !self.in_flight.is_empty();
        for (tenant, gap) in std::mem::take(&mut self.set_aside) {
            join(&mut self.fresh, tenant, gap);
        }
    }

    /// Whether there are losses that an entry is still to tell of.
    pub(super) fn are_untold(&self) -> bool {
        self.are_waiting() || !self.in_flight.is_empty()
    }

    /// Whether there are losses to tell of now.
    pub(super) fn are_waiting(&self) -> bool {
        !self.fresh.is_empty() || !self.telling.is_empty()
    }

    /// Takes the losses to tell of.
    pub(super) fn take(&mut self) -> Vec<(Tenant, Gap)> {
        let mut gaps = std::mem::take(&mut self.telling);
        gaps.extend(std::mem::take(&mut self.fresh));
        self.in_flight.clone_from(&gaps);
        gaps
    }

    /// Remembers under which ids those that were taken are written: whatever happens meanwhile,
    /// they are not stored twice.
    fn remember(&mut self, gaps: &[(Tenant, Gap)]) {
        self.in_flight = gaps.to_vec();
    }

    /// All that were taken are told of, or are not.
    pub(super) fn settle(&mut self, told: Told) {
        self.in_flight.clear();
        self.telling.extend(told.untold);
        let is_asked = std::mem::take(&mut self.is_asked);
        for (tenant, mut gap) in told.refused {
            (gap.id, gap.is_tried) = (None, false);
            let side = if is_asked {
                &mut self.fresh
            } else {
                &mut self.set_aside
            };
            join(side, tenant, gap);
        }
    }

    /// Those that were being written are to be tried again.
    pub(super) fn restore(&mut self) {
        let gaps = std::mem::take(&mut self.in_flight);
        self.settle(Told::not_at_all(gaps));
    }
}

/// Puts the losses of a tenant together with others of it.
fn join(gaps: &mut BTreeMap<Tenant, Gap>, tenant: Tenant, gap: Gap) {
    match gaps.get_mut(&tenant) {
        Some(earlier) => earlier.absorb(&gap),
        None => drop(gaps.insert(tenant, gap)),
    }
}

/// Entries of one tenant that are lost.
#[derive(Clone, Debug)]
pub(super) struct Gap {
    /// Given when an entry first tries to tell of it.
    pub(super) id: Option<Uuid>,
    /// An entry with this id may be stored.
    pub(super) is_tried: bool,
    lost: u64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    causes: Vec<(ErrorKind, u64)>,
}

impl Gap {
    fn new(time: DateTime<Utc>) -> Self {
        Self {
            id: None,
            is_tried: false,
            lost: 0,
            first: time,
            last: time,
            causes: Vec::new(),
        }
    }

    fn add(&mut self, time: DateTime<Utc>, cause: ErrorKind) {
        self.lost += 1;
        self.first = self.first.min(time);
        self.last = self.last.max(time);
        self.blame(cause, 1);
    }

    fn absorb(&mut self, other: &Self) {
        self.lost += other.lost;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        for (cause, times) in &other.causes {
            self.blame(*cause, *times);
        }
    }

    fn blame(&mut self, cause: ErrorKind, times: u64) {
        match self.causes.iter_mut().find(|(seen, _)| *seen == cause) {
            Some((_, so_far)) => *so_far += times,
            None => self.causes.push((cause, times)),
        }
    }

    fn entry(&mut self, shared: &Shared, tenant: &Tenant) -> AuditEntry {
        let mut entry = AuditEntry::new(
            *self.id.get_or_insert_with(|| shared.next_id()),
            to_micros(shared.now()),
            tenant.clone(),
            Actor::system().named("auditor"),
            action::GAP,
        );
        entry.entity = Some(Entity::new("audit_log"));
        entry.outcome = Outcome::Failure;
        entry.severity = Severity::Critical;
        let causes: Map<String, Value> = self
            .causes
            .iter()
            .map(|(cause, times)| (format!("{cause:?}"), json!(times)))
            .collect();
        entry.metadata = Map::from_iter([
            ("lost".to_owned(), json!(self.lost)),
            ("first".to_owned(), json!(self.first)),
            ("last".to_owned(), json!(self.last)),
            ("causes".to_owned(), Value::Object(causes)),
        ]);
        entry
    }
}

/// The entries that tell of gaps, which get their ids with it.
pub(super) fn entries(shared: &Shared, gaps: &mut [(Tenant, Gap)]) -> Vec<AuditEntry> {
    if gaps.is_empty() {
        return Vec::new();
    }
    let entries = gaps.iter_mut();
    let entries = entries
        .map(|(tenant, gap)| gap.entry(shared, tenant))
        .collect();
    shared.lock().gaps.remember(gaps);
    entries
}
