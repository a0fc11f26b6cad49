//! Taking staged rows out of the file, as changes in the order in which they happened.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use audit_core::{AuditEntry, Result, Sanitizer, Tenant, action};
use rusqlite::{Connection, Row};

use super::change::{RowChange, Summary};
use super::layout::{Layout, Staged};
use super::{read, registry};
use crate::error::{Phase, during};

/// What is done with each change.
type Each<'a> = dyn FnMut(RowChange) -> Result<()> + 'a;

/// Whether any row is staged, or was put aside and stayed: it goes when rows are taken, if there are
/// none to take, too.
pub(crate) fn has_staged(connection: &Connection) -> Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM audit_stage) OR EXISTS (SELECT 1 FROM audit_displaced)",
        )
        .and_then(|mut any| any.query_row([], |row| row.get(0)))
        .map_err(during(Phase::Read))
}

/// Takes the oldest staged rows, at most `limit`, and says how many it was: fewer than `limit`
/// when none is left. Rows that are summed up count as none.
///
/// In the transaction that is open: what `each` makes of them and their removal are one. Memory
/// does not grow with the number of rows.
pub(crate) fn take_staged(
    connection: &Connection,
    limit: usize,
    each: &mut Each<'_>,
) -> Result<usize> {
    let mut layouts = Layouts::default();
    for (source, most) in registry::summarized(connection)? {
        sum_up(connection, &mut layouts, source, most, each)?;
    }
    let each = &mut |_, change| each(change);
    let taken = read_staged(connection, &mut layouts, limit, each)?;
    taken.remove(connection)?;
    Ok(taken.rows)
}

/// The same for rows that nobody has claimed, as entries.
pub(crate) fn take_unattributed(
    connection: &Connection,
    sanitizer: &Sanitizer,
    limit: usize,
    each: &mut dyn FnMut(AuditEntry) -> Result<()>,
) -> Result<usize> {
    take_staged(connection, limit, &mut |change| {
        each(change.into_unattributed(sanitizer))
    })
}

/// Staged rows that were read, the oldest ones.
pub(crate) struct Taken {
    rows: usize,
    last: i64,
    /// Whether none is left.
    pub(crate) is_all: bool,
}

impl Taken {
    pub(crate) fn remove(&self, connection: &Connection) -> Result<()> {
        if self.is_all {
            return clear(connection);
        }
        remove_to(connection, self.last)
    }
}

/// Removes the staged rows up to this one.
pub(crate) fn remove_to(connection: &Connection, last: i64) -> Result<()> {
    remove(connection, "DELETE FROM audit_stage WHERE n <= +?1", [last])
}

fn read_staged(
    connection: &Connection,
    layouts: &mut Layouts,
    limit: usize,
    each: &mut dyn FnMut(i64, RowChange) -> Result<()>,
) -> Result<Taken> {
    let failed = during(Phase::Read);
    // The plus sign is no sign: see `Sql` in `writer::values`.
    let mut statement = connection
        .prepare_cached("SELECT * FROM audit_stage ORDER BY n LIMIT +?1")
        .map_err(failed)?;
    let mut rows = statement
        .query([i64::try_from(limit).unwrap_or(i64::MAX)])
        .map_err(failed)?;
    let (mut taken, mut last) = (0, 0);
    while let Some(row) = rows.next().map_err(failed)? {
        last = row.get(0).map_err(failed)?;
        if let Some((change, _)) = layouts.change(connection, row)? {
            each(last, change)?;
        }
        taken += 1;
    }
    Ok(Taken {
        rows: taken,
        last,
        is_all: taken < limit,
    })
}

/// Whether at least so many rows are staged, as far as their numbers tell, of which none is to be
/// summed up: then they can be read while others are stored.
pub(crate) fn are_many(connection: &Connection, rows: i64) -> Result<bool> {
    let span: i64 = connection
        .prepare_cached("SELECT coalesce((SELECT max(n) FROM audit_stage) - (SELECT min(n) FROM audit_stage), 0)")
        .and_then(|mut span| span.query_row([], |row| row.get(0)))
        .map_err(during(Phase::Read))?;
    Ok(span >= rows && registry::summarized(connection)?.is_empty())
}

/// Reads the oldest staged rows, at most `limit`, as entries of nobody, each with its place among them. They
/// stay staged.
pub(crate) fn read_unattributed(
    connection: &Connection,
    sanitizer: &Sanitizer,
    limit: usize,
    each: &mut dyn FnMut(i64, AuditEntry) -> Result<()>,
) -> Result<Taken> {
    let each = &mut |n, change: RowChange| each(n, change.into_unattributed(sanitizer));
    read_staged(connection, &mut Layouts::default(), limit, each)
}

