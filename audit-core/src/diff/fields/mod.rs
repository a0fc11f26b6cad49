//! What a record's fields report to, when two versions of it are compared.

mod reports;
#[cfg(test)]
mod tests;

use std::mem;

use serde::Serialize;
use serde_json::Value;

pub(crate) use self::reports::VARIANT;
use super::inside;
use super::nested::Nested;
use super::recorded::{Recorded, record};
use super::snapshot::{self, FieldSnapshot, named};
use crate::entry::path::{self, push_position};
use crate::entry::{Change, Changes};
use crate::error::{Error, Result};

/// Records nested deeper than this are compared, but told of as a whole.
const MOST_NESTED: usize = 32;

/// How many changes of one record are told one by one.
const MOST_CHANGES: usize = 10_000;

/// Collects the fields that differ. Costs nothing while nothing differs.
///
/// Derived code calls it; call it yourself where a type cannot derive:
///
/// ```
/// use audit_core::{Audited, EntityId, FieldDiff, FieldSnapshot, diff};
///
/// struct Reading { celsius: f64, sensor: String }
///
/// impl Audited for Reading {
///     const ENTITY_TYPE: &'static str = "reading";
///     fn audit_id(&self) -> Option<EntityId> { None }
///     fn audit_name(&self) -> Option<String> { Some(self.sensor.clone()) }
///     fn audit_diff(&self, after: &Self, fields: &mut FieldDiff) {
///         if (self.celsius - after.celsius).abs() > 0.1 {
///             fields.replaced("celsius", &self.celsius, &after.celsius);
///         }
///         fields.track("sensor", &self.sensor, &after.sensor);
///     }
///     fn audit_snapshot(&self, fields: &mut FieldSnapshot) {
///         fields.track("celsius", &self.celsius);
///         fields.track("sensor", &self.sensor);
///     }
/// }
///
/// # let reading = |celsius| Reading { celsius, sensor: "attic".to_owned() };
/// assert!(diff(&reading(20.0), &reading(20.05))?.is_empty());
/// assert!(diff(&reading(20.0), &reading(21.0))?.touches("celsius"));
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct FieldDiff {
    changes: Changes,
    /// How many of the changes count; the others are stored with them only.
    counting: Counting,
    /// How many records deep.
    level: usize,
    /// All changes are kept, however many.
    all: bool,
    error: Option<Error>,
}

/// Places of the changes that do not count.
#[derive(Debug, Default)]
struct Counting {
    ignored: Vec<usize>,
    /// How many of those that are left out do not count.
    ignored_out: u64,
}

/// How much was reported before something else is.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Mark {
    changes: usize,
    masked: usize,
    sensitive: usize,
    left_out: u64,
    ignored_out: u64,
}

impl FieldDiff {
    /// Nothing differs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing differs yet, and however much does is told.
    pub(super) fn of_all() -> Self {
        Self {
            all: true,
            ..Self::default()
        }
    }

