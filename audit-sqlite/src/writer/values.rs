//! The rows of the side tables: how a value is found, and how it gets its number.

use audit_core::Result;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, ToSql};

use crate::error::{Phase, corrupt, during};

/// A side table whose numbers are remembered by value alone; records have more, as `Interned` says.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Actor,
    Verb,
    Label,
    Agent,
    Shape,
}

/// How a value is found, and how it is added with the next number of its tenant.
///
/// Where SQLite compares a parameter with a column it looks at the value when it plans, unless the
/// connection forbids it, which that of a caller does not; and so it compiles the statement anew for
/// each value. A plus sign keeps it from looking.
#[derive(Clone, Copy)]
pub(super) struct Sql {
    find: &'static str,
    add: &'static str,
}

pub(super) const RECORD: Sql = Sql {
    find: "SELECT n FROM audit_entity WHERE tenant = +?1 AND key = +?2 AND type = +?3",
    add: "INSERT OR FAIL INTO audit_entity (tenant, n, key, type) VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM audit_entity WHERE tenant = +?1), ?2, ?3)",
};

impl Kind {
    pub(super) const COUNT: usize = 5;

    pub(super) const fn sql(self) -> Sql {
        match self {
            Self::Actor => Sql {
                find: "SELECT n FROM audit_actor WHERE tenant = +?1 AND kind = +?2 AND key = +?3 AND name = +?4",
                add: "INSERT OR FAIL INTO audit_actor (tenant, n, kind, key, name) VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM audit_actor WHERE tenant = +?1), ?2, ?3, ?4)",
            },
            Self::Verb => Sql {
                find: "SELECT n FROM audit_verb WHERE tenant = +?1 AND action = +?2 AND entity_type = +?3",
                add: "INSERT OR FAIL INTO audit_verb (tenant, n, action, entity_type) VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM audit_verb WHERE tenant = +?1), ?2, ?3)",
            },
            Self::Label => Sql {
                find: "SELECT n FROM audit_label WHERE tenant = +?1 AND entity = +?2 AND name = +?3",
                add: "INSERT OR FAIL INTO audit_label (tenant, n, entity, name) VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM audit_label WHERE tenant = +?1), ?2, ?3)",
            },
            Self::Agent => Sql {
                find: "SELECT n FROM audit_agent WHERE tenant = +?1 AND agent = +?2",
                add: "INSERT OR FAIL INTO audit_agent (tenant, n, agent) VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM audit_agent WHERE tenant = +?1), ?2)",
            },
            Self::Shape => Sql {
                find: "SELECT n FROM audit_shape WHERE tenant = +?1 AND fields = +?2",
                add: "INSERT OR FAIL INTO audit_shape (tenant, n, fields) VALUES (?1, (SELECT coalesce(max(n), 0) + 1 FROM audit_shape WHERE tenant = +?1), ?2)",
            },
        }
    }
}

const FIND_NAMED: &str = "SELECT e.n, l.n FROM audit_entity AS e LEFT JOIN audit_label AS l ON l.tenant = e.tenant AND l.entity = e.n AND l.name = +?4 WHERE e.tenant = +?1 AND e.key = +?2 AND e.type = +?3";

pub(super) fn find_or_add(
    connection: &Connection,
    sql: Sql,
    tenant: i64,
    fields: &[ValueRef<'_>],
) -> Result<i64> {
    match find(connection, sql, tenant, fields)? {
        Some(number) => Ok(number),
        None => add(connection, sql, tenant, fields),
    }
}

pub(super) fn find(
    connection: &Connection,
    sql: Sql,
    tenant: i64,
    fields: &[ValueRef<'_>],
) -> Result<Option<i64>> {
    run(connection, sql.find, tenant, fields)
        .optional()
        .map_err(during(Phase::Write))
}

/// A record's number, and that of its name, in one look.
pub(super) fn find_named(
    connection: &Connection,
    tenant: i64,
    value: [ValueRef<'_>; 2],
    name: &str,
) -> Result<Option<(i64, Option<i64>)>> {
    let [key, entity_type] = value;
    let fields = [key, entity_type, text(name)];
    query(connection, FIND_NAMED, tenant, &fields, |row| {
        Ok((row.get(0)?, row.get(1)?))
    })
    .optional()
    .map_err(during(Phase::Write))
}

/// Adds a value, and looks it up: `RETURNING` costs a table in memory each time.
pub(super) fn add(
    connection: &Connection,
    sql: Sql,
    tenant: i64,
    fields: &[ValueRef<'_>],
) -> Result<i64> {
    connection
        .prepare_cached(sql.add)
        .and_then(|mut add| add.execute(bound(tenant, fields)))
        .map_err(during(Phase::Write))?;
    find(connection, sql, tenant, fields)?.ok_or_else(corrupt)
}

fn run(
    connection: &Connection,
    sql: &str,
    tenant: i64,
    fields: &[ValueRef<'_>],
) -> rusqlite::Result<i64> {
    query(connection, sql, tenant, fields, |row| row.get(0))
}

fn query<R>(
    connection: &Connection,
    sql: &str,
    tenant: i64,
    fields: &[ValueRef<'_>],
    read: impl FnOnce(&Row<'_>) -> rusqlite::Result<R>,
) -> rusqlite::Result<R> {
    connection
        .prepare_cached(sql)?
        .query_row(bound(tenant, fields), read)
}

/// What the statements above ask for.
fn bound<'a>(tenant: i64, fields: &'a [ValueRef<'a>]) -> impl Params {
    struct Bound<'a>(ValueRef<'a>);

    impl ToSql for Bound<'_> {
        fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
            Ok(ToSqlOutput::Borrowed(self.0))
        }
    }

    let values = std::iter::once(ValueRef::Integer(tenant)).chain(fields.iter().copied());
    rusqlite::params_from_iter(values.map(Bound))
}

/// The last number that a shape of a tenant has got, which is how many there are.
pub(super) fn last_shape(connection: &Connection, tenant: i64) -> Result<i64> {
    let sql = "SELECT coalesce(max(n), 0) FROM audit_shape WHERE tenant = +?1";
    run(connection, sql, tenant, &[]).map_err(during(Phase::Write))
}

pub(super) fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}
