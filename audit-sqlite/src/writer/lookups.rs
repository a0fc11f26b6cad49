//! What entries are looked up by: where they stand in the log of their tenant, their ids, and the
//! operations, requests and causes that they name.
//!
//! Rows of `audit_place` and `audit_lookup` are written when the last of 256 entries is added, whatever
//! tenants they are of, so that a single entry dirties no page for them. The entries behind the last
//! full 256 are looked at one by one, by readers in the file, by the writer in its memory.

use std::collections::{HashMap, HashSet};

use audit_core::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::blocks::BLOCK;
use super::newest::Newest;
use crate::error::{Phase, corrupt, during};

/// What a row of `audit_lookup` is about; 0 is the id of the entry itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    Operation,
    Request,
    Cause,
}

impl Lookup {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Operation => 1,
            Self::Request => 2,
            Self::Cause => 3,
        }
    }

    /// The column of an entry that it is.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Request => "request_id",
            Self::Cause => "cause",
        }
    }
}

/// `OR FAIL`: see `blocks::SUMS`.
const WRITE: &str = "INSERT OR FAIL INTO audit_lookup (kind, value, tenant, seq) SELECT 0, id, tenant, seq FROM audit_entry WHERE seq BETWEEN +?1 AND +?2 UNION ALL SELECT 1, operation, tenant, seq FROM audit_entry WHERE seq BETWEEN +?1 AND +?2 AND operation IS NOT NULL UNION ALL SELECT 2, request_id, tenant, seq FROM audit_entry WHERE seq BETWEEN +?1 AND +?2 AND request_id IS NOT NULL UNION ALL SELECT 3, cause, tenant, seq FROM audit_entry WHERE seq BETWEEN +?1 AND +?2 AND cause IS NOT NULL";
const PLACE: &str = "INSERT OR FAIL INTO audit_place (tenant, idx, seq, verb, actor, entity) SELECT tenant, idx, seq, verb, actor, entity FROM audit_entry WHERE seq BETWEEN +?1 AND +?2 ORDER BY tenant, idx";
/// Where the full blocks of the log end.
const OPEN: &str = "SELECT max(open) FROM audit_block";
const FULL: &str = "INSERT OR FAIL INTO audit_block (open) VALUES (?1)";
const LAST_PLACED: &str = "SELECT coalesce(max(idx), -1) FROM audit_place WHERE tenant = +?1";
const HIGHEST: &str =
    "SELECT value FROM audit_lookup WHERE kind = 0 ORDER BY value DESC, tenant DESC LIMIT 1";
const BEHIND: &str = "SELECT tenant, id, idx FROM audit_entry WHERE seq BETWEEN +?1 AND +?2";
const IS_WRITTEN: &str =
    "SELECT EXISTS (SELECT 1 FROM audit_lookup WHERE kind = 0 AND value = +?1 AND tenant = +?2)";

/// The ids and the indexes of the entries behind the last full block: none of a tenant may come twice.
#[derive(Default)]
pub(super) struct Tail {
    /// The last entry that is in here, or in a full block.
    end: Option<i64>,
    /// The first entry behind the last full block.
    open: i64,
    ids: HashSet<(i64, [u8; 16])>,
    /// The last index of each tenant that has any in here.
    last: HashMap<i64, i64>,
    /// No id in full blocks is higher. Since ids are ordered by time, most new ones are.
    highest: Option<[u8; 16]>,
}

impl Tail {
    pub(super) fn forget(&mut self) {
        self.end = None;
    }

    /// Reads what is not known yet of a log that ends with `newest`.
    pub(super) fn reach(&mut self, connection: &Connection, newest: i64) -> Result<()> {
        if self.end == Some(newest) {
            return Ok(());
        }
        let failed = during(Phase::Write);
        let open = connection
            .prepare_cached(OPEN)
            .and_then(|mut open| open.query_row([], |row| row.get::<_, Option<i64>>(0)))
            .map_err(failed)?
            .ok_or_else(corrupt)?;
        let first = match self.end {
            Some(end) if end >= open && end < newest => end + 1,
            _ => {
                self.ids.clear();
                self.last.clear();
                self.highest = connection
                    .prepare_cached(HIGHEST)
                    .and_then(|mut highest| highest.query_row([], |row| row.get(0)).optional())
                    .map_err(failed)?;
                open
            }
        };
        let mut behind = connection.prepare_cached(BEHIND).map_err(failed)?;
        let mut rows = behind.query([first, newest]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let tenant = row.get(0).map_err(failed)?;
            self.ids.insert((tenant, row.get(1).map_err(failed)?));
            let index = row.get(2).map_err(failed)?;
            let last = self.last.entry(tenant).or_insert(index);
            *last = index.max(*last);
        }
        (self.end, self.open) = (Some(newest), open);
        Ok(())
    }

