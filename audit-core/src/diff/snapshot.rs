//! What a record's fields report to, when one version of it is taken down.

use std::mem;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Recordable;
use super::digest::{Digestible, placeholder};
use super::fields::VARIANT;
use super::nested::Nested;
use super::recorded::{MOST_LEVELS, Recorded, record};
use crate::MASK;
use crate::entry::marks;
use crate::entry::path::{self, push_member, push_position};
use crate::entry::{Change, Changes, Plain};
use crate::error::{Error, Result};

/// Collects every field with its value: what a record was when it was created, or last was.
#[derive(Debug, Default)]
pub struct FieldSnapshot {
    fields: Vec<(&'static str, Value)>,
    /// The value of something that has no fields: a transparent variant, a list, a map.
    whole: Option<Value>,
    created: bool,
    level: usize,
    digests: Vec<Plain>,
    masked: Vec<String>,
    sensitive: Vec<String>,
    /// Whether there are texts to be cut.
    cuts: bool,
    error: Option<Error>,
}

/// How much was reported before something else is.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct SnapshotMark {
    fields: usize,
    sensitive: usize,
}

/// The value of a part of a record.
pub(super) struct Taken {
    pub(super) value: Value,
    pub(super) digests: Vec<Plain>,
    pub(super) sensitive: Vec<String>,
    pub(super) cuts: bool,
    pub(super) error: Option<Error>,
}

impl FieldSnapshot {
    /// The fields of a record that came to be: there are only new values.
    #[must_use]
    pub fn created() -> Self {
        Self {
            created: true,
            ..Self::default()
        }
    }

    /// The fields of a record that went: there are only old values.
    #[must_use]
    pub fn deleted() -> Self {
        Self::default()
    }

    /// A part of a record, which is never the record itself.
    pub(super) fn inside(digests: Vec<Plain>) -> Self {
        Self {
            level: 1,
            digests,
            ..Self::default()
        }
    }

    /// Reports a field with its value.
    pub fn track<T: Serialize + ?Sized>(&mut self, field: &'static str, value: &T) {
        self.recorded(field, record(value));
    }

    /// Reports that a field is there; its value is never stored.
    pub fn redact(&mut self, field: &'static str) {
        self.push(field, Value::String(MASK.to_owned()));
    }

    /// Reports a field that is a record itself.
    pub fn nested<T: Nested + ?Sized>(&mut self, field: &'static str, value: &T) {
        self.part(field, |fields| value.nested_snapshot(fields));
    }

