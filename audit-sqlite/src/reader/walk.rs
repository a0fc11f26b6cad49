//! Walking the entries that a filter means, in order, without reading more than is asked for.

use audit_core::Result;
use audit_core::query::{Filter, Order};
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Row, Rows, ToSql};

use super::resolve::{Resolved, Stream, resolve};
use super::row::{column, integer};
use super::side::{Scope, Side, first};
use super::sql::{self, Source, Width};
use crate::codec::micros_not_before;
use crate::error::{Phase, corrupt, during};
use crate::writer::BLOCK;

/// The part of the log that is looked at, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) idx: (i64, i64),
    pub(crate) seq: (i64, i64),
}

impl Bounds {
    pub(crate) const ALL: Self = Self {
        idx: (0, i64::MAX),
        seq: (i64::MIN, i64::MAX),
    };

    fn of(&self, source: Source) -> (i64, i64) {
        match source {
            Source::Log => self.idx,
            _ => self.seq,
        }
    }
}

/// How to find the entries that a filter means.
pub(crate) struct Route<'f> {
    pub(crate) streams: Vec<Stream>,
    pub(crate) bounds: Bounds,
    pub(crate) resolved: Resolved<'f>,
}

/// Finds the way to the entries that a filter means; nothing if there can be none.
pub(crate) fn route<'f>(
    scope: Scope<'_>,
    filter: &'f Filter,
    order: Order,
    after: Option<u64>,
) -> Result<Option<Route<'f>>> {
    let Some(mut resolved) = resolve(scope, filter)? else {
        return Ok(None);
    };
    let Some(bounds) = bounds(scope, filter, order, after, !resolved.candidates.is_empty())? else {
        return Ok(None);
    };
    let streams = choose(scope, std::mem::take(&mut resolved.candidates), bounds)?;
    Ok(Some(Route {
        streams,
        bounds,
        resolved,
    }))
}

/// Narrows the log to what lies behind the cursor and within blocks that the time range touches.
fn bounds(
    scope: Scope<'_>,
    filter: &Filter,
    order: Order,
    after: Option<u64>,
    needs_seq: bool,
) -> Result<Option<Bounds>> {
    let mut bounds = Bounds::ALL;
    let (low, high) = &mut bounds.idx;
    if let Some(after) = after {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        match order {
            Order::OldestFirst => *low = after.saturating_add(1),
            _ => *high = after.saturating_sub(1),
        }
    }
    if filter.since.is_some() || filter.until.is_some() {
        let since = filter.since.map_or(i64::MIN, micros_not_before);
        let until = filter.until.map_or(i64::MAX, micros_not_before);
        let blocks = first(
            scope.connection,
            sql::BLOCKS,
            &[&scope.tenant, &since, &until],
            |row| {
                row.get::<_, Option<i64>>(0)
                    .and_then(|first| Ok(first.zip(row.get::<_, Option<i64>>(1)?)))
                    .map_err(during(Phase::Read))
            },
        )?;
        let Some((earliest, latest)) = blocks.flatten() else {
            return Ok(None);
        };
        *low = (*low).max(earliest.saturating_mul(BLOCK));
        *high = (*high).min(latest.saturating_mul(BLOCK).saturating_add(BLOCK - 1));
    }
    let (low, high) = bounds.idx;
    if low > high {
        return Ok(None);
    }
    if needs_seq && low > 0 {
        let seq = first(
            scope.connection,
            sql::SEQ_FROM,
            &[&scope.tenant, &low],
            |row| integer(row, 0),
        )?;
        let Some(seq) = seq else { return Ok(None) };
        bounds.seq.0 = seq;
    }
    if needs_seq && high < i64::MAX {
        let seq = first(
            scope.connection,
            sql::SEQ_TO,
            &[&scope.tenant, &high],
            |row| integer(row, 0),
        )?;
        let Some(seq) = seq else { return Ok(None) };
        bounds.seq.1 = seq;
    }
    Ok(Some(bounds))
}

/// Chooses the candidate with the fewest entries; counting is from the index and stops early.
fn choose(scope: Scope<'_>, candidates: Vec<Vec<Stream>>, bounds: Bounds) -> Result<Vec<Stream>> {
    /// So few that looking for fewer costs more.
    const FEW: i64 = 32;

    let is_choice = candidates.len() > 1;
    let mut best: Option<(i64, Vec<Stream>)> = None;
    for candidate in candidates {
        let mut entries = 0;
        if is_choice {
            for stream in &candidate {
                entries += probe(scope, stream, bounds)?;
                if entries >= sql::PROBE {
                    break;
                }
            }
        }
        if best.as_ref().is_none_or(|(fewest, _)| entries < *fewest) {
            best = Some((entries, candidate));
        }
        if entries <= FEW {
            break;
        }
    }
    Ok(best.map_or_else(|| vec![Stream::log()], |(_, streams)| streams))
}

