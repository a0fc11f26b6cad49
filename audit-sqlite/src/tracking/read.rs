//! From a row of the staging table to a change.

use std::fmt::Write as _;

use audit_core::{ColumnValue, EntityId, MAX_ID_BYTES, Result, RowDiff, Tenant};
use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::change::RowChange;
use super::layout::{Field, Kind, Layout, Staged, TenantSource};
use crate::error::{Phase, during};

/// The columns before the first value: n, source, operation, time.
const BEFORE_VALUES: usize = 4;

/// The slot of why capture was paused.
pub(super) const NOTE_REASON: usize = 1;

/// Reads a staged row.
pub(super) fn read(row: &Row<'_>, layout: &Layout, staged: Staged) -> Result<RowChange> {
    let slots = Slots { row };
    let mut change = RowChange {
        table: layout.table.clone(),
        entity_type: layout.entity_type.clone(),
        id: None,
        name: None,
        tenant: match &layout.tenant {
            TenantSource::Constant(tenant) => Some(Tenant::from(tenant)),
            TenantSource::Context | TenantSource::Slot(_) => None,
        },
        action: staged.action(),
        changes: audit_core::Changes::new(),
        time: time(row)?,
        reason: None,
        summary: None,
    };
    if matches!(staged, Staged::Paused | Staged::Resumed) {
        change.reason = text(slots.get(NOTE_REASON)?);
        let told = tenant(slots.get_ref(layout.note_tenant())?);
        change.tenant = told.or(change.tenant);
        return Ok(change);
    }
    if let TenantSource::Slot(slot) = layout.tenant {
        change.tenant = tenant(slots.get_ref(slot)?);
    }
    let mut ids = Vec::with_capacity(1);
    for place in &layout.ids {
        if let Some(field) = layout.fields.get(*place) {
            let is_old = staged == Staged::Delete;
            ids.push(slots.get(if is_old { field.slot } else { field.slot + 1 })?);
        }
    }
    change.id = id(&ids);
    if let Some(slot) = layout.name {
        change.name = text(slots.get(slot)?);
    }
    let mut diff = RowDiff::new();
    for field in &layout.fields {
        if field.is_allowed {
            let mut told = Ok(());
            diff.allowed(|diff| told = tell(diff, field, staged, &slots));
            told?;
        } else {
            tell(&mut diff, field, staged, &slots)?;
        }
    }
    change.changes = diff.finish();
    Ok(change)
}

/// The tenant that a value names, if it can be one.
pub(super) fn tenant(value: ValueRef<'_>) -> Option<Tenant> {
    text(column_value(value))
        .map(Tenant::from)
        .filter(|tenant| tenant.check().is_ok())
}

/// A change of which nothing is known but that there was one: what says how to read it is gone.
pub(super) fn unreadable(row: &Row<'_>) -> Result<RowChange> {
    Ok(RowChange {
        table: "unknown".to_owned(),
        entity_type: "unknown".to_owned(),
        id: None,
        name: None,
        tenant: None,
        action: "capture_unreadable",
        changes: audit_core::Changes::new(),
        time: time(row)?,
        reason: None,
        summary: None,
    })
}

fn tell(diff: &mut RowDiff, field: &Field, staged: Staged, slots: &Slots<'_>) -> Result<()> {
    let (has_old, has_new) = match staged {
        Staged::Update => (true, true),
        Staged::Delete => (true, false),
        _ => (false, true),
    };
    let is_change = has_old && has_new;
    // An id that changes is told of in any case: the entry itself names only one of both.
    if !field.is_told && !is_change {
        return Ok(());
    }
    if field.kind == Kind::Redacted {
        if !is_change || slots.get(field.slot)? == ColumnValue::Integer(1) {
            diff.redacted_column(&field.shown, has_old, has_new);
        }
        return Ok(());
    }
    let old = has_old.then(|| slots.get(field.slot)).transpose()?;
    let new = has_new.then(|| slots.get(field.slot + 1)).transpose()?;
    if field.kind == Kind::Json {
        diff.json_column(&field.shown, old, new);
    } else {
        diff.column(&field.shown, old, new);
    }
    Ok(())
}

struct Slots<'a> {
    row: &'a Row<'a>,
}

