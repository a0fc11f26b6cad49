//! Typed changes that are about to be written, after their rows.

use audit_core::{AuditEntry, Changes};

use super::typed::{Key, Kind, differing};
use crate::tracking::RowChange;

/// How many changes of one row are kept apart until it is known which of them were told of.
const MOST_STEPS: usize = 32;

/// The typed changes that are about to be written, and what rows tell of the same records.
pub(super) struct Hearing(pub(super) Vec<Group>);

/// Those of one record.
pub(super) struct Group {
    key: Key,
    /// Where they stand among the entries.
    pub(super) entries: Vec<usize>,
    /// What became of the row, step by step.
    pub(super) steps: Vec<RowChange>,
}

impl Hearing {
    /// Begins to look at rows, which some entries that are about to be written may tell of.
    pub(super) fn of(entries: &[AuditEntry]) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let Some(key) = Key::of_entry(entry) else {
                continue;
            };
            match groups.iter_mut().find(|group| group.key.is_same(&key)) {
                Some(group) => group.entries.push(place),
                None => groups.push(Group {
                    key,
                    entries: vec![place],
                    steps: Vec::new(),
                }),
            }
        }
        Self(groups)
    }

    /// Keeps what a typed change may tell of; gives back what none does.
    pub(super) fn take(&mut self, key: &Key, change: RowChange) -> Vec<RowChange> {
        let about = self.0.iter_mut().find(|group| group.key.is_of_record(key));
        let Some(group) = about else {
            return vec![change];
        };
        let is_step = match (group.key.kind, key.kind) {
            (Kind::Update, Kind::Update) => true,
            (Kind::Create, Kind::Update) => !group.steps.is_empty(),
            (typed, row) => typed.fits(row) && group.steps.is_empty(),
        };
        if is_step && group.steps.is_empty() {
            group.key.kind = key.kind;
        }
        if is_step && group.steps.len() < MOST_STEPS {
            group.steps.push(change);
            return Vec::new();
        }
        if is_step
            && let Some(last) = group.steps.last_mut()
            && let Some(both) = last.changes.followed_by(&change.changes)
        {
            last.changes = both;
            return Vec::new();
        }
        // Something else became of the record in between.
        let mut own = std::mem::take(&mut group.steps);
        own.push(change);
        own
    }

    /// Which of the entries tell of what rows have told.
    pub(super) fn is_told(&self, place: usize) -> bool {
        let mut groups = self.0.iter();
        groups.any(|group| group.entries.contains(&place) && !group.steps.is_empty())
    }
}

/// How many steps of a row a typed change tells of, and what they do together: as many as agree
/// with it. All that can be told as one where none do, if it is the `last` to tell.
pub(super) fn agreeing(
    steps: &[RowChange],
    typed: &Changes,
    last: bool,
) -> Option<(usize, RowChange)> {
    let mut all: Option<RowChange> = None;
    let mut best = None;
    let mut count = 0;
    for step in steps {
        let changes = match &all {
            None => step.changes.clone(),
            Some(so_far) => match so_far.changes.followed_by(&step.changes) {
                Some(both) => both,
                None => break,
            },
        };
        count += 1;
        let together = step.after(all.as_ref(), changes);
        if differing(&together.changes, typed).is_empty() {
            best = Some((count, together.clone()));
        }
        all = Some(together);
    }
    best.or_else(|| all.filter(|_| last).map(|all| (count, all)))
}
