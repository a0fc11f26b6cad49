//! Typed changes that are about to be written, after their rows.

use std::ops::Range;

use audit_core::{AuditEntry, Changes};

use super::told::tells_of;
use super::typed::{Key, Kind};
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
}

/// Some steps of a row, one after the other, and what they do together.
pub(super) struct Steps {
    pub(super) range: Range<usize>,
    pub(super) together: RowChange,
}

/// The steps of a row that a typed change tells of: those that come first and do all of it, or else a part,
/// and as many as agree with it. The `first` of several to tell may leave out some before. All that can be told
/// as one where none agree, if it is the `last`.
pub(super) fn agreeing(
    steps: &[RowChange],
    typed: &Changes,
    first: bool,
    last: bool,
) -> Option<Steps> {
    let starts = if first { steps.len() } else { 1 };
    let is_told_by_any = |path: &str| steps.iter().any(|step| step.changes.get(path).is_some());
    let does_all = |changes: &Changes| {
        let mut told = typed.iter().filter(|(path, _)| is_told_by_any(path));
        told.all(|(path, _)| changes.get(path).is_some())
    };
    let agreed = |does_all: &dyn Fn(&Changes) -> bool| {
        let agrees = |changes: &Changes| tells_of(changes, typed) && does_all(changes);
        (0..starts).find_map(|start| {
            let all = from(steps, start).filter(|steps| agrees(&steps.together.changes));
            all.last()
        })
    };
    let agreed = agreed(&does_all).or_else(|| agreed(&|_| true));
    agreed.or_else(|| from(steps, 0).filter(|_| last).last())
}

/// The first step from a place on, the first two, and so on, as far as they can be told as one.
fn from(steps: &[RowChange], start: usize) -> impl Iterator<Item = Steps> {
    let mut so_far: Option<RowChange> = None;
    let steps = steps.iter().skip(start);
    let together = steps.map_while(move |step| {
        let changes = match &so_far {
            None => step.changes.clone(),
            Some(so_far) => so_far.changes.followed_by(&step.changes)?,
        };
        let together = step.after(so_far.as_ref(), changes);
        so_far = Some(together.clone());
        Some(together)
    });
    together.zip(start + 1..).map(move |(together, end)| Steps {
        range: start..end,
        together,
    })
}
