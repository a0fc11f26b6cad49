//! One entry as one row.

use audit_core::{AuditEntry, Result};
use rusqlite::CachedStatement;
use rusqlite::types::ToSqlOutput;
use rusqlite::types::ValueRef::{self, Blob, Integer, Null, Text};

use super::intern::Numbers;
use super::texts::Texts;
use crate::codec::{Numbered, RequestKey, duration_to_micros, ip_to_value};
use crate::error::{Phase, during, is_duplicate};

/// Both tables have the same columns, but for what says where the row belongs.
macro_rules! insert_into {
    ($table:literal, $place:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (tenant, ",
            $place,
            ", id, time, recorded, verb, actor, outcome, severity, entity, label, shape, request_id, operation, ip, agent, request_data, changes, metadata, duration, cause, principal, reason, error_class, error_text, truncated, sensitive) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)"
        )
    };
}

/// Adds an entry, which belongs at an index.
pub(super) const INSERT: &str = insert_into!("audit_entry", "idx");
/// Adds an attempt, which belongs to the store that has opened it.
pub(super) const INSERT_ATTEMPT: &str = insert_into!("audit_attempt", "store");

/// Adds the row; `false` if its tenant has an entry with this id already.
pub(super) fn insert(
    statement: &mut CachedStatement<'_>,
    entry: &AuditEntry,
    tenant: i64,
    place: ValueRef<'_>,
    numbers: Numbers,
    texts: &Texts,
) -> Result<bool> {
    let time = entry.timestamp.timestamp_micros();
    let request_id = entry.request_id.as_deref().map(RequestKey::of);
    let request_id = request_id.map(|id| id.to_value());
    let ip = entry.ip_address.map(ip_to_value);
    let error = entry.error.as_ref();
    let row = [
        Integer(tenant),
        place,
        Blob(entry.id.as_bytes()),
        Integer(time),
        // Wrapping, since the times of an entry may be anything; reading adds it back the same way.
        Integer(entry.recorded_at.timestamp_micros().wrapping_sub(time)),
        Integer(numbers.verb),
        Integer(numbers.actor),
        Integer(entry.outcome.number()?),
        Integer(entry.severity.number()?),
        or_null(numbers.entity, Integer),
        or_null(numbers.label, Integer),
        or_null(numbers.shape, Integer),
        or_null(request_id.as_ref(), ValueRef::from),
        or_null(entry.operation.as_ref(), |id| Blob(id.as_bytes())),
        or_null(ip.as_ref(), ValueRef::from),
        or_null(numbers.agent, Integer),
        json(&texts.request_data),
        json(&texts.changes),
        json(&texts.metadata),
        or_null(entry.duration.map(duration_to_micros), Integer),
        or_null(entry.cause.as_ref(), |id| Blob(id.as_bytes())),
        or_null(numbers.principal, Integer),
        or_null(entry.reason.as_deref(), ValueRef::from),
        or_null(error, |error| error.class.as_str().into()),
        or_null(error, |error| error.text.as_str().into()),
        json(&texts.truncated),
        json(&texts.sensitive),
    ];
    match add(statement, &row) {
        Ok(()) => Ok(true),
        Err(error) if is_duplicate(&error) => Ok(false),
        Err(error) => Err(during(Phase::Write)(error)),
    }
}

/// Most columns of most entries are null, which costs less where it is said of all of them.
fn add(statement: &mut CachedStatement<'_>, row: &[ValueRef<'_>]) -> rusqlite::Result<()> {
    statement.clear_bindings();
    for (parameter, value) in (1_usize..).zip(row) {
        if *value != Null {
            statement.raw_bind_parameter(parameter, ToSqlOutput::Borrowed(*value))?;
        }
    }
    statement.raw_execute().map(drop)
}

fn or_null<'a, T>(value: Option<T>, to_value: impl FnOnce(T) -> ValueRef<'a>) -> ValueRef<'a> {
    value.map_or(Null, to_value)
}

fn json(text: &[u8]) -> ValueRef<'_> {
    if text.is_empty() { Null } else { Text(text) }
}
