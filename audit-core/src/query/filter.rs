//! Which entries a reader asks for.

use std::cmp::Reverse;
use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::entry::{Actor, ActorId, ActorKind, AuditEntry, EntityId, Outcome, Severity};

/// Which entries of a tenant are meant. What is left out does not restrict.
///
/// Readers build it through [`Entries`](crate::Entries); stores evaluate it.
/// [`Filter::matches`] says what it means.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Filter {
    /// Entries about this type of record.
    pub entity_type: Option<String>,
    /// Entries about the record with this id.
    pub entity_id: Option<EntityId>,
    /// Entries of the actor with this id, whatever it was called.
    pub actor_id: Option<ActorId>,
    /// Entries of this kind of actor.
    pub actor_kind: Option<ActorKind>,
    /// Entries with this action, or with actions that begin so.
    pub action: Option<ActionFilter>,
    /// Entries that ended in one of these ways.
    pub outcomes: Option<Vec<Outcome>>,
    /// Entries of at least this severity.
    pub severity: Option<Severity>,
    /// Entries that changed this path or one beneath it.
    pub changed: Option<String>,
    /// Entries of this request.
    pub request_id: Option<String>,
    /// Entries of this unit of work.
    pub operation: Option<Uuid>,
    /// Entries that name this one as their cause.
    pub caused_by: Option<Uuid>,
    /// Entries whose actor's or entity's name contains this text, in any case.
    pub name_contains: Option<String>,
    /// Entries that happened at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Entries that happened before this time.
    pub until: Option<DateTime<Utc>>,
}

/// How an action is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ActionFilter {
    /// Exactly this action.
    Exact(String),
    /// Every action that begins with this, such as `billing.` for a namespace.
    Prefix(String),
}

impl ActionFilter {
    /// Whether an action is meant.
    #[must_use]
    pub fn matches(&self, action: &str) -> bool {
        match self {
            Self::Exact(wanted) => action == wanted,
            Self::Prefix(prefix) => action.starts_with(prefix.as_str()),
        }
    }
}

impl Filter {
    /// Whether an entry of the tenant is meant; the definition that every store has to meet.
    #[must_use]
    pub fn matches(&self, entry: &AuditEntry) -> bool {
        fn wanted<T>(wanted: Option<&T>, matches: impl FnOnce(&T) -> bool) -> bool {
            wanted.is_none_or(matches)
        }
        wanted(self.entity_type.as_ref(), |t| {
            entry.entity_type() == Some(t.as_str())
        }) && wanted(self.entity_id.as_ref(), |id| entry.entity_id() == Some(id))
            && wanted(self.actor_id.as_ref(), |id| entry.actor.id() == Some(id))
            && wanted(self.actor_kind.as_ref(), |kind| entry.actor.kind() == *kind)
            && wanted(self.action.as_ref(), |a| a.matches(&entry.action))
            && wanted(self.outcomes.as_ref(), |outcomes| {
                outcomes.contains(&entry.outcome)
            })
            && wanted(self.severity.as_ref(), |least| entry.severity >= *least)
            && wanted(self.changed.as_ref(), |path| entry.changes.touches(path))
            && wanted(self.request_id.as_ref(), |id| {
                entry.request_id.as_ref() == Some(id)
            })
            && wanted(self.operation.as_ref(), |id| entry.operation == Some(*id))
            && wanted(self.caused_by.as_ref(), |id| entry.cause == Some(*id))
            && wanted(self.since.as_ref(), |since| entry.timestamp >= *since)
            && wanted(self.until.as_ref(), |until| entry.timestamp < *until)
            && wanted(self.name_contains.as_ref(), |text| {
                let text = text.to_lowercase();
                [entry.actor.name(), entry.entity_name()]
                    .into_iter()
                    .flatten()
                    .any(|name| name_contains(name, &text))
            })
    }

    /// The parts that a cursor is bound to: everything but the time range, which moves from one
    /// call to the next in "the last 30 days". Each part is tagged and length-prefixed.
    pub(crate) fn bind(&self, mut part: impl FnMut(u8, &[u8])) {
        let text = |text: &Option<String>| text.as_ref().map(|text| text.as_bytes().to_vec());
        let id = |id: &Option<EntityId>| {
            id.as_ref()
                .map(|id| format!("{:?}", id.as_ref()).into_bytes())
        };
        let word = |word: Option<&str>| word.map(|word| word.as_bytes().to_vec());
        let (exact, prefix) = match &self.action {
            Some(ActionFilter::Exact(action)) => (Some(action.as_bytes().to_vec()), None),
            Some(ActionFilter::Prefix(prefix)) => (None, Some(prefix.as_bytes().to_vec())),
            None => (None, None),
        };
        let parts = [
            text(&self.entity_type),
            id(&self.entity_id),
            id(&self.actor_id),
            word(self.actor_kind.map(ActorKind::as_str)),
            exact,
            prefix,
            self.outcomes.as_deref().map(outcome_words),
            word(self.severity.map(Severity::as_str)),
            text(&self.changed),
            text(&self.request_id),
            self.operation.map(|id| id.as_bytes().to_vec()),
            text(&self.name_contains),
            self.caused_by.map(|id| id.as_bytes().to_vec()),
        ];
        for (tag, bytes) in (0..).zip(parts) {
            if let Some(bytes) = bytes {
                part(tag, &bytes);
            }
        }
    }
}

