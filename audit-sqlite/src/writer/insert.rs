//! One entry as one row.

use audit_core::{AuditEntry, Error, ErrorKind, Result};
use rusqlite::{CachedStatement, ToSql, params};
use serde::Serialize;
use serde_json::Value;

use super::intern::Numbers;
use crate::codec::{Numbered, RequestKey, duration_to_micros, ip_to_value};
use crate::error::{Phase, during, is_duplicate};

/// Both tables have the same columns, but for what says where the row belongs.
macro_rules! insert_into {
    ($verb:literal, $table:literal, $place:literal) => {
        concat!(
            $verb,
            " INTO ",
            $table,
            " (tenant, ",
            $place,
            ", id, time, recorded, verb, actor, outcome, severity, entity, label, shape, request_id, operation, ip, agent, request_data, changes, metadata, duration, cause, principal, reason, error_class, error_text, truncated, sensitive) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)"
        )
    };
}

/// Adds an entry, which belongs at an index.
pub(super) const INSERT: &str = insert_into!("INSERT", "audit_entry", "idx");
/// The same on the connection of a caller, by way of a view. `OR FAIL` spares the statement a
/// journal of its own: SQLite looks for a conflict before it writes anything of a row.
pub(super) const INSERT_FOR_CALLER: &str = insert_into!("INSERT OR FAIL", "audit_entry_in", "idx");
/// Adds an attempt, which belongs to the store that has opened it.
pub(super) const INSERT_ATTEMPT: &str = insert_into!("INSERT", "audit_attempt", "store");

/// How deeply a value may be nested: the parser that reads it back stops at 128 levels, of which
/// a change takes two.
const MAX_DEPTH: usize = 120;

/// The JSON columns, written into the same memory for each entry.
#[derive(Default)]
pub(super) struct Texts {
    request_data: Vec<u8>,
    changes: Vec<u8>,
    metadata: Vec<u8>,
    truncated: Vec<u8>,
    sensitive: Vec<u8>,
}

impl Texts {
    /// Writes the JSON columns of an entry.
    pub(super) fn write(&mut self, entry: &AuditEntry) -> Result<()> {
        write(
            &mut self.request_data,
            &entry.request_data,
            entry.request_data.is_empty(),
        )?;
        write(&mut self.changes, &entry.changes, entry.changes.is_empty())?;
        write(
            &mut self.metadata,
            &entry.metadata,
            entry.metadata.is_empty(),
        )?;
        write(
            &mut self.truncated,
            &entry.truncated,
            entry.truncated.is_empty(),
        )?;
        write(
            &mut self.sensitive,
            &entry.sensitive,
            entry.sensitive.is_empty(),
        )?;
        // A level takes two bytes at least, so that most entries need no look.
        if [&self.request_data, &self.changes, &self.metadata]
            .into_iter()
            .any(|text| text.len() > 2 * MAX_DEPTH)
        {
            check_depth(entry)?;
        }
        Ok(())
    }
}

/// Adds the row; `false` if its tenant has an entry with this id already.
pub(super) fn insert(
    statement: &mut CachedStatement<'_>,
    entry: &AuditEntry,
    tenant: i64,
    place: impl ToSql,
    numbers: Numbers,
    texts: &Texts,
) -> Result<bool> {
    let time = entry.timestamp.timestamp_micros();
    let error = entry.error.as_ref();
    let inserted = statement.execute(params![
        tenant,
        place,
        entry.id.as_bytes(),
        time,
        // Wrapping, since the times of an entry may be anything; reading adds it back the same way.
        entry.recorded_at.timestamp_micros().wrapping_sub(time),
        numbers.verb,
        numbers.actor,
        entry.outcome.number()?,
        entry.severity.number()?,
        numbers.entity,
        numbers.label,
        numbers.shape,
        entry.request_id.as_deref().map(RequestKey::of),
        entry.operation.as_ref().map(uuid::Uuid::as_bytes),
        entry.ip_address.map(ip_to_value),
        numbers.agent,
        column(&texts.request_data)?,
        column(&texts.changes)?,
        column(&texts.metadata)?,
        entry.duration.map(duration_to_micros),
        entry.cause.as_ref().map(uuid::Uuid::as_bytes),
        numbers.principal,
        entry.reason,
        error.map(|error| error.class.as_str()),
        error.map(|error| error.text.as_str()),
        column(&texts.truncated)?,
        column(&texts.sensitive)?,
    ]);
    match inserted {
        Ok(_) => Ok(true),
        Err(error) if is_duplicate(&error) => Ok(false),
        Err(error) => Err(during(Phase::Write)(error)),
    }
}

fn write(text: &mut Vec<u8>, value: &impl Serialize, is_absent: bool) -> Result<()> {
    text.clear();
    if is_absent {
        return Ok(());
    }
    serde_json::to_writer(text, value).map_err(|_| {
        Error::new(
            ErrorKind::Invalid,
            "the entry has a value that is no JSON; record it as text",
        )
    })
}

fn column(text: &[u8]) -> Result<Option<&str>> {
    if text.is_empty() {
        return Ok(None);
    }
    crate::codec::utf8(text).map(Some)
}

fn check_depth(entry: &AuditEntry) -> Result<()> {
    let changed = entry
        .changes
        .iter()
        .flat_map(|(_, change)| [&change.old, &change.new]);
    let values = changed
        .flatten()
        .chain(entry.request_data.values())
        .chain(entry.metadata.values());
    for value in values {
        if !is_within(value, MAX_DEPTH) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "a value is nested more than {MAX_DEPTH} levels deep; record it as text, or only the part that matters"
                ),
            ));
        }
    }
    Ok(())
}

fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => false,
        Value::Array(items) => items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(members) => members.values().all(|member| is_within(member, levels - 1)),
        _ => true,
    }
}
