//! What is kept of each full block of a tenant's log: the times in it, how often each verb and
//! each actor stands in it, and where each record does. Searching skips blocks and counting adds
//! them up.
//!
//! A block is summed up once, when its last entry is added; entries behind the last full block
//! are looked at one by one. So a single entry dirties few pages, a block is written where its
//! neighbours are, and nothing has to be remembered from one batch, or one process, to the next: where the
//! times are not, they are read.

use std::collections::BTreeMap;

use audit_core::Result;
use rusqlite::{Connection, params};

use crate::error::{Phase, corrupt, during};

/// How many entries of a tenant make a block.
pub(crate) const BLOCK: i64 = 256;

/// What a number in `audit_tally` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Tally {
    Verb,
    Actor,
}

impl Tally {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Verb => 1,
            Self::Actor => 2,
        }
    }
}

/// The entries of a block, of which the last ones may not be in full blocks of the whole log yet.
const ENTRIES: &str = "SELECT idx, seq, verb, actor, entity FROM audit_place WHERE tenant = +?1 AND idx BETWEEN ?2 AND ?3 UNION ALL SELECT idx, seq, verb, actor, entity FROM audit_entry NOT INDEXED WHERE seq >= ?4 AND tenant = +?1 AND idx BETWEEN ?2 AND ?3";
const TIMES: &str = "SELECT min(time), max(time) FROM (SELECT e.time FROM audit_place AS p CROSS JOIN audit_entry AS e ON e.seq = p.seq WHERE p.tenant = +?1 AND p.idx BETWEEN ?2 AND ?3 UNION ALL SELECT time FROM audit_entry NOT INDEXED WHERE seq >= ?4 AND tenant = +?1 AND idx BETWEEN ?2 AND ?3)";
const SPAN: &str =
    "INSERT INTO audit_span (tenant, block, min_time, max_time) VALUES (?1, ?2, ?3, ?4)";
/// `OR FAIL` spares a statement the journal by which it would be taken back alone: see `INSERT_FOR_CALLER`.
const TALLY: &str = "INSERT OR FAIL INTO audit_tally (tenant, kind, number, block, first, entries, places) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
const POSTING: &str = "INSERT OR FAIL INTO audit_posting (tenant, entity, seq) VALUES (?1, ?2, ?3)";

/// A verb that a block has no more often says where it is.
const RARE: usize = 32;

/// The times in the open block of a tenant's log.
pub(super) enum Span {
    Known {
        min: i64,
        max: i64,
    },
    /// Some were written before anybody looked: they are read when the block is full.
    Unknown,
}

impl Span {
    const EMPTY: Self = Self::Known {
        min: i64::MAX,
        max: i64::MIN,
    };

    /// Of a log whose next entry has this index.
    pub(super) fn before(next: i64) -> Self {
        if next % BLOCK == 0 {
            Self::EMPTY
        } else {
            Self::Unknown
        }
    }

    fn add(&mut self, time: i64) {
        if let Self::Known { min, max } = self {
            *min = time.min(*min);
            *max = time.max(*max);
        }
    }
}

