//! What is tracked, as the file says it.

use audit_core::{Result, Tenant};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::layout::Layout;
use super::options::Options;
use crate::error::{Phase, corrupt, during};

/// A row of `audit_tracked`.
pub(super) struct Tracked {
    pub(super) n: i64,
    pub(super) name: String,
    pub(super) state: State,
    pub(super) options: Options,
    /// Columns that were taken for secrets because of their names.
    pub(super) secrets: Vec<String>,
    /// The names of which that was decided.
    pub(super) known: Vec<String>,
    pub(super) layout: Layout,
    pub(super) cursor: Option<String>,
    /// Who was told that it is paused, and has to be told that it goes on.
    pub(super) paused_for: Vec<Tenant>,
}

/// Whether a table is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    On,
    Paused,
    /// No longer, or under another number; its staged rows are still to be taken.
    Over,
}

impl State {
    const ALL: [Self; 3] = [Self::On, Self::Paused, Self::Over];

    fn number(self) -> i64 {
        match self {
            Self::On => 1,
            Self::Paused => 2,
            Self::Over => 3,
        }
    }
}

/// What stands in the column `options`.
#[derive(serde::Serialize, serde::Deserialize)]
struct Said {
    options: Options,
    secrets: Vec<String>,
    #[serde(default)]
    known: Vec<String>,
    #[serde(default)]
    paused_for: Vec<Tenant>,
}

const SELECT: &str = "SELECT n, name, state, options, layout, cursor FROM audit_tracked";

/// The tables that are tracked now, paused ones included, by name.
pub(super) fn all(connection: &Connection) -> Result<Vec<Tracked>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare_cached(&format!("{SELECT} WHERE state <> 3 ORDER BY name"))
        .map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        all.push(read(row)?);
    }
    Ok(all)
}

/// One of them.
pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Tracked>> {
    let mut all = all(connection)?;
    let place = all
        .iter()
        .position(|tracked| tracked.name.eq_ignore_ascii_case(name));
    Ok(place.map(|place| all.swap_remove(place)))
}

/// How to read the staged rows of a number, if that is still known.
pub(super) fn layout(connection: &Connection, n: i64) -> Result<Option<Layout>> {
    let text: Option<String> = connection
        .prepare_cached("SELECT layout FROM audit_tracked WHERE n = +?1")
        .and_then(|mut find| find.query_row([n], |row| row.get(0)).optional())
        .map_err(during(Phase::Read))?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| corrupt()))
        .transpose()
}

/// The numbers whose rows are summed up if there are more than so many.
pub(super) fn summarized(connection: &Connection) -> Result<Vec<(i64, i64)>> {
    let failed = during(Phase::Read);
    let mut statement = connection
        .prepare_cached(
            "SELECT n, summarize_above FROM audit_tracked WHERE summarize_above IS NOT NULL",
        )
        .map_err(failed)?;
    let rows = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .map_err(failed)?;
    rows.collect::<rusqlite::Result<_>>().map_err(failed)
}

/// A number that nobody has.
pub(super) fn next_number(connection: &Connection) -> Result<i64> {
    connection
        .query_row(
            "SELECT ifnull(max(n), 0) + 1 FROM audit_tracked",
            [],
            |row| row.get(0),
        )
        .map_err(during(Phase::Read))
}

/// Whether rows of a number wait to be taken.
pub(super) fn has_staged(connection: &Connection, n: i64) -> Result<bool> {
    connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM audit_stage WHERE source = ?1)",
            [n],
            |row| row.get(0),
        )
        .map_err(during(Phase::Read))
}

impl Tracked {
    /// Writes the row, over the one that has its number.
    pub(super) fn save(&self, connection: &Connection) -> Result<()> {
        let said = Said {
            options: self.options.clone(),
            secrets: self.secrets.clone(),
            known: self.known.clone(),
            paused_for: self.paused_for.clone(),
        };
        let json = |text: serde_json::Result<String>| text.map_err(|_| corrupt());
        forget(connection, self.n)?;
        connection
            .execute(
                "INSERT INTO audit_tracked (n, name, state, options, layout, refuses, summarize_above, cursor) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                params![
                    self.n,
                    self.name,
                    self.state.number(),
                    json(serde_json::to_string(&said))?,
                    json(serde_json::to_string(&self.layout))?,
                    self.options.refuse_foreign_writes,
                    self.options
                        .summarize_above
                        .map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)),
                    self.cursor,
                ],
            )
            .map_err(during(Phase::Write))?;
        Ok(())
    }
}

/// Removes the row of a number.
pub(super) fn forget(connection: &Connection, n: i64) -> Result<()> {
    connection
        .execute("DELETE FROM audit_tracked WHERE n = ?1", [n])
        .map_err(during(Phase::Write))?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Tracked> {
    let failed = during(Phase::Read);
    let state: i64 = row.get(2).map_err(failed)?;
    let said: String = row.get(3).map_err(failed)?;
    let layout: String = row.get(4).map_err(failed)?;
    let said: Said = serde_json::from_str(&said).map_err(|_| corrupt())?;
    Ok(Tracked {
        n: row.get(0).map_err(failed)?,
        name: row.get(1).map_err(failed)?,
        state: State::ALL
            .into_iter()
            .find(|known| known.number() == state)
            .ok_or_else(corrupt)?,
        options: said.options,
        secrets: said.secrets,
        known: said.known,
        paused_for: said.paused_for,
        layout: serde_json::from_str(&layout).map_err(|_| corrupt())?,
        cursor: row.get(5).map_err(failed)?,
    })
}
