//! What is kept of each full block of a tenant's log: the times in it, how often each verb and
//! each actor stands in it, and where each record does. Searching skips blocks and counting adds
//! them up.
//!
//! A block is summed up once, when its last entry is added; entries behind the last full block
//! are looked at one by one. So a single entry dirties few pages, a block is written where its
//! neighbours are, and nothing has to be remembered from one batch, or one process, to the next: where the
//! times are not, they are read.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::LazyLock;

use audit_core::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params};

use super::lookups::Keys;
use super::rows::Rows;
use super::tail::Tail;
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

/// The entries of a block that are in full blocks of the whole log, as far as those go.
const ENTRIES: &str = "SELECT idx, seq, verb, actor, entity FROM audit_place WHERE tenant = +?1 AND idx BETWEEN ?2 AND ?3 AND seq < ?4";
const TIMES: &str = "SELECT min(e.time), max(e.time) FROM audit_place AS p CROSS JOIN audit_entry AS e ON e.seq = p.seq WHERE p.tenant = +?1 AND p.idx BETWEEN ?2 AND ?3 AND p.seq < ?4";
const SPAN: &str =
    "INSERT INTO audit_span (tenant, block, min_time, max_time) VALUES (?1, ?2, ?3, ?4)";
/// `OR FAIL` spares a statement the journal by which it would be taken back alone: SQLite looks for a
/// conflict before it writes anything of a row.
const TALLY: &str = "INSERT OR FAIL INTO audit_tally (tenant, kind, number, block, first, entries, places) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
static POSTINGS: LazyLock<Rows<3>> =
    LazyLock::new(|| Rows::new("INSERT OR FAIL INTO audit_posting (tenant, entity, seq)"));

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
/// not in full blocks of the whole log is in `tail`.
pub(super) fn added(
    connection: &Connection,
    tenant: i64,
    (index, time): (i64, i64),
    tail: &Tail,
    span: &mut Span,
) -> Result<()> {
    span.add(time);
    if index % BLOCK != BLOCK - 1 {
        return Ok(());
    }
    let block = Block {
        tenant,
        indexes: index - BLOCK + 1..=index,
        tail,
    };
    let number = index / BLOCK;
    let (min, max) = match std::mem::replace(span, Span::EMPTY) {
        Span::Known { min, max } => (min, max),
        Span::Unknown => block.times(connection)?,
    };
    connection
        .prepare_cached(SPAN)
        .and_then(|mut span| span.execute([tenant, number, min, max]))
        .map_err(during(Phase::Write))?;
    block.sums(connection)?.write(connection, tenant, number)
}

/// A block that is full.
struct Block<'a> {
    tenant: i64,
    indexes: RangeInclusive<i64>,
    tail: &'a Tail,
}

impl Block<'_> {
    /// The least and the greatest.
    fn times(&self, connection: &Connection) -> Result<(i64, i64)> {
        let (min, max): (Option<i64>, Option<i64>) = connection
            .prepare_cached(TIMES)
            .and_then(|mut times| {
                times.query_row(self.written(), |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .map_err(during(Phase::Write))?;
        let behind = self.behind().map(|keys| keys.time);
        let all = || behind.clone().chain(min).chain(max);
        all().min().zip(all().max()).ok_or_else(corrupt)
    }

    fn sums(&self, connection: &Connection) -> Result<Sums> {
        let failed = during(Phase::Write);
        let mut sums = Sums::default();
        let mut entries = connection.prepare_cached(ENTRIES).map_err(failed)?;
        let mut rows = entries.query(self.written()).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let place = (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            let (verb, actor) = (row.get(2).map_err(failed)?, row.get(3).map_err(failed)?);
            sums.add(place, verb, actor, row.get(4).map_err(failed)?);
        }
        for keys in self.behind() {
            let place = (keys.index, keys.seq);
            sums.add(place, keys.verb, keys.actor, keys.entity);
        }
        sums.postings.sort_unstable();
        Ok(sums)
    }

    /// What the statements above ask for.
    fn written(&self) -> [i64; 4] {
        let (first, last) = (*self.indexes.start(), *self.indexes.end());
        [self.tenant, first, last, self.tail.open()]
    }

    fn behind(&self) -> impl Iterator<Item = &Keys> + Clone {
        let of_tenant = self.tail.of(self.tenant);
        of_tenant.filter(|keys| self.indexes.contains(&keys.index))
    }
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
    fn add(&mut self, (index, seq): (i64, i64), verb: i64, actor: i64, entity: Option<i64>) {
        for (kind, number) in [(&mut self.verbs, verb), (&mut self.actors, actor)] {
            let sum = kind.entry(number).or_insert_with(|| Sum {
                first: index,
                places: Vec::new(),
            });
            sum.first = index.min(sum.first);
            sum.places.push(seq);
        }
        self.postings.extend(entity.map(|entity| (entity, seq)));
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
        POSTINGS.write(connection, &self.postings, |(entity, seq)| {
            [tenant, *entity, *seq].map(ValueRef::Integer)
        })
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
