//! Typed changes and rows: when both tell of the same.

use audit_core::{AuditEntry, Change, Changes, MASK, Outcome, Tenant, action};
use serde_json::{Number, Value};

use crate::tracking::RowChange;

/// What a change is about.
pub(super) struct Key {
    /// Nothing where neither the row nor a context says it.
    tenant: Option<Tenant>,
    entity_type: String,
    /// The text of the id: a column may hold that of what is a number or a UUID in the type.
    pub(super) id: String,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Create,
    Update,
    Delete,
    /// An action of another name that only adds: the row says whether the record came or changed.
    Adds,
    /// The same of one that only takes away.
    TakesAway,
}

impl Key {
    /// What a row tells of, where `tenant` is whose it is if the row does not say it.
    pub(super) fn of_row(change: &RowChange, tenant: Option<&Tenant>) -> Option<Self> {
        if change.summary.is_some() {
            return None;
        }
        Some(Self {
            tenant: change.tenant.as_ref().or(tenant).cloned(),
            entity_type: change.entity_type.clone(),
            id: change.id.as_ref()?.to_string(),
            kind: Kind::of_row(change.action)?,
        })
    }

    /// What a typed entry tells of, if it tells of what changed.
    ///
    /// What failed or was denied tells of no change, whatever it had begun: a row that is committed all
    /// the same is told of by itself.
    pub(super) fn of_entry(entry: &AuditEntry) -> Option<Self> {
        if entry.changes.is_empty() || entry.outcome != Outcome::Success {
            return None;
        }
        let kind = Kind::of_row(&entry.action).unwrap_or_else(|| Kind::of_changes(&entry.changes));
        Some(Self {
            tenant: Some(entry.tenant.clone()),
            entity_type: entry.entity_type()?.to_owned(),
            id: entry.entity_id()?.to_string(),
            kind,
        })
    }

    /// Whether both are about one record, to which the same happened.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.kind == other.kind && self.is_of_record(other)
    }

    /// Whether this typed change may be what happened to a row.
    pub(super) fn fits(&self, row: &Self) -> bool {
        self.kind.fits(row.kind) && self.is_of_record(row)
    }

    /// Whether both are about one record, whatever happened to it.
    pub(super) fn is_of_record(&self, other: &Self) -> bool {
        let is_one_log = match (&self.tenant, &other.tenant) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        self.id == other.id && is_one_log && self.entity_type == other.entity_type
    }
}

impl Kind {
    fn of_row(action: &str) -> Option<Self> {
        match action {
            action::CREATE => Some(Self::Create),
            action::UPDATE => Some(Self::Update),
            action::DELETE => Some(Self::Delete),
            _ => None,
        }
    }

    pub(super) fn fits(self, row: Self) -> bool {
        match self {
            Self::Adds => row != Self::Delete,
            Self::TakesAway => row != Self::Create,
            same => same == row,
        }
    }

    /// A creation has only new values, a deletion only old ones.
    fn of_changes(changes: &Changes) -> Self {
        let (mut old, mut new) = (false, false);
        for (_, change) in changes.iter() {
            old |= change.old.is_some();
            new |= change.new.is_some();
        }
        match (old, new) {
            (false, true) => Self::Adds,
            (true, false) => Self::TakesAway,
            _ => Self::Update,
        }
    }
}

/// The fields of which both tell, and not the same.
pub(super) fn differing(row: &Changes, typed: &Changes) -> Vec<Value> {
    let both = row
        .iter()
        .filter_map(|(path, change)| Some((path, change, typed.get(path)?)));
    both.filter(|(_, row, typed)| !is_same(row, typed))
        .map(|(path, ..)| Value::from(path))
        .collect()
}

/// Whether a row was made what a typed change begins with: then it is not the change of the row itself.
pub(super) fn leads_to(row: &Changes, typed: &Changes) -> bool {
    let mut both = row
        .iter()
        .filter_map(|(path, row)| Some((row.new.as_ref(), typed.get(path)?.old.as_ref())))
        .peekable();
    both.peek().is_some()
        && both.all(|(row, typed)| match (row, typed) {
            (Some(row), Some(typed)) => is_same_value(row, typed),
            _ => false,
        })
}

pub(super) fn is_same(row: &Change, typed: &Change) -> bool {
    let side = |row: &Option<Value>, typed: &Option<Value>| match (row, typed) {
        (Some(row), Some(typed)) => is_same_value(row, typed),
        _ => true,
    };
    side(&row.old, &typed.old) && side(&row.new, &typed.new)
}

/// A column knows fewer types than a record does: a truth value is a number there, and whatever
/// has a text form may be one.
fn is_same_value(row: &Value, typed: &Value) -> bool {
    match (row, typed) {
        (Value::Number(number), Value::Bool(is_true)) => {
            number.as_i64() == Some(i64::from(*is_true))
        }
        (Value::Number(row), Value::Number(typed)) => is_same_number(row, typed),
        // What is masked has nothing left that could be compared.
        (Value::String(hidden), _) | (_, Value::String(hidden)) if hidden == MASK => true,
        (Value::String(row), Value::String(typed)) => is_same_text(row, typed),
        // Masked, hashed, cut, or of a form of its own: nothing that could be compared.
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => true,
        // Null is nothing, and no text of it.
        (Value::String(_), Value::Null) | (Value::Null, Value::String(_)) => false,
        (Value::String(text), other) | (other, Value::String(text)) => {
            let other = other.to_string();
            *text == other
        }
        (row, typed) => row == typed,
    }
}

/// Integers are compared as such: as floats many of them are one.
fn is_same_number(one: &Number, other: &Number) -> bool {
    if one.is_f64() || other.is_f64() {
        return one.as_f64() == other.as_f64();
    }
    one == other
}

/// Where the sanitizer has masked a part of a text, the row may hold anything; the rest has to be there.
fn is_same_text(row: &str, typed: &str) -> bool {
    let Some((first, behind)) = typed.split_once(MASK) else {
        return row == typed;
    };
    let Some(mut rest) = row.strip_prefix(first) else {
        return false;
    };
    let (middle, last) = behind.rsplit_once(MASK).unwrap_or(("", behind));
    for part in middle.split(MASK) {
        match rest.split_once(part) {
            Some((_, behind)) => rest = behind,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_column_and_a_field_may_say_the_same_in_other_words() {
        for (row, typed) in [
            (json!(1), json!(true)),
            (json!(2.0), json!(2)),
            (json!("7"), json!(7)),
            (json!(null), json!(null)),
            (json!("x"), json!({"$masked": "…"})),
            (json!("DE89"), json!("********")),
            (json!(7), json!("********")),
            (
                json!("password=abc in it"),
                json!("password=******** in it"),
            ),
            (json!("a 1, b 22."), json!("a ********, b ********.")),
        ] {
            assert!(is_same_value(&row, &typed), "{row} {typed}");
        }
        for (row, typed) in [
            (json!(0), json!(true)),
            (json!("a"), json!("b")),
            (json!(null), json!(0)),
            (json!("null"), json!(null)),
            (
                json!(9_007_199_254_740_993_i64),
                json!(9_007_199_254_740_992_i64),
            ),
            (
                json!("password=abc in it"),
                json!("password=******** on it"),
            ),
            (json!("a password=abc"), json!("password=********")),
            (json!("ab"), json!("abb********b")),
            (json!("1 and 2"), json!("********, and ********")),
        ] {
            assert!(!is_same_value(&row, &typed), "{row} {typed}");
        }
    }
}
