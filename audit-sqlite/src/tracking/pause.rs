//! Pausing captures, going on with them, and who is told of it.

use std::collections::BTreeSet;

use audit_core::{AuditContext, ErrorKind, Result, Sanitizer, Tenant};
use rusqlite::{Connection, params};

use super::atomic::atomically;
use super::capture::{NEXT, Values, column};
use super::change::UNKNOWN_TENANT;
use super::here;
use super::install;
use super::layout::{Staged, TenantSource};
use super::options::TenantRule;
use super::read;
use super::registry::{self, State, Tracked};
use super::secrets::Names;
use super::shape::Shape;
use super::sql::identifier;
use super::tenant::TenantColumn;
use crate::error::{Phase, during};
use crate::schema;

/// Stops every capture, and has that told of.
pub(super) fn pause_all(connection: &Connection, reason: &str) -> Result<()> {
    schema::check(connection)?;
    atomically(connection, || {
        for tracked in registry::all(connection)? {
            if tracked.state == State::On {
                pause(connection, tracked, reason)?;
            }
        }
        Ok(())
    })
}

/// Begins every capture again that is paused, as the tables are now, and has that told of.
pub(super) fn resume_all(connection: &Connection) -> Result<()> {
    schema::check(connection)?;
    here::note();
    atomically(connection, || {
        for tracked in registry::all(connection)? {
            if tracked.state == State::Paused {
                resume(connection, tracked)?;
            }
        }
        Ok(())
    })
}

fn pause(connection: &Connection, mut tracked: Tracked, reason: &str) -> Result<()> {
    // Only the triggers know it, if it was renamed.
    tracked.name = install::captured_table(connection, &tracked)?;
    let rows = tenants_of_rows(connection, &tracked)?;
    install::drop_triggers(connection, tracked.n)?;
    let tenants = concerned(connection, &tracked, rows)?;
    note(connection, &tracked, Staged::Paused, &tenants, Some(reason))?;
    tracked.state = State::Paused;
    tracked.paused_for = tenants.into_iter().collect();
    tracked.save(connection)
}

fn resume(connection: &Connection, mut tracked: Tracked) -> Result<()> {
    let shape = Shape::read(connection, &tracked.name)?;
    note_end(connection, &tracked)?;
    tracked.paused_for.clear();
    tracked.state = State::On;
    let mut options = tracked.options.clone();
    options.forget_gone(&shape);
    let names = Sanitizer::default();
    install::put(
        connection,
        Some(tracked),
        shape,
        options,
        &Names::Kept(&names),
    )
}

/// Has it told that a pause is over.
pub(super) fn note_end(connection: &Connection, tracked: &Tracked) -> Result<()> {
    // Not whoever else has entries: to him it would mean that all before is unknown.
    let rows = tenants_of_rows(connection, tracked)?;
    let paused_for = tracked.paused_for.iter().cloned();
    let tenants = rows.into_iter().flatten().chain(paused_for).collect();
    // Under the name and the type under which the pause was told of, which may be others from now on.
    note(connection, tracked, Staged::Resumed, &tenants, None)
}

/// Whose records may stand in a table: the log of each is what no longer tells all.
fn concerned(
    connection: &Connection,
    tracked: &Tracked,
    rows: BTreeSet<Option<Tenant>>,
) -> Result<BTreeSet<Tenant>> {
    if let TenantRule::Constant(tenant) = &tracked.options.tenant {
        return Ok(BTreeSet::from([Tenant::from(tenant)]));
    }
    let mut tenants = tenants_of_log(connection, &tracked.layout.entity_type)?;
    if rows.is_empty() || rows.contains(&None) {
        let context = AuditContext::current().map(|context| context.tenant().clone());
        tenants.insert(context.unwrap_or_else(|| Tenant::from(UNKNOWN_TENANT)));
    }
    tenants.extend(rows.into_iter().flatten());
    Ok(tenants)
}

/// The tenants that rows of a table name, staged ones included; nothing among them is somebody whom
/// a row does not name, or no longer.
fn tenants_of_rows(connection: &Connection, tracked: &Tracked) -> Result<BTreeSet<Option<Tenant>>> {
    let TenantSource::Slot(slot) = tracked.layout.tenant else {
        return Ok(BTreeSet::from([None]));
    };
    let staged = format!(
        "SELECT {} FROM audit_stage WHERE source = {}",
        column(slot),
        tracked.n
    );
    let Some((mut tenant, table)) = tenant_column(connection, tracked)? else {
        let mut tenants = distinct_tenants(connection, &staged)?;
        tenants.insert(None);
        return Ok(tenants);
    };
    tenant.qualify();
    let tenant = tenant.of_row(tracked.n, "x.");
    let rows = format!("SELECT {tenant} COLLATE BINARY FROM main.{table} AS x");
    distinct_tenants(connection, &format!("{rows} UNION {staged}"))
}

/// What names the tenant in the table as it is now, and the table; it may have been altered since.
fn tenant_column(
    connection: &Connection,
    tracked: &Tracked,
) -> Result<Option<(TenantColumn, String)>> {
    let read = Shape::read(connection, &tracked.name).and_then(|shape| {
        let tenant = TenantColumn::read(connection, &shape, &tracked.options.tenant)?;
        Ok(tenant.map(|tenant| (tenant, identifier(&shape.name))))
    });
    match read {
        Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Unsupported) => {
            Ok(None)
        }
        read => read,
    }
}

fn distinct_tenants(connection: &Connection, sql: &str) -> Result<BTreeSet<Option<Tenant>>> {
    let failed = during(Phase::Read);
    let mut statement = connection.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut tenants = BTreeSet::new();
    while let Some(row) = rows.next().map_err(failed)? {
        tenants.insert(read::tenant(row.get_ref(0).map_err(failed)?));
    }
    Ok(tenants)
}

/// The tenants whose logs tell of records of a type.
fn tenants_of_log(connection: &Connection, entity_type: &str) -> Result<BTreeSet<Tenant>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare("SELECT name FROM audit_tenant WHERE n IN (SELECT tenant FROM audit_verb WHERE entity_type = ?1)")
        .map_err(failed)?;
    let rows = statement
        .query_map([entity_type], |row| {
            row.get(0).map(|name: String| Tenant::from(name))
        })
        .map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// Stages something that is told of a table and not of a row.
fn note(
    connection: &Connection,
    tracked: &Tracked,
    staged: Staged,
    tenants: &BTreeSet<Tenant>,
    reason: Option<&str>,
) -> Result<()> {
    let failed = during(Phase::Write);
    let mut values = Values::new(tracked.n, staged, NEXT);
    values.set(read::NOTE_REASON, "?1");
    values.set(tracked.layout.note_tenant(), "?2");
    let sql = format!(
        "INSERT INTO audit_stage {} VALUES ({})",
        values.names(),
        values.expressions()
    );
    let mut insert = connection.prepare(&sql).map_err(failed)?;
    for tenant in tenants {
        insert
            .execute(params![reason, tenant.as_str()])
            .map_err(failed)?;
    }
    Ok(())
}
