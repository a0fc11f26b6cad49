//! Attempts, read by the writer inside its transaction. Nobody else reads them.

use audit_core::{AuditEntry, Result, Tenant};
use rusqlite::Connection;
use uuid::Uuid;

use super::row::{build, column, integer, text};
use super::side::{self, Scope, Side};
use super::sql;

/// One attempt of a tenant.
pub(crate) fn attempt_by_id(
    connection: &Connection,
    side: &mut Side,
    number: i64,
    tenant: &Tenant,
    id: Uuid,
) -> Result<Option<AuditEntry>> {
    let scope = Scope {
        connection,
        tenant: number,
    };
    side::first(
        connection,
        &sql::attempt_by_id(),
        &[&number, id.as_bytes()],
        |row| build(row, scope, tenant, side),
    )
}

/// The attempts of one store behind a place, in the order in which they were opened, at most so
/// many; and the place of the last one.
pub(crate) fn attempts_of_store(
    connection: &Connection,
    side: &mut Side,
    store: Uuid,
    after: i64,
    limit: i64,
) -> Result<(Vec<AuditEntry>, i64)> {
    let mut entries = Vec::new();
    let mut last = after;
    side::each(
        connection,
        &sql::attempts_of_store(),
        &[store.as_bytes(), &after, &limit],
        |row| {
            let scope = Scope {
                connection,
                tenant: integer(row, column::TENANT)?,
            };
            let tenant = Tenant::from(text(row, column::TENANT_NAME)?);
            entries.push(build(row, scope, &tenant, side)?);
            last = integer(row, column::SEQ)?;
            Ok(true)
        },
    )?;
    Ok((entries, last))
}
