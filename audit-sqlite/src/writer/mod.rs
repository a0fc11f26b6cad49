//! The one connection that writes.
//!
//! A batch is one immediate transaction. In the steady state an entry costs one prepared insert;
//! everything else is remembered, or done once for a full block.

mod attempts;
mod blocks;
mod doubt;
mod insert;
mod intern;
mod lookups;
mod memory;
mod newest;
mod prepared;
mod recall;
mod rows;
mod shelf;
mod staged;
mod tail;
#[cfg(test)]
mod tests;
mod texts;
mod values;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use audit_core::store::Appended;
use audit_core::{AuditEntry, Error, ErrorKind, Result, Tenant};
use rusqlite::Connection;
use uuid::Uuid;

pub(crate) use self::blocks::{BLOCK, Tally};
pub(crate) use self::intern::UNLISTED_SHAPE;
pub(crate) use self::lookups::Lookup;
pub(crate) use self::memory::Memory;
pub(crate) use self::newest::{Newest, id_from};
pub(crate) use self::shelf::Shelf;
use crate::connection::{self, Identity, ProcessBound};
use crate::error::{Phase, during, kind_of, map, of_kind};
use crate::gate::Gate;
use crate::lock::FairLock;
use crate::options::SqliteOptions;
use crate::presence::Presence;
use crate::reader::Side;
use crate::schema;
use crate::tracking;

/// Writes batches of entries.
pub(crate) struct Writer {
    connection: ProcessBound,
    place: Option<Place>,
    options: SqliteOptions,
    shelf: Arc<Shelf>,
    presence: Presence,
    /// What dead stores have left open could not be closed yet; the next write does it.
    recovery_is_due: bool,
    /// Moves when somebody else has written since staged rows were last looked for.
    collected_at: Option<i64>,
    /// For reading where there is only one connection.
    pub(crate) side: Side,
}

/// Where a file store lies.
struct Place {
    path: PathBuf,
    identity: Option<Identity>,
    lock: FairLock,
    gate: Arc<Gate>,
}

impl Writer {
    /// A writer of a file that is migrated and set up.
    pub(crate) fn of_file(
        connection: Connection,
        path: PathBuf,
        lock: FairLock,
        gate: Arc<Gate>,
        shelf: Arc<Shelf>,
        options: SqliteOptions,
    ) -> Result<Self> {
        let identity =
            Identity::of(&path).map_err(|_| of_kind(ErrorKind::FileReplaced, Phase::Open))?;
        let place = Place {
            path,
            identity,
            lock,
            gate,
        };
        Ok(Self::new(connection, Some(place), shelf, options))
    }

    /// A writer of a database in memory.
    pub(crate) fn of_memory(connection: Connection, options: SqliteOptions) -> Self {
        Self::new(connection, None, Arc::default(), options)
    }

    fn new(
        connection: Connection,
        place: Option<Place>,
        shelf: Arc<Shelf>,
        options: SqliteOptions,
    ) -> Self {
        Self {
            connection: ProcessBound::new(connection),
            presence: Presence::new(place.as_ref().map(|place| place.path.as_path())),
            recovery_is_due: false,
            collected_at: None,
            place,
            options,
            shelf,
            side: Side::new(),
        }
    }

    /// Stores all entries or none.
    pub(crate) fn append(&mut self, entries: &[AuditEntry]) -> Result<Vec<Appended>> {
        self.connection.check()?;
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        if let Some(place) = &self.place {
            place.gate.let_callers_go_first();
        }
        self.transact(
            |connection, memory, _| memory.insert(connection, entries),
            |connection, appended| doubt::is_stored(connection, entries, appended),
        )
    }

    /// Notes that an action has begun.
    pub(crate) fn open_attempt(&mut self, entry: &AuditEntry) -> Result<()> {
        self.transact(
            |connection, memory, presence| {
                // First, so that no attempt is ever seen whose store is not.
                presence.announce()?;
                memory.open_attempt(connection, entry, presence.id())
            },
            |connection, ()| doubt::has_attempt(connection, &entry.tenant, entry.id),
        )
    }

