//! From one version of a record to the next, and back.

mod lists;

use serde_json::{Map, Value};

use self::lists::Lists;
use super::keyed::member;
use super::recorded::key_text;
use crate::entry::marks;
use crate::entry::path::{Step, USUAL_KEY, steps};
use crate::entry::{Change, Changes, Move};
use crate::error::{Error, ErrorKind, Result};

impl Changes {
    /// The fields of the record after these changes, given those before.
    ///
    /// `fields` is an object as [`record_fields`](crate::record_fields) makes it.
    ///
    /// ```
    /// use audit_core::{Change, Changes};
    /// use serde_json::json;
    ///
    /// let mut changes = Changes::new();
    /// changes.insert("notes[7].text", Change::replaced(json!("seen"), json!("confirmed")));
    ///
    /// let before = json!({"notes": [{"id": 7, "text": "seen"}]});
    /// let after = json!({"notes": [{"id": 7, "text": "confirmed"}]});
    /// assert_eq!(changes.apply(&before)?, after);
    /// assert_eq!(changes.revert(&after)?, before);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Mismatch`], naming the path, where the record is not what it was when these
    /// changes were made.
    pub fn apply(&self, fields: &Value) -> Result<Value> {
        self.is_complete()?;
        patched(
            fields,
            self.iter().map(|(path, change)| (path, change.clone())),
        )
    }

    /// The fields of the record before these changes, given those after.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Irreversible`], naming the paths, where a value that was there before is not
    /// stored as it was: redacted, masked, hashed, cut or erased. [`ErrorKind::Mismatch`], naming
    /// the path, where the record has moved on since.
    pub fn revert(&self, fields: &Value) -> Result<Value> {
        self.is_complete()?;
        let lost: Vec<_> = self.irreversible().collect();
        if !lost.is_empty() {
            return Err(Error::new(
                ErrorKind::Irreversible,
                format!(
                    "the old value is not stored as it was at {}; take it from elsewhere",
                    quoted(&lost)
                ),
            ));
        }
        patched(
            fields,
            self.iter().map(|(path, change)| (path, inverse(change))),
        )
    }

    /// The paths whose old value is not stored as it was, so that it cannot be restored.
    pub fn irreversible(&self) -> impl Iterator<Item = &str> {
        self.iter()
            .filter(|(_, change)| change.old.as_ref().is_some_and(marks::is_incomplete))
            .map(|(path, _)| path)
    }

    fn is_complete(&self) -> Result<()> {
        if self.extra().is_some_and(|extra| extra.left_out > 0) {
            return Err(Error::new(
                ErrorKind::Irreversible,
                "there were more changes than are kept; compare the versions of the record instead",
            ));
        }
        Ok(())
    }
}

fn inverse(change: &Change) -> Change {
    let mut inverse = change.clone();
    inverse.old.clone_from(&change.new);
    inverse.new.clone_from(&change.old);
    inverse.moved = change.moved.map(|moved| {
        let mut back = moved;
        back.from = moved.to;
        back.to = moved.from;
        back
    });
    inverse
}

fn patched<'c>(fields: &Value, changes: impl Iterator<Item = (&'c str, Change)>) -> Result<Value> {
    let mut fields = fields.clone();
    let mut lists = Lists::default();
    for (path, change) in changes {
        let mut way: Vec<_> = steps(path).collect();
        let Some(last) = way.pop() else {
            return Err(mismatch(path));
        };
        let parent = find(&mut fields, &way).ok_or_else(|| mismatch(path))?;
        match (last, parent) {
            (Step::Member(name), Value::Object(members)) => {
                put(members, &name, change).ok_or_else(|| mismatch(path))?;
            }
            (last, Value::Array(items)) => lists
                .note(&way, &last, items, change)
                .ok_or_else(|| mismatch(path))?,
            _ => return Err(mismatch(path)),
        }
    }
    lists.carry_out(&mut fields)?;
    Ok(fields)
}

fn put(members: &mut Map<String, Value>, name: &str, change: Change) -> Option<()> {
    if !fits(members.get(name), change.old.as_ref()) {
        return None;
    }
    match change.new {
        Some(new) => {
            members.insert(name.to_owned(), new);
        }
        None => {
            members.remove(name);
        }
    }
    Some(())
}

/// Whether what is there is what was there.
fn fits(present: Option<&Value>, old: Option<&Value>) -> bool {
    match (present, old) {
        (Some(present), Some(old)) => present == old || marks::is_incomplete(old),
        (None, None) => true,
        _ => false,
    }
}

fn find<'v>(value: &'v mut Value, way: &[Step<'_>]) -> Option<&'v mut Value> {
    way.iter()
        .try_fold(value, |value, step| match (step, value) {
            (Step::Member(name), Value::Object(members)) => members.get_mut(name.as_ref()),
            (step, Value::Array(items)) => {
                let place = place(items, step)?;
                items.get_mut(place)
            }
            _ => None,
        })
}

/// Where the item stands that a step means.
fn place(items: &[Value], step: &Step<'_>) -> Option<usize> {
    match step {
        Step::Position(position) => (*position < items.len()).then_some(*position),
        Step::Item { member, key } => items
            .iter()
            .position(|item| is_item(item, member.as_deref(), key)),
        Step::Member(_) => None,
    }
}

fn is_item(item: &Value, name: Option<&str>, key: &str) -> bool {
    let found = match name {
        Some("") => Some(item),
        Some(name) => member(item, name),
        None if item.is_object() => member(item, USUAL_KEY),
        None => Some(item),
    };
    found.is_some_and(|found| key_text(found) == key)
}

fn mismatch(path: &str) -> Error {
    Error::new(
        ErrorKind::Mismatch,
        format!(
            "the record is not what it was at `{path}`; begin with the version that these changes were made to"
        ),
    )
}

fn quoted(paths: &[&str]) -> String {
    let quoted: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
    quoted.join(", ")
}

/// A move, for lists.
fn target(moved: Option<Move>) -> Option<usize> {
    usize::try_from(moved?.to).ok()
}