/// The same text for the same outcomes, in whatever order they were named.
fn outcome_words(outcomes: &[Outcome]) -> Vec<u8> {
    let wanted = |outcome: &&Outcome| outcomes.contains(outcome);
    let words: Vec<&str> = Outcome::ALL
        .iter()
        .filter(wanted)
        .map(|outcome| outcome.as_str())
        .collect();
    words.join(" ").into_bytes()
}

/// Whether a name contains a text that is in lower case already: how names are searched.
#[must_use]
pub fn name_contains(name: &str, lower_case_text: &str) -> bool {
    name.to_lowercase().contains(lower_case_text)
}

/// Which end of the log a page begins at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// The newest entry first.
    #[default]
    NewestFirst,
    /// The oldest entry first.
    OldestFirst,
}

/// What entries are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GroupBy {
    /// The action.
    Action,
    /// The actor: same kind and id, whatever it was called.
    Actor,
    /// The day in UTC on which it happened.
    Day,
    /// The type of record.
    EntityType,
    /// How it ended.
    Outcome,
}

/// One group of a count.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Count {
    /// What the entries have in common.
    pub group: Group,
    /// How many there are.
    pub entries: u64,
}

impl Count {
    /// A group with its number of entries; for stores.
    #[must_use]
    pub fn new(group: Group, entries: u64) -> Self {
        Self { group, entries }
    }
}

/// What the entries of a [`Count`] have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Group {
    /// The action.
    Action(String),
    /// The actor, by one of the names it had.
    Actor(Actor),
    /// The day in UTC.
    Day(NaiveDate),
    /// The type of record, if any.
    EntityType(Option<String>),
    /// How it ended.
    Outcome(Outcome),
}

impl Group {
    /// The group in words: the action, the actor's name or id, the day as `2026-01-31`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Self::Action(action) => action.clone(),
            Self::Actor(actor) => match (actor.name(), actor.id()) {
                (Some(name), _) => name.to_owned(),
                (None, Some(id)) => id.to_string(),
                (None, None) => actor.kind().to_string(),
            },
            Self::Day(day) => day.to_string(),
            Self::EntityType(entity_type) => entity_type.clone().unwrap_or_default(),
            Self::Outcome(outcome) => outcome.to_string(),
        }
    }

    /// Of an entry, the group that it belongs to.
    #[must_use]
    pub fn of(entry: &AuditEntry, by: GroupBy) -> Self {
        match by {
            GroupBy::Action => Self::Action(entry.action.clone()),
            GroupBy::Actor => {
                let mut actor = entry.actor.clone();
                actor.principal = None;
                Self::Actor(actor)
            }
            GroupBy::Day => Self::Day(entry.timestamp.date_naive()),
            GroupBy::EntityType => Self::EntityType(entry.entity_type().map(str::to_owned)),
            GroupBy::Outcome => Self::Outcome(entry.outcome),
        }
    }

    /// The group without what may differ within it: an actor with an id stays the same under
    /// another name.
    fn identity(&self) -> Self {
        match self {
            Self::Actor(actor) if actor.id().is_some() => {
                let mut actor = actor.clone();
                actor.name = None;
                Self::Actor(actor)
            }
            other => other.clone(),
        }
    }

    /// Whether both are the same group; an actor stays the same under another name.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Actor(actor), Self::Actor(other)) => actor.is_same_party(other),
            _ => self == other,
        }
    }
}

/// Adds up groups that are the same, and puts the largest first; equals by label. An actor keeps
/// the name it came with first.
#[must_use]
pub fn tally(groups: impl IntoIterator<Item = Count>) -> Vec<Count> {
    let mut counts: Vec<Count> = Vec::new();
    let mut places: HashMap<Group, usize> = HashMap::new();
    for count in groups {
        let place = *places.entry(count.group.identity()).or_insert(counts.len());
        match counts.get_mut(place) {
            Some(seen) => seen.entries += count.entries,
            None => counts.push(count),
        }
    }
    counts.sort_by_cached_key(|count| {
        // Two may have one label; then what they are decides, so that the order is total.
        let group = &count.group;
        (Reverse(count.entries), group.label(), format!("{group:?}"))
    });
    counts
}
