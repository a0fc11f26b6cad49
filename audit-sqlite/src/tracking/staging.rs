//! The staging tables themselves: as wide as the widest table that is tracked.

use audit_core::Result;
use rusqlite::Connection;

use super::capture::column;
use crate::error::{Phase, during};

/// The tables that hold values of rows.
const TABLES: [&str; 2] = ["audit_stage", "audit_displaced"];

/// Makes room for so many values.
pub(super) fn widen(connection: &Connection, slots: usize) -> Result<()> {
    let failed = during(Phase::Write);
    let present = width(connection)?;
    for slot in present + 1..=slots {
        for table in TABLES {
            connection
                .execute(
                    &format!("ALTER TABLE main.{table} ADD COLUMN {} ANY", column(slot)),
                    [],
                )
                .map_err(failed)?;
        }
    }
    Ok(())
}

/// Removes what nothing needs any more: numbers without staged rows and, when nothing is tracked
/// and nothing staged, the columns for values.
pub(super) fn tidy(connection: &Connection) -> Result<()> {
    let failed = during(Phase::Write);
    connection
        .execute(
            "DELETE FROM audit_tracked WHERE state = 3 AND n NOT IN (SELECT source FROM audit_stage)",
            [],
        )
        .map_err(failed)?;
    let is_used: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM audit_tracked) OR EXISTS (SELECT 1 FROM audit_stage)",
            [],
            |row| row.get(0),
        )
        .map_err(failed)?;
    if is_used {
        return Ok(());
    }
    for slot in (1..=width(connection)?).rev() {
        for table in TABLES {
            connection
                .execute(
                    &format!("ALTER TABLE main.{table} DROP COLUMN {}", column(slot)),
                    [],
                )
                .map_err(failed)?;
        }
    }
    Ok(())
}

fn width(connection: &Connection) -> Result<usize> {
    connection
        .query_row(
            "SELECT count(*) FROM pragma_table_info('audit_stage', 'main') WHERE name GLOB 'v[0-9]*'",
            [],
            |row| row.get::<_, i64>(0),
        )
        .map(|count| usize::try_from(count).unwrap_or(0))
        .map_err(during(Phase::Read))
}
