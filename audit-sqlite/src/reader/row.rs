//! One row as one entry.

use audit_core::{AuditEntry, ErrorDetail, Outcome, Result, Severity, Tenant};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde::de::DeserializeOwned;

use super::side::{Scope, Side};
use crate::codec::{self, Numbered, utf8};
use crate::error::{Phase, corrupt, during};

/// Where each column stands in a row, as `source::THIN` and `source::REST` select them.
pub(crate) mod column {
    pub(crate) const SEQ: usize = 0;
    pub(crate) const IDX: usize = 1;
    pub(crate) const TIME: usize = 2;
    pub(crate) const VERB: usize = 3;
    pub(crate) const ACTOR: usize = 4;
    pub(crate) const OUTCOME: usize = 5;
    pub(crate) const SEVERITY: usize = 6;
    pub(crate) const ENTITY: usize = 7;
    pub(crate) const LABEL: usize = 8;
    pub(crate) const SHAPE: usize = 9;
    pub(crate) const REQUEST: usize = 10;
    pub(crate) const OPERATION: usize = 11;
    pub(crate) const CAUSE: usize = 12;
    pub(crate) const CHANGES: usize = 13;
    pub(crate) const ID: usize = 14;
    pub(crate) const RECORDED: usize = 15;
    pub(crate) const IP: usize = 16;
    pub(crate) const AGENT: usize = 17;
    pub(crate) const REQUEST_DATA: usize = 18;
    pub(crate) const METADATA: usize = 19;
    pub(crate) const DURATION: usize = 20;
    pub(crate) const PRINCIPAL: usize = 21;
    pub(crate) const REASON: usize = 22;
    pub(crate) const ERROR_CLASS: usize = 23;
    pub(crate) const ERROR_TEXT: usize = 24;
    pub(crate) const TRUNCATED: usize = 25;
    pub(crate) const SENSITIVE: usize = 26;
    /// Of attempts only, which are read for all tenants.
    pub(crate) const TENANT: usize = 27;
    pub(crate) const TENANT_NAME: usize = 28;
}

pub(crate) fn integer(row: &Row<'_>, column: usize) -> Result<i64> {
    optional_integer(row, column)?.ok_or_else(corrupt)
}

pub(crate) fn optional_integer(row: &Row<'_>, column: usize) -> Result<Option<i64>> {
    match value(row, column)? {
        ValueRef::Integer(number) => Ok(Some(number)),
        ValueRef::Null => Ok(None),
        _ => Err(corrupt()),
    }
}

pub(crate) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str> {
    optional_text(row, column)?.ok_or_else(corrupt)
}

fn optional_text<'a>(row: &'a Row<'_>, column: usize) -> Result<Option<&'a str>> {
    match value(row, column)? {
        ValueRef::Text(text) => utf8(text).map(Some),
        ValueRef::Null => Ok(None),
        _ => Err(corrupt()),
    }
}

pub(crate) fn value<'a>(row: &'a Row<'_>, column: usize) -> Result<ValueRef<'a>> {
    row.get_ref(column).map_err(during(Phase::Read))
}

pub(crate) fn json<T: DeserializeOwned + Default>(row: &Row<'_>, column: usize) -> Result<T> {
    match optional_text(row, column)? {
        Some(text) => serde_json::from_str(text).map_err(|_| corrupt()),
        None => Ok(T::default()),
    }
}

fn uuid(row: &Row<'_>, column: usize) -> Result<Option<uuid::Uuid>> {
    match value(row, column)? {
        ValueRef::Blob(bytes) => codec::uuid(bytes).map(Some),
        ValueRef::Null => Ok(None),
        _ => Err(corrupt()),
    }
}

/// The entry that stands in a row of full width.
pub(crate) fn build(
    row: &Row<'_>,
    scope: Scope<'_>,
    tenant: &Tenant,
    side: &mut Side,
) -> Result<AuditEntry> {
    let verb = side.verb(scope, integer(row, column::VERB)?)?;
    let mut actor = side
        .actor(scope, integer(row, column::ACTOR)?)?
        .as_ref()
        .clone();
    if let Some(principal) = optional_integer(row, column::PRINCIPAL)? {
        actor = actor.on_behalf_of(side.actor(scope, principal)?.as_ref().clone());
    }
    let time = integer(row, column::TIME)?;
    let mut entry = AuditEntry::new(
        uuid(row, column::ID)?.ok_or_else(corrupt)?,
        codec::time_from(time)?,
        tenant.clone(),
        actor,
        &*verb.action,
    );
    entry.index = u64::try_from(integer(row, column::IDX)?).map_err(|_| corrupt())?;
    entry.recorded_at = codec::time_from(time.wrapping_add(integer(row, column::RECORDED)?))?;
    entry.outcome = Outcome::from_number(integer(row, column::OUTCOME)?)?;
    entry.severity = Severity::from_number(integer(row, column::SEVERITY)?)?;
    if let Some(entity_type) = verb.entity_type.as_deref() {
        let (number, label) = (
            optional_integer(row, column::ENTITY)?,
            optional_integer(row, column::LABEL)?,
        );
        entry.entity = Some(side.entity(scope, entity_type, number, label)?);
    }
    entry.ip_address = codec::ip_from(value(row, column::IP)?)?;
    if let Some(number) = optional_integer(row, column::AGENT)? {
        entry.user_agent = Some((*side.agent(scope, number)?).to_owned());
    }
    entry.request_data = json(row, column::REQUEST_DATA)?;
    entry.changes = json(row, column::CHANGES)?;
    entry.metadata = json(row, column::METADATA)?;
    entry.truncated = json(row, column::TRUNCATED)?;
    entry.sensitive = json(row, column::SENSITIVE)?;
    entry.duration = optional_integer(row, column::DURATION)?
        .map(codec::duration_from)
        .transpose()?;
    entry.request_id = codec::request_from(value(row, column::REQUEST)?)?;
    entry.operation = uuid(row, column::OPERATION)?;
    entry.cause = uuid(row, column::CAUSE)?;
    entry.reason = optional_text(row, column::REASON)?.map(str::to_owned);
    if let Some(class) = optional_text(row, column::ERROR_CLASS)? {
        entry.error = Some(ErrorDetail::new(class, text(row, column::ERROR_TEXT)?));
    }
    Ok(entry)
}
