//! Which item of the new list is which of the old one.

use std::any::type_name;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use serde::Serialize;
use serde_json::Value;

use super::ItemKind;
use super::moves::staying;
use crate::diff::fields::Mark;
use crate::diff::recorded::{key_text, record};
use crate::diff::{FieldDiff, FieldSnapshot};
use crate::entry::path::push_item;
use crate::entry::{Change, Move};

/// Two versions of a list that differ.
pub(super) struct Matching<'a, K, T> {
    /// Each item with its key.
    pub(super) before: Vec<(&'a K, &'a T)>,
    pub(super) after: Vec<(&'a K, &'a T)>,
    /// What the key is called in the code.
    pub(super) member: &'static str,
}

/// An item of the new list.
enum Came {
    /// From this position of the old list.
    From(usize),
    New,
}

impl<K: Eq + Hash + Serialize, T> Matching<'_, K, T> {
    /// Reports by key; by position where two items have one key, two keys are written alike, or the
    /// stored items do not show theirs.
    pub(super) fn compare(&self, kind: &impl ItemKind<T>, fields: &mut FieldDiff) {
        let Some((gone, came)) = self.matched() else {
            return self.by_position(kind, fields);
        };
        if self.are_written_alike() {
            return self.by_position(kind, fields);
        }
        let Some(member) = self.stored_member(kind) else {
            return self.by_position(kind, fields);
        };
        let put = |mark, key: &K, fields: &mut FieldDiff| {
            if fields.has_changed_since(mark) {
                let mut steps = String::new();
                match record(key) {
                    Ok(key) => push_item(&mut steps, &member, &key_text(&key.value)),
                    Err(_) => fields.fail("key"),
                }
                fields.prefix(mark, &steps);
            }
        };
        let tail = tail(&gone);
        for (position, (key, item)) in self.before.iter().enumerate() {
            if gone.get(position) == Some(&true) {
                let mark = fields.mark();
                let old = fields.snapshot(|fields| kind.take(item, fields));
                let mut change = Change::removed(old);
                change.at = (position < tail).then_some(position as u64);
                fields.push(String::new(), change);
                put(mark, key, fields);
            }
        }
        let old_positions: Vec<_> = came
            .iter()
            .filter_map(|came| match came {
                Came::From(position) => Some(*position),
                Came::New => None,
            })
            .collect();
        let mut stays = staying(&old_positions).into_iter();
        let is_new: Vec<_> = came.iter().map(|came| matches!(came, Came::New)).collect();
        let tail = self::tail(&is_new);
        for ((position, (key, item)), came) in self.after.iter().enumerate().zip(came) {
            let mark = fields.mark();
            match came {
                Came::New => {
                    let new = fields.snapshot(|fields| kind.take(item, fields));
                    let mut change = Change::added(new);
                    change.at = (position < tail).then_some(position as u64);
                    fields.push(String::new(), change);
                }
                Came::From(old) => {
                    if let Some((_, before)) = self.before.get(old) {
                        kind.compare(before, item, fields);
                    }
                    if stays.next() == Some(false) {
                        moved(mark, old, position, fields);
                    }
                }
            }
            put(mark, key, fields);
        }
    }

    /// Which of the old items went, and where each new one came from; nothing if two items have
    /// one key.
    fn matched(&self) -> Option<(Vec<bool>, Vec<Came>)> {
        let mut known = HashMap::with_capacity(self.before.len());
        for (position, (key, _)) in self.before.iter().enumerate() {
            if known.insert(*key, position).is_some() {
                return None;
            }
        }
        let mut gone = vec![true; self.before.len()];
        let mut new = HashSet::new();
        let mut came = Vec::with_capacity(self.after.len());
        let mut next = 0;
        for (key, _) in &self.after {
            // Most items still follow the one that they followed.
            let follows = self.before.get(next).is_some_and(|(old, _)| old == key);
            let found = if follows {
                Some(next)
            } else {
                known.get(key).copied()
            };
            match found {
                Some(position) => {
                    let gone = gone.get_mut(position)?;
                    if !*gone {
                        return None;
                    }
                    *gone = false;
                    came.push(Came::From(position));
                    next = position + 1;
                }
                None if new.insert(*key) => came.push(Came::New),
                None => return None,
            }
        }
        Some((gone, came))
    }

    /// Whether a path could mean two items, or none: a key may be written by a part of it only.
    fn are_written_alike(&self) -> bool {
        if is_written_as_it_is::<K>() {
            return false;
        }
        let mut by_text = HashMap::with_capacity(self.before.len());
        let mut items = self.before.iter().chain(&self.after);
        items.any(|(key, _)| match record(*key) {
            Ok(text) => *by_text.entry(key_text(&text.value)).or_insert(*key) != *key,
            // It is told when the item is.
            Err(_) => false,
        })
    }

    /// What the key is called in a stored item; types may rename it, or hide it.
    fn stored_member(&self, kind: &impl ItemKind<T>) -> Option<String> {
        let stored = |item: &T| {
            let mut fields = FieldSnapshot::inside(Vec::new());
            kind.take(item, &mut fields);
            fields.take().value
        };
        let shows = |name: &str, (key, item): &(&K, &T)| {
            let key = record(*key).ok();
            key.is_some_and(|key| member(&stored(item), name) == Some(&key.value))
        };
        let lists = [&self.before, &self.after];
        let mut ends = lists
            .iter()
            .flat_map(|list| [list.first(), list.last()])
            .flatten();
        if ends.clone().all(|item| shows(self.member, item)) {
            return Some(self.member.to_owned());
        }
        let (key, item) = ends.next()?;
        let key = record(*key).ok()?.value;
        let stored = stored(item);
        let mut same = stored.as_object()?.iter();
        let (name, _) = same.find(|(_, value)| **value == key)?;
        // Another member may have the same value by chance, and then not in all of them.
        let mut items = self.before.iter().chain(&self.after);
        let is_alone = same.all(|(_, value)| *value != key);
        (is_alone && items.all(|item| shows(name, item))).then(|| name.clone())
    }

    fn by_position(&self, kind: &impl ItemKind<T>, fields: &mut FieldDiff) {
        for position in 0..self.before.len().max(self.after.len()) {
            let mark = fields.mark();
            match (self.before.get(position), self.after.get(position)) {
                (Some((_, before)), Some((_, after))) => kind.compare(before, after, fields),
                (Some((_, gone)), None) => {
                    let old = fields.snapshot(|fields| kind.take(gone, fields));
                    fields.push(String::new(), Change::removed(old));
                }
                (None, Some((_, new))) => {
                    let new = fields.snapshot(|fields| kind.take(new, fields));
                    fields.push(String::new(), Change::added(new));
                }
                (None, None) => {}
            }
            fields.put_at(mark, position);
        }
    }
}

fn moved(mark: Mark, from: usize, to: usize, fields: &mut FieldDiff) {
    let moved = Some(Move {
        from: from as u64,
        to: to as u64,
    });
    if let Some(change) = fields.root_change(mark) {
        change.moved = moved;
    } else {
        let change = Change {
            moved,
            ..Change::default()
        };
        fields.push(String::new(), change);
    }
}

/// Whether the type is known to write different keys differently. Others are looked at one by one.
fn is_written_as_it_is<K>() -> bool {
    const KNOWN: [&str; 11] = [
        "u8",
        "u16",
        "u32",
        "u64",
        "i8",
        "i16",
        "i32",
        "i64",
        "alloc::string::String",
        "&str",
        "uuid::Uuid",
    ];
    KNOWN.contains(&type_name::<K>())
}

/// Where the run of `true`s begins with which the list ends.
fn tail(flags: &[bool]) -> usize {
    flags
        .iter()
        .rposition(|flag| !flag)
        .map_or(0, |last| last + 1)
}

/// A member of an object or tuple, or of one in it: `meta.id`.
pub(crate) fn member<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        value => value.get(name),
    })
}
