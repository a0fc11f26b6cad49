//! One word of an assertion.

use std::fmt;

use serde_json::{Map, Value};

use crate::entry::AuditEntry;
use crate::sanitize::Sanitizer;

/// The longest value that a failure text shows, in characters.
const SHOWN: usize = 200;

/// What an entry is asked for.
#[derive(Clone)]
pub(super) struct Word {
    pub(super) field: Field,
    pub(super) asked: Value,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Field {
    Action,
    Entity,
    EntityType,
    EntityName,
    /// Asked for by id or by name.
    Actor,
    Tenant,
    Outcome,
    Severity,
    Reason,
    ErrorClass,
    RequestId,
    CausedBy,
    Metadata(String),
    Old(String),
    New(String),
    /// Whether anything happened there.
    Changed(String),
}

impl Word {
    pub(super) fn fits(&self, entry: &AuditEntry) -> bool {
        let by_name = || {
            let name = entry.actor.name();
            self.field == Field::Actor && name.is_some() && name == self.asked.as_str()
        };
        self.field.of(entry).as_ref() == Some(&self.asked) || by_name()
    }

    /// As it is written in an assertion.
    pub(super) fn written(&self, sanitizer: &Sanitizer) -> String {
        let asked = Shown(Some(&self.masked(sanitizer))).to_string();
        match &self.field {
            Field::Changed(path) if self.asked == Value::Bool(true) => format!("changed {path:?}"),
            Field::Changed(path) => format!("unchanged {path:?}"),
            Field::Old(path) => format!("changed {path:?} from {asked}"),
            Field::New(path) => format!("changed {path:?} to {asked}"),
            field => format!("{field} = {asked}"),
        }
    }

    /// How the entry differs, where it does.
    pub(super) fn difference(&self, entry: &AuditEntry, sanitizer: &Sanitizer) -> Option<String> {
        if self.fits(entry) {
            return None;
        }
        let said = |changed: bool| if changed { "changed" } else { "unchanged" }.to_owned();
        let masked = self.masked(sanitizer);
        let found = self.field.of(entry);
        let (asked, found) = match (&self.field, &found) {
            (Field::Changed(_), Some(Value::Bool(found))) => (said(!*found), said(*found)),
            (Field::Actor, _) => (
                Shown(Some(&masked)).to_string(),
                format!("{:?}", entry.actor),
            ),
            _ => (
                Shown(Some(&masked)).to_string(),
                Shown(found.as_ref()).to_string(),
            ),
        };
        let hint = if masked == self.asked {
            ""
        } else {
            " (what is stored is masked; ask for it as it is stored)"
        };
        Some(format!("{}: asked {asked}, is {found}{hint}", self.field))
    }

    /// What was asked for, as it may be shown.
    fn masked(&self, sanitizer: &Sanitizer) -> Value {
        let mut asked = self.asked.clone();
        match &self.field {
            Field::Old(path) | Field::New(path) => sanitizer.value_at(path, &mut asked),
            Field::Metadata(name) => {
                let mut map = Map::from_iter([(name.clone(), asked)]);
                sanitizer.map(&mut map);
                return map
                    .into_iter()
                    .next()
                    .map_or(Value::Null, |(_, value)| value);
            }
            _ => sanitizer.value(&mut asked),
        }
        asked
    }
}

impl Field {
    fn of(&self, entry: &AuditEntry) -> Option<Value> {
        let text = |text: &str| Some(Value::from(text));
        match self {
            Self::Action => text(&entry.action),
            Self::Entity => serde_json::to_value(entry.entity_id()?).ok(),
            Self::EntityType => text(entry.entity_type()?),
            Self::EntityName => text(entry.entity_name()?),
            Self::Actor => serde_json::to_value(entry.actor.id()?).ok(),
            Self::Tenant => text(entry.tenant.as_str()),
            Self::Outcome => text(entry.outcome.as_str()),
            Self::Severity => text(entry.severity.as_str()),
            Self::Reason => text(entry.reason.as_deref()?),
            Self::ErrorClass => text(&entry.error.as_ref()?.class),
            Self::RequestId => text(entry.request_id.as_deref()?),
            Self::CausedBy => text(&entry.cause?.to_string()),
            Self::Metadata(name) => entry.metadata.get(name).cloned(),
            Self::Old(path) => entry.changes.get(path)?.old.clone(),
            Self::New(path) => entry.changes.get(path)?.new.clone(),
            Self::Changed(path) => Some(Value::Bool(entry.changes.touches(path))),
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Action => "action",
            Self::Entity => "entity",
            Self::EntityType => "entity_type",
            Self::EntityName => "entity_name",
            Self::Actor => "actor",
            Self::Tenant => "tenant",
            Self::Outcome => "outcome",
            Self::Severity => "severity",
            Self::Reason => "reason",
            Self::ErrorClass => "error_class",
            Self::RequestId => "request_id",
            Self::CausedBy => "caused_by",
            Self::Metadata(name) => return write!(f, "metadata {name:?}"),
            Self::Old(path) => return write!(f, "{path:?} before"),
            Self::New(path) => return write!(f, "{path:?} after"),
            Self::Changed(path) => return write!(f, "{path:?}"),
        })
    }
}

/// A value as JSON, cut where it is long.
struct Shown<'a>(Option<&'a Value>);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(value) = self.0 else {
            return f.write_str("absent");
        };
        let text = value.to_string();
        match text.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{}…", text.get(..end).unwrap_or_default()),
            None => f.write_str(&text),
        }
    }
}