    /// Compares a field; its values are read as JSON only if they differ.
    pub fn track<T>(&mut self, field: &'static str, before: &T, after: &T)
    where
        T: PartialEq + Serialize + ?Sized,
    {
        if before != after {
            self.replaced(field, before, after);
        }
    }

    /// Reports a field that the caller has found to differ.
    pub fn replaced<B, A>(&mut self, field: &'static str, before: &B, after: &A)
    where
        B: Serialize + ?Sized,
        A: Serialize + ?Sized,
    {
        self.differs(field, record(before), record(after));
    }

    /// Compares a field whose values are never stored: only that it changed is.
    pub fn redact<T>(&mut self, field: &'static str, before: &T, after: &T)
    where
        T: PartialEq + ?Sized,
    {
        if before != after {
            self.changed_secret(field);
        }
    }

    /// Compares a field that is a record itself: its changes stand at paths such as
    /// `location.city`.
    pub fn nested<T: Nested + ?Sized>(&mut self, field: &'static str, before: &T, after: &T) {
        if self.level == MOST_NESTED {
            if self.would_change(before, after) {
                let mark = self.mark();
                self.whole(before, after);
                self.put_in(mark, field);
            }
            return;
        }
        let mark = self.mark();
        self.level += 1;
        before.nested_diff(after, self);
        self.level -= 1;
        self.put_in(mark, field);
    }

    /// The changes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field that differs cannot be
    /// written as JSON.
    pub fn finish(mut self) -> Result<Changes> {
        if let Some(error) = self.error {
            return Err(error);
        }
        self.counting.ignored.sort_unstable();
        self.counting.ignored.dedup();
        let none_counts = self.counting.ignored.len() == self.changes.len()
            && self.counting.ignored_out == self.left_out();
        if none_counts {
            return Ok(Changes::new());
        }
        Ok(self.changes)
    }

    /// Adds what happened at a path inside of what is compared now.
    pub(super) fn push(&mut self, path: String, change: Change) {
        if self.is_full() {
            self.changes.extra_mut().left_out += 1;
        } else {
            self.changes.push(path, change);
        }
    }

    /// The changes, where every one counts and none can fail.
    pub(super) fn into_changes(self) -> Changes {
        self.changes
    }

    /// The names above what was reported since `mark` are no secrets, whatever the sanitizer says.
    pub(super) fn allow(&mut self, mark: Mark) {
        for place in mark.changes..self.changes.len() {
            if let Some(path) = self.changes.path_mut(place).cloned() {
                self.changes.extra_mut().masked.push(path);
            }
        }
    }

    fn is_full(&self) -> bool {
        !self.all && self.changes.len() >= MOST_CHANGES
    }

    fn left_out(&self) -> u64 {
        self.changes.extra().map_or(0, |extra| extra.left_out)
    }

    /// A record that became another as a whole.
    pub(super) fn whole<T: Nested + ?Sized>(&mut self, before: &T, after: &T) {
        if self.is_asked_only() {
            return self.push(String::new(), Change::default());
        }
        let old = self.snapshot(|fields| before.nested_snapshot(fields));
        let new = self.snapshot(|fields| after.nested_snapshot(fields));
        self.push(String::new(), Change::replaced(old, new));
    }

    /// Whether it is only asked if anything differs: then one change says so. What asks again inside
    /// of that would ask twice as often with each level.
    pub(super) fn is_asked_only(&self) -> bool {
        self.level > MOST_NESTED
    }

    /// Whether anything differs, without telling what.
    pub(super) fn would_change<T: Nested + ?Sized>(&self, before: &T, after: &T) -> bool {
        let mut deeper = Self {
            level: self.level.max(MOST_NESTED) + 1,
            ..Self::new()
        };
        before.nested_diff(after, &mut deeper);
        !deeper.changes.is_empty() || deeper.error.is_some()
    }

    pub(super) fn fail(&mut self, field: &str) {
        self.error = Some(snapshot::unwritable(field));
    }

    /// Takes the value of something that is told of as a whole.
    pub(super) fn snapshot(&mut self, of: impl FnOnce(&mut FieldSnapshot)) -> Value {
        if self.is_full() {
            // It will be left out, and so is what is known of its parts.
            return Value::Null;
        }
        let digests = match self.changes.extra() {
            Some(extra) if !extra.digests.is_empty() => {
                mem::take(&mut self.changes.extra_mut().digests)
            }
            _ => Vec::new(),
        };
        let mut fields = FieldSnapshot::inside(digests);
        of(&mut fields);
        let snapshot::Taken {
            value,
            digests,
            sensitive,
            cuts,
            error,
        } = fields.take();
        if cuts {
            self.changes.extra_mut().cuts = true;
        }
        if !digests.is_empty() {
            self.changes.extra_mut().digests = digests;
        }
        if !sensitive.is_empty() {
            self.changes.extra_mut().sensitive.extend(sensitive);
        }
        if let Some(error) = error {
            self.error = Some(error);
        }
        value
    }

    /// Puts what was reported since `mark` into a field.
    pub(super) fn put_in(&mut self, mark: Mark, field: &str) {
        if !self.has_changed_since(mark) || field.is_empty() {
            return;
        }
        let steps = named(field);
        let alone = !self.has_more_since(mark);
        match self.changes.path_mut(mark.changes) {
            // A field that is told of as a whole, as nearly all are.
            Some(path) if alone && path.is_empty() => *path = steps,
            _ => self.prefix(mark, &steps),
        }
    }

    /// Puts what was reported since `mark` at a position of a list.
    pub(super) fn put_at(&mut self, mark: Mark, position: usize) {
        if self.has_changed_since(mark) {
            let mut steps = String::new();
            push_position(&mut steps, position);
            self.prefix(mark, &steps);
        }
    }

    pub(super) fn has_changed_since(&self, mark: Mark) -> bool {
        self.changes.len() > mark.changes
    }

    fn has_more_since(&self, mark: Mark) -> bool {
        self.changes.len() > mark.changes + 1
            || self.changes.extra().is_some_and(|extra| {
                extra.masked.len() > mark.masked || extra.sensitive.len() > mark.sensitive
            })
    }

    pub(super) fn prefix(&mut self, mark: Mark, steps: &str) {
        for place in mark.changes..self.changes.len() {
            if let Some(path) = self.changes.path_mut(place) {
                path::prefix(path, steps);
            }
        }
        if self.changes.extra().is_some() {
            let extra = self.changes.extra_mut();
            let masked = extra.masked.iter_mut().skip(mark.masked);
            let sensitive = extra.sensitive.iter_mut().skip(mark.sensitive);
            masked
                .chain(sensitive)
                .for_each(|path| path::prefix(path, steps));
        }
    }

    /// The change at the very thing that was compared since `mark`, if there is one.
    pub(super) fn root_change(&mut self, mark: Mark) -> Option<&mut Change> {
        let place = (mark.changes..self.changes.len()).find(|place| {
            self.changes
                .path_mut(*place)
                .is_some_and(|path| path.is_empty())
        })?;
        self.changes.at_mut(place)
    }

    pub(super) fn differs(
        &mut self,
        field: &'static str,
        before: serde_json::Result<Recorded>,
        after: serde_json::Result<Recorded>,
    ) {
        match (before, after) {
            (Ok(before), Ok(after)) => {
                let mark = self.mark();
                inside::compare(before, after, self);
                self.put_in(mark, field);
            }
            _ => self.fail(field),
        }
    }
}
