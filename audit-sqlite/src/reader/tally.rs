//! Blocks of the log that hold a verb or an actor, and how often.

use std::collections::{BTreeSet, HashMap};

use audit_core::Result;
use rusqlite::types::ValueRef;

use super::resolve::MAX_STREAMS;
use super::row::{integer, value};
use super::side::{Scope, each, first};
use super::sql;
use crate::error::corrupt;
use crate::writer::{BLOCK, Tally};

/// Indexes of a tenant's log, from the first to the last.
pub(crate) type Part = (i64, i64);

/// Verbs or actors, one of which an entry has to have.
#[derive(Debug)]
pub(crate) struct Tallied {
    pub(crate) kind: Tally,
    pub(crate) numbers: Vec<i64>,
}

impl Tallied {
    /// The full blocks within some indexes that hold any of them.
    fn blocks(&self, scope: Scope<'_>, idx: (i64, i64)) -> Result<BTreeSet<i64>> {
        let (low, high) = (idx.0 / BLOCK, idx.1 / BLOCK);
        let mut blocks = BTreeSet::new();
        for number in &self.numbers {
            each(
                scope.connection,
                sql::TALLIED_BLOCKS,
                &[&scope.tenant, &self.kind.number(), number, &low, &high],
                |row| {
                    blocks.insert(integer(row, 0)?);
                    Ok(true)
                },
            )?;
        }
        Ok(blocks)
    }

    /// The first and the last number.
    pub(crate) fn ends(&self) -> (i64, i64) {
        match (self.numbers.first(), self.numbers.last()) {
            (Some(first), Some(last)) => (*first, *last),
            _ => (i64::MAX, i64::MIN),
        }
    }
}

/// How many entries each verb or actor of the tenant has, in order of appearance.
pub(crate) fn sums(scope: Scope<'_>, kind: Tally) -> Result<Vec<(i64, u64)>> {
    let mut sums: HashMap<i64, (i64, u64)> = HashMap::new();
    each(
        scope.connection,
        sql::TALLIED,
        &[&scope.tenant, &kind.number()],
        |row| {
            let entries = u64::try_from(integer(row, 1)?).map_err(|_| corrupt())?;
            sums.insert(integer(row, 0)?, (integer(row, 2)?, entries));
            Ok(true)
        },
    )?;
    let number = match kind {
        Tally::Verb => 1,
        Tally::Actor => 2,
    };
    let tail = open_index(scope)?;
    each(
        scope.connection,
        &sql::tail(),
        &[&scope.tenant, &tail],
        |row| {
            let sum = sums
                .entry(integer(row, number)?)
                .or_insert((integer(row, 0)?, 0));
            sum.1 += 1;
            Ok(true)
        },
    )?;
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|(_, (first, _))| *first);
    let sums = sums
        .into_iter()
        .map(|(number, (_, entries))| (number, entries));
    Ok(sums.collect())
}

/// The first index behind the full blocks.
pub(crate) fn open_index(scope: Scope<'_>) -> Result<i64> {
    let block = first(scope.connection, sql::OPEN_BLOCK, &[&scope.tenant], |row| {
        integer(row, 0)
    })?;
    Ok(block.ok_or_else(corrupt)?.saturating_mul(BLOCK))
}

/// Narrows parts of the log to those that hold entries of every set. Neighbouring blocks are one
/// part; what is behind the full blocks stays.
pub(crate) fn narrow(
    scope: Scope<'_>,
    sets: &[Tallied],
    parts: Vec<Part>,
    open: i64,
) -> Result<Vec<Part>> {
    let (Some(begin), Some(end)) = (parts.first(), parts.last()) else {
        return Ok(parts);
    };
    let mut common: Option<BTreeSet<i64>> = None;
    for set in sets.iter().filter(|set| set.numbers.len() <= MAX_STREAMS) {
        let blocks = set.blocks(scope, (begin.0, end.1))?;
        common = Some(match common {
            Some(common) => common.intersection(&blocks).copied().collect(),
            None => blocks,
        });
    }
    let Some(common) = common else {
        return Ok(parts);
    };
    let mut holding = Parts::default();
    for block in common {
        let first = block.saturating_mul(BLOCK);
        holding.add((first, first.saturating_add(BLOCK - 1)));
    }
    holding.add((open, i64::MAX));
    Ok(holding.within(&parts))
}

