//! Reading: every answer is of one tenant, out of one snapshot.

mod attempts;
mod count;
mod pool;
mod residual;
mod resolve;
mod route;
mod row;
mod side;
mod source;
mod sql;
mod tally;
mod walk;

use audit_core::query::{Count, Filter, GroupBy};
use audit_core::store::Query;
use audit_core::{AuditEntry, Result, Tenant};
use rusqlite::Connection;
use uuid::Uuid;

pub(crate) use self::attempts::{attempt_by_id, attempts_of_store};
pub(crate) use self::pool::Pool;
use self::side::Scope;
pub(crate) use self::side::Side;
use self::source::Width;
pub(crate) use self::sql::has_id;
use crate::error::{Phase, during};

/// One read transaction: everything that is read in it belongs together.
struct Snapshot<'a>(&'a Connection);

impl<'a> Snapshot<'a> {
    fn begin(connection: &'a Connection) -> Result<Self> {
        run(connection, "BEGIN")?;
        Ok(Self(connection))
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // Nothing was written, so that it does not matter how it ends.
        if !self.0.is_autocommit() && run(self.0, "COMMIT").is_err() {
            let _ended = run(self.0, "ROLLBACK");
        }
    }
}

fn run(connection: &Connection, sql: &str) -> Result<()> {
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]))
        .map_err(during(Phase::Read))?;
    Ok(())
}

/// The entries that a query asks for.
pub(crate) fn entries(
    connection: &Connection,
    side: &mut Side,
    tenant: &Tenant,
    query: &Query<'_>,
) -> Result<Vec<AuditEntry>> {
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    let _snapshot = Snapshot::begin(connection)?;
    let Some(number) = side.tenant(connection, tenant)? else {
        return Ok(Vec::new());
    };
    let scope = Scope {
        connection,
        tenant: number,
    };
    let Some(route) = route::route(scope, query.filter, query.order, query.after)? else {
        return Ok(Vec::new());
    };
    let mut entries = Vec::with_capacity(query.limit.min(256));
    walk::walk(scope, side, route, query.order, Width::Full, |row, side| {
        entries.push(row::build(row, scope, tenant, side)?);
        Ok(entries.len() < query.limit)
    })?;
    Ok(entries)
}

/// One entry of a tenant.
pub(crate) fn entry(
    connection: &Connection,
    side: &mut Side,
    tenant: &Tenant,
    id: Uuid,
) -> Result<Option<AuditEntry>> {
    let _snapshot = Snapshot::begin(connection)?;
    match side.tenant(connection, tenant)? {
        Some(number) => entry_by_id(connection, side, number, tenant, id),
        None => Ok(None),
    }
}

/// One entry of a tenant, within a transaction of the caller.
pub(crate) fn entry_by_id(
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
        &sql::by_id(),
        &[&number, id.as_bytes()],
        |row| row::build(row, scope, tenant, side),
    )
}

/// How many entries of a tenant a filter means.
pub(crate) fn count(
    connection: &Connection,
    side: &mut Side,
    tenant: &Tenant,
    filter: &Filter,
) -> Result<u64> {
    let _snapshot = Snapshot::begin(connection)?;
    match side.tenant(connection, tenant)? {
        Some(number) => count::count(
            Scope {
                connection,
                tenant: number,
            },
            side,
            filter,
        ),
        None => Ok(0),
    }
}

/// How many entries of a tenant a filter means, by group.
pub(crate) fn count_by(
    connection: &Connection,
    side: &mut Side,
    tenant: &Tenant,
    filter: &Filter,
    by: GroupBy,
) -> Result<Vec<Count>> {
    let _snapshot = Snapshot::begin(connection)?;
    match side.tenant(connection, tenant)? {
        Some(number) => count::count_by(
            Scope {
                connection,
                tenant: number,
            },
            side,
            filter,
            by,
        ),
        None => Ok(Vec::new()),
    }
}

/// Every tenant that has entries, in text order.
pub(crate) fn tenants(connection: &Connection) -> Result<Vec<Tenant>> {
    let _snapshot = Snapshot::begin(connection)?;
    let mut tenants = Vec::new();
    side::each(connection, &sql::tenants(), &[], |row| {
        tenants.push(Tenant::from(row::text(row, 0)?));
        Ok(true)
    })?;
    tenants.sort_unstable();
    Ok(tenants)
}