/// What is left when all is taken, and how it is removed. A statement that removes every row is far
/// cheaper than one that looks for them, and one that removes none still writes a page.
const LEFT: &str = "SELECT EXISTS (SELECT 1 FROM audit_stage), EXISTS (SELECT 1 FROM audit_displaced), EXISTS (SELECT 1 FROM audit_departed), EXISTS (SELECT 1 FROM audit_tracked WHERE state = 3)";
const REMOVE: [&str; 4] = [
    "DELETE FROM audit_stage",
    "DELETE FROM audit_displaced",
    "DELETE FROM audit_departed",
    "DELETE FROM audit_tracked WHERE state = 3",
];

fn clear(connection: &Connection) -> Result<()> {
    let left: [bool; 4] = connection
        .prepare_cached(LEFT)
        .and_then(|mut left| {
            left.query_row([], |row| {
                Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
            })
        })
        .map_err(during(Phase::Read))?;
    for (_, sql) in left.into_iter().zip(REMOVE).filter(|(is_left, _)| *is_left) {
        remove(connection, sql, [])?;
    }
    Ok(())
}

fn remove(connection: &Connection, sql: &str, params: impl rusqlite::Params) -> Result<()> {
    connection
        .prepare_cached(sql)
        .and_then(|mut remove| remove.execute(params))
        .map_err(during(Phase::Write))?;
    Ok(())
}

/// Takes the rows of one number if there are too many to be told of one by one: one change for
/// each tenant and action.
fn sum_up(
    connection: &Connection,
    layouts: &mut Layouts,
    source: i64,
    most: i64,
    each: &mut Each<'_>,
) -> Result<()> {
    let failed = during(Phase::Read);
    let rows: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM audit_stage WHERE source = +?1 AND operation IN (1, 2, 3)",
        )
        .and_then(|mut count| count.query_row([source], |row| row.get(0)))
        .map_err(failed)?;
    if rows <= most {
        return Ok(());
    }
    let mut sums: HashMap<(Option<Tenant>, &'static str), RowChange> = HashMap::new();
    let mut statement = connection
        .prepare_cached(
            "SELECT * FROM audit_stage WHERE source = +?1 AND operation IN (1, 2, 3) ORDER BY n",
        )
        .map_err(failed)?;
    let mut rows = statement.query([source]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let Some((mut change, layout)) = layouts.change(connection, row)? else {
            continue;
        };
        let changes = std::mem::take(&mut change.changes);
        let sum = match sums.entry((change.tenant.clone(), change.action)) {
            Entry::Occupied(sum) => sum.into_mut(),
            Entry::Vacant(empty) => {
                change.action = bulk(change.action);
                change.id = None;
                change.name = None;
                change.summary = Some(Summary {
                    condition: layout.and_then(|layout| layout.condition.clone()),
                    ..Summary::default()
                });
                empty.insert(change)
            }
        };
        if let Some(summary) = &mut sum.summary {
            summary.add(&changes);
        }
    }
    drop(rows);
    drop(statement);
    let mut sums: Vec<_> = sums.into_values().collect();
    sums.sort_by(|one, other| (&one.tenant, one.action).cmp(&(&other.tenant, other.action)));
    sums.into_iter().try_for_each(&mut *each)?;
    remove(
        connection,
        "DELETE FROM audit_stage WHERE source = +?1 AND operation IN (1, 2, 3)",
        [source],
    )
}

/// The action of an entry that stands for many. One of its own, so that histories find those that
/// they have to look at without reading all others.
fn bulk(action: &'static str) -> &'static str {
    match action {
        action::CREATE => action::BULK_CREATE,
        action::UPDATE => action::BULK_UPDATE,
        action::DELETE => action::BULK_DELETE,
        other => other,
    }
}

/// How to read the rows of each number.
#[derive(Default)]
struct Layouts(HashMap<i64, Option<Layout>>);

impl Layouts {
    /// What a row tells; nothing if it was only written in another way.
    fn change(
        &mut self,
        connection: &Connection,
        row: &Row<'_>,
    ) -> Result<Option<(RowChange, Option<&Layout>)>> {
        let failed = during(Phase::Read);
        let source: i64 = row.get(1).map_err(failed)?;
        let number: i64 = row.get(2).map_err(failed)?;
        let layout = match self.0.entry(source) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(registry::layout(connection, source)?),
        };
        match (layout, Staged::from_number(number)) {
            (Some(layout), Some(staged)) => {
                let change = read::read(row, layout, staged)?;
                Ok((!change.is_of_form_only()).then_some((change, Some(&*layout))))
            }
            // It must not hold up everything that comes after it.
            _ => Ok(Some((read::unreadable(row)?, None))),
        }
    }
}
