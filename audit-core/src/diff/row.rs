//! What happened to a row of a table, for stores that see rows and not records.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::FieldDiff;
use super::recorded::{Recorded, record};
use super::snapshot::named;
use super::{exact, inside};
use crate::MASK;
use crate::entry::{Change, Changes, marks};

/// Whether two values are one to a database, which knows fewer types than a program: a truth value is a
/// number there, and a number has a fraction if the column says so.
pub(crate) fn is_one_to_a_database(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Bool(is_true), Value::Number(number))
        | (Value::Number(number), Value::Bool(is_true)) => {
            number.as_i64() == Some(i64::from(*is_true))
        }
        (Value::Number(one), Value::Number(other)) if one.is_f64() != other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        (one, other) => one == other,
    }
}

/// A value of a database column, as the database knows it.
///
/// In [`Changes`] an integer is an integer and a real number is one with a fraction, however it
/// is written: `1` and `1.0` stay apart. What JSON has no word for becomes a mark, see [`Change`].
///
/// ```
/// use audit_core::ColumnValue;
/// use serde_json::json;
///
/// assert_eq!(ColumnValue::Integer(i64::MAX).to_json(), json!(9_223_372_036_854_775_807_i64));
/// assert_eq!(ColumnValue::Real(f64::INFINITY).to_json(), json!({"$float": "inf"}));
/// assert_eq!(ColumnValue::Blob(&[0, 255]).to_json(), json!({"$blob": "00ff"}));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum ColumnValue<'a> {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A real number.
    Real(f64),
    /// A text, which a database need not have checked to be UTF-8.
    Text(&'a [u8]),
    /// Bytes.
    Blob(&'a [u8]),
}

impl ColumnValue<'_> {
    /// The value as it stands in changes.
    #[must_use]
    pub fn to_json(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => number.into(),
            Self::Real(number) => {
                Number::from_f64(number).map_or_else(|| marks::float(number), Value::Number)
            }
            Self::Text(text) => match str::from_utf8(text) {
                Ok(text) => text.into(),
                Err(_) => marks::mark(marks::TEXT, hexadecimal(text)),
            },
            Self::Blob(bytes) => marks::mark(marks::BLOB, hexadecimal(bytes)),
        }
    }

    /// What a text says as JSON; anything else, and a text that is none, as it is.
    fn parsed(self) -> Recorded {
        let parsed = match self {
            Self::Text(text) => exact::read(text),
            _ => None,
        };
        parsed
            .and_then(|value| record(&value).ok())
            .unwrap_or_else(|| self.to_json().into())
    }
}

/// Collects what happened to the columns of a row.
///
/// A side that is absent says that there was no row: a row that came has new values only, one
/// that went old ones only. The values have not passed a sanitizer.
///
/// ```
/// use audit_core::{ColumnValue, RowDiff};
/// use serde_json::json;
///
/// let mut row = RowDiff::new();
/// row.column("status", Some(ColumnValue::Text(b"open")), Some(ColumnValue::Text(b"closed")));
/// row.column("owner", Some(ColumnValue::Null), Some(ColumnValue::Null));
/// assert_eq!(
///     serde_json::to_value(row.finish()).unwrap(),
///     json!({"status": {"old": "open", "new": "closed"}}),
/// );
/// ```
#[derive(Debug, Default)]
pub struct RowDiff {
    fields: FieldDiff,
}

impl RowDiff {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A column with the values that it had and has. Two that are the same, in the same type, are
    /// no change.
    pub fn column(
        &mut self,
        name: &str,
        old: Option<ColumnValue<'_>>,
        new: Option<ColumnValue<'_>>,
    ) {
        if old == new {
            return;
        }
        let change = Change {
            old: old.map(ColumnValue::to_json),
            new: new.map(ColumnValue::to_json),
            ..Change::default()
        };
        self.fields.push(named(name), change);
    }

