//! Counting, from the indexes alone where they can tell.

use std::collections::HashMap;

use audit_core::query::{Count, Filter, Group, GroupBy, Order, tally};
use audit_core::{Outcome, Result};

use super::resolve::Stream;
use super::route::{self, Route, route};
use super::row::{column, integer};
use super::side::{Scope, Side, each};
use super::source::{Source, Width};
use super::sql;
use super::tally::sums;
use super::walk::walk;
use crate::codec::{Numbered, time_from};
use crate::error::corrupt;
use crate::writer::Tally;

const DAY_MICROS: i64 = 86_400_000_000;

/// How many entries a filter means.
pub(crate) fn count(scope: Scope<'_>, side: &mut Side, filter: &Filter) -> Result<u64> {
    let Some(route) = route(scope, filter, Order::OldestFirst, None)? else {
        return Ok(0);
    };
    if let Some(sums) = tallied(scope, &route, Tally::Verb)? {
        return Ok(sums.iter().map(|(_, entries)| entries).sum());
    }
    if is_decided(&route) {
        let mut entries = 0;
        for stream in &route.streams {
            entries += route::count(scope, stream, route.bounds)?;
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
    let leads_by_index =
        |stream: &Stream| !matches!(stream.source, Source::Log { .. } | Source::LogTail { .. });
    route.resolved.restrictions == 1 && route.streams.iter().all(leads_by_index)
}

/// Numbers with their entries, where the tallies alone tell: nothing is asked for, or only verbs
/// or actors. Without restriction they are of the kind that is wanted.
fn tallied(scope: Scope<'_>, route: &Route<'_>, wanted: Tally) -> Result<Option<Vec<(i64, u64)>>> {
    match (
        route.resolved.restrictions,
        route.resolved.tallied.as_slice(),
    ) {
        (0, []) => sums(scope, wanted).map(Some),
        (1, [set]) => {
            let mut sums = sums(scope, set.kind)?;
            sums.retain(|(number, _)| set.numbers.contains(number));
            Ok(Some(sums))
        }
        _ => Ok(None),
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
    let groups = match by {
        GroupBy::Action | GroupBy::EntityType if !is_about(&route, Tally::Actor) => {
            tallied(scope, &route, Tally::Verb)?
        }
        GroupBy::Actor if !is_about(&route, Tally::Verb) => tallied(scope, &route, Tally::Actor)?,
        GroupBy::Outcome if route.resolved.restrictions == 0 => Some(outcomes(scope)?),
        GroupBy::Outcome if is_decided(&route) && leads(&route) => Some(by_stream(scope, &route)?),
        _ => None,
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

fn is_about(route: &Route<'_>, kind: Tally) -> bool {
    route.resolved.tallied.iter().any(|set| set.kind == kind)
}

/// Whether each leading range is one outcome.
fn leads(route: &Route<'_>) -> bool {
    let mut sources = route.streams.iter().map(|stream| stream.source);
    sources.all(|source| source == Source::Outcome)
}

fn by_stream(scope: Scope<'_>, route: &Route<'_>) -> Result<Vec<(i64, u64)>> {
    let mut groups = Vec::new();
    for stream in &route.streams {
        if let rusqlite::types::Value::Integer(number) = stream.value {
            let entries = route::count(scope, stream, route.bounds)?;
            if entries > 0 {
                groups.push((number, entries));
            }
        }
    }
    Ok(groups)
}

/// Every entry of the tenant by outcome. Successes have no index: they are the rest.
fn outcomes(scope: Scope<'_>) -> Result<Vec<(i64, u64)>> {
    let mut groups = Vec::new();
    each(scope.connection, sql::BY_OUTCOME, &[&scope.tenant], |row| {
        let entries = u64::try_from(integer(row, 1)?).map_err(|_| corrupt())?;
        groups.push((integer(row, 0)?, entries));
        Ok(true)
    })?;
    let others: u64 = groups.iter().map(|(_, entries)| entries).sum();
    let all: u64 = sums(scope, Tally::Verb)?
        .iter()
        .map(|(_, entries)| entries)
        .sum();
    let successes = all.saturating_sub(others);
    if successes > 0 {
        groups.push((Outcome::Success.number()?, successes));
    }
    Ok(groups)
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
