//! Where in the log the entries stand that a filter means.

use audit_core::Result;
use audit_core::query::{Filter, Order};
use rusqlite::ToSql;

use super::resolve::{Resolved, Stream, resolve};
use super::row::integer;
use super::side::{Scope, first};
use super::sql::{self, Source};
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
    pub(crate) streams: Vec<Stream>,
    pub(crate) bounds: Bounds,
    /// Where the log itself leads: the parts of it that are walked, in order.
    pub(crate) parts: Vec<Part>,
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
    let (parts, places) = match &streams {
        Some(_) => (vec![bounds.idx], Vec::new()),
        None => lead(scope, &resolved.tallied, parts, open)?,
    };
    Ok(Some(Route {
        streams: streams.unwrap_or_else(|| {
            let is_about = |kind| resolved.tallied.iter().any(|set| set.kind == kind);
            vec![Stream::log(is_about(Tally::Verb), is_about(Tally::Actor))]
        }),
        bounds,
        parts,
        places,
        resolved,
    }))
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
            let mut tail = Parts::default();
            tail.add((open, i64::MAX));
            return Ok((tail.within(&parts), places));
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
    let mut parts = Parts::default();
    if filter.since.is_none() && filter.until.is_none() {
        parts.add(behind);
        return Ok(parts.within(&[behind]));
    }
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
    Ok(best.and_then(|(fewest, streams)| {
        let is_common = fewest >= sql::PROBE && is_coarse(&streams) && !tallied.is_empty();
        (!is_common).then_some(streams)
    }))
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
        Source::Log { verbs, actors } => {
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
        Source::Tail => with(&[tenant, open.max(&idx.0), &idx.1, &stream.value]),
        _ => with(&[tenant, &seq.0, &seq.1, &stream.value]),
    }
}