    /// A column that holds JSON as text: what changed inside of an object is told by member, at
    /// paths such as `settings.theme`.
    pub fn json_column(
        &mut self,
        name: &str,
        old: Option<ColumnValue<'_>>,
        new: Option<ColumnValue<'_>>,
    ) {
        if old == new {
            return;
        }
        let mark = self.fields.mark();
        match (old, new) {
            (Some(old), Some(new)) => {
                let is_map = |recorded: Recorded| Recorded {
                    is_map: marks::is_open(&recorded.value),
                    ..recorded
                };
                let (old, new) = (is_map(old.parsed()), is_map(new.parsed()));
                inside::compare(old, new, &mut self.fields);
            }
            (old, new) => {
                let change = Change {
                    old: old.map(|old| old.parsed().value),
                    new: new.map(|new| new.parsed().value),
                    ..Change::default()
                };
                self.fields.push(String::new(), change);
            }
        }
        self.fields.put_in(mark, name);
    }

    /// A column whose values are never told: only on which sides there was one.
    pub fn redacted_column(&mut self, name: &str, has_old: bool, has_new: bool) {
        let mask = |is_there: bool| is_there.then(|| Value::String(MASK.to_owned()));
        let change = Change {
            old: mask(has_old),
            new: mask(has_new),
            ..Change::default()
        };
        self.fields.push(named(name), change);
    }

    /// Reports columns whose name is no secret, although a sanitizer would take it for one. What
    /// looks like a secret by itself is still masked.
    pub fn allowed(&mut self, report: impl FnOnce(&mut Self)) {
        let mark = self.fields.mark();
        report(self);
        self.fields.allow(mark);
    }

    /// The changes.
    #[must_use]
    pub fn finish(self) -> Changes {
        self.fields.into_changes()
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string never fails.
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Sanitizer;
    use crate::sanitize::choke;

    fn json(row: RowDiff) -> Value {
        serde_json::to_value(row.finish()).unwrap()
    }

    #[test]
    fn values_of_every_type_stay_what_they_are() {
        let mut row = RowDiff::new();
        let one = (ColumnValue::Integer(1), ColumnValue::Real(1.0));
        row.column("n", Some(one.0), Some(one.1));
        row.column("nothing", None, Some(ColumnValue::Null));
        row.column("a.b", None, Some(ColumnValue::Text(&[0xff])));
        let changes = row.finish();
        let written = serde_json::to_string(&changes).unwrap();
        assert_eq!(
            written,
            r#"{"n":{"old":1,"new":1.0},"nothing":{"new":null},"[\"a.b\"]":{"new":{"$text":"ff"}}}"#
        );
    }

    #[test]
    fn json_is_told_by_member() {
        let text = |text: &'static str| Some(ColumnValue::Text(text.as_bytes()));
        let mut row = RowDiff::new();
        row.json_column(
            "s",
            text(r#"{"a": 1, "b": [1]}"#),
            text(r#"{"b": [1], "a": 2}"#),
        );
        row.json_column("same", text(r#"{"a":1}"#), text(r#"{ "a" : 1 }"#));
        row.json_column("odd", text("{"), text("[1]"));
        row.json_column("new", None, text(r#"{"$blob": 1}"#));
        assert_eq!(
            json(row),
            json!({
                "s.a": {"old": 1, "new": 2},
                "odd": {"old": "{", "new": [1]},
                "new": {"new": {"$$blob": 1}},
            })
        );
    }

    #[test]
    fn what_is_allowed_is_seen_and_what_is_redacted_is_not() {
        let mut row = RowDiff::new();
        row.redacted_column("pin", false, true);
        row.allowed(|row| row.column("sort_key", None, Some(ColumnValue::Text(b"a"))));
        row.column("key", None, Some(ColumnValue::Text(b"b")));
        let mut entry = crate::AuditEntry::new(
            uuid::Uuid::nil(),
            chrono::DateTime::UNIX_EPOCH,
            "acme".into(),
            crate::Actor::system(),
            "create",
        );
        entry.changes = row.finish();
        choke::pass(&mut entry, &Sanitizer::default(), 1 << 20);
        assert_eq!(
            serde_json::to_value(&entry.changes).unwrap(),
            json!({"pin": {"new": MASK}, "sort_key": {"new": "a"}, "key": {"new": MASK}})
        );
    }
}
