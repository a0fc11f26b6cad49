//! Conditions on entries, each said twice: as a filter, and in the plainest way there is.

use chrono::TimeDelta;
use uuid::Uuid;

use super::Sample;
use crate::entry::{ActorKind, AuditEntry, Outcome, Severity};
use crate::query::{ActionFilter, Filter};

/// One condition.
pub(super) struct Condition {
    /// Conditions on the same part do not go together.
    pub(super) part: &'static str,
    pub(super) set: Box<dyn Fn(&mut Filter)>,
    pub(super) holds: Box<dyn Fn(&AuditEntry) -> bool>,
}

impl Condition {
    fn new(
        part: &'static str,
        set: impl Fn(&mut Filter) + 'static,
        holds: impl Fn(&AuditEntry) -> bool + 'static,
    ) -> Self {
        Self {
            part,
            set: Box::new(set),
            holds: Box::new(holds),
        }
    }

    /// What always holds.
    pub(super) fn none() -> Self {
        Self::new("none", |_| {}, |_| true)
    }
}

pub(super) fn conditions(sample: &mut Sample, entries: &[AuditEntry]) -> Vec<Condition> {
    let mut all = Vec::new();
    on_words(&mut all);
    on_ids(sample, &mut all);
    on_endings(&mut all);
    on_paths_and_names(&mut all);
    on_times(sample, entries, &mut all);
    all
}

fn on_words(all: &mut Vec<Condition>) {
    for word in ["incident", "user", "nothing"] {
        all.push(Condition::new(
            "entity type",
            move |filter| filter.entity_type = Some(word.to_owned()),
            move |entry| entry.entity_type() == Some(word),
        ));
    }
    for action in ["create", "login", "creat", "nothing"] {
        all.push(Condition::new(
            "action",
            move |filter| filter.action = Some(ActionFilter::Exact(action.to_owned())),
            move |entry| entry.action == action,
        ));
    }
    for prefix in ["billing.", "", "c", "billing.q", "log\u{10ffff}"] {
        all.push(Condition::new(
            "action",
            move |filter| filter.action = Some(ActionFilter::Prefix(prefix.to_owned())),
            move |entry| entry.action.starts_with(prefix),
        ));
    }
}

fn on_ids(sample: &mut Sample, all: &mut Vec<Condition>) {
    for _ in 0..8 {
        let (id, wanted) = (sample.entity_id(), sample.entity_id());
        let (given, given_too) = (id.clone(), wanted.clone());
        all.push(Condition::new(
            "entity id",
            move |filter| filter.entity_id = Some(given.clone()),
            move |entry| entry.entity_id() == Some(&id),
        ));
        all.push(Condition::new(
            "actor id",
            move |filter| filter.actor_id = Some(given_too.clone()),
            move |entry| entry.actor.id() == Some(&wanted),
        ));
    }
    for id in [
        Uuid::from_u128(7).to_string(),
        "req-1".to_owned(),
        Uuid::from_u128(0xABC).to_string(),
        Uuid::from_u128(0xABC).to_string().to_uppercase(),
    ] {
        let given = id.clone();
        all.push(Condition::new(
            "request id",
            move |filter| filter.request_id = Some(given.clone()),
            move |entry| entry.request_id.as_ref() == Some(&id),
        ));
    }
    for cause in [9, 11, 99].map(Uuid::from_u128) {
        all.push(Condition::new(
            "cause",
            move |filter| filter.caused_by = Some(cause),
            move |entry| entry.cause == Some(cause),
        ));
    }
    for operation in [1, 3, 99].map(Uuid::from_u128) {
        all.push(Condition::new(
            "operation",
            move |filter| filter.operation = Some(operation),
            move |entry| entry.operation == Some(operation),
        ));
    }
}

fn on_endings(all: &mut Vec<Condition>) {
    for kind in [
        ActorKind::User,
        ActorKind::Anonymous,
        ActorKind::Unattributed,
    ] {
        all.push(Condition::new(
            "actor kind",
            move |filter| filter.actor_kind = Some(kind),
            move |entry| entry.actor.kind() == kind,
        ));
    }
    for outcome in Outcome::ALL.iter().copied() {
        all.push(Condition::new(
            "outcome",
            move |filter| filter.outcomes = Some(vec![outcome]),
            move |entry| entry.outcome == outcome,
        ));
    }
    for outcomes in [
        vec![],
        vec![Outcome::Denied, Outcome::Failure, Outcome::Denied],
        vec![Outcome::Interrupted, Outcome::Success],
        Outcome::ALL[1..].to_vec(),
    ] {
        let given = outcomes.clone();
        all.push(Condition::new(
            "outcome",
            move |filter| filter.outcomes = Some(given.clone()),
            move |entry| outcomes.contains(&entry.outcome),
        ));
    }
    for severity in Severity::ALL.iter().copied() {
        all.push(Condition::new(
            "severity",
            move |filter| filter.severity = Some(severity),
            move |entry| entry.severity >= severity,
        ));
    }
}

fn on_paths_and_names(all: &mut Vec<Condition>) {
    for path in [
        "status",
        "location",
        "location.city",
        "notes",
        "notes[7]",
        "notes[7].text",
        "stat",
        "title.x",
    ] {
        all.push(Condition::new(
            "changed",
            move |filter| filter.changed = Some(path.to_owned()),
            move |entry| {
                let beneath = [format!("{path}."), format!("{path}[")];
                let mut paths = entry.changes.iter().map(|(at, _)| at);
                paths.any(|at| at == path || beneath.iter().any(|begin| at.starts_with(begin)))
            },
        ));
    }
    for text in ["élan", "STRASSE", "straße", "本", "%", "a\0", "🦀", "_"] {
        all.push(Condition::new(
            "name",
            move |filter| filter.name_contains = Some(text.to_owned()),
            move |entry| {
                let text = text.to_lowercase();
                let mut names = [entry.actor.name(), entry.entity_name()]
                    .into_iter()
                    .flatten();
                names.any(|name| name.to_lowercase().contains(&text))
            },
        ));
    }
}

fn on_times(sample: &mut Sample, entries: &[AuditEntry], all: &mut Vec<Condition>) {
    for _ in 0..6 {
        let time = entries[sample.index(entries.len())].timestamp;
        let end = time + TimeDelta::days(2);
        all.push(Condition::new(
            "time",
            move |filter| filter.since = Some(time),
            move |entry| entry.timestamp >= time,
        ));
        all.push(Condition::new(
            "time",
            move |filter| filter.until = Some(time),
            move |entry| entry.timestamp < time,
        ));
        all.push(Condition::new(
            "time",
            move |filter| (filter.since, filter.until) = (Some(time), Some(end)),
            move |entry| entry.timestamp >= time && entry.timestamp < end,
        ));
    }
}
