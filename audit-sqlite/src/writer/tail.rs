//! What the writer knows of the entries behind the last full block of the log.

use std::collections::{HashMap, HashSet};

use audit_core::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::blocks::BLOCK;
use super::lookups::{self, Keys};
use super::newest::id_from;
use crate::error::{Phase, corrupt, during};

/// Where the full blocks of the log end.
const OPEN: &str = "SELECT max(open) FROM audit_block";
const FULL: &str = "INSERT OR FAIL INTO audit_block (open) VALUES (?1)";
const LAST_PLACED: &str = "SELECT coalesce(max(idx), -1) FROM audit_place WHERE tenant = +?1";
const HIGHEST: &str =
    "SELECT value FROM audit_lookup WHERE kind = 0 ORDER BY value DESC, tenant DESC LIMIT 1";
const IS_WRITTEN: &str =
    "SELECT EXISTS (SELECT 1 FROM audit_lookup WHERE kind = 0 AND value = +?1 AND tenant = +?2)";

/// The entries behind the last full block: no id and no index of a tenant may come twice.
#[derive(Default)]
pub(super) struct Tail {
    /// The last entry that is in here, or in a full block.
    end: Option<i64>,
    /// The first entry behind the last full block.
    open: i64,
    /// What they will be looked up by.
    block: Vec<Keys>,
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
                self.clear();
                self.highest = connection
                    .prepare_cached(HIGHEST)
                    .and_then(|mut highest| {
                        highest
                            .query_row([], |row| Ok(id_from(row.get_ref(0)?)))
                            .optional()
                    })
                    .map_err(failed)?;
                open
            }
        };
        lookups::read(connection, (first, newest), &mut |keys| self.take_in(keys))?;
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
    pub(super) fn added(&mut self, connection: &Connection, keys: Keys) -> Result<i64> {
        let seq = keys.seq;
        self.take_in(keys);
        self.end = Some(seq);
        // Counted by numbers, of which none is left out unless by somebody else.
        if seq.saturating_sub(self.open) < BLOCK - 1 {
            return Ok(self.open);
        }
        lookups::write(connection, &mut self.block)?;
        self.open = seq.saturating_add(1);
        connection
            .prepare_cached(FULL)
            .and_then(|mut full| full.execute([self.open]))
            .map_err(during(Phase::Write))?;
        let highest = self.block.iter().map(|keys| keys.id).max();
        self.highest = self.highest.max(highest);
        self.clear();
        Ok(self.open)
    }

    fn take_in(&mut self, keys: Keys) {
        self.ids.insert((keys.tenant, keys.id));
        let last = self.last.entry(keys.tenant).or_insert(keys.index);
        *last = keys.index.max(*last);
        self.block.push(keys);
    }

    fn clear(&mut self) {
        self.block.clear();
        self.ids.clear();
        self.last.clear();
    }
}
