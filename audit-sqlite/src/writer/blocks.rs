//! What is kept of each full block of a tenant's log: the times in it, how often each verb and
//! each actor stands in it, and where each record does. Searching skips blocks and counting adds
//! them up.
//!
//! A block is summed up once, when its last entry is added; entries behind the last full block
//! are looked at one by one. So a single entry dirties few pages, a block is written where its
//! neighbours are, and nothing has to be remembered from one batch, or one process, to the next.

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

const SUMS: [&str; 4] = [
    "INSERT INTO audit_span (tenant, block, min_time, max_time) SELECT ?1, ?2, min(time), max(time) FROM audit_entry INDEXED BY audit_entry_index WHERE tenant = +?1 AND idx BETWEEN ?3 AND ?4",
    // A verb that is rare in the block says where it is: eight bytes for each `seq`. Looked for by itself, for
    // most entries are of verbs that are not.
    "INSERT INTO audit_tally (tenant, kind, number, block, first, entries, places) SELECT ?1, 1, verb, ?2, min(idx), count(*), CASE WHEN count(*) <= 32 THEN (SELECT unhex(group_concat(printf('%016x', seq), '' ORDER BY seq)) FROM audit_entry INDEXED BY audit_entry_index WHERE tenant = +?1 AND idx BETWEEN ?3 AND ?4 AND verb = e.verb) END FROM audit_entry AS e INDEXED BY audit_entry_index WHERE tenant = +?1 AND idx BETWEEN ?3 AND ?4 GROUP BY verb",
    "INSERT INTO audit_tally (tenant, kind, number, block, first, entries) SELECT ?1, 2, actor, ?2, min(idx), count(*) FROM audit_entry INDEXED BY audit_entry_index WHERE tenant = +?1 AND idx BETWEEN ?3 AND ?4 GROUP BY actor",
    "INSERT INTO audit_posting (tenant, entity, seq) SELECT ?1, entity, seq FROM audit_entry INDEXED BY audit_entry_index WHERE tenant = +?1 AND idx BETWEEN ?3 AND ?4 AND entity IS NOT NULL ORDER BY entity, seq",
];

/// Sums the block up that an entry has just filled, if it has.
pub(super) fn added(connection: &Connection, tenant: i64, index: i64) -> audit_core::Result<()> {
    if index % BLOCK != BLOCK - 1 {
        return Ok(());
    }
    let failed = during(Phase::Write);
    for sql in SUMS {
        connection
            .prepare_cached(sql)
            .and_then(|mut sum| sum.execute([tenant, index / BLOCK, index - BLOCK + 1, index]))
            .map_err(failed)?;
    }
    Ok(())
}
