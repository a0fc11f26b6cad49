//! Typed changes that were told of before their rows were written.

use std::collections::HashMap;

use audit_core::store::withhold;
use audit_core::{AuditEntry, Changes, Entity};

use super::typed::{Key, Kind, is_same};
use crate::tracking::RowChange;

/// All that was told of, by the ids of the records: there may be many of them.
#[derive(Default)]
pub(super) struct AllTold {
    all: Vec<Told>,
    of_id: HashMap<String, OfId>,
    /// The first entry that may come of what is done now.
    next: i64,
}

/// What was told of the records of an id.
#[derive(Default)]
struct OfId {
    /// Where those stand that are not over.
    places: Vec<usize>,
    /// What their types say of their fields.
    entities: Vec<Entity>,
}

impl AllTold {
    /// Says which entry comes next: what is seen now is taken back where that one is.
    pub(super) fn begin(&mut self, next: i64) {
        self.next = next;
    }

    pub(super) fn push(&mut self, told: Told) {
        let of_id = self.of_id.entry(told.key.id.clone()).or_default();
        of_id.places.push(self.all.len());
        // A type that says nothing leaves nothing out, and one is enough of each.
        let is_news = |entity: &&Entity| {
            let is_same = |known: &Entity| {
                known.entity_type() == entity.entity_type() && known.fields() == entity.fields()
            };
            !entity.fields().is_empty() && !of_id.entities.iter().any(is_same)
        };
        if let Some(entity) = told.entity.as_ref().filter(is_news) {
            of_id.entities.push(entity.clone());
        }
        self.all.push(told);
    }

    /// Forgets what was told of after an entry, and what was seen and ended after it.
    pub(super) fn forget_after(&mut self, seq: i64) {
        self.all.retain_mut(|told| {
            told.forget_after(seq);
            told.seq <= seq
        });
        self.of_id
            .values_mut()
            .for_each(|of_id| of_id.places.clear());
        for (place, told) in self.all.iter().enumerate() {
            if let Some(of_id) = self.of_id.get_mut(&told.key.id).filter(|_| !told.is_over()) {
                of_id.places.push(place);
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What was told of a record and is not over, whatever happened to it, in order.
    pub(super) fn of_record(&self, key: &Key) -> impl Iterator<Item = (usize, &Told)> {
        let of_id = self.of_id.get(&key.id);
        let places = of_id.into_iter().flat_map(|of_id| &of_id.places);
        let all = places.filter_map(|place| Some((*place, self.all.get(*place)?)));
        all.filter(|(_, told)| told.key.is_of_record(key))
    }

    /// Takes out of what a row tells what the types of its record leave out.
    pub(super) fn withhold(&self, key: &Key, row: &mut RowChange) {
        let of_id = self.of_id.get(&key.id).into_iter();
        let entities: Vec<&Entity> = of_id
            .flat_map(|of_id| &of_id.entities)
            .filter(|entity| entity.entity_type() == row.entity_type)
            .collect();
        if entities.is_empty() {
            return;
        }
        let told = self.of_record(key).flat_map(|(_, told)| told.typed.iter());
        let typed = told.map(|(path, change)| (path.to_owned(), change.clone()));
        let typed: Changes = typed.collect();
        for entity in entities {
            withhold(entity, &typed, &mut row.changes);
        }
    }

    /// Notes what a row tells of what was told at a place. What was told of the record before is over,
    /// where its row was seen, and where this is about the same fields: what comes now goes on from this.
    pub(super) fn note(&mut self, key: &Key, place: usize, change: &Changes) {
        let next = self.next;
        let Some(told) = self.all.get_mut(place) else {
            return;
        };
        told.note(key.kind, change, next);
        let paths: Vec<String> = told.typed.iter().map(|(path, _)| path.to_owned()).collect();
        let goes_on = |told: &Told| paths.iter().any(|path| told.typed.get(path).is_some());
        self.end(key, |other, told| {
            other < place && (!told.is_unseen() || goes_on(told))
        });
    }

    /// What was told of a record is over, where its row was seen.
    pub(super) fn end_seen(&mut self, key: &Key) {
        self.end(key, |_, told| !told.is_unseen());
    }

    /// What was told at a place is over.
    pub(super) fn end_one(&mut self, key: &Key, place: usize) {
        self.end(key, |other, _| other == place);
    }

    fn end(&mut self, key: &Key, is_over: impl Fn(usize, &Told) -> bool) {
        let Some(of_id) = self.of_id.get_mut(&key.id) else {
            return;
        };
        let (all, next) = (&mut self.all, self.next);
        of_id.places.retain(|place| {
            let told = all.get_mut(*place);
            let Some(told) = told.filter(|told| told.key.is_of_record(key)) else {
                return true;
            };
            let is_over = is_over(*place, told);
            if is_over {
                told.over_at = Some(next);
            }
            !is_over
        });
    }
}

/// A typed change, which is the same change as that of its row.
pub(super) struct Told {
    seq: i64,
    pub(super) key: Key,
    entity: Option<Entity>,
    pub(super) typed: Changes,
    /// The fields of which its row has told so far, and which entry came next then.
    seen: Vec<(String, i64)>,
    /// The same for when something else became of the row.
    over_at: Option<i64>,
}

impl Told {
    pub(super) fn new(entry: &AuditEntry, key: Key, seq: i64) -> Self {
        Self {
            seq,
            key,
            entity: entry.entity.clone(),
            typed: entry.changes.clone(),
            seen: Vec::new(),
            over_at: None,
        }
    }

    fn is_over(&self) -> bool {
        self.over_at.is_some()
    }

    /// What was seen when a later entry came next is to be seen once more.
    fn forget_after(&mut self, seq: i64) {
        self.seen.retain(|(_, next)| *next <= seq);
        self.over_at = self.over_at.filter(|next| *next <= seq);
    }

    /// Whether the change of its row is still to come.
    pub(super) fn is_unseen(&self) -> bool {
        self.seen.is_empty()
    }

    /// Whether a change of the row is what this tells of: it does the same to each field of which both
    /// tell, and none of them was seen before.
    pub(super) fn goes_on_with(&self, change: &Changes) -> bool {
        let is_seen = |path: &str| self.seen.iter().any(|(seen, _)| seen == path);
        self.shares_a_path(change)
            && change.iter().all(|(path, step)| {
                let typed = self.typed.get(path);
                typed.is_none_or(|typed| !is_seen(path) && is_same(step, typed))
            })
    }

    pub(super) fn shares_a_path(&self, change: &Changes) -> bool {
        change
            .iter()
            .any(|(path, _)| self.typed.get(path).is_some())
    }

    fn note(&mut self, kind: Kind, change: &Changes, next: i64) {
        self.key.kind = kind;
        let paths = change.iter().map(|(path, _)| path);
        let told = paths.filter(|path| self.typed.get(path).is_some());
        self.seen.extend(told.map(|path| (path.to_owned(), next)));
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
