//! Rows of tracked tables that the transaction has changed: whose changes they are, and which of
//! them somebody has told of already.

use audit_core::{
    AuditContext, AuditEntry, Auditor, Change, Changes, EntityId, Result, Sanitizer, Tenant,
    TransactionScope, action,
};
use serde_json::Value;

use crate::tracking::RowChange;

/// The member of the metadata that names the fields on which a typed change and the row disagree.
const DISAGREES: &str = "capture_disagrees";

/// What is known of changed rows.
pub(super) struct Claims {
    /// Whether the file has tracked tables at all.
    pub(super) is_tracking: bool,
    /// For rows that nobody claims.
    sanitizer: Sanitizer,
    /// The auditor that the transaction was begun with.
    named: Option<Auditor>,
    /// Typed changes that were told of before their rows were written.
    told: Vec<Told>,
}

/// A typed change, which is the same change as that of its row.
struct Told {
    seq: i64,
    key: Key,
    changes: Changes,
}

#[derive(PartialEq)]
struct Key {
    tenant: Tenant,
    entity_type: String,
    id: EntityId,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Create,
    Update,
    Delete,
}

impl Claims {
    pub(super) fn new(is_tracking: bool, sanitizer: Sanitizer, named: Option<Auditor>) -> Self {
        Self {
            is_tracking,
            sanitizer,
            named,
            told: Vec::new(),
        }
    }

    /// The entry of a changed row; nothing if one of `typed`, or one before, tells of it.
    pub(super) fn entry(
        &mut self,
        change: RowChange,
        typed: &mut [AuditEntry],
        is_told: &mut [bool],
    ) -> Result<Option<AuditEntry>> {
        let Some(key) = Self::key_of(&change) else {
            return self.attributed(change);
        };
        for (entry, is_told) in typed.iter_mut().zip(is_told) {
            if !*is_told && key_of_entry(entry).as_ref() == Some(&key) {
                *is_told = true;
                let differing = differing(&change.changes, &entry.changes);
                if !differing.is_empty() {
                    entry
                        .metadata
                        .insert(DISAGREES.to_owned(), differing.into());
                }
                return Ok(None);
            }
        }
        let told = self.told.iter().position(|told| told.key == key);
        if let Some(told) = told.map(|place| self.told.swap_remove(place)) {
            let differing = differing(&change.changes, &told.changes);
            if differing.is_empty() {
                return Ok(None);
            }
            // That entry is written; what the row says stands beside it.
            let mut entry = self.attributed(change)?;
            if let Some(entry) = &mut entry {
                entry
                    .metadata
                    .insert(DISAGREES.to_owned(), differing.into());
            }
            return Ok(entry);
        }
        self.attributed(change)
    }

    /// Remembers a typed change whose row has not been seen.
    pub(super) fn remember(&mut self, entry: &AuditEntry, seq: i64) {
        if self.is_tracking
            && let Some(key) = key_of_entry(entry)
        {
            let changes = entry.changes.clone();
            self.told.push(Told { seq, key, changes });
        }
    }

    /// Forgets what a savepoint took back.
    pub(super) fn forget_after(&mut self, seq: i64) {
        self.told.retain(|told| told.seq <= seq);
    }

    /// An entry of the current context, or of nobody where there is none.
    fn attributed(&self, change: RowChange) -> Result<Option<AuditEntry>> {
        let auditor = self.named.clone().or_else(Auditor::current);
        match (auditor, AuditContext::current()) {
            (Some(auditor), Some(_)) => TransactionScope::entry(change.into_draft(&auditor)),
            _ => Ok(Some(change.into_unattributed(&self.sanitizer))),
        }
    }

    fn key_of(change: &RowChange) -> Option<Key> {
        if change.summary.is_some() {
            return None;
        }
        let kind = match change.action {
            action::CREATE => Kind::Create,
            action::UPDATE => Kind::Update,
            action::DELETE => Kind::Delete,
            _ => return None,
        };
        let context = || Some(AuditContext::current()?.tenant().clone());
        Some(Key {
            tenant: change.tenant.clone().or_else(context)?,
            entity_type: change.entity_type.clone(),
            id: change.id.clone()?,
            kind,
        })
    }
}

/// What a typed entry tells of, if it tells of what changed.
fn key_of_entry(entry: &AuditEntry) -> Option<Key> {
    if entry.changes.is_empty() {
        return None;
    }
    let kind = match entry.action.as_str() {
        action::CREATE => Kind::Create,
        action::UPDATE => Kind::Update,
        action::DELETE => Kind::Delete,
        _ => kind_of(&entry.changes),
    };
    Some(Key {
        tenant: entry.tenant.clone(),
        entity_type: entry.entity_type()?.to_owned(),
        id: entry.entity_id()?.clone(),
        kind,
    })
}

/// A creation has only new values, a deletion only old ones.
fn kind_of(changes: &Changes) -> Kind {
    let (mut old, mut new) = (false, false);
    for (_, change) in changes.iter() {
        old |= change.old.is_some();
        new |= change.new.is_some();
    }
    match (old, new) {
        (false, true) => Kind::Create,
        (true, false) => Kind::Delete,
        _ => Kind::Update,
    }
}

/// The fields of which both tell, and not the same.
fn differing(row: &Changes, typed: &Changes) -> Vec<Value> {
    let both = row
        .iter()
        .filter_map(|(path, change)| Some((path, change, typed.get(path)?)));
    both.filter(|(_, row, typed)| !is_same(row, typed))
        .map(|(path, ..)| Value::from(path))
        .collect()
}

fn is_same(row: &Change, typed: &Change) -> bool {
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
        (Value::Number(row), Value::Number(typed)) => row.as_f64() == typed.as_f64(),
        (Value::String(row), Value::String(typed)) => row == typed,
        // Masked, hashed, cut, or of a form of its own: nothing that could be compared.
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => true,
        (Value::String(text), other) | (other, Value::String(text)) => {
            let other = other.to_string();
            *text == other
        }
        (row, typed) => row == typed,
    }
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
        ] {
            assert!(is_same_value(&row, &typed), "{row} {typed}");
        }
        for (row, typed) in [
            (json!(0), json!(true)),
            (json!("a"), json!("b")),
            (json!(null), json!(0)),
        ] {
            assert!(!is_same_value(&row, &typed), "{row} {typed}");
        }
    }
}
