//! Where in the log the entries stand that a filter means.

use audit_core::Result;
use audit_core::query::{Filter, Order};
use rusqlite::ToSql;

use super::resolve::{Resolved, Stream, resolve};
use super::row::{integer, optional_integer};
use super::side::{Scope, first};
use super::source::{self, Source};
use super::sql;
use super::tally::{self, Part, Parts, Tallied};
use crate::codec::micros_not_before;
use crate::error::{Phase, corrupt, during};
use crate::writer::{BLOCK, Tally};

/// The part of the log that is looked at, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) idx: (i64, i64),
    pub(crate) seq: (i64, i64),
    /// The first index behind the full blocks.
    pub(crate) open: i64,
    pub(crate) verb: (i64, i64),
    pub(crate) actor: (i64, i64),
}

impl Bounds {
    pub(crate) const ALL: Self = Self {
        idx: (0, i64::MAX),
        seq: (i64::MIN, i64::MAX),
        open: 0,
        verb: (i64::MIN, i64::MAX),
        actor: (i64::MIN, i64::MAX),
    };
}

/// How to find the entries that a filter means.
pub(crate) struct Route<'f> {
    /// Ranges that are walked as one.
    pub(crate) streams: Vec<Stream>,
    pub(crate) bounds: Bounds,
    /// The parts of the log in which they are walked, in order.
    pub(crate) parts: Vec<Part>,
    /// Where the log itself leads: what is behind those parts in full blocks of the whole log.
    pub(crate) tail: Option<(Stream, Vec<Part>)>,
    /// Entries before those parts that are looked up by their place, in order.
    pub(crate) places: Vec<i64>,
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
    let is_timed = filter.since.is_some() || filter.until.is_some();
    let has_candidates = !resolved.candidates.is_empty();
    // Asked once, and only where full blocks play a part.
    let open = if is_timed || has_candidates || !resolved.tallied.is_empty() {
        tally::open_index(scope)?
    } else {
        0
    };
    let parts = parts(scope, filter, order, after, open)?;
    let Some(mut bounds) = bounds(scope, &parts, open, has_candidates)? else {
        return Ok(None);
    };
    for set in &resolved.tallied {
        match set.kind {
            Tally::Verb => bounds.verb = set.ends(),
            Tally::Actor => bounds.actor = set.ends(),
        }
    }
    let candidates = std::mem::take(&mut resolved.candidates);
    let streams = choose(scope, candidates, bounds, &resolved.tallied)?;
    if let Some(streams) = streams {
        return Ok(Some(Route {
            streams,
            bounds,
            parts: vec![bounds.idx],
            tail: None,
            places: Vec::new(),
            resolved,
        }));
    }
    let (parts, places) = lead(scope, &resolved.tallied, parts, open)?;
    let (parts, behind) = split(scope, parts)?;
    let is_about = |kind| resolved.tallied.iter().any(|set| set.kind == kind);
    let [log, tail] = Stream::log(is_about(Tally::Verb), is_about(Tally::Actor));
    Ok(Some(Route {
        streams: vec![log],
        bounds,
        parts,
        tail: Some((tail, behind)),
        places,
        resolved,
    }))
}

/// What of parts of a tenant's log is in full blocks of the whole log, and what behind them.
fn split(scope: Scope<'_>, parts: Vec<Part>) -> Result<(Vec<Part>, Vec<Part>)> {
    // No entry is in both, so that one part may be looked for in both.
    if let [(_, i64::MAX)] = parts.as_slice() {
        return Ok((parts.clone(), parts));
    }
    let last = first(
        scope.connection,
        sql::LAST_PLACED,
        &[&scope.tenant],
        |row| integer(row, 0),
    )?;
    let last = last.ok_or_else(corrupt)?;
    let behind = Parts::of((last.saturating_add(1), i64::MAX)).within(&parts);
    Ok((Parts::of((0, last)).within(&parts), behind))
}

/// How the log itself leads: through the places of rare verbs, or else through its blocks.
fn lead(
    scope: Scope<'_>,
    sets: &[Tallied],
    parts: Vec<Part>,
    open: i64,
) -> Result<(Vec<Part>, Vec<i64>)> {
    for set in sets {
        if let Some(places) = tally::places(scope, set, &parts)? {
            return Ok((Parts::of((open, i64::MAX)).within(&parts), places));
        }
    }
    Ok((tally::narrow(scope, sets, parts, open)?, Vec::new()))
}

