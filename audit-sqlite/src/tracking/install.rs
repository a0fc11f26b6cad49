//! Setting a capture up, changing it, pausing it and taking it away.

use audit_core::{Error, ErrorKind, Result, Sanitizer};
use rusqlite::{Connection, OptionalExtension, params};

use super::atomic::atomically;
use super::capture::{NEXT, Values};
use super::here;
use super::layout::{Staged, TenantSource};
use super::options::Options;
use super::plan::Plan;
use super::registry::{self, State, Tracked};
use super::schema_sql::fires_after;
use super::shape::Shape;
use super::sql::identifier;
use super::staging;
use super::triggers::{Trigger, prefix, triggers};
use crate::error::{Phase, during};
use crate::schema;

/// Tracks a table, or tracks it in another way.
pub(super) fn track(
    connection: &Connection,
    table: &str,
    options: Options,
    sanitizer: &Sanitizer,
) -> Result<()> {
    schema::check(connection)?;
    here::note();
    atomically(connection, || {
        let shape = Shape::read(connection, table)?;
        let present = find(connection, &shape.name)?;
        put(connection, present, shape, options, sanitizer)
    })
}

/// Brings the capture of a table up to date with what the table is now.
pub(super) fn retrack(connection: &Connection, table: &str, sanitizer: &Sanitizer) -> Result<()> {
    schema::check(connection)?;
    atomically(connection, || {
        let present = expect(connection, table)?;
        let shape = Shape::read(connection, table)?;
        let options = present.options.clone();
        put(connection, Some(present), shape, options, sanitizer)
    })
}

/// Removes everything that tracking has added. What is staged is still told of.
pub(super) fn untrack(connection: &Connection, table: &str) -> Result<()> {
    schema::check(connection)?;
    atomically(connection, || {
        let tracked = expect(connection, table)?;
        end(connection, tracked)?;
        staging::tidy(connection)
    })
}

/// Stops every capture, and has that told of.
pub(super) fn pause_all(connection: &Connection, reason: &str) -> Result<()> {
    schema::check(connection)?;
    atomically(connection, || {
        for mut tracked in registry::all(connection)? {
            if tracked.state == State::On {
                drop_triggers(connection, tracked.n)?;
                tracked.state = State::Paused;
                tracked.save(connection)?;
                let plan = present_plan(connection, &tracked);
                note(
                    connection,
                    plan.as_ref(),
                    tracked.n,
                    Staged::Paused,
                    Some(reason),
                )?;
            }
        }
        Ok(())
    })
}

/// Begins every capture again that is paused, as the tables are now, and has that told of.
pub(super) fn resume_all(connection: &Connection, sanitizer: &Sanitizer) -> Result<()> {
    schema::check(connection)?;
    here::note();
    atomically(connection, || {
        for tracked in registry::all(connection)? {
            if tracked.state == State::Paused {
                let shape = Shape::read(connection, &tracked.name)?;
                let options = tracked.options.clone();
                put(connection, Some(tracked), shape, options, sanitizer)?;
            }
        }
        Ok(())
    })
}

/// What is tracked under a name, also where the table has been renamed meanwhile.
pub(super) fn find(connection: &Connection, table: &str) -> Result<Option<Tracked>> {
    if let Some(tracked) = registry::find(connection, table)? {
        return Ok(Some(tracked));
    }
    for tracked in registry::all(connection)? {
        let renamed: Option<String> = connection
            .query_row(
                "SELECT tbl_name FROM main.sqlite_schema WHERE type = 'trigger' AND name GLOB ?1 AND name NOT GLOB '*_departed' LIMIT 1",
                [format!("{}*", prefix(tracked.n))],
                |row| row.get(0),
            )
            .optional()
            .map_err(during(Phase::Read))?;
        if renamed.is_some_and(|name| name.eq_ignore_ascii_case(table)) {
            return Ok(Some(tracked));
        }
    }
    Ok(None)
}

/// The same; an error names what is tracked.
pub(super) fn expect(connection: &Connection, table: &str) -> Result<Tracked> {
    if let Some(tracked) = find(connection, table)? {
        return Ok(tracked);
    }
    let all = registry::all(connection)?;
    Err(Error::new(
        ErrorKind::Invalid,
        format!(
            "table `{table}` is not tracked; there is {}",
            super::suggest::there_is(table, all.iter().map(|tracked| tracked.name.as_str()))
        ),
    ))
}

