//! Typed changes that were told of before their rows were written.

use std::collections::HashMap;

use audit_core::store::withhold;
use audit_core::{AuditEntry, Change, Changes, Entity};

use super::typed::{Key, Kind, is_same};
use crate::tracking::RowChange;

/// All that was told of, by the ids of the records: there may be many of them.
#[derive(Default)]
pub(super) struct AllTold {
    all: Vec<Told>,
    /// Where those of an id stand.
    places: HashMap<String, Vec<usize>>,
}

impl AllTold {
    pub(super) fn push(&mut self, told: Told) {
        let places = self.places.entry(told.key.id.clone()).or_default();
        places.push(self.all.len());
        self.all.push(told);
    }

    /// Forgets what was told of after an entry.
    pub(super) fn forget_after(&mut self, seq: i64) {
        // They stand in the order in which they were told of.
        let kept = self.all.partition_point(|told| told.seq <= seq);
        for told in self.all.drain(kept..) {
            if let Some(places) = self.places.get_mut(&told.key.id) {
                places.pop();
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Told> {
        self.all.get_mut(place)
    }

    /// What was told of a record, whatever happened to it, in order.
    pub(super) fn of_record(&self, key: &Key) -> impl Iterator<Item = (usize, &Told)> {
        let places = self.places.get(&key.id).into_iter().flatten();
        let all = places.filter_map(|place| Some((*place, self.all.get(*place)?)));
        all.filter(|(_, told)| told.key.is_of_record(key))
    }

    /// What was told of a record before a place is over, where its row was seen, and where this is about
    /// the same fields: what comes now goes on from this.
    pub(super) fn end_before(&mut self, key: &Key, place: usize) {
        let (earlier, rest) = self.all.split_at_mut(place);
        let Some(this) = rest.first() else { return };
        let places = self.places.get(&key.id).into_iter().flatten();
        for place in places {
            if let Some(told) = earlier.get_mut(*place)
                && told.key.is_of_record(key)
                && (!told.is_unseen() || told.shares_a_path(&this.typed))
            {
                told.end();
            }
        }
    }

    /// What was told of a record is over, where its row was seen.
    pub(super) fn end_seen(&mut self, key: &Key) {
        let places = self.places.get(&key.id).into_iter().flatten();
        for place in places {
            if let Some(told) = self.all.get_mut(*place)
                && told.key.is_of_record(key)
                && !told.is_unseen()
            {
                told.end();
            }
        }
    }
}

/// A typed change, which is the same change as that of its row.
pub(super) struct Told {
    seq: i64,
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
