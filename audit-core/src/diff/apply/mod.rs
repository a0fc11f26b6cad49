//! From one version of a record to the next, and back.

mod lists;

use serde_json::{Map, Value};

use self::lists::Lists;
use super::is_one_to_a_database;
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

/// A change that the record does not fit: it was not made.
#[derive(Debug, PartialEq)]
pub(crate) struct Misfit {
    pub(crate) path: String,
    /// Nothing where the items of the list at this path cannot be put in their places.
    pub(crate) change: Option<Change>,
}

/// Makes changes to the fields of a record where they fit, and says where they do not.
pub(crate) fn apply_in_place(changes: Changes, fields: &mut Value) -> Vec<Misfit> {
    let mut misfits = Vec::new();
    patch(fields, changes.into_list().into_iter(), &mut misfits);
    misfits
}

/// Writes values of a record that are about to change as the changes do, where a database would have
/// them be the same: `1` for `true`.
pub(crate) fn adopt(changes: &Changes, fields: &mut Value) {
    for (path, change) in changes.iter() {
        let way: Vec<_> = steps(path).collect();
        if let (Some(old), Some(present)) = (&change.old, find(fields, &way))
            && is_one_to_a_database(old, present)
        {
            present.clone_from(old);
        }
    }
}

/// The change that takes a change back.
pub(crate) fn inverse(change: &Change) -> Change {
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

/// Whether a record looks at a path as a change has left it.
pub(crate) fn holds(fields: &Value, path: &str, change: &Change) -> bool {
    let way: Vec<_> = steps(path).collect();
    let Some((last, parents)) = way.split_last() else {
        return false;
    };
    let Some(parent) = look(fields, parents) else {
        return change.new.is_none() && change.moved.is_none();
    };
    let present = look(parent, std::slice::from_ref(last));
    let is_there = match (present, &change.new, &change.old) {
        (Some(present), Some(new), _) => is_one_to_a_database(present, new),
        // An item that only moved.
        (present, None, None) => present.is_some(),
        (present, None, Some(_)) => present.is_none(),
        (None, Some(_), _) => false,
    };
    let is_in_place = || match (change.moved, parent) {
        (Some(moved), Value::Array(items)) => place(items, last) == usize::try_from(moved.to).ok(),
        (moved, _) => moved.is_none(),
    };
    is_there && is_in_place()
}

/// What stands at a path.
pub(crate) fn look<'v>(fields: &'v Value, way: &[Step<'_>]) -> Option<&'v Value> {
    way.iter()
        .try_fold(fields, |value, step| match (step, value) {
            (Step::Member(name), Value::Object(members)) => members.get(name.as_ref()),
            (step, Value::Array(items)) => items.get(place(items, step)?),
            _ => None,
        })
}

/// Where the item stands that a step means.
pub(crate) fn place(items: &[Value], step: &Step<'_>) -> Option<usize> {
    match step {
        Step::Position(position) => (*position < items.len()).then_some(*position),
        Step::Item { member, key } => items
            .iter()
            .position(|item| is_item(item, member.as_deref(), key)),
        Step::Member(_) => None,
    }
}

fn patched<'c>(fields: &Value, changes: impl Iterator<Item = (&'c str, Change)>) -> Result<Value> {
    let mut fields = fields.clone();
    let mut misfits = Vec::new();
    patch(&mut fields, changes, &mut misfits);
    match misfits.first() {
        Some(misfit) => Err(mismatch(&misfit.path)),
        None => Ok(fields),
    }
}

fn patch<P: AsRef<str>>(
    fields: &mut Value,
    changes: impl Iterator<Item = (P, Change)>,
    misfits: &mut Vec<Misfit>,
) {
    let mut lists = Lists::default();
    for (path, change) in changes {
        if let Err(change) = patch_one(fields, &mut lists, path.as_ref(), change) {
            misfits.push(Misfit {
                path: path.as_ref().to_owned(),
                change: Some(change),
            });
        }
    }
    let unplaced = lists.carry_out(fields).into_iter();
    misfits.extend(unplaced.map(|path| Misfit { path, change: None }));
}

/// Gives the change back if the record does not fit it.
fn patch_one(
    fields: &mut Value,
    lists: &mut Lists,
    path: &str,
    change: Change,
) -> std::result::Result<(), Change> {
    let mut way: Vec<_> = steps(path).collect();
    let Some(last) = way.pop() else {
        return Err(change);
    };
    match (last, find(fields, &way)) {
        (Step::Member(name), Some(Value::Object(members))) => put(members, &name, change),
        (last, Some(Value::Array(items))) => lists.note(&way, &last, items, change),
        _ => Err(change),
    }
}

fn put(
    members: &mut Map<String, Value>,
    name: &str,
    change: Change,
) -> std::result::Result<(), Change> {
    let present = members.get_mut(name);
    if !fits(present.as_deref(), change.old.as_ref()) {
        return Err(change);
    }
    match (present, change.new) {
        (Some(present), Some(new)) => *present = new,
        (None, Some(new)) => {
            members.insert(name.to_owned(), new);
        }
        (_, None) => {
            members.remove(name);
        }
    }
    Ok(())
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
