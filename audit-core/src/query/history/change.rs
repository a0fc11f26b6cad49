//! What one entry changes in what is known of its record.

use serde_json::{Map, Value};

use super::Record;
use super::missing::{Missing, MissingReason, note};
use super::told::Told;
use crate::MASK;
use crate::diff::apply::{Misfit, apply_in_place, holds, look, place};
use crate::diff::is_one_to_a_database;
use crate::entry::marks::is_incomplete;
use crate::entry::path::{Step, steps};
use crate::entry::{AuditEntry, Change, Changes, Obscured, first_segment};

/// How deep a path may lead.
const MOST_STEPS: usize = 128;

/// Makes the changes of an entry, but for those that its company has told already. What does not
/// fit is made as well, as far as that goes: what an entry says is newer than what was known.
pub(super) fn change(
    fields: &mut Value,
    entry: AuditEntry,
    record: &Record,
    told: &mut Told,
    missing: &mut Vec<Missing>,
) {
    let mut entry = entry;
    let index = entry.index;
    entry.changes = readable(std::mem::take(&mut entry.changes), missing, index);
    let again = told_again(told, &entry, fields);
    told.note(&entry);
    let changes = match again {
        Some(again) => without(entry.changes, &again, missing, index),
        None => entry.changes,
    };
    for misfit in apply_in_place(changes, fields) {
        if record.ignores(&misfit.path) {
            settle(fields, misfit, &mut Vec::new(), index);
        } else {
            settle(fields, misfit, missing, index);
        }
    }
}

/// The changes that say where they were.
fn readable(mut changes: Changes, missing: &mut Vec<Missing>, index: u64) -> Changes {
    changes.retain(|path, _| {
        let reason = if path.contains(MASK) {
            MissingReason::Redacted
        } else if path.len() > MOST_STEPS && steps(path).nth(MOST_STEPS).is_some() {
            MissingReason::LeftOut
        } else {
            return true;
        };
        note(missing, Missing::at(path, reason, index));
        false
    });
    changes
}

/// Which changes of an entry its company has told already: those that are there.
fn told_again(told: &Told, entry: &AuditEntry, fields: &Value) -> Option<Vec<bool>> {
    let is_again = |(path, change): (&str, &Change)| {
        told.has(entry, first_segment(path)) && holds(fields, path, change)
    };
    let again: Vec<bool> = entry.changes.iter().map(is_again).collect();
    again.contains(&true).then_some(again)
}

/// The changes that were not told yet.
fn without(changes: Changes, again: &[bool], missing: &mut Vec<Missing>, index: u64) -> Changes {
    let all = changes.into_list();
    let told: Vec<String> = all
        .iter()
        .zip(again)
        .filter(|(_, again)| **again)
        .map(|((path, _), _)| first_segment(path).to_owned())
        .collect();
    let new = all.into_iter().zip(again).filter(|(_, again)| !**again);
    let mut changes = Changes::new();
    for ((path, change), _) in new {
        let is_placed = change.at.is_some() || change.moved.is_some();
        if is_placed && told.iter().any(|field| field == first_segment(&path)) {
            // The list has changed already since the places were counted.
            note(missing, Missing::at(&path, MissingReason::Mismatch, index));
        } else {
            changes.push(path, change);
        }
    }
    changes
}

/// Decides what a change means that does not fit.
fn settle(fields: &mut Value, misfit: Misfit, missing: &mut Vec<Missing>, index: u64) {
    let Misfit { path, change } = misfit;
    let mismatch = Missing::at(&path, MissingReason::Mismatch, index);
    let Some(change) = change else {
        return note(missing, mismatch);
    };
    let way: Vec<_> = steps(&path).collect();
    if is_inside_of_obscured(fields, &way) {
        return;
    }
    let present = look(fields, &way);
    // What was not known can be anything.
    let is_news = match present {
        // A row and a type may say the same in other words.
        Some(present) => {
            let is_same = |old| is_one_to_a_database(present, old);
            is_incomplete(present) || change.old.as_ref().is_some_and(is_same)
        }
        None => missing.iter().any(|missing| missing.path.is_empty()),
    };
    if !force(fields, &way, change) || !is_news {
        note(missing, mismatch);
    }
}

fn is_inside_of_obscured(fields: &Value, way: &[Step<'_>]) -> bool {
    (0..way.len()).any(|end| {
        let above = way.get(..end).and_then(|way| look(fields, way));
        above.is_some_and(|value| Obscured::of(value).is_some())
    })
}

/// Makes a change whatever was there before, and says whether that is all of it.
fn force(fields: &mut Value, way: &[Step<'_>], change: Change) -> bool {
    let is_whole = change.moved.is_none();
    has_place(fields, way) && put(fields, way, change).is_some() && is_whole
}

/// Whether a value can stand at a path: what is not there yet may be an object, and nothing else.
fn has_place(fields: &Value, way: &[Step<'_>]) -> bool {
    let mut present = Some(fields).filter(|value| !value.is_null());
    for (place_of, step) in (1..).zip(way) {
        present = match (step, present) {
            (Step::Member(_), None) => None,
            (Step::Member(name), Some(Value::Object(members))) => members.get(name.as_ref()),
            (step, Some(Value::Array(items))) => {
                let item = place(items, step).and_then(|place| items.get(place));
                if item.is_none() && place_of < way.len() {
                    return false;
                }
                item
            }
            _ => return false,
        };
        present = present.filter(|value| !value.is_null());
    }
    !way.is_empty()
}

fn put(fields: &mut Value, way: &[Step<'_>], change: Change) -> Option<()> {
    let (last, parents) = way.split_last()?;
    if change.new.is_none() && look(fields, parents).is_none_or(Value::is_null) {
        // Nothing is there that could go.
        return Some(());
    }
    let mut parent = fields;
    for step in parents {
        if parent.is_null() {
            *parent = Value::Object(Map::new());
        }
        parent = match (step, parent) {
            (Step::Member(name), Value::Object(members)) => {
                members.entry(name.as_ref()).or_insert(Value::Null)
            }
            (step, Value::Array(items)) => {
                let place = place(items, step)?;
                items.get_mut(place)?
            }
            _ => return None,
        };
    }
    if parent.is_null() {
        *parent = Value::Object(Map::new());
    }
    match (last, parent, change.new) {
        (Step::Member(name), Value::Object(members), Some(new)) => {
            members.insert(name.as_ref().to_owned(), new);
        }
        (Step::Member(name), Value::Object(members), None) => {
            members.remove(name.as_ref());
        }
        (step, Value::Array(items), new) => match (place(items, step), new) {
            (Some(place), Some(new)) => *items.get_mut(place)? = new,
            (Some(place), None) if change.old.is_some() => {
                items.remove(place);
            }
            (None, Some(new)) => items.push(new),
            _ => {}
        },
        _ => return None,
    }
    Some(())
}
