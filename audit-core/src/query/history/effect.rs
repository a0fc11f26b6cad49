//! What an entry does to the record that it is about.

use crate::entry::path::{Step, steps};
use crate::entry::{AuditEntry, Change, Outcome, action};

/// What an entry says happened to its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing: it did not succeed.
    None,
    /// The record was used; whether it was there before is not said.
    Used,
    /// The record is there, with these fields and no others.
    Begins,
    /// The record is there, and its fields are not told.
    Appears,
    /// Some fields changed.
    Changes,
    /// The record went.
    Ends,
}

impl Effect {
    /// `is_there` says whether the entries before tell of a record.
    ///
    /// An action that did not succeed is taken to have left its record alone, whatever it says of
    /// versions before and after: what it had begun is rolled back. If it did leave something, the
    /// next change of that field does not fit, and is found.
    pub(crate) fn of(entry: &AuditEntry, is_there: bool) -> Self {
        let changes = &entry.changes;
        if entry.outcome != Outcome::Success {
            return Self::None;
        }
        let is_snapshot = || {
            let came = |change: &Change| change.old.is_none() && change.new.is_some();
            changes.iter().all(|(path, c)| came(c) && is_field(path))
        };
        match entry.action.as_str() {
            action::DELETE => Self::Ends,
            action::CREATE | action::RESTORE | action::BASELINE => match changes.is_empty() {
                false if is_snapshot() => Self::Begins,
                // The record stands in an entry of its own.
                true if is_there => Self::Used,
                false if is_there => Self::Changes,
                _ => Self::Appears,
            },
            _ if changes.is_empty() => Self::Used,
            // A map may gain a member; all that an update says is that something changed.
            action::UPDATE => Self::Changes,
            _ if !is_there && is_snapshot() => Self::Begins,
            _ => Self::Changes,
        }
    }

    /// Whether there was no record before an entry with this effect. A baseline, or what was
    /// restored, tells that there was one.
    pub(super) fn is_first(self, entry: &AuditEntry) -> bool {
        let had_been = [action::RESTORE, action::BASELINE].contains(&entry.action.as_str());
        matches!(self, Self::Begins | Self::Appears) && !had_been
    }
}

/// Whether an action could have ended its record: it only took fields away. An update could not.
pub(crate) fn only_takes_away(entry: &AuditEntry) -> bool {
    let went = |change: &Change| change.new.is_none() && change.old.is_some();
    entry.action != action::UPDATE && entry.changes.iter().all(|(_, change)| went(change))
}

/// Whether a path is that of a field of the record itself.
fn is_field(path: &str) -> bool {
    if !path.contains(['.', '[']) {
        return !path.is_empty();
    }
    let mut steps = steps(path);
    matches!((steps.next(), steps.next()), (Some(Step::Member(_)), None))
}
