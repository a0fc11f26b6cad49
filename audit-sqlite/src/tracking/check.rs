//! Whether what is captured is still what the tables are.

use audit_core::{Error, ErrorKind, Result};
use rusqlite::Connection;

use super::install::{check_captured, foreign_triggers, present_triggers};
use super::plan::Plan;
use super::registry::{self, State, Tracked};
use super::shape::Shape;
use super::triggers::{prefix, triggers};
use crate::error::{Phase, during};

/// Checks every capture, unless the schema is one that was checked before: `verified` is its
/// number, to be kept from one check of a file to the next.
pub(crate) fn check_since(connection: &Connection, verified: &mut Option<i64>) -> Result<()> {
    let schema: i64 = connection
        .prepare_cached("PRAGMA main.schema_version")
        .and_then(|mut pragma| pragma.query_row([], |row| row.get(0)))
        .map_err(during(Phase::Read))?;
    if *verified == Some(schema) {
        return Ok(());
    }
    for tracked in registry::all(connection)? {
        if tracked.state == State::On {
            check(connection, &tracked)?;
        }
    }
    *verified = Some(schema);
    Ok(())
}

/// Checks one capture.
pub(super) fn check(connection: &Connection, tracked: &Tracked) -> Result<()> {
    let stale = |what: &str| {
        Error::new(
            ErrorKind::StaleCapture,
            format!(
                "the capture of table `{}` is out of date: {what}",
                tracked.name
            ),
        )
    };
    if tracked.state == State::Paused {
        return Err(stale("it is paused; call `resume_tracking`"));
    }
    let Ok(shape) = Shape::read(connection, &tracked.name) else {
        return Err(stale(
            "the table was dropped or renamed; call `retrack` under its new name, or `untrack`",
        ));
    };
    check_captured(connection, tracked, &shape.name)?;
    let is_secret = |name: &str| tracked.secrets.iter().any(|secret| secret == name);
    let Ok(plan) = Plan::new(connection, shape, tracked.options.clone(), &is_secret) else {
        return Err(stale(
            "columns that it names are no longer there; call `track` with the names that there are",
        ));
    };
    if plan.layout != tracked.layout {
        return Err(stale(
            "columns were added, renamed or dropped; call `retrack`",
        ));
    }
    let mut expected = triggers(&plan, tracked.n);
    expected.sort_by(|one, other| one.name.cmp(&other.name));
    if present_triggers(connection, tracked.n)? != expected {
        return Err(stale(
            "its triggers were dropped or altered, the table (or the one that says its tenants) has other unique indexes, or a foreign key of another table that names it is new or gone; call `retrack`",
        ));
    }
    if is_overtaken(connection, tracked)? {
        return Err(stale(
            "the table has a trigger that is newer, and fires before what it follows is told of; call `retrack`",
        ));
    }
    Ok(())
}

/// Whether a trigger of somebody else fires at the wrong side of ours. SQLite fires the newest
/// first: what changes a row again has to come after the change that it follows was staged, and
/// what is done before a write before ours looks for rows that are in its way.
fn is_overtaken(connection: &Connection, tracked: &Tracked) -> Result<bool> {
    let ours: Option<i64> = connection
        .prepare_cached(
            "SELECT min(rowid) FROM main.sqlite_schema WHERE type = 'trigger' AND name GLOB ?1",
        )
        .and_then(|mut oldest| {
            oldest.query_row([format!("{}*", prefix(tracked.n))], |row| row.get(0))
        })
        .map_err(during(Phase::Read))?;
    let others = foreign_triggers(connection, &tracked.name)?;
    Ok(others
        .iter()
        .any(|other| other.fires_after == (Some(other.age) > ours)))
}
