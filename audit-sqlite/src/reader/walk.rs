//! Walking the entries that a filter means, in order, without reading more than is asked for.

use audit_core::Result;
use audit_core::query::Order;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Row, Rows};

use super::resolve::Stream;
use super::route::{Bounds, Route, with_values};
use super::row::{column, integer};
use super::side::{Scope, Side};
use super::source::{self, Width};
use super::sql;
use super::tally::Part;
use crate::error::{Phase, corrupt, during};

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

/// Walks some ranges in the order of the log, each entry once, until `visit` says `false`; says
/// whether it wants more.
fn merge(
    scope: Scope<'_>,
    streams: &[Stream],
    bounds: Bounds,
    order: Order,
    width: Width,
    visit: &mut impl FnMut(&Row<'_>) -> Result<bool>,
) -> Result<bool> {
    let failed = during(Phase::Read);
    let mut statements = Vec::with_capacity(streams.len());
    for (slot, stream) in streams.iter().enumerate() {
        let sql = source::stream(stream.source, order, width, slot);
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
        let Some(cursor) = next else { return Ok(true) };
        // Two ranges may hold one entry.
        if cursor.seq != last {
            last = cursor.seq;
            let row = cursor.rows.get().ok_or_else(corrupt)?;
            if !visit(row)? {
                return Ok(false);
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
        parts,
        tail,
        mut places,
        resolved,
    } = route;
    let mut residual = resolved.residual;
    let width = if residual.needs_changes() {
        Width::Full
    } else {
        width
    };
    let newest_first = order != Order::OldestFirst;
    // Each range with the part of the log in which it is walked next.
    let mut steps: Vec<(&[Stream], Part)> = Vec::with_capacity(parts.len() + 1);
    steps.extend(parts.iter().map(|part| (streams.as_slice(), *part)));
    if let Some((stream, parts)) = &tail {
        let stream = std::slice::from_ref(stream);
        steps.extend(parts.iter().map(|part| (stream, *part)));
    }
    if newest_first {
        steps.reverse();
        places.reverse();
    }
    let mut goes_on = true;
    let mut admit = |row: &Row<'_>| {
        let idx = integer(row, column::IDX)?;
        if (bounds.idx.0..=bounds.idx.1).contains(&idx) && residual.admits(row, scope, side)? {
            goes_on = visit(row, side)?;
        }
        Ok(goes_on)
    };
    // What has a place is before all parts.
    if !newest_first && !look_up(scope, &places, width, &mut admit)? {
        return Ok(());
    }
    for (streams, idx) in steps {
        let bounds = Bounds { idx, ..bounds };
        if !merge(scope, streams, bounds, order, width, &mut admit)? {
            return Ok(());
        }
    }
    if newest_first {
        look_up(scope, &places, width, &mut admit)?;
    }
    Ok(())
}

/// Visits the entries at some places; says whether `visit` wants more.
fn look_up(
    scope: Scope<'_>,
    places: &[i64],
    width: Width,
    visit: &mut impl FnMut(&Row<'_>) -> Result<bool>,
) -> Result<bool> {
    if places.is_empty() {
        return Ok(true);
    }
    let failed = during(Phase::Read);
    let mut statement = scope
        .connection
        .prepare_cached(&sql::at_place(width))
        .map_err(failed)?;
    for place in places {
        let mut rows = statement.query([scope.tenant, *place]).map_err(failed)?;
        let row = rows.next().map_err(failed)?.ok_or_else(corrupt)?;
        if !visit(row)? {
            return Ok(false);
        }
    }
    Ok(true)
}
