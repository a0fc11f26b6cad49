//! Changes inside of a map, or of a free JSON value: told by member, whatever the order of keys.

use serde_json::{Map, Value};

use super::FieldDiff;
use super::recorded::Recorded;
use crate::entry::Change;
use crate::entry::marks;
use crate::entry::path::{push_member, push_position};

/// Tells what differs between two values of one field. What reads the same is no change.
pub(super) fn compare(before: Recorded, after: Recorded, fields: &mut FieldDiff) {
    let mut told = Told {
        fields,
        path: String::new(),
    };
    if before.is_map && after.is_map {
        told.values(before.value, after.value);
    } else {
        told.whole(before.value, after.value);
    }
}

/// What differs between two states of a record, field by field.
pub(super) fn compare_states(
    before: Map<String, Value>,
    after: Map<String, Value>,
    fields: &mut FieldDiff,
) {
    let mut told = Told {
        fields,
        path: String::new(),
    };
    told.members(before, after);
}

/// Tells what differs between two items of a list.
pub(super) fn compare_items(before: Value, after: Value, fields: &mut FieldDiff) {
    let mut told = Told {
        fields,
        path: String::new(),
    };
    told.values(before, after);
}

struct Told<'a> {
    fields: &'a mut FieldDiff,
    path: String,
}

impl Told<'_> {
    fn values(&mut self, before: Value, after: Value) {
        match (before, after) {
            (Value::Object(before), Value::Object(after))
                if is_open(&before) && is_open(&after) =>
            {
                self.members(before, after);
            }
            (Value::Array(before), Value::Array(after)) if same_places(&before, &after) => {
                for (position, (before, after)) in before.into_iter().zip(after).enumerate() {
                    let end = self.path.len();
                    push_position(&mut self.path, position);
                    self.values(before, after);
                    self.path.truncate(end);
                }
            }
            (before, after) => self.whole(before, after),
        }
    }

    fn members(&mut self, before: Map<String, Value>, mut after: Map<String, Value>) {
        for (name, old) in before {
            match after.remove(&name) {
                Some(new) => self.at(&name, |told| told.values(old, new)),
                None => self.at(&name, |told| told.push(Change::removed(old))),
            }
        }
        for (name, new) in after {
            self.at(&name, |told| told.push(Change::added(new)));
        }
    }

    fn at(&mut self, name: &str, tell: impl FnOnce(&mut Self)) {
        let end = self.path.len();
        push_member(&mut self.path, name);
        tell(self);
        self.path.truncate(end);
    }

    fn whole(&mut self, before: Value, after: Value) {
        if before != after {
            self.push(Change::replaced(before, after));
        }
    }

    fn push(&mut self, change: Change) {
        self.fields.push(self.path.clone(), change);
    }
}

fn is_open(members: &Map<String, Value>) -> bool {
    members.len() != 1
        || members
            .keys()
            .all(|name| !name.starts_with('$') || name.starts_with("$$"))
}

/// Whether the items can be compared by position: nothing but objects differs.
fn same_places(before: &[Value], after: &[Value]) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|(before, after)| {
            before == after || (marks::is_open(before) && marks::is_open(after))
        })
}