    /// The snapshot, as changes that have one side only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field cannot be written as JSON.
    pub fn finish(mut self) -> Result<Changes> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if let Some(whole) = self.whole.take() {
            self.fields.push((VARIANT, whole));
        }
        let mut changes = Changes::new();
        for (field, value) in self.fields {
            let change = if self.created {
                Change::added(value)
            } else {
                Change::removed(value)
            };
            changes.push(named(field), change);
        }
        let lists_are_empty =
            self.digests.is_empty() && self.masked.is_empty() && self.sensitive.is_empty();
        if self.cuts || !lists_are_empty {
            let extra = changes.extra_mut();
            extra.cuts = self.cuts;
            extra.digests = self.digests;
            extra.masked = self.masked;
            extra.sensitive = self.sensitive;
        }
        Ok(changes)
    }

    /// All fields as one object.
    pub(super) fn value(self) -> Result<Value> {
        let taken = self.take();
        taken.error.map_or(Ok(taken.value), Err)
    }

    pub(super) fn take(mut self) -> Taken {
        Taken {
            value: self.take_value(),
            digests: self.digests,
            sensitive: self.sensitive,
            cuts: self.cuts,
            error: self.error,
        }
    }

    /// Reports a field that has parts of its own.
    pub(super) fn part(&mut self, field: &'static str, take: impl FnOnce(&mut Self)) {
        let (value, sensitive) = self.within(take);
        self.push(field, value);
        self.carry(sensitive, |path| {
            if !field.is_empty() {
                push_member(path, field);
            }
        });
    }

    /// Says that what was taken is there, where it reads as if it were not.
    pub(super) fn some(&mut self) {
        if let Some(whole) = &mut self.whole {
            marks::some(whole);
        }
    }

    /// Says the value of something that has no fields.
    pub(super) fn whole(&mut self, value: Value) {
        self.whole = Some(value);
    }

    /// The values of a list, each taken in turn.
    pub(super) fn list<T>(
        &mut self,
        items: impl Iterator<Item = T>,
        take: impl Fn(T, &mut Self),
    ) -> Value {
        let values = items.enumerate().map(|(position, item)| {
            let (value, sensitive) = self.within(|fields| take(item, fields));
            self.carry(sensitive, |path| push_position(path, position));
            value
        });
        Value::Array(values.collect())
    }

    /// The values of a map, each taken in turn.
    pub(super) fn members<T>(
        &mut self,
        members: impl Iterator<Item = (String, T)>,
        take: impl Fn(T, &mut Self),
    ) -> Value {
        let values = members.map(|(name, member)| {
            let (value, sensitive) = self.within(|fields| take(member, fields));
            self.carry(sensitive, |path| push_member(path, &name));
            (name, value)
        });
        Value::Object(values.collect())
    }

    pub(super) fn fail(&mut self, field: &'static str) {
        self.error = Some(unwritable(field));
    }

    /// Takes a part of the record, with the paths in it that are personal.
    fn within(&mut self, of: impl FnOnce(&mut Self)) -> (Value, Vec<String>) {
        if self.level >= MOST_LEVELS / 2 {
            return (marks::too_deep(self.level), Vec::new());
        }
        let fields = mem::take(&mut self.fields);
        let whole = self.whole.take();
        let masked = mem::take(&mut self.masked);
        let sensitive = mem::take(&mut self.sensitive);
        self.level += 1;
        of(self);
        self.level -= 1;
        let value = self.take_value();
        let inner = mem::replace(&mut self.sensitive, sensitive);
        self.fields = fields;
        self.whole = whole;
        self.masked = masked;
        (value, inner)
    }

    fn carry(&mut self, sensitive: Vec<String>, steps: impl Fn(&mut String)) {
        self.sensitive
            .extend(sensitive.into_iter().map(|mut inner| {
                let mut path = String::new();
                steps(&mut path);
                path::prefix(&mut inner, &path);
                inner
            }));
    }

    fn take_value(&mut self) -> Value {
        if let Some(whole) = self.whole.take() {
            return whole;
        }
        let fields = mem::take(&mut self.fields).into_iter();
        let members = fields.map(|(name, value)| (name.to_owned(), value));
        Value::Object(members.collect())
    }

    fn recorded(&mut self, field: &'static str, value: serde_json::Result<Recorded>) {
        match value {
            Ok(recorded) => self.push(field, recorded.value),
            Err(_) => self.fail(field),
        }
    }

    /// A field without a name is the whole of what it stands in.
    pub(super) fn push(&mut self, field: &'static str, value: Value) {
        if field.is_empty() {
            self.whole = Some(value);
        } else {
            self.fields.push((field, value));
        }
    }
}

/// What generated code calls.
#[doc(hidden)]
impl FieldSnapshot {
    pub fn field(&mut self, field: &'static str, value: &dyn Recordable) {
        self.recorded(field, value.to_recorded());
    }

    pub fn masked(&mut self, field: &'static str, value: &dyn Recordable) {
        match value.to_recorded() {
            Ok(recorded) => {
                self.push(field, marks::mark(marks::MASKED, recorded.value));
                self.masked.push(named(field));
            }
            Err(_) => self.fail(field),
        }
    }