    /// Ends an attempt that ends without an entry.
    pub(crate) fn close_attempt(&mut self, tenant: &Tenant, id: Uuid) -> Result<()> {
        self.transact(
            |connection, memory, _| memory.close_attempt(connection, tenant, id),
            |connection, ()| Ok(!doubt::has_attempt(connection, tenant, id)?),
        )
    }

    /// Appends what stores that are gone have left open, and says how many entries it was.
    pub(crate) fn recover_attempts(&mut self) -> Result<u64> {
        // Else it would be a part of the same transaction once more.
        let was_due = std::mem::take(&mut self.recovery_is_due);
        let recovered = self.transact(
            |connection, memory, presence| attempts::recover(connection, memory, presence),
            |connection, recovered| match &recovered.witness {
                Some((tenant, id)) => doubt::has_entry(connection, tenant, *id),
                None => Ok(true),
            },
        );
        if let Err(error) = &recovered {
            self.recovery_is_due = was_due || passes(error);
        }
        recovered.map(|recovered| recovered.entries)
    }

    /// The same when a file is opened. Where it cannot be written for now, the first write that
    /// can does it: opening, and reading, need no turn at writing.
    pub(crate) fn recover_or_defer(&mut self) -> Result<()> {
        let connection = self.connection.get()?;
        let is_needed = attempts::are_open(connection)?
            || tracking::has_staged(connection)?
            || self.presence.has_company();
        if !is_needed {
            return Ok(());
        }
        match self.recover_attempts() {
            Err(error) if passes(&error) => Ok(()),
            recovered => recovered.map(drop),
        }
    }

