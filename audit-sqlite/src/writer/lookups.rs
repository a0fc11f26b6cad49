//! What entries are looked up by: their ids, and the operations, requests and causes that they name.
//!
//! Rows of `audit_lookup` are written when the last of 256 entries is added, whatever tenants they
//! are of, so that a single entry dirties no page for them. The entries behind the last full
//! 256 are looked at one by one, by readers in the file, by the writer in its memory.

use std::collections::HashSet;

use audit_core::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::blocks::BLOCK;
use crate::error::{Phase, during};

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
const HIGHEST: &str =
    "SELECT value FROM audit_lookup WHERE kind = 0 ORDER BY value DESC, tenant DESC LIMIT 1";
const BEHIND: &str = "SELECT tenant, id FROM audit_entry WHERE seq BETWEEN +?1 AND +?2";
const IS_WRITTEN: &str =
    "SELECT EXISTS (SELECT 1 FROM audit_lookup WHERE kind = 0 AND value = +?1 AND tenant = +?2)";

/// The first number behind the full blocks of a log that ends with `newest`.
fn open_from(newest: i64) -> i64 {
    newest.saturating_add(1) / BLOCK * BLOCK
}

/// The ids of the entries behind the last full block: none of a tenant may come twice.
#[derive(Default)]
pub(super) struct Tail {
    /// The last entry that is in here, or in a full block.
    end: Option<i64>,
    ids: HashSet<(i64, [u8; 16])>,
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
        let open = open_from(newest);
        let first = match self.end {
            Some(end) if end >= open && end < newest => end + 1,
            _ => {
                self.ids.clear();
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
        }
        self.end = Some(newest);
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

    /// Takes in an entry that was added behind all others, and writes what the block is looked up
    /// by if it is full now.
    pub(super) fn added(
        &mut self,
        connection: &Connection,
        seq: i64,
        tenant: i64,
        id: Uuid,
    ) -> Result<()> {
        self.ids.insert((tenant, id.into_bytes()));
        self.end = Some(seq);
        if open_from(seq) <= seq {
            return Ok(());
        }
        connection
            .prepare_cached(WRITE)
            .and_then(|mut write| write.execute([open_from(seq - 1), seq]))
            .map_err(during(Phase::Write))?;
        let highest = self.ids.drain().map(|(_, id)| id).max();
        self.highest = self.highest.max(highest);
        Ok(())
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
