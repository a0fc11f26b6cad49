//! Items that come, go and move: noted while the list stands as it was, carried out at the end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{fits, mismatch, place, target};
use crate::entry::Change;
use crate::entry::path::{Step, push_element, push_item, push_member, push_position};
use crate::error::Result;

#[derive(Default)]
pub(super) struct Lists {
    /// By the path of the list.
    by_path: BTreeMap<String, Plan>,
}

#[derive(Default)]
struct Plan {
    /// Positions in the list as it was.
    gone: Vec<usize>,
    /// From where it was to where it will be.
    moved: Vec<(usize, usize)>,
    /// Where it will be; nothing is the end.
    came: Vec<(Option<usize>, Value)>,
}

impl Lists {
    /// Notes what happens to an item; a value that takes the place of another does so at once.
    pub(super) fn note(
        &mut self,
        way: &[Step<'_>],
        last: &Step<'_>,
        items: &mut [Value],
        change: Change,
    ) -> Option<()> {
        let found = place(items, last);
        let present = found.and_then(|place| items.get(place));
        let unchanged = change.old.is_none() && change.new.is_none();
        if !unchanged && !fits(present, change.old.as_ref()) {
            return None;
        }
        let plan = self.by_path.entry(path_of(way)).or_default();
        match (found, change.new) {
            (Some(place), Some(new)) => {
                if let Some(item) = items.get_mut(place) {
                    *item = new;
                }
            }
            (Some(place), None) if !unchanged => plan.gone.push(place),
            (None, Some(new)) => {
                let at = change.at.map(usize::try_from).transpose().ok()?;
                plan.came.push((at, new));
            }
            _ => {}
        }
        if change.moved.is_some() {
            plan.moved.push((found?, target(change.moved)?));
        }
        Some(())
    }

    pub(super) fn carry_out(self, fields: &mut Value) -> Result<()> {
        // What is inside of a list comes after it, and is found by key: so the innermost first.
        for (path, plan) in self.by_path.into_iter().rev() {
            let way: Vec<_> = crate::entry::path::steps(&path).collect();
            let done = super::find(fields, &way)
                .and_then(Value::as_array_mut)
                .and_then(|items| plan.carry_out(items));
            done.ok_or_else(|| mismatch(&path))?;
        }
        Ok(())
    }
}

impl Plan {
    fn carry_out(self, items: &mut Vec<Value>) -> Option<()> {
        let Self { gone, moved, came } = self;
        if gone.is_empty() && moved.is_empty() && came.is_empty() {
            return Some(());
        }
        let len = (items.len() + came.len()).checked_sub(gone.len())?;
        let mut old: Vec<_> = items.drain(..).map(Some).collect();
        let mut new: Vec<Option<Value>> = vec![None; len];
        for place in gone {
            old.get_mut(place)?.take()?;
        }
        for (from, to) in moved {
            let item = old.get_mut(from)?.take()?;
            put(&mut new, to, item)?;
        }
        let at_the_end = came.iter().filter(|(at, _)| at.is_none()).count();
        let mut end = len.checked_sub(at_the_end)?;
        for (at, item) in came {
            let place = at.unwrap_or_else(|| {
                end += 1;
                end - 1
            });
            put(&mut new, place, item)?;
        }
        let mut staying = old.into_iter().flatten();
        for slot in &mut new {
            if slot.is_none() {
                *slot = Some(staying.next()?);
            }
        }
        *items = new.into_iter().collect::<Option<_>>()?;
        Some(())
    }
}

fn put(slots: &mut [Option<Value>], place: usize, item: Value) -> Option<()> {
    let slot = slots.get_mut(place)?;
    slot.replace(item).is_none().then_some(())
}

fn path_of(way: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in way {
        match step {
            Step::Member(name) => push_member(&mut path, name),
            Step::Item { member, key } => match member {
                Some(member) => push_item(&mut path, member, key),
                None => push_element(&mut path, key),
            },
            Step::Position(position) => push_position(&mut path, *position),
        }
    }
    path
}