    /// Does something in one write transaction, under the lock that makes processes write in
    /// turn. Where a failed commit leaves it in doubt whether it is done, `is_done` looks.
    fn transact<R>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Memory, &mut Presence) -> Result<R>,
        is_done: impl FnOnce(&Connection, &R) -> Result<bool>,
    ) -> Result<R> {
        self.collect_what_is_due()?;
        self.transact_only(work, is_done)
    }

    /// The same, whatever is staged.
    fn transact_only<R>(
        &mut self,
        work: impl FnOnce(&Connection, &mut Memory, &mut Presence) -> Result<R>,
        is_done: impl FnOnce(&Connection, &R) -> Result<bool>,
    ) -> Result<R> {
        self.connection.check()?;
        if self.connection.is_closed() {
            self.reopen()?;
        } else if !self.connection.get()?.is_autocommit() {
            // A batch that panicked has left its transaction open.
            self.roll_back();
        }
        self.check_place()?;
        let deadline = Instant::now() + self.options.busy_deadline;
        let _held = match &mut self.place {
            Some(place) => Some(place.lock.acquire(deadline)?),
            None => None,
        };
        let connection = self.connection.get()?;
        begin(connection, deadline)?;
        let mut memory = self.shelf.take();
        // A newer release may have migrated the file since it was opened.
        let mut worked = schema::check_again(connection).and_then(|()| memory.meet_log(connection));
        if worked.is_ok() && self.recovery_is_due {
            worked = attempts::recover(connection, &mut memory, &self.presence).map(drop);
        }
        let worked = worked.and_then(|()| work(connection, &mut memory, &mut self.presence));
        let value = match worked {
            Ok(value) => value,
            Err(error) => {
                self.roll_back();
                return Err(error);
            }
        };
        let committed = connection
            .prepare_cached("COMMIT")
            .and_then(|mut commit| commit.execute([]));
        match committed {
            Ok(_) => {
                self.shelf.put_back(memory);
                self.recovery_is_due = false;
                Ok(value)
            }
            Err(error) => self.after_failed_commit(&error, value, is_done),
        }
    }

    /// The connection, for what is done between batches.
    pub(crate) fn connection(&self) -> Result<&Connection> {
        self.connection.get()
    }

    /// The connection and the values that were read through it, where readers have none of
    /// their own.
    pub(crate) fn reading(&mut self) -> Result<(&Connection, &mut Side)> {
        Ok((self.connection.get()?, &mut self.side))
    }

    /// Moves the write-ahead log into the file and empties it.
    pub(crate) fn checkpoint(&self) -> Result<()> {
        let busy: i64 = self
            .connection
            .get()?
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
            .map_err(during(Phase::Read))?;
        if busy == 0 {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Busy,
            "the write-ahead log could not be emptied while somebody reads or writes; end long reads and retry",
        ))
    }

    /// Ends the transaction that is open, if one is.
    fn roll_back(&mut self) {
        // SQLite ends it by itself after some failures.
        if let Ok(connection) = self.connection.get()
            && !connection.is_autocommit()
            && connection.execute_batch("ROLLBACK").is_err()
        {
            // A connection in an unknown state is of no use; the next batch opens another.
            self.connection.close();
        }
    }

    /// Says whether the path still leads to the file that is open.
    fn check_place(&self) -> Result<()> {
        match &self.place {
            Some(place) if Identity::of(&place.path).ok() != Some(place.identity) => {
                Err(of_kind(ErrorKind::FileReplaced, Phase::Begin))
            }
            _ => Ok(()),
        }
    }

    /// Opens the file anew after a failure that leaves the connection in doubt.
    fn reopen(&mut self) -> Result<()> {
        self.collected_at = None;
        self.check_place()?;
        let Some(place) = &self.place else {
            return Err(of_kind(ErrorKind::Store, Phase::Begin));
        };
        let mut connection = connection::open_writer(&place.path)?;
        connection::set_writer(&connection, &self.options)?;
        schema::check(&connection)?;
        connection::forbid(&mut connection)?;
        self.connection.replace(connection);
        Ok(())
    }

    fn after_failed_commit<R>(
        &mut self,
        error: &rusqlite::Error,
        value: R,
        is_done: impl FnOnce(&Connection, &R) -> Result<bool>,
    ) -> Result<R> {
        self.roll_back();
        let failure = map(error, Phase::Commit);
        let is_unknown = error.sqlite_error().is_some_and(|failure| {
            kind_of(failure.extended_code, Phase::Commit) == ErrorKind::Unknown
        });
        if !is_unknown || self.place.is_none() {
            return Err(failure);
        }
        // What the connection believes of the file is worth nothing now.
        self.connection.close();
        let done = self.reopen().and_then(|()| {
            let connection = self.connection.get()?;
            let done = is_done(connection, &value)?;
            if done {
                doubt::make_safe(connection)?;
            }
            Ok(done)
        });
        match done {
            Ok(true) => Ok(value),
            Ok(false) => Err(of_kind(ErrorKind::Store, Phase::Write).with_source(failure)),
            Err(_) => {
                self.connection.close();
                Err(failure)
            }
        }
    }

    #[cfg(test)]
    fn remembered(&self) -> usize {
        self.shelf.look(Memory::remembered)
    }

    #[cfg(test)]
    fn has_attempts(&self) -> bool {
        self.shelf.look(Memory::has_attempts)
    }
}

/// Whether what is in the way of a write may be gone for the next one.
fn passes(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Busy | ErrorKind::Full)
}

/// Begins a write transaction. Immediate always: an upgrade in the middle could fail at once,
/// whatever the timeout.
fn begin(connection: &Connection, deadline: Instant) -> Result<()> {
    let failed = during(Phase::Begin);
    let left = deadline.saturating_duration_since(Instant::now());
    connection.busy_timeout(left).map_err(failed)?;
    connection
        .prepare_cached("BEGIN IMMEDIATE")
        .and_then(|mut begin| begin.execute([]))
        .map_err(failed)?;
    Ok(())
}
