//! Items that come, go and move: noted while the list stands as it was, carried out at the end.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{fits, place, target};
use crate::entry::Change;
use crate::entry::path::{Step, push_element, push_item, push_member, push_position, steps};

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

/// What stands at a place of the new list.
#[derive(Clone, Copy)]
enum Slot {
    /// The item of the old list at this position.
    Old(usize),
    /// The item that came as this one.
    Came(usize),
}

impl Lists {
    /// Notes what happens to an item; a value that takes the place of another does so at once.
    /// Gives the change back if the list does not fit it.
    pub(super) fn note(
        &mut self,
        way: &[Step<'_>],
        last: &Step<'_>,
        items: &mut [Value],
        change: Change,
    ) -> Result<(), Change> {
        let found = place(items, last);
        let present = found.and_then(|place| items.get_mut(place));
        let unchanged = change.old.is_none() && change.new.is_none();
        let is_known = unchanged || fits(present.as_deref(), change.old.as_ref());
        let moved = match (change.moved, found, target(change.moved)) {
            (None, ..) => None,
            (Some(_), Some(from), Some(to)) => Some((from, to)),
            _ => return Err(change),
        };
        let at = change.at.map(usize::try_from).transpose();
        let (true, Ok(at)) = (is_known, at) else {
            return Err(change);
        };
        let plan = self.by_path.entry(path_of(way)).or_default();
        match (present, found, change.new) {
            (Some(item), _, Some(new)) => *item = new,
            (None, _, Some(new)) => plan.came.push((at, new)),
            (_, Some(place), None) if !unchanged => plan.gone.push(place),
            _ => {}
        }
        plan.moved.extend(moved);
        Ok(())
    }

    /// Says which lists could not be carried out; they stay as they were.
    pub(super) fn carry_out(self, fields: &mut Value) -> Vec<String> {
        // What is inside of a list comes after it, and is found by key: so the innermost first.
        let plans = self.by_path.into_iter().rev();
        plans
            .filter_map(|(path, plan)| {
                let way: Vec<_> = steps(&path).collect();
                let done = super::find(fields, &way)
                    .and_then(Value::as_array_mut)
                    .and_then(|items| plan.carry_out(items));
                done.is_none().then_some(path)
            })
            .collect()
    }
}

impl Plan {
    fn carry_out(self, items: &mut Vec<Value>) -> Option<()> {
        if self.gone.is_empty() && self.moved.is_empty() && self.came.is_empty() {
            return Some(());
        }
        let order = self.order(items.len())?;
        let mut old: Vec<_> = items.drain(..).map(Some).collect();
        let mut came: Vec<_> = self.came.into_iter().map(|(_, item)| Some(item)).collect();
        let slots = order.into_iter().filter_map(|slot| match slot {
            Slot::Old(place) => old.get_mut(place)?.take(),
            Slot::Came(place) => came.get_mut(place)?.take(),
        });
        items.extend(slots);
        Some(())
    }

    /// What will stand where; nothing if the plan does not fit a list of this length.
    fn order(&self, length: usize) -> Option<Vec<Slot>> {
        let Self { gone, moved, came } = self;
        let len = (length + came.len()).checked_sub(gone.len())?;
        let mut old: Vec<_> = (0..length).map(|place| Some(Slot::Old(place))).collect();
        let mut new: Vec<Option<Slot>> = vec![None; len];
        for place in gone {
            old.get_mut(*place)?.take()?;
        }
        for (from, to) in moved {
            let item = old.get_mut(*from)?.take()?;
            put(&mut new, *to, item)?;
        }
        let at_the_end = came.iter().filter(|(at, _)| at.is_none()).count();
        let mut end = len.checked_sub(at_the_end)?;
        for (item, (at, _)) in came.iter().enumerate() {
            let place = at.unwrap_or_else(|| {
                end += 1;
                end - 1
            });
            put(&mut new, place, Slot::Came(item))?;
        }
        let mut staying = old.into_iter().flatten();
        for slot in &mut new {
            if slot.is_none() {
                *slot = Some(staying.next()?);
            }
        }
        new.into_iter().collect()
    }
}

fn put(slots: &mut [Option<Slot>], place: usize, item: Slot) -> Option<()> {
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
