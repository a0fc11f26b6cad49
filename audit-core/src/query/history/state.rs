//! A record, as entry after entry tells of it.

use std::mem;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::Record;
use super::change::change;
use super::effect::{Effect, only_takes_away};
use super::missing::{Missing, MissingReason, note};
use super::told::Told;
use crate::diff::apply::apply_in_place;
use crate::entry::limits::CHANGES;
use crate::entry::path::{Step, steps};
use crate::entry::{AuditEntry, action};

/// What is known of a record.
#[derive(Default)]
pub(super) struct State {
    pub(super) presence: Presence,
    pub(super) missing: Vec<Missing>,
    told: Told,
}

/// Whether there is a record.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Presence {
    /// Nobody has said anything.
    #[default]
    Unheard,
    /// It was used, and nobody has said what it is.
    Used,
    /// It is there, as has been told since then.
    There(Value, Since),
    /// It went then, and was this before.
    Gone(Since, Option<Box<Last>>),
}

/// A record as it was when it went.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Last {
    fields: Value,
    since: Since,
    missing: Vec<Missing>,
}

/// The entry from which on everything is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Since {
    pub(super) index: u64,
    pub(super) time: DateTime<Utc>,
}

impl State {
    pub(super) fn fields(&self) -> Option<&Value> {
        match &self.presence {
            Presence::There(fields, _) => Some(fields),
            _ => None,
        }
    }

    /// Whether it was said what the record is, or that it is not.
    pub(super) fn is_decided(&self) -> bool {
        matches!(self.presence, Presence::There(..) | Presence::Gone(..))
    }

    /// Learns what the next entry says.
    pub(super) fn take(&mut self, entry: AuditEntry, record: &Record) {
        let since = Since {
            index: entry.index,
            time: entry.timestamp,
        };
        match Effect::of(&entry, self.fields().is_some()) {
            Effect::None => {}
            Effect::Used => {
                if self.presence == Presence::Unheard {
                    self.presence = Presence::Used;
                }
            }
            Effect::Begins => {
                self.told.note_all(&entry);
                self.begin(entry, since);
            }
            Effect::Appears => {
                if !self.resume(&entry) {
                    self.appear(since);
                    self.change(entry, record);
                }
            }
            Effect::Changes => {
                if self.fields().is_none() {
                    // An action tells of the record after its own entries have told that it went.
                    if self.told.has_all(&entry) || only_takes_away(&entry) && self.is_decided() {
                        return;
                    }
                    self.appear(since);
                }
                let may_end = only_takes_away(&entry);
                self.change(entry, record);
                if may_end && self.fields().is_some_and(is_bare) {
                    self.end(since);
                }
            }
            Effect::Ends => {
                self.told.note_all(&entry);
                // Some records are only marked as deleted.
                if entry.changes.iter().any(|(_, change)| change.new.is_some()) {
                    self.change(entry, record);
                }
                self.end(since);
            }
        }
    }

    fn begin(&mut self, entry: AuditEntry, since: Since) {
        self.missing.clear();
        if is_short(&entry) {
            let left_out = Missing::of_all(MissingReason::LeftOut, entry.index);
            note(&mut self.missing, left_out);
        }
        let mut fields = Map::new();
        for (path, change) in entry.changes.into_list() {
            if let (Some(Step::Member(name)), Some(new)) = (steps(&path).next(), change.new) {
                fields.insert(name.into_owned(), new);
            }
        }
        self.presence = Presence::There(Value::Object(fields), since);
    }

    /// A record of which nobody has told the fields.
    fn appear(&mut self, since: Since) {
        self.missing = vec![Missing::of_all(MissingReason::Beginning, since.index)];
        self.presence = Presence::There(Value::Object(Map::new()), since);
    }

    fn end(&mut self, since: Since) {
        let missing = mem::take(&mut self.missing);
        let last = match mem::take(&mut self.presence) {
            Presence::There(fields, since) => Some(Box::new(Last {
                fields,
                since,
                missing,
            })),
            Presence::Gone(_, last) => last,
            Presence::Unheard | Presence::Used => None,
        };
        self.presence = Presence::Gone(since, last);
    }

    /// What was restored is what it was when it went, if each change of the restoring fits that.
    fn resume(&mut self, entry: &AuditEntry) -> bool {
        let Presence::Gone(_, last) = &mut self.presence else {
            return false;
        };
        let may_resume = entry.action == action::RESTORE && !entry.changes.is_empty();
        let Some(last) = last.take().filter(|_| may_resume) else {
            return false;
        };
        let mut fields = last.fields;
        let is_same = apply_in_place(entry.changes.clone(), &mut fields).is_empty();
        if is_same {
            self.told.note(entry);
            self.missing = last.missing;
            self.presence = Presence::There(fields, last.since);
        }
        is_same
    }

    fn change(&mut self, entry: AuditEntry, record: &Record) {
        if is_short(&entry) {
            let left_out = Missing::of_all(MissingReason::LeftOut, entry.index);
            note(&mut self.missing, left_out);
        }
        if let Presence::There(fields, _) = &mut self.presence {
            change(fields, entry, record, &mut self.told, &mut self.missing);
        }
    }
}

fn is_bare(fields: &Value) -> bool {
    fields.as_object().is_some_and(Map::is_empty)
}

/// Whether an entry had more changes than room.
fn is_short(entry: &AuditEntry) -> bool {
    entry.truncated.iter().any(|cut| cut.path == CHANGES)
}
