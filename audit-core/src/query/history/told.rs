//! Which fields have been told of, by which unit of work.

use std::collections::VecDeque;

use uuid::Uuid;

use crate::entry::AuditEntry;

/// How many units of work are remembered: those that were at work on one record at one time.
const MOST: usize = 32;

/// Which fields of the record the last units of work have told of.
///
/// A change is often told twice: by an entry of its own, and by the action that made it, which
/// compares the record before and after. Both are of one operation, or one names the other as its
/// cause. In such a company, and nowhere else, a change that is there already is the same change.
#[derive(Default)]
pub(super) struct Told(VecDeque<(Uuid, Fields)>);

#[derive(Default)]
struct Fields {
    /// The record came or went.
    all: bool,
    names: Vec<String>,
}

impl Fields {
    fn holds(&self, field: &str) -> bool {
        self.all || self.names.iter().any(|name| name == field)
    }
}

impl Told {
    /// Remembers that an entry has told of its record as a whole.
    pub(super) fn note_all(&mut self, entry: &AuditEntry) {
        for key in keys(entry) {
            self.with(key, |told| told.all = true);
        }
    }

    /// Remembers which fields an entry has told of.
    pub(super) fn note(&mut self, entry: &AuditEntry) {
        for key in keys(entry) {
            self.with(key, |told| {
                for field in entry.changes.fields() {
                    if !told.holds(field) {
                        told.names.push(field.to_owned());
                    }
                }
            });
        }
    }

    /// Whether the company of an entry has told of a field before.
    pub(super) fn has(&self, entry: &AuditEntry, field: &str) -> bool {
        self.any(entry, |fields| fields.holds(field))
    }

    /// Whether the company of an entry has told that the record came or went.
    pub(super) fn has_all(&self, entry: &AuditEntry) -> bool {
        self.any(entry, |fields| fields.all)
    }

    fn any(&self, entry: &AuditEntry, is_so: impl Fn(&Fields) -> bool) -> bool {
        keys(entry).any(|key| self.0.iter().any(|(told, of)| *told == key && is_so(of)))
    }

    fn with(&mut self, key: Uuid, note: impl FnOnce(&mut Fields)) {
        let place = self.0.iter().position(|(told, _)| *told == key);
        let present = place.and_then(|place| self.0.remove(place));
        let (_, mut fields) = present.unwrap_or_default();
        note(&mut fields);
        self.0.truncate(MOST - 1);
        self.0.push_front((key, fields));
    }
}

/// The units of work that an entry is a part of: its operation, or else its cause and itself.
fn keys(entry: &AuditEntry) -> impl Iterator<Item = Uuid> {
    let alone = entry.operation.is_none();
    let causes = [Some(entry.id), entry.cause].into_iter().flatten();
    entry
        .operation
        .into_iter()
        .chain(causes.filter(move |_| alone))
}
