//! Setting a capture up, changing it and taking it away.

use audit_core::{AuditedField, Error, ErrorKind, Result};
use rusqlite::{Connection, OptionalExtension};

use super::atomic::atomically;
use super::here;
use super::options::Options;
use super::pause;
use super::plan::Plan;
use super::registry::{self, State, Tracked};
use super::schema_sql::fires_after;
use super::secrets::Names;
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
    mut options: Options,
    fields: &[AuditedField],
    names: &Names<'_>,
) -> Result<()> {
    schema::check(connection)?;
    here::note();
    atomically(connection, || {
        let shape = Shape::read(connection, table)?;
        options.follow(fields, &shape);
        let present = find(connection, &shape.name)?;
        if let Some(present) = &present {
            check_captured(connection, present, &shape.name)?;
        }
        put(connection, present, shape, options, names)
    })
}

/// Brings the capture of a table up to date with what the table is now.
pub(super) fn retrack(
    connection: &Connection,
    table: &str,
    fields: &[AuditedField],
    names: &Names<'_>,
) -> Result<()> {
    schema::check(connection)?;
    atomically(connection, || {
        let present = expect(connection, table)?;
        let shape = Shape::read(connection, table)?;
        check_captured(connection, &present, &shape.name)?;
        let mut options = present.options.clone();
        options.forget_gone(&shape);
        options.follow(fields, &shape);
        put(connection, Some(present), shape, options, names)
    })
}

/// Removes everything that tracking has added. What is staged is still told of.
pub(super) fn untrack(connection: &Connection, table: &str) -> Result<()> {
    schema::check(connection)?;
    atomically(connection, || {
        let tracked = expect(connection, table)?;
        if tracked.state == State::Paused {
            // Whoever was told of the pause is told that it is over: what comes is known again, or is none
            // of this table's.
            pause::note_end(connection, &tracked)?;
        }
        end(connection, tracked)?;
        staging::tidy(connection)
    })
}

/// What is tracked under a name, also where the table has been renamed meanwhile.
pub(super) fn find(connection: &Connection, table: &str) -> Result<Option<Tracked>> {
    if let Some(tracked) = registry::find(connection, table)? {
        return Ok(Some(tracked));
    }
    for tracked in registry::all(connection)? {
        if captured_table(connection, &tracked)?.eq_ignore_ascii_case(table) {
            return Ok(Some(tracked));
        }
    }
    Ok(None)
}

/// The table that is captured, which may have been renamed: SQLite says on which the triggers are.
pub(super) fn captured_table(connection: &Connection, tracked: &Tracked) -> Result<String> {
    let table: Option<String> = connection
        .query_row(
            "SELECT tbl_name FROM main.sqlite_schema WHERE type = 'trigger' AND name GLOB ?1 AND name NOT GLOB '*_departed*' LIMIT 1",
            [format!("{}*", prefix(tracked.n))],
            |row| row.get(0),
        )
        .optional()
        .map_err(during(Phase::Read))?;
    Ok(table.unwrap_or_else(|| tracked.name.clone()))
}

/// Checks that a table is the one that is captured, and not another one with its former name.
pub(super) fn check_captured(
    connection: &Connection,
    tracked: &Tracked,
    table: &str,
) -> Result<()> {
    let captured = captured_table(connection, tracked)?;
    if captured.eq_ignore_ascii_case(table) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::StaleCapture,
        format!(
            "the table that was tracked as `{table}` is called `{captured}` now, and `{table}` is another one, which nobody captures; call `retrack` on `{captured}` to go on with it, or `untrack` on `{table}` to end that, and then `track` on `{table}`"
        ),
    ))
}

/// What is tracked under a name; an error names what is.
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

/// Captures a table as is said, whether it was captured before or not. One that is paused stays so.
pub(super) fn put(
    connection: &Connection,
    present: Option<Tracked>,
    shape: Shape,
    options: Options,
    names: &Names<'_>,
) -> Result<()> {
    let is_secret = |name: &str| names.is_secret(present.as_ref(), name);
    let known: Vec<String> = shape
        .columns
        .iter()
        .map(|column| column.name.clone())
        .chain(options.labels.iter().map(|(_, shown)| shown.clone()))
        .collect();
    let secrets = known.iter().filter(|name| is_secret(name));
    let secrets: Vec<String> = secrets.cloned().collect();
    let plan = Plan::new(connection, shape, options, &is_secret)?;
    let (state, paused_for) = match &present {
        Some(present) => (present.state, present.paused_for.clone()),
        None => (State::On, Vec::new()),
    };
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
    if state == State::Paused {
        // Made only to see that it can be: `resume_tracking` alone ends a pause.
        drop_triggers(connection, n)?;
    }
    let tracked = Tracked {
        n,
        name: plan.shape.name.clone(),
        state,
        options: plan.options,
        secrets,
        known,
        layout: plan.layout,
        cursor,
        paused_for,
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
        // SQLite has left out the name of the schema: without it the trigger would go to a temporary
        // table of the name.
        let sql = trigger
            .sql
            .replacen("CREATE TRIGGER ", "CREATE TRIGGER main.", 1);
        connection
            .execute(&sql, [])
            .map_err(|error| failed(&error))?;
    }
    // SQLite looks at what stands in a trigger when a statement is prepared that would fire it.
    let table = plan.shape.qualified();
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

pub(super) fn drop_triggers(connection: &Connection, n: i64) -> Result<()> {
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