    pub fn digest(&mut self, field: &'static str, value: &dyn Digestible) {
        match value.to_recorded() {
            Ok(recorded) => {
                let placeholder = placeholder(self.digests.len());
                self.digests.push(Plain(recorded.value));
                self.push(field, placeholder);
            }
            Err(_) => self.fail(field),
        }
    }

    #[must_use]
    pub fn mark(&self) -> SnapshotMark {
        SnapshotMark {
            fields: self.fields.len(),
            sensitive: self.sensitive.len(),
        }
    }

    /// Texts that were reported since `mark` keep at most so many characters.
    pub fn truncate(&mut self, mark: SnapshotMark, most: usize) {
        let fields = self.fields.iter_mut().skip(mark.fields);
        let values = fields.map(|(_, value)| value).chain(&mut self.whole);
        for value in values {
            self.cuts |= marks::to_be_cut(value, most);
        }
    }

    /// What was reported since `mark` is personal.
    pub fn sensitive(&mut self, mark: SnapshotMark) {
        self.sensitive.truncate(mark.sensitive);
        let fields = self.fields.iter().skip(mark.fields);
        self.sensitive.extend(fields.map(|(field, _)| named(field)));
        if self.whole.is_some() {
            self.sensitive.push(String::new());
        }
    }

    /// Reports the variant that the value is, and the fields of it.
    pub fn variant(&mut self, name: &'static str, take: impl FnOnce(&mut Self)) {
        let mut is_unit = false;
        let (inner, sensitive) = self.within(|fields| {
            take(fields);
            is_unit = fields.whole.is_none() && fields.fields.is_empty();
        });
        let value = if is_unit {
            Value::String(name.to_owned())
        } else {
            Value::Object(Map::from_iter([(name.to_owned(), inner)]))
        };
        let is_record = self.level == 0;
        self.carry(sensitive, |path| {
            if is_record {
                push_member(path, VARIANT);
            }
            push_member(path, name);
        });
        if is_record {
            self.push(VARIANT, value);
        } else {
            self.whole(value);
        }
    }
}

/// The path of a field by itself.
pub(super) fn named(field: &str) -> String {
    let mut path = String::with_capacity(field.len());
    if !field.is_empty() {
        push_member(&mut path, field);
    }
    path
}

pub(super) fn unwritable(field: &str) -> Error {
    Error::invalid(format!(
        "the field `{field}` cannot be written as JSON; mark it `#[audit(exclude)]` or `#[audit(redact)]`, or give its type another `Serialize`"
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;

    #[test]
    fn null_is_a_value() {
        let mut fields = FieldSnapshot::created();
        fields.track("assignee", &None::<&str>);
        let changes = fields.finish().unwrap();
        assert_eq!(
            changes.get("assignee").unwrap(),
            &Change::added(Value::Null)
        );
    }

    #[test]
    fn what_cannot_be_written_names_the_field_not_the_value() {
        let bad = HashMap::from([(vec![1, 2], "hunter2")]);
        let mut fields = FieldSnapshot::deleted();
        fields.track("by_pair", &bad);
        let error = fields.finish().unwrap_err().to_string();
        assert!(error.contains("`by_pair`") && !error.contains("hunter2"));
    }

    #[test]
    fn personal_parts_are_found_where_they_stand() {
        struct Phone;
        impl Nested for Phone {
            fn nested_diff(&self, _: &Self, _: &mut crate::FieldDiff) {}
            fn nested_snapshot(&self, fields: &mut FieldSnapshot) {
                let mark = fields.mark();
                fields.track("number", "555");
                fields.sensitive(mark);
            }
        }
        let mut fields = FieldSnapshot::created();
        fields.nested("phones", &vec![Phone, Phone]);
        let changes = fields.finish().unwrap();
        assert_eq!(
            changes.extra().unwrap().sensitive,
            ["phones[#0].number", "phones[#1].number"]
        );
        assert_eq!(
            changes.get("phones").unwrap().new,
            Some(json!([{"number": "555"}, {"number": "555"}]))
        );
    }
}