/// Takes in an entry that was added, and sums up the block that it has filled, if it has. What is
/// behind the full blocks of the whole log begins at `open`.
pub(super) fn added(
    connection: &Connection,
    tenant: i64,
    (index, time): (i64, i64),
    open: i64,
    span: &mut Span,
) -> Result<()> {
    span.add(time);
    if index % BLOCK != BLOCK - 1 {
        return Ok(());
    }
    let failed = during(Phase::Write);
    let (block, first) = (index / BLOCK, index - BLOCK + 1);
    let (min, max) = match std::mem::replace(span, Span::EMPTY) {
        Span::Known { min, max } => (min, max),
        Span::Unknown => connection
            .prepare_cached(TIMES)
            .and_then(|mut times| {
                times.query_row([tenant, first, index, open], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
            })
            .map_err(failed)?,
    };
    connection
        .prepare_cached(SPAN)
        .and_then(|mut span| span.execute([tenant, block, min, max]))
        .map_err(failed)?;
    let sums = Sums::of(connection, tenant, (first, index), open)?;
    sums.write(connection, tenant, block)
}

/// What stands in a block.
#[derive(Default)]
struct Sums {
    verbs: BTreeMap<i64, Sum>,
    actors: BTreeMap<i64, Sum>,
    /// Each record with its entry, in the order of the table.
    postings: Vec<(i64, i64)>,
}

/// The entries of a block that have a verb or an actor.
struct Sum {
    /// The index of the first one.
    first: i64,
    /// Each `seq`.
    places: Vec<i64>,
}

impl Sums {
    fn of(
        connection: &Connection,
        tenant: i64,
        (first, last): (i64, i64),
        open: i64,
    ) -> Result<Self> {
        let failed = during(Phase::Write);
        let mut sums = Self::default();
        let mut entries = connection.prepare_cached(ENTRIES).map_err(failed)?;
        let mut rows = entries.query([tenant, first, last, open]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let (index, seq) = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            let count = |kind: &mut BTreeMap<i64, Sum>, number| {
                let sum = kind.entry(number).or_insert_with(|| Sum {
                    first: index,
                    places: Vec::new(),
                });
                sum.first = index.min(sum.first);
                sum.places.push(seq);
            };
            count(&mut sums.verbs, row.get(2).map_err(failed)?);
            count(&mut sums.actors, row.get(3).map_err(failed)?);
            if let Some(entity) = row.get(4).map_err(failed)? {
                sums.postings.push((entity, seq));
            }
        }
        sums.postings.sort_unstable();
        Ok(sums)
    }

    fn write(&self, connection: &Connection, tenant: i64, block: i64) -> Result<()> {
        let failed = during(Phase::Write);
        let mut tally = connection.prepare_cached(TALLY).map_err(failed)?;
        for (kind, sums) in [(Tally::Verb, &self.verbs), (Tally::Actor, &self.actors)] {
            for (number, sum) in sums {
                let entries = sum.places.len();
                let places = (kind == Tally::Verb && entries <= RARE).then(|| sum.places());
                tally
                    .execute(params![
                        tenant,
                        kind.number(),
                        number,
                        block,
                        sum.first,
                        i64::try_from(entries).map_err(|_| corrupt())?,
                        places
                    ])
                    .map_err(failed)?;
            }
        }
        let mut posting = connection.prepare_cached(POSTING).map_err(failed)?;
        for (entity, seq) in &self.postings {
            posting.execute([tenant, *entity, *seq]).map_err(failed)?;
        }
        Ok(())
    }
}

impl Sum {
    /// Eight bytes for each `seq`, in order.
    fn places(&self) -> Vec<u8> {
        let mut places = self.places.clone();
        places.sort_unstable();
        places.iter().flat_map(|seq| seq.to_be_bytes()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{entries, open};

    #[test]
    fn the_times_of_a_block_are_those_of_its_entries_whoever_wrote_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (mut first, mut second) = (open(&path), open(&path));
        let mut all = entries(1_500, 2);
        for (n, entry) in (0_i64..).zip(&mut all) {
            // Back and forth, so that the ends of a block are not those of its times.
            entry.timestamp += chrono::Duration::microseconds(n * 7_919 % 1_009 - n * 3);
        }
        // The first half by one store, in whose memory whole blocks begin; then by turns.
        for (n, batch) in all.chunks(50).enumerate() {
            let writer = if n < 15 || n % 2 == 0 {
                &mut first
            } else {
                &mut second
            };
            writer.append(batch).unwrap();
        }
        let connection = first.connection().unwrap();
        let (blocks, right): (i64, i64) = connection
            .query_row(
                "SELECT count(*), coalesce(sum(s.min_time = e.min AND s.max_time = e.max), 0) FROM audit_span AS s JOIN (
                     SELECT tenant, idx / 256 AS block, min(time) AS min, max(time) AS max FROM audit_entry GROUP BY 1, 2
                 ) AS e ON e.tenant = s.tenant AND e.block = s.block",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .unwrap();
        assert_eq!((blocks, right), (4, 4));
    }
}