    /// Whether the log of a tenant has an entry with this id.
    pub(super) fn has(&self, connection: &Connection, tenant: i64, id: Uuid) -> Result<bool> {
        let id = id.as_bytes();
        if self.ids.contains(&(tenant, *id)) {
            return Ok(true);
        }
        if self.highest.is_none_or(|highest| *id > highest) {
            return Ok(false);
        }
        connection
            .prepare_cached(IS_WRITTEN)
            .and_then(|mut find| find.query_row(params![id, tenant], |row| row.get(0)))
            .map_err(during(Phase::Write))
    }

    /// The index that the next entry of a tenant gets.
    pub(super) fn next_index(&self, connection: &Connection, tenant: i64) -> Result<i64> {
        let last = match self.last.get(&tenant) {
            Some(last) => *last,
            None => connection
                .prepare_cached(LAST_PLACED)
                .and_then(|mut last| last.query_row([tenant], |row| row.get(0)))
                .map_err(during(Phase::Write))?,
        };
        Ok(last.saturating_add(1))
    }

    /// Takes in an entry that was added behind all others, and writes what the block is looked up
    /// by if it is full now. Says where what is behind the last full block begins.
    pub(super) fn added(
        &mut self,
        connection: &Connection,
        (tenant, index): (i64, i64),
        newest: Newest,
    ) -> Result<i64> {
        let Newest { seq, id } = newest;
        self.ids.insert((tenant, id));
        self.last.insert(tenant, index);
        self.end = Some(seq);
        // Counted by numbers, of which none is left out unless by somebody else.
        if seq.saturating_sub(self.open) < BLOCK - 1 {
            return Ok(self.open);
        }
        let failed = during(Phase::Write);
        for sql in [PLACE, WRITE] {
            connection
                .prepare_cached(sql)
                .and_then(|mut write| write.execute([self.open, seq]))
                .map_err(failed)?;
        }
        self.open = seq.saturating_add(1);
        connection
            .prepare_cached(FULL)
            .and_then(|mut full| full.execute([self.open]))
            .map_err(failed)?;
        self.last.clear();
        let highest = self.ids.drain().map(|(_, id)| id).max();
        self.highest = self.highest.max(highest);
        Ok(self.open)
    }
}

#[cfg(test)]
mod tests {
    use audit_core::store::Appended;
    use audit_core::{AuditStore, Tenant};

    use super::super::tests::{entries, open};
    use super::*;