/// The triggers of a number that there are, as SQLite keeps them.
pub(super) fn present_triggers(connection: &Connection, n: i64) -> Result<Vec<Trigger>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare_cached(
            "SELECT name, sql FROM main.sqlite_schema WHERE type = 'trigger' AND name GLOB ?1 ORDER BY name",
        )
        .map_err(failed)?;
    let rows = statement
        .query_map([format!("{}*", prefix(n))], |row| {
            let sql: String = row.get(1)?;
            Ok(Trigger {
                name: row.get(0)?,
                text: sql
                    .strip_prefix("CREATE TRIGGER ")
                    .unwrap_or(&sql)
                    .to_owned(),
            })
        })
        .map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// A trigger of somebody else.
pub(super) struct Foreign {
    name: String,
    sql: String,
    pub(super) fires_after: bool,
    /// Grows from one trigger to the next.
    pub(super) age: i64,
}

/// The triggers of somebody else on a table, the oldest first.
pub(super) fn foreign_triggers(connection: &Connection, table: &str) -> Result<Vec<Foreign>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare_cached(
            "SELECT name, sql, rowid FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE AND name NOT GLOB 'audit_tracked_*' ORDER BY rowid",
        )
        .map_err(failed)?;
    let rows = statement
        .query_map([table], |row| {
            let sql: String = row.get(1)?;
            Ok(Foreign {
                name: row.get(0)?,
                fires_after: fires_after(&sql),
                sql,
                age: row.get(2)?,
            })
        })
        .map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

fn put(
    connection: &Connection,
    present: Option<Tracked>,
    shape: Shape,
    options: Options,
    sanitizer: &Sanitizer,
) -> Result<()> {
    let is_secret = |name: &str| sanitizer.is_sensitive(name);
    let secrets = shape
        .columns
        .iter()
        .map(|column| column.name.clone())
        .chain(options.labels.iter().map(|(_, shown)| shown.clone()))
        .filter(|name| is_secret(name))
        .collect();
    let plan = Plan::new(connection, shape, options, &is_secret)?;
    let was_paused = present
        .as_ref()
        .is_some_and(|present| present.state == State::Paused);
    let (n, cursor) = match present {
        Some(present) if present.layout == plan.layout => {
            drop_triggers(connection, present.n)?;
            (present.n, present.cursor)
        }
        Some(present) => {
            let cursor = present.cursor.clone();
            end(connection, present)?;
            (registry::next_number(connection)?, cursor)
        }
        None => (registry::next_number(connection)?, None),
    };
    staging::widen(connection, plan.layout.slots())?;
    create(connection, &plan, n)?;
    if was_paused {
        note(connection, Some(&plan), n, Staged::Resumed, None)?;
    }
    let tracked = Tracked {
        n,
        name: plan.shape.name.clone(),
        state: State::On,
        options: plan.options,
        secrets,
        layout: plan.layout,
        cursor,
    };
    tracked.save(connection)?;
    staging::tidy(connection)
}

fn create(connection: &Connection, plan: &Plan, n: i64) -> Result<()> {
    let failed = |error: &rusqlite::Error| unclear(plan, error);
    let all = triggers(plan, n);
    // What a trigger does before a write has to be done before ours looks for what is in the way.
    let others: Vec<Foreign> = foreign_triggers(connection, &plan.shape.name)?
        .into_iter()
        .filter(|trigger| !trigger.fires_after)
        .collect();
    for trigger in &others {
        drop_trigger(connection, &trigger.name)?;
    }
    let is_refusing = |trigger: &&Trigger| trigger.name.contains("_refuse_");
    let create = |trigger: &Trigger| {
        connection
            .execute(&format!("CREATE TRIGGER main.{}", trigger.text), [])
            .map_err(|error| failed(&error))
    };
    for trigger in all.iter().filter(|trigger| !is_refusing(trigger)) {
        create(trigger)?;
    }
    for trigger in &others {
        connection
            .execute(&trigger.sql, [])
            .map_err(|error| failed(&error))?;
    }
    // SQLite looks at what stands in a trigger when a statement is prepared that would fire it.
    let table = identifier(&plan.shape.name);
    let mut statements = vec![
        format!("INSERT INTO {table} DEFAULT VALUES"),
        format!("DELETE FROM {table}"),
    ];
    let column = plan
        .shape
        .columns
        .iter()
        .find(|column| !column.is_generated);
    statements.extend(column.map(|column| {
        let column = identifier(&column.name);
        format!("UPDATE {table} SET {column} = {column}")
    }));
    for sql in statements {
        connection.prepare(&sql).map_err(|error| failed(&error))?;
    }
    // Last, for they would refuse even that.
    for trigger in all.iter().filter(is_refusing) {
        create(trigger)?;
    }
    Ok(())
}

