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
    if slots <= present {
        return Ok(());
    }
    if !exists(connection, "SELECT 1 FROM audit_stage")? {
        return create(connection, slots);
    }
    for slot in present + 1..=slots {
        for table in TABLES {
            let column = column(slot);
            connection
                .execute(
                    &format!("ALTER TABLE main.{table} ADD COLUMN {column} ANY"),
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
    connection
        .execute(
            "DELETE FROM audit_tracked WHERE state = 3 AND n NOT IN (SELECT source FROM audit_stage)",
            [],
        )
        .map_err(during(Phase::Write))?;
    let is_used = exists(
        connection,
        "SELECT 1 FROM audit_tracked UNION ALL SELECT 1 FROM audit_stage",
    )?;
    if is_used {
        return Ok(());
    }
    create(connection, 0)
}

/// Makes both tables anew, empty. One statement instead of one for each column.
fn create(connection: &Connection, slots: usize) -> Result<()> {
    let failed = during(Phase::Write);
    for table in TABLES {
        connection
            .execute(&format!("DROP TABLE main.{table}"), [])
            .and_then(|_| connection.execute(&definition(table, slots), []))
            .map_err(failed)?;
    }
    Ok(())
}

/// As the migration that has made the table says it, and some columns.
fn definition(table: &str, slots: usize) -> String {
    let mut values = String::new();
    for slot in 1..=slots {
        values.push_str(",\n    ");
        values.push_str(&column(slot));
        values.push_str(" ANY");
    }
    format!(
        "CREATE TABLE {table} (\n    n INTEGER PRIMARY KEY,\n    source INTEGER NOT NULL,\n    operation INTEGER NOT NULL,\n    time INTEGER NOT NULL{values}\n) STRICT, WITHOUT ROWID"
    )
}

fn exists(connection: &Connection, select: &str) -> Result<bool> {
    connection
        .query_row(&format!("SELECT EXISTS ({select})"), [], |row| row.get(0))
        .map_err(during(Phase::Read))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_anew_is_what_the_migration_has_made() {
        let migration = include_str!("../schema/tracking.sql");
        for table in TABLES {
            assert!(migration.contains(&definition(table, 0)), "{table}");
        }
    }
}