    fn rows(connection: &Connection, kind: i64) -> (i64, i64) {
        let sql = "SELECT count(*), total(EXISTS (SELECT 1 FROM audit_entry AS e WHERE e.seq = l.seq AND e.tenant = l.tenant
                       AND CASE kind WHEN 0 THEN e.id WHEN 1 THEN e.operation WHEN 2 THEN e.request_id ELSE e.cause END = value))
                   FROM audit_lookup AS l WHERE kind = ?1";
        let row = connection.query_row(sql, [kind], |row| Ok((row.get(0)?, row.get::<_, f64>(1)?)));
        let (all, right) = row.unwrap();
        #[expect(clippy::cast_possible_truncation, reason = "a count")]
        let right = right as i64;
        (all, right)
    }

    #[test]
    fn full_blocks_are_looked_up_and_the_rest_is_walked() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = open(&folder.path().join("a.db"));
        let mut all = entries(1_000, 1);
        for (n, entry) in (0..).zip(&mut all) {
            entry.operation = (n % 3 == 0).then(|| Uuid::from_u128(n / 30));
            entry.request_id = (n % 5 == 0).then(|| format!("r-{n}"));
            entry.cause = (n % 7 == 0).then(|| Uuid::from_u128(1_000 + n));
        }
        for batch in all.chunks(77) {
            writer.append(batch).unwrap();
        }
        let connection = writer.connection().unwrap();
        // Numbers begin with 1: three full blocks end with 767.
        assert_eq!(rows(connection, 0), (767, 767));
        for (kind, every) in [
            (Lookup::Operation, 3),
            (Lookup::Request, 5),
            (Lookup::Cause, 7),
        ] {
            let expected = 767_i64.div_euclid(every) + i64::from(767 % every != 0);
            assert_eq!(rows(connection, kind.number()), (expected, expected));
        }
    }

    /// How many rows there are of what is kept of full blocks, and how many there should be.
    fn kept(connection: &Connection, table: &str, expected: &str) -> (i64, i64) {
        let sql = format!(
            "WITH expected AS ({expected}), full AS (SELECT n, (SELECT count(*) FROM audit_entry WHERE tenant = n) / 256 * 256 AS open FROM audit_tenant)
             SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM (SELECT * FROM expected)),
                    (SELECT count(*) FROM (SELECT * FROM {table} EXCEPT SELECT * FROM expected))"
        );
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?));
        let (rows, expected, others) = connection.query_row(&sql, [], row).unwrap();
        assert_eq!(others, 0, "{table}");
        (rows, expected)
    }

    #[test]
    fn what_is_kept_of_full_blocks_is_what_stands_in_them_whoever_wrote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut writers = [open(&path), open(&path), open(&path)];
        let all = entries(2_600, 1);
        let mut rest = all.as_slice();
        for n in 0.. {
            let size = rest.len().min(1 + n * 37 % 90);
            let (batch, others) = rest.split_at(size);
            writers[n % 3].append(batch).unwrap();
            rest = others;
            if rest.is_empty() {
                break;
            }
        }
        let connection = writers[0].connection().unwrap();
        for (table, expected) in [
            (
                "audit_place",
                "SELECT tenant, idx, seq, verb, actor, entity FROM audit_entry WHERE seq < 2560",
            ),
            (
                "audit_posting",
                "SELECT tenant, entity, seq FROM audit_entry JOIN full ON n = tenant WHERE idx < open",
            ),
            (
                "audit_tally",
                "SELECT tenant, 1, verb, idx / 256, min(idx), count(*), CASE WHEN count(*) <= 32 THEN unhex(group_concat(printf('%016x', seq), '' ORDER BY seq)) END
                 FROM audit_entry JOIN full ON n = tenant WHERE idx < open GROUP BY tenant, verb, idx / 256
                 UNION ALL
                 SELECT tenant, 2, actor, idx / 256, min(idx), count(*), NULL
                 FROM audit_entry JOIN full ON n = tenant WHERE idx < open GROUP BY tenant, actor, idx / 256",
            ),
        ] {
            let (rows, expected) = kept(connection, table, expected);
            assert!(rows == expected && rows > 0, "{table}: {rows} of {expected}");
        }
    }

    #[test]
    fn an_id_comes_once_wherever_it_stands_and_whoever_wrote_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let (mut first, mut second) = (open(&path), open(&path));
        let all = entries(600, 1);
        for (n, batch) in all.chunks(50).enumerate() {
            let writer = if n % 3 == 0 { &mut first } else { &mut second };
            writer.append(batch).unwrap();
        }
        for writer in [&mut first, &mut second] {
            let again = writer.append(&all).unwrap();
            let is_present = |what: &Appended| matches!(what, Appended::Present { .. });
            assert!(again.iter().all(is_present));
        }
        // In a process that knows nothing yet, too, and an id that is lower than all others.
        let mut third = open(&path);
        let mut low = all[0].clone();
        low.id = Uuid::from_u128(1);
        let appended = third.append(&[low.clone(), low, all[599].clone()]).unwrap();
        assert!(matches!(
            appended[..],
            [
                Appended::Stored { .. },
                Appended::Present { .. },
                Appended::Present { .. }
            ]
        ));
    }

    #[test]
    fn entries_are_found_by_their_ids_in_blocks_and_behind_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let store = crate::SqliteStore::open(&path).unwrap();
        let all = entries(300, 1);
        store.append(&all).unwrap();
        for entry in &all {
            let found = store.entry(&entry.tenant, entry.id).unwrap().unwrap();
            assert_eq!(found.id, entry.id);
            let other = Tenant::from("somebody else");
            assert!(store.entry(&other, entry.id).unwrap().is_none());
        }
    }
}
