//! What a record's fields report to.

use serde::Serialize;
use serde_json::Value;

use crate::MASK;
use crate::diff::Recordable;
use crate::entry::{Change, Changes};
use crate::error::{Error, Result};

/// Collects the fields that differ. Costs nothing while nothing differs.
#[derive(Debug, Default)]
pub struct FieldDiff {
    changes: Changes,
    error: Option<Error>,
}

impl FieldDiff {
    /// Nothing differs yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares a field; its values are read as JSON only if they differ.
    pub fn track<T>(&mut self, field: &'static str, before: &T, after: &T)
    where
        T: PartialEq + Serialize + ?Sized,
    {
        if before != after {
            self.differs(field, before.to_json(), after.to_json());
        }
    }

    /// Reports a field that differs, for generated code, which has compared it.
    #[doc(hidden)]
    pub fn changed(
        &mut self,
        field: &'static str,
        before: &dyn Recordable,
        after: &dyn Recordable,
    ) {
        self.differs(field, before.to_json(), after.to_json());
    }

    /// Reports a field that differs and whose values are never stored, for generated code.
    #[doc(hidden)]
    pub fn changed_secret(&mut self, field: &'static str) {
        let change = Change::replaced(masked(), masked());
        self.changes.push(field.to_owned(), change);
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

    /// The changes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field that differs cannot be
    /// written as JSON.
    pub fn finish(self) -> Result<Changes> {
        finish(self.changes, self.error)
    }

    #[cold]
    fn differs(
        &mut self,
        field: &'static str,
        before: serde_json::Result<Value>,
        after: serde_json::Result<Value>,
    ) {
        match (before, after) {
            (Ok(old), Ok(new)) => {
                let change = Change::replaced(old, new);
                self.changes.push(field.to_owned(), change);
            }
            _ => self.error = Some(unwritable(field)),
        }
    }
}

/// Collects every field with its value: what a record was when it was created, or last was.
#[derive(Debug)]
pub struct FieldSnapshot {
    changes: Changes,
    created: bool,
    error: Option<Error>,
}

impl FieldSnapshot {
    /// The fields of a record that came to be: there are only new values.
    #[must_use]
    pub fn created() -> Self {
        Self {
            changes: Changes::new(),
            created: true,
            error: None,
        }
    }

    /// The fields of a record that went: there are only old values.
    #[must_use]
    pub fn deleted() -> Self {
        Self {
            created: false,
            ..Self::created()
        }
    }

    /// Reports a field with its value.
    pub fn track<T: Serialize + ?Sized>(&mut self, field: &'static str, value: &T) {
        self.take(field, value.to_json());
    }

    /// Reports a field with its value, for generated code.
    #[doc(hidden)]
    pub fn field(&mut self, field: &'static str, value: &dyn Recordable) {
        self.take(field, value.to_json());
    }

    /// Reports that a field is there; its value is never stored.
    pub fn redact(&mut self, field: &'static str) {
        self.push(field, masked());
    }

    /// The snapshot, as changes that have one side only.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if a field cannot be written as JSON.
    pub fn finish(self) -> Result<Changes> {
        finish(self.changes, self.error)
    }

    fn take(&mut self, field: &'static str, value: serde_json::Result<Value>) {
        match value {
            Ok(value) => self.push(field, value),
            Err(_) => self.error = Some(unwritable(field)),
        }
    }

    fn push(&mut self, field: &'static str, value: Value) {
        let change = if self.created {
            Change::added(value)
        } else {
            Change::removed(value)
        };
        self.changes.push(field.to_owned(), change);
    }
}

fn masked() -> Value {
    Value::String(MASK.to_owned())
}

fn finish(changes: Changes, error: Option<Error>) -> Result<Changes> {
    match error {
        Some(error) => Err(error),
        None => Ok(changes),
    }
}

fn unwritable(field: &str) -> Error {
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
    fn equal_fields_report_nothing_and_are_not_serialized() {
        struct Unwritable;
        impl PartialEq for Unwritable {
            fn eq(&self, _: &Self) -> bool {
                true
            }
        }
        impl Serialize for Unwritable {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("read without need"))
            }
        }
        let mut fields = FieldDiff::new();
        fields.track("a", &Unwritable, &Unwritable);
        fields.redact("b", &1, &1);
        assert!(fields.finish().unwrap().is_empty());
    }

    #[test]
    fn none_and_null_and_absent_are_told_apart() {
        let mut fields = FieldDiff::new();
        fields.track("assignee", &None::<&str>, &Some("ada"));
        let changes = fields.finish().unwrap();
        assert_eq!(
            changes.get("assignee").unwrap(),
            &Change::replaced(Value::Null, json!("ada"))
        );

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
}
