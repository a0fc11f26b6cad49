//! What is kept of each full block of a tenant's log: the times in it, how often each verb and
//! each actor stands in it, and where each record does. Searching skips blocks and counting adds
//! them up.
//!
//! A block is summed up once, when its last entry is added; entries behind the last full block
//! are looked at one by one. So a single entry dirties few pages, a block is written where its
//! neighbours are, and nothing has to be remembered from one batch, or one process, to the next: where the
//! times are not, they are read.

use audit_core::Result;
use rusqlite::Connection;

use crate::error::{Phase, during};

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
macro_rules! entries {
    ($columns:literal, $before:literal, $after:literal) => {
        concat!(
            $before,
            "(SELECT ",
            $columns,
            " FROM audit_place WHERE tenant = +?1 AND idx BETWEEN ?3 AND ?4 UNION ALL SELECT ",
            $columns,
            " FROM audit_entry NOT INDEXED WHERE seq >= ?5 AND tenant = +?1 AND idx BETWEEN ?3 AND ?4)",
            $after
        )
    };
}

const TIMES: &str = "SELECT min(time), max(time) FROM (SELECT e.time FROM audit_place AS p CROSS JOIN audit_entry AS e ON e.seq = p.seq WHERE p.tenant = +?1 AND p.idx BETWEEN ?2 AND ?3 UNION ALL SELECT time FROM audit_entry NOT INDEXED WHERE seq >= ?4 AND tenant = +?1 AND idx BETWEEN ?2 AND ?3)";
const SPAN: &str =
    "INSERT INTO audit_span (tenant, block, min_time, max_time) VALUES (?1, ?2, ?3, ?4)";
/// `OR FAIL` spares a statement the journal by which it would be taken back alone: see `INSERT_FOR_CALLER`.
const SUMS: [&str; 3] = [
    // A verb that is rare in the block says where it is: eight bytes for each `seq`. Looked for by itself, for
    // most entries are of verbs that are not.
    entries!(
        "idx, seq, verb",
        "WITH block AS MATERIALIZED ",
        " INSERT OR FAIL INTO audit_tally (tenant, kind, number, block, first, entries, places) SELECT ?1, 1, verb, ?2, min(idx), count(*), CASE WHEN count(*) <= 32 THEN (SELECT unhex(group_concat(printf('%016x', seq), '' ORDER BY seq)) FROM block WHERE verb = b.verb) END FROM block AS b GROUP BY verb"
    ),
    entries!(
        "idx, actor",
        "INSERT OR FAIL INTO audit_tally (tenant, kind, number, block, first, entries) SELECT ?1, 2, actor, ?2, min(idx), count(*) FROM ",
        " GROUP BY actor"
    ),
    entries!(
        "entity, seq",
        "INSERT OR FAIL INTO audit_posting (tenant, entity, seq) SELECT ?1, entity, seq FROM ",
        " WHERE ?2 IS NOT NULL AND entity IS NOT NULL ORDER BY entity, seq"
    ),
];

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
    for sql in SUMS {
        connection
            .prepare_cached(sql)
            .and_then(|mut sum| sum.execute([tenant, block, first, index, open]))
            .map_err(failed)?;
    }
    Ok(())
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