fn unclear(plan: &Plan, error: &rusqlite::Error) -> Error {
    let what = match error {
        rusqlite::Error::SqliteFailure(failure, _)
            if failure.extended_code != rusqlite::ffi::SQLITE_ERROR =>
        {
            return crate::error::map(error, Phase::Write);
        }
        rusqlite::Error::SqliteFailure(_, Some(what)) => what.clone(),
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    let table = &plan.shape.name;
    let message = if plan.options.when.is_some() {
        format!(
            "the condition of `when` for table `{table}` is not SQL that SQLite understands for one row; use the columns of the table, constants and functions"
        )
    } else {
        format!(
            "the capture of table `{table}` cannot be set up, for SQLite does not understand the table or a trigger of it; see the cause"
        )
    };
    Error::new(ErrorKind::Invalid, message).with_source(what)
}

/// Ends a capture. Its number stays as long as rows are staged under it.
fn end(connection: &Connection, mut tracked: Tracked) -> Result<()> {
    drop_triggers(connection, tracked.n)?;
    if registry::has_staged(connection, tracked.n)? {
        tracked.state = State::Over;
        tracked.cursor = None;
        return tracked.save(connection);
    }
    registry::forget(connection, tracked.n)
}

fn drop_triggers(connection: &Connection, n: i64) -> Result<()> {
    let failed = during(Phase::Write);
    for trigger in present_triggers(connection, n)? {
        drop_trigger(connection, &trigger.name)?;
    }
    for table in ["audit_displaced", "audit_departed"] {
        connection
            .execute(&format!("DELETE FROM {table} WHERE source = ?1"), [n])
            .map_err(failed)?;
    }
    Ok(())
}

fn drop_trigger(connection: &Connection, name: &str) -> Result<()> {
    let name = identifier(name);
    connection
        .execute(&format!("DROP TRIGGER main.{name}"), [])
        .map_err(during(Phase::Write))?;
    Ok(())
}

/// What is captured of a table, if that is what the table is now.
fn present_plan(connection: &Connection, tracked: &Tracked) -> Option<Plan> {
    let shape = Shape::read(connection, &tracked.name).ok()?;
    let is_secret = |name: &str| tracked.secrets.iter().any(|secret| secret == name);
    let plan = Plan::new(connection, shape, tracked.options.clone(), &is_secret).ok()?;
    (plan.layout == tracked.layout).then_some(plan)
}

/// Stages something that is told of a table and not of a row: to each tenant that has rows in it,
/// since the log of each is what no longer tells all.
fn note(
    connection: &Connection,
    plan: Option<&Plan>,
    n: i64,
    staged: Staged,
    reason: Option<&str>,
) -> Result<()> {
    let place = format!("{NEXT} + row_number() OVER () - 1");
    let mut values = Values::new(n, staged, &place);
    values.set(1, "?1");
    let mut tenants = "SELECT NULL AS tenant".to_owned();
    if let Some(plan) = plan
        && let TenantSource::Slot(slot) = plan.layout.tenant
        && let Some(tenant) = plan.tenant(n, "x.")
    {
        values.set(slot, "tenant");
        let table = identifier(&plan.shape.name);
        let rows = format!("SELECT DISTINCT {tenant} AS tenant FROM {table} AS x");
        tenants = format!("{rows} UNION {tenants} WHERE NOT EXISTS (SELECT 1 FROM {table})");
    }
    let sql = format!(
        "INSERT INTO audit_stage {} SELECT {} FROM ({tenants})",
        values.names(),
        values.expressions()
    );
    connection
        .execute(&sql, params![reason])
        .map_err(during(Phase::Write))?;
    Ok(())
}