/// Where the verbs of a set stand in full blocks that touch some parts of the log, in order;
/// nothing if one of them is not rare, or there are too many.
pub(crate) fn places(scope: Scope<'_>, set: &Tallied, parts: &[Part]) -> Result<Option<Vec<i64>>> {
    /// With more, walking the blocks is as good.
    const MOST: usize = 4096;

    let (Some(begin), Some(end)) = (parts.first(), parts.last()) else {
        return Ok(None);
    };
    let (low, high) = (begin.0 / BLOCK, end.1 / BLOCK);
    let touches = |block: i64| {
        let first = block.saturating_mul(BLOCK);
        let last = first.saturating_add(BLOCK - 1);
        parts.iter().any(|part| part.0 <= last && first <= part.1)
    };
    let mut places = Vec::new();
    let mut are_known = set.kind == Tally::Verb && set.numbers.len() <= MAX_STREAMS;
    for number in &set.numbers {
        if !are_known {
            return Ok(None);
        }
        each(
            scope.connection,
            sql::PLACES,
            &[&scope.tenant, number, &low, &high],
            |row| {
                match value(row, 1)? {
                    ValueRef::Blob(blob) if touches(integer(row, 0)?) => {
                        let seqs = blob.as_chunks::<8>().0.iter();
                        places.extend(seqs.map(|seq| i64::from_be_bytes(*seq)));
                    }
                    ValueRef::Blob(_) => {}
                    _ => are_known = false,
                }
                are_known &= places.len() <= MOST;
                Ok(are_known)
            },
        )?;
    }
    places.sort_unstable();
    Ok(are_known.then_some(places))
}

/// Parts of the log in order, none of which touches the next.
#[derive(Debug, Default)]
pub(crate) struct Parts(Vec<Part>);

impl Parts {
    /// One part; an empty one is none.
    pub(crate) fn of(part: Part) -> Self {
        let mut parts = Self::default();
        parts.add(part);
        parts
    }

    /// Adds a part behind the others; an empty one is none.
    pub(crate) fn add(&mut self, part: (i64, i64)) {
        match self.0.last_mut() {
            _ if part.0 > part.1 => {}
            Some(last) if last.1.saturating_add(1) >= part.0 => last.1 = last.1.max(part.1),
            _ => self.0.push(part),
        }
    }

    /// What of these parts lies within others, which are in order too.
    pub(crate) fn within(&self, others: &[Part]) -> Vec<Part> {
        let mut common = Self::default();
        let (mut ours, mut theirs) = (self.0.iter().peekable(), others.iter().peekable());
        while let (Some(a), Some(b)) = (ours.peek(), theirs.peek()) {
            common.add((a.0.max(b.0), a.1.min(b.1)));
            if a.1 <= b.1 {
                ours.next();
            } else {
                theirs.next();
            }
        }
        common.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(of: &[Part]) -> Parts {
        let mut parts = Parts::default();
        for part in of {
            parts.add(*part);
        }
        parts
    }

    #[test]
    fn neighbours_become_one_and_empty_ones_none() {
        let joined = parts(&[(0, 9), (10, 19), (30, 29), (40, 49), (45, 47)]);
        assert_eq!(joined.0, [(0, 19), (40, 49)]);
    }

    #[test]
    fn what_is_common_is_in_both() {
        let a = parts(&[(0, 9), (20, 29), (40, i64::MAX)]);
        assert_eq!(
            a.within(&[(5, 24), (28, 41), (50, 60)]),
            [(5, 9), (20, 24), (28, 29), (40, 41), (50, 60)]
        );
        assert_eq!(a.within(&[]), []);
        assert_eq!(a.within(&[(10, 19)]), []);
    }
}
