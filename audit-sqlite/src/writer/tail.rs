//! What the writer knows of the entries behind the last full block of the log.

use std::collections::HashSet;

use audit_core::Result;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::lookups::{self, Keys};
use super::newest::id_from;
use crate::error::{Phase, corrupt, during};

/// Where the full blocks of the log end.
const OPEN: &str = "SELECT max(open) FROM audit_block";
const WRITTEN: &str = "INSERT OR FAIL INTO audit_block (open) VALUES (?1)";
const LAST_PLACED: &str = "SELECT coalesce(max(idx), -1) FROM audit_place WHERE tenant = +?1";
const HIGHEST: &str =
    "SELECT value FROM audit_lookup WHERE kind = 0 ORDER BY value DESC, tenant DESC LIMIT 1";
const IS_WRITTEN: &str =
    "SELECT EXISTS (SELECT 1 FROM audit_lookup WHERE kind = 0 AND value = +?1 AND tenant = +?2)";

/// So many entries make a full block of the whole log.
const FULL_BLOCK: usize = 256;
/// So many entries of one transaction are written in one go at most: until then they are in memory.
const MOST: usize = 1024;

/// The entries behind the last full block: no id and no index of a tenant may come twice.
#[derive(Default)]
pub(super) struct Tail {
    /// The last entry that is in here, or in a full block.
    end: Option<i64>,
    /// The first entry behind the last full block.
    open: i64,
    /// What they will be looked up by.
    block: Vec<Keys>,
    /// The ids of the first ones: they are put in here when somebody asks for one.
    ids: HashSet<(i64, [u8; 16])>,
    /// No id in here is higher. Since ids are ordered by time, most new ones are.
    highest: Option<[u8; 16]>,
    /// And none in full blocks.
    highest_written: Option<[u8; 16]>,
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
                self.highest_written = connection
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
    pub(super) fn has(&mut self, connection: &Connection, tenant: i64, id: Uuid) -> Result<bool> {
        let id = id.as_bytes();
        if self.highest.is_some_and(|highest| *id <= highest) {
            let new = self.block.iter().skip(self.ids.len());
            self.ids.extend(new.map(|keys| (keys.tenant, keys.id)));
            if self.ids.contains(&(tenant, *id)) {
                return Ok(true);
            }
        }
        if self.highest_written.is_none_or(|highest| *id > highest) {
            return Ok(false);
        }
        connection
            .prepare_cached(IS_WRITTEN)
            .and_then(|mut find| find.query_row(params![id, tenant], |row| row.get(0)))
            .map_err(during(Phase::Write))
    }

    /// The index that the next entry of a tenant gets.
    pub(super) fn next_index(&self, connection: &Connection, tenant: i64) -> Result<i64> {
        let last = match self.of(tenant).map(|keys| keys.index).max() {
            Some(last) => last,
            None => connection
                .prepare_cached(LAST_PLACED)
                .and_then(|mut last| last.query_row([tenant], |row| row.get(0)))
                .map_err(during(Phase::Write))?,
        };
        Ok(last.saturating_add(1))
    }

    /// The first entry that is in here; those before it are in full blocks.
    pub(super) fn open(&self) -> i64 {
        self.open
    }

    /// The entries of a tenant that are in here.
    pub(super) fn of(&self, tenant: i64) -> impl Iterator<Item = &Keys> + Clone {
        self.block.iter().filter(move |keys| keys.tenant == tenant)
    }

    /// Takes in an entry that was added behind all others.
    pub(super) fn added(&mut self, connection: &Connection, keys: Keys) -> Result<()> {
        self.end = Some(keys.seq);
        self.take_in(keys);
        if self.block.len() < MOST {
            return Ok(());
        }
        self.write(connection)
    }

    /// Writes what the entries are looked up by if they are a full block. Has to be done before a
    /// transaction is committed, and before anything is looked up in it: readers look at what is behind one
    /// by one.
    pub(super) fn settle(&mut self, connection: &Connection) -> Result<()> {
        if self.block.len() < FULL_BLOCK {
            return Ok(());
        }
        self.write(connection)
    }

    fn write(&mut self, connection: &Connection) -> Result<()> {
        // The first ones are others when they are in order.
        self.ids.clear();
        lookups::write(connection, &mut self.block)?;
        let end = self.end.ok_or_else(corrupt)?;
        self.open = end.checked_add(1).ok_or_else(corrupt)?;
        connection
            .prepare_cached(WRITTEN)
            .and_then(|mut written| written.execute([self.open]))
            .map_err(during(Phase::Write))?;
        self.highest_written = self.highest_written.max(self.highest);
        self.clear();
        Ok(())
    }

    fn take_in(&mut self, keys: Keys) {
        self.highest = self.highest.max(Some(keys.id));
        self.block.push(keys);
    }

    fn clear(&mut self) {
        self.block.clear();
        self.ids.clear();
        self.highest = None;
    }
}
