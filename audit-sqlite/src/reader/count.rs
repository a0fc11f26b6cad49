//! Counting, from the indexes alone where they can tell.

use std::collections::HashMap;

use audit_core::query::{Count, Filter, Group, GroupBy, Order, tally};
use audit_core::{Outcome, Result};

use super::resolve::Stream;
use super::row::{column, integer};
use super::side::{Scope, Side, each};
use super::sql::{self, Source, Width};
use super::walk::{self, Bounds, Route, route, walk};
use crate::codec::{Numbered, time_from};
use crate::error::corrupt;

const DAY_MICROS: i64 = 86_400_000_000;

/// How many entries a filter means.
pub(crate) fn count(scope: Scope<'_>, side: &mut Side, filter: &Filter) -> Result<u64> {
    let Some(route) = route(scope, filter, Order::OldestFirst, None)? else {
        return Ok(0);
    };
    if is_decided(&route) {
        let mut entries = 0;
        for stream in &route.streams {
            entries += walk::count(scope, stream, route.bounds)?;
        }
        return Ok(entries);
    }
    let mut entries = 0;
    walk(
        scope,
        side,
        route,
        Order::OldestFirst,
        Width::Thin,
        |_, _| {
            entries += 1;
            Ok(true)
        },
    )?;
    Ok(entries)
}

/// Whether being in the leading ranges is all that the filter asks for.
fn is_decided(route: &Route<'_>) -> bool {
    let is_log = route.streams == [Stream::log()];
    match route.resolved.restrictions {
        0 => true,
        1 => !is_log,
        _ => false,
    }
}

/// How many entries a filter means, by group.
pub(crate) fn count_by(
    scope: Scope<'_>,
    side: &mut Side,
    filter: &Filter,
    by: GroupBy,
) -> Result<Vec<Count>> {
    let Some(route) = route(scope, filter, Order::OldestFirst, None)? else {
        return Ok(Vec::new());
    };
    let groups = if route.resolved.restrictions == 0 {
        by_index(scope, by)?
    } else if is_decided(&route) && leads(&route, by) {
        by_stream(scope, &route)?
    } else {
        None
    };
    let groups = match groups {
        Some(groups) => groups,
        None => by_walk(scope, side, route, by)?,
    };
    let mut counts = Vec::with_capacity(groups.len());
    for (number, entries) in groups {
        counts.push(Count::new(group(scope, side, by, number)?, entries));
    }
    Ok(tally(counts))
}

/// Whether each leading range is one group.
fn leads(route: &Route<'_>, by: GroupBy) -> bool {
    let source = match by {
        GroupBy::Action | GroupBy::EntityType => Source::Verb,
        GroupBy::Outcome => Source::Outcome,
        _ => return false,
    };
    route.streams.iter().all(|stream| stream.source == source)
}

fn by_stream(scope: Scope<'_>, route: &Route<'_>) -> Result<Option<Vec<(i64, u64)>>> {
    let mut groups = Vec::new();
    for stream in &route.streams {
        if let rusqlite::types::Value::Integer(number) = stream.value {
            groups.push((number, walk::count(scope, stream, route.bounds)?));
        }
    }
    Ok(Some(groups))
}

/// Every entry of the tenant, by the numbers of an index; the group that came first is first, so
/// that an actor is called what it was called first.
fn by_index(scope: Scope<'_>, by: GroupBy) -> Result<Option<Vec<(i64, u64)>>> {
    let sql = match by {
        GroupBy::Action | GroupBy::EntityType => sql::BY_VERB,
        GroupBy::Actor => sql::BY_ACTOR,
        GroupBy::Outcome => sql::BY_OUTCOME,
        _ => return Ok(None),
    };
    let mut groups = Vec::new();
    each(scope.connection, sql, &[&scope.tenant], |row| {
        let entries = u64::try_from(integer(row, 1)?).map_err(|_| corrupt())?;
        groups.push((integer(row, 2)?, integer(row, 0)?, entries));
        Ok(true)
    })?;
    if by == GroupBy::Outcome {
        let all = walk::count(scope, &Stream::log(), Bounds::ALL)?;
        let others: u64 = groups.iter().map(|(_, _, entries)| entries).sum();
        let successes = all.saturating_sub(others);
        if successes > 0 {
            groups.push((i64::MIN, Outcome::Success.number()?, successes));
        }
    }
    groups.sort_unstable();
    Ok(Some(
        groups
            .into_iter()
            .map(|(_, number, entries)| (number, entries))
            .collect(),
    ))
}

fn by_walk(
    scope: Scope<'_>,
    side: &mut Side,
    route: Route<'_>,
    by: GroupBy,
) -> Result<Vec<(i64, u64)>> {
    let mut places: HashMap<i64, usize> = HashMap::new();
    let mut groups: Vec<(i64, u64)> = Vec::new();
    walk(
        scope,
        side,
        route,
        Order::OldestFirst,
        Width::Thin,
        |row, _| {
            let number = match by {
                GroupBy::Actor => integer(row, column::ACTOR)?,
                GroupBy::Day => integer(row, column::TIME)?.div_euclid(DAY_MICROS),
                GroupBy::Outcome => integer(row, column::OUTCOME)?,
                _ => integer(row, column::VERB)?,
            };
            let place = *places.entry(number).or_insert_with(|| {
                groups.push((number, 0));
                groups.len() - 1
            });
            if let Some((_, entries)) = groups.get_mut(place) {
                *entries += 1;
            }
            Ok(true)
        },
    )?;
    Ok(groups)
}

fn group(scope: Scope<'_>, side: &mut Side, by: GroupBy, number: i64) -> Result<Group> {
    Ok(match by {
        GroupBy::Actor => Group::Actor(side.actor(scope, number)?.as_ref().clone()),
        GroupBy::Day => Group::Day(time_from(number.saturating_mul(DAY_MICROS))?.date_naive()),
        GroupBy::Outcome => Group::Outcome(Outcome::from_number(number)?),
        GroupBy::EntityType => Group::EntityType(
            side.verb(scope, number)?
                .entity_type
                .as_deref()
                .map(str::to_owned),
        ),
        _ => Group::Action(side.verb(scope, number)?.action.to_string()),
    })
}
