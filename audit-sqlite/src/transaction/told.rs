//! Typed changes that were told of before their rows were written.

use audit_core::store::withhold;
use audit_core::{AuditEntry, Change, Changes, Entity};

use super::typed::{Key, Kind, is_same};
use crate::tracking::RowChange;

/// A typed change, which is the same change as that of its row.
pub(super) struct Told {
    pub(super) seq: i64,
    pub(super) key: Key,
    entity: Option<Entity>,
    pub(super) typed: Changes,
    /// What its row has told of it so far.
    row: Option<Changes>,
    /// What became of the row after that was told by itself, so that this is over.
    is_over: bool,
}

impl Told {
    pub(super) fn new(entry: &AuditEntry, key: Key, seq: i64) -> Self {
        Self {
            seq,
            key,
            entity: entry.entity.clone(),
            typed: entry.changes.clone(),
            row: None,
            is_over: false,
        }
    }

    /// What comes after it is not what it tells of.
    pub(super) fn end(&mut self) {
        self.is_over = true;
    }

    /// Whether the change of its row is still to come.
    pub(super) fn is_unseen(&self) -> bool {
        self.row.is_none() && !self.is_over
    }

    /// Whether a change of the row is what this tells of: it does the same to each field of which both
    /// tell. A field that the row has told of may only be told of `again` if a savepoint may have taken the row
    /// back, and in the same words; everything else comes after this.
    pub(super) fn goes_on_with(&self, change: &Changes, again: bool) -> bool {
        let told_again = |path: &str, step: &Change| {
            let before = self.row.as_ref().and_then(|row| row.get(path));
            before.map(|before| again && before == step)
        };
        (again || !self.is_over)
            && self.shares_a_path(change)
            && change.iter().all(|(path, step)| {
                let Some(typed) = self.typed.get(path) else {
                    return true;
                };
                told_again(path, step).unwrap_or_else(|| is_same(step, typed))
            })
    }

    pub(super) fn shares_a_path(&self, change: &Changes) -> bool {
        change
            .iter()
            .any(|(path, _)| self.typed.get(path).is_some())
    }

    /// Notes what the row tells of this.
    pub(super) fn note(&mut self, kind: Kind, change: &Changes) {
        self.key.kind = kind;
        let row = self.row.get_or_insert_default();
        for (path, step) in change.iter() {
            if self.typed.get(path).is_some() {
                row.insert(path, step.clone());
            }
        }
    }

    pub(super) fn withhold_from(&self, row: &mut RowChange) {
        withhold_from(self.entity.as_ref(), &self.typed, row);
    }
}

/// Whether typed changes say the same of each field of which both tell, and of one at least.
pub(super) fn tells_of(row: &Changes, typed: &Changes) -> bool {
    let mut both = row
        .iter()
        .filter_map(|(path, step)| Some((step, typed.get(path)?)))
        .peekable();
    both.peek().is_some() && both.all(|(step, typed)| is_same(step, typed))
}

/// The type of a record says what the log may hold of it, whoever tells.
pub(super) fn withhold_from(entity: Option<&Entity>, typed: &Changes, row: &mut RowChange) {
    if let Some(entity) = entity {
        withhold(entity, typed, &mut row.changes);
    }
}