/// What lies behind the cursor, and within blocks that the time range touches. The entries
/// behind the full blocks may have any time.
fn parts(
    scope: Scope<'_>,
    filter: &Filter,
    order: Order,
    after: Option<u64>,
    open: i64,
) -> Result<Vec<Part>> {
    let after = after.map(|after| i64::try_from(after).unwrap_or(i64::MAX));
    let behind = match (after, order) {
        (None, _) => (0, i64::MAX),
        (Some(after), Order::OldestFirst) => (after.saturating_add(1), i64::MAX),
        (Some(after), _) => (0, after.saturating_sub(1)),
    };
    if filter.since.is_none() && filter.until.is_none() {
        return Ok(Parts::of(behind).within(&[behind]));
    }
    let mut parts = Parts::default();
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
    if let Some((earliest, latest)) = blocks.flatten() {
        let end = latest.saturating_add(1).saturating_mul(BLOCK);
        parts.add((earliest.saturating_mul(BLOCK), end - 1));
    }
    parts.add((open, i64::MAX));
    Ok(parts.within(&[behind]))
}

/// The bounds around all parts.
fn bounds(scope: Scope<'_>, parts: &[Part], open: i64, needs_seq: bool) -> Result<Option<Bounds>> {
    let (Some((low, _)), Some((_, high))) = (parts.first(), parts.last()) else {
        return Ok(None);
    };
    let (low, high) = (*low, *high);
    let mut bounds = Bounds {
        idx: (low, high),
        open,
        ..Bounds::ALL
    };
    if needs_seq && low > 0 {
        let Some(seq) = place(scope, &sql::seq_from(), low)? else {
            return Ok(None);
        };
        bounds.seq.0 = seq;
    }
    if needs_seq && high < i64::MAX {
        let Some(seq) = place(scope, &sql::seq_to(), high)? else {
            return Ok(None);
        };
        bounds.seq.1 = seq;
    }
    Ok(Some(bounds))
}

/// Where an entry stands that is next to an index.
fn place(scope: Scope<'_>, sql: &str, index: i64) -> Result<Option<i64>> {
    let seq = first(scope.connection, sql, &[&scope.tenant, &index], |row| {
        optional_integer(row, 0)
    })?;
    Ok(seq.flatten())
}

/// Chooses the candidate with the fewest entries; counting is from the index and stops early.
/// None if the log itself leads better.
fn choose(
    scope: Scope<'_>,
    candidates: Vec<Vec<Stream>>,
    bounds: Bounds,
    tallied: &[Tallied],
) -> Result<Option<Vec<Stream>>> {
    /// So few that looking for fewer costs more.
    const FEW: i64 = 32;

    // Outcomes and severities may be common, and then blocks of the log may lead better.
    let is_coarse = |streams: &[Stream]| {
        let coarse = [Source::Outcome, Source::Severity];
        streams.iter().any(|stream| coarse.contains(&stream.source))
    };
    let is_choice = candidates.len() > 1;
    let mut best: Option<(i64, Vec<Stream>)> = None;
    for candidate in candidates {
        let mut entries = 0;
        if is_choice || (is_coarse(&candidate) && !tallied.is_empty()) {
            for stream in &candidate {
                entries += probe(scope, stream, bounds)?;
                if entries >= source::PROBE {
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
    Ok(best.and_then(|(fewest, streams)| {
        let is_common = fewest >= source::PROBE && is_coarse(&streams) && !tallied.is_empty();
        (!is_common).then_some(streams)
    }))
}

fn probe(scope: Scope<'_>, stream: &Stream, bounds: Bounds) -> Result<i64> {
    number(scope, &source::probe(stream.source), stream, bounds)
}

/// How many entries a range has.
pub(crate) fn count(scope: Scope<'_>, stream: &Stream, bounds: Bounds) -> Result<u64> {
    let entries = number(scope, &source::count(stream.source), stream, bounds)?;
    u64::try_from(entries).map_err(|_| corrupt())
}

fn number(scope: Scope<'_>, sql: &str, stream: &Stream, bounds: Bounds) -> Result<i64> {
    with_values(scope, stream, bounds, |values| {
        first(scope.connection, sql, values, |row| integer(row, 0))?.ok_or_else(corrupt)
    })
}

/// Binds what the statement of a range asks for.
pub(super) fn with_values<R>(
    scope: Scope<'_>,
    stream: &Stream,
    bounds: Bounds,
    with: impl FnOnce(&[&dyn ToSql]) -> R,
) -> R {
    let tenant = &scope.tenant;
    let Bounds {
        idx,
        seq,
        open,
        verb,
        actor,
    } = &bounds;
    match stream.source {
        Source::Log { verbs, actors } | Source::LogTail { verbs, actors } => {
            let all: [&dyn ToSql; 7] =
                [tenant, &idx.0, &idx.1, &verb.0, &verb.1, &actor.0, &actor.1];
            // As many as the statement has.
            let given = match (verbs, actors) {
                (_, true) => 7,
                (true, false) => 5,
                (false, false) => 3,
            };
            with(all.get(..given).unwrap_or(&all))
        }
        Source::EntityOpen | Source::EntityTail => {
            with(&[tenant, open.max(&idx.0), &idx.1, &stream.value])
        }
        _ => with(&[tenant, &seq.0, &seq.1, &stream.value]),
    }
}