impl<'a> Slots<'a> {
    fn get(&self, slot: usize) -> Result<ColumnValue<'a>> {
        self.get_ref(slot).map(column_value)
    }

    fn get_ref(&self, slot: usize) -> Result<ValueRef<'a>> {
        self.row
            .get_ref(BEFORE_VALUES + slot - 1)
            .map_err(during(Phase::Read))
    }
}

fn column_value(value: ValueRef<'_>) -> ColumnValue<'_> {
    match value {
        ValueRef::Null => ColumnValue::Null,
        ValueRef::Integer(number) => ColumnValue::Integer(number),
        ValueRef::Real(number) => ColumnValue::Real(number),
        ValueRef::Text(text) => ColumnValue::Text(text),
        ValueRef::Blob(bytes) => ColumnValue::Blob(bytes),
    }
}

fn time(row: &Row<'_>) -> Result<DateTime<Utc>> {
    let micros: i64 = row.get(3).map_err(during(Phase::Read))?;
    Ok(DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH))
}

/// A value as people read it: names and tenants.
fn text(value: ColumnValue<'_>) -> Option<String> {
    match value {
        ColumnValue::Integer(number) => Some(number.to_string()),
        ColumnValue::Real(number) => Some(number.to_string()),
        ColumnValue::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
        ColumnValue::Blob(bytes) => Uuid::from_slice(bytes).ok().map(|id| id.to_string()),
        _ => None,
    }
}

/// The id of a record: in the type of its column, or several as the text of a JSON array.
fn id(values: &[ColumnValue<'_>]) -> Option<EntityId> {
    let text = match values {
        [ColumnValue::Null] => return None,
        [ColumnValue::Integer(number)] => return Some(EntityId::from(*number)),
        [ColumnValue::Blob(bytes)] if bytes.len() == 16 => {
            return Uuid::from_slice(bytes).ok().map(EntityId::from);
        }
        [ColumnValue::Text(text)] if str::from_utf8(text).is_ok() => {
            String::from_utf8_lossy(text).into_owned()
        }
        [one] => one.to_json().to_string(),
        several => {
            let values: Value = several.iter().map(|value| value.to_json()).collect();
            values.to_string()
        }
    };
    Some(if text.len() > MAX_ID_BYTES {
        // An id is never cut, since two ids must never become one.
        let mut digest = "sha256:".to_owned();
        for byte in Sha256::digest(text.as_bytes()) {
            // Writing to a string never fails.
            let _ = write!(digest, "{byte:02x}");
        }
        EntityId::from(digest)
    } else {
        EntityId::from(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_every_type_stay_apart() {
        let uuid = Uuid::from_u128(7);
        for (values, expected) in [
            (vec![ColumnValue::Integer(7)], EntityId::from(7)),
            (vec![ColumnValue::Text(b"7")], EntityId::from("7")),
            (vec![ColumnValue::Real(7.0)], EntityId::from("7.0")),
            (
                vec![ColumnValue::Blob(uuid.as_bytes())],
                EntityId::from(uuid),
            ),
            (
                vec![ColumnValue::Blob(&[1, 255])],
                EntityId::from(r#"{"$blob":"01ff"}"#),
            ),
            (
                vec![ColumnValue::Text(b"a,1"), ColumnValue::Integer(2)],
                EntityId::from(r#"["a,1",2]"#),
            ),
            (
                vec![ColumnValue::Null, ColumnValue::Text(b"2")],
                EntityId::from(r#"[null,"2"]"#),
            ),
        ] {
            assert_eq!(id(&values), Some(expected));
        }
        assert_eq!(id(&[ColumnValue::Null]), None);
    }

    #[test]
    fn an_id_that_is_too_long_becomes_a_digest() {
        let text = "x".repeat(MAX_ID_BYTES + 1);
        let long = |text: &str| {
            id(&[ColumnValue::Text(text.as_bytes())])
                .unwrap()
                .to_string()
        };
        assert_eq!(long("abc").len(), 3);
        let digest = long(&text);
        assert!(
            digest.starts_with("sha256:") && digest.len() == 71,
            "{digest}"
        );
        assert_ne!(digest, long(&(text + "y")));
    }
}