fn probe(scope: Scope<'_>, stream: &Stream, bounds: Bounds) -> Result<i64> {
    number(scope, &sql::probe(stream.source), stream, bounds)
}

/// How many entries a range has.
pub(crate) fn count(scope: Scope<'_>, stream: &Stream, bounds: Bounds) -> Result<u64> {
    let entries = number(scope, &sql::count(stream.source), stream, bounds)?;
    u64::try_from(entries).map_err(|_| corrupt())
}

fn number(scope: Scope<'_>, sql: &str, stream: &Stream, bounds: Bounds) -> Result<i64> {
    with_values(scope, stream, bounds, |values| {
        first(scope.connection, sql, values, |row| integer(row, 0))?.ok_or_else(corrupt)
    })
}

fn with_values<R>(
    scope: Scope<'_>,
    stream: &Stream,
    bounds: Bounds,
    with: impl FnOnce(&[&dyn ToSql]) -> R,
) -> R {
    let (low, high) = bounds.of(stream.source);
    match stream.source {
        Source::Log => with(&[&scope.tenant, &low, &high]),
        _ => with(&[&scope.tenant, &low, &high, &stream.value]),
    }
}

/// One range being read.
struct Cursor<'s> {
    /// Where the current row stands in the log; nothing at the end.
    seq: Option<i64>,
    rows: Rows<'s>,
}

impl Cursor<'_> {
    fn advance(&mut self) -> Result<()> {
        let row = self.rows.next().map_err(during(Phase::Read))?;
        self.seq = row.map(|row| integer(row, column::SEQ)).transpose()?;
        Ok(())
    }
}

/// Walks some ranges in the order of the log, each entry once, until `visit` says `false`.
pub(crate) fn merge(
    scope: Scope<'_>,
    streams: &[Stream],
    bounds: Bounds,
    order: Order,
    width: Width,
    mut visit: impl FnMut(&Row<'_>) -> Result<bool>,
) -> Result<()> {
    let failed = during(Phase::Read);
    let mut statements = Vec::with_capacity(streams.len());
    for (slot, stream) in streams.iter().enumerate() {
        let sql = sql::stream(stream.source, order, width, slot);
        statements.push(scope.connection.prepare_cached(&sql).map_err(failed)?);
    }
    let mut cursors = Vec::with_capacity(streams.len());
    for (statement, stream) in statements.iter_mut().zip(streams) {
        let rows =
            with_values(scope, stream, bounds, |values| statement.query(values)).map_err(failed)?;
        let mut cursor = Cursor { seq: None, rows };
        cursor.advance()?;
        cursors.push(cursor);
    }
    let mut last = None;
    loop {
        let open = cursors.iter_mut().filter(|cursor| cursor.seq.is_some());
        let next = match order {
            Order::OldestFirst => open.min_by_key(|cursor| cursor.seq),
            _ => open.max_by_key(|cursor| cursor.seq),
        };
        let Some(cursor) = next else { return Ok(()) };
        // Two ranges may hold one entry: an actor's name and a record's name both match.
        if cursor.seq != last {
            last = cursor.seq;
            let row = cursor.rows.get().ok_or_else(corrupt)?;
            if !visit(row)? {
                return Ok(());
            }
        }
        cursor.advance()?;
    }
}

/// Walks the entries that a filter means, in order, until `visit` says `false`.
pub(crate) fn walk(
    scope: Scope<'_>,
    side: &mut Side,
    route: Route<'_>,
    order: Order,
    width: Width,
    mut visit: impl FnMut(&Row<'_>, &mut Side) -> Result<bool>,
) -> Result<()> {
    let Route {
        streams,
        bounds,
        resolved,
    } = route;
    let mut residual = resolved.residual;
    let width = if residual.needs_changes() {
        Width::Full
    } else {
        width
    };
    merge(scope, &streams, bounds, order, width, |row| {
        if residual.admits(row, scope, side)? {
            visit(row, side)
        } else {
            Ok(true)
        }
    })
}
