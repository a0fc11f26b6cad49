//! What is written in a transaction, and what outlives a rollback.

use std::collections::HashMap;
use std::mem;

use audit_core::{AuditEntry, Error, ErrorKind, Outcome, Receipt, Result, Tenant};
use rusqlite::Connection;
use uuid::Uuid;

use super::claims::{Claimed, Claims};
use super::hearing::Hearing;
use super::ledger::Ledger;
use super::sink::Sink;
use super::traces::Traces;
use super::used::Used;

use crate::tracking;

/// How many rows of tracked tables are taken at a time.
const CHUNK: usize = 4_096;
/// How many of their entries are in memory at a time.
const BATCH: usize = 256;

/// What is written in a transaction, what outlives a rollback, and why it cannot be committed.
pub(super) struct Account {
    sink: Sink,
    /// The number of the newest row when the transaction began.
    begun: i64,
    /// The number of the newest row as we left it.
    newest: i64,
    written: Ledger,
    failures: Vec<Failure>,
    /// For entries that have no operation of their own: one for each tenant, since it would mean
    /// nothing in another's log.
    operations: HashMap<Tenant, Uuid>,
    /// What is written now is written last: an entry that is alone has nothing to be tied to.
    is_last: bool,
    traces: Traces,
    claims: Claims,
    used: Used,
    doom: Option<Doom>,
}

/// An entry that tells of a failure: it stays, whatever is rolled back.
struct Failure {
    entry: AuditEntry,
    /// Nothing where it is not written, or no more.
    seq: Option<i64>,
}

/// Why the transaction cannot be committed.
struct Doom {
    kind: ErrorKind,
    text: String,
}

impl Account {
    pub(super) fn new(sink: Sink, begun: i64, claims: Claims) -> Self {
        Self {
            sink,
            begun,
            newest: begun,
            written: Ledger::default(),
            failures: Vec::new(),
            operations: HashMap::new(),
            is_last: false,
            traces: Traces::default(),
            claims,
            used: Used::default(),
            doom: None,
        }
    }

    /// What has to be done before the caller uses the connection.
    pub(super) fn touch(&mut self, connection: &Connection, waiting: Vec<AuditEntry>) {
        self.write_waiting(connection, waiting).ok();
        if let Err(error) = self.traces.restore(connection) {
            self.condemn(&error);
        }
        // What failed just now may have ended it: SQLite rolls back where there is no room.
        self.notice_end(connection);
        if self.claims.is_tracking() {
            self.used = Used::here();
        }
    }

    /// Writes what waits, in the order in which it came; says the indexes.
    pub(super) fn write_waiting(
        &mut self,
        connection: &Connection,
        waiting: Vec<AuditEntry>,
    ) -> Result<Vec<Option<u64>>> {
        self.notice_end(connection);
        if let Some(left) = self.used.take_left() {
            return self.write_as_left(connection, &left, waiting);
        }
        if waiting.is_empty() {
            return Ok(Vec::new());
        }
        self.write(connection, waiting)
    }

    /// The same where the caller acted until now, and then what became of rows there.
    fn write_as_left(
        &mut self,
        connection: &Connection,
        left: &Used,
        waiting: Vec<AuditEntry>,
    ) -> Result<Vec<Option<u64>>> {
        let write = |account: &mut Self| {
            let written = account.write(connection, waiting);
            account.write_rows(connection);
            written
        };
        if let Used::In(left) = left {
            return left.scope(|| write(self));
        }
        self.claims.set_outside(true);
        let written = write(self);
        self.claims.set_outside(false);
        written
    }

    /// Makes everything ready for the commit.
    pub(super) fn finish(
        &mut self,
        connection: &Connection,
        waiting: Vec<AuditEntry>,
    ) -> Result<()> {
        self.notice_end(connection);
        if let Err(error) = self.catch_up(connection) {
            self.condemn(&error);
        }
        self.is_last = !self.claims.is_tracking() && self.failures.is_empty();
        self.write_waiting(connection, waiting).ok();
        self.write_rows(connection);
        self.write_failures_again(connection);
        if let Err(error) = self.traces.restore(connection) {
            self.condemn(&error);
        }
        match &self.doom {
            Some(doom) => Err(doom.to_error()),
            None => Ok(()),
        }
    }

    /// Ends it after a commit: the receipts of what was recorded, and how many entries rows became.
    pub(super) fn close(&mut self) -> (Vec<Receipt>, u64) {
        self.sink.close(true);
        mem::take(&mut self.written).into_receipts()
    }

    /// Ends it after a rollback: the entries that do not go down with it.
    pub(super) fn abandon(&mut self) -> impl Iterator<Item = AuditEntry> + use<> {
        let is_untouched = self.written.is_empty() && self.doom.is_none();
        self.sink.close(is_untouched);
        let failures = mem::take(&mut self.failures).into_iter();
        failures.map(|failure| failure.entry)
    }

    /// An entry whose fate is the fate of the transaction, if there is one.
    pub(super) fn witness(&self) -> Option<(Tenant, Uuid)> {
        self.written.witness()
    }

    fn write(
        &mut self,
        connection: &Connection,
        entries: Vec<AuditEntry>,
    ) -> Result<Vec<Option<u64>>> {
        if let Some(doom) = &self.doom {
            let error = doom.to_error();
            self.keep_failures(entries);
            return Err(error);
        }
        self.traces.note(connection);
        let mut entries = entries;
        let written = match self.claim(connection, &mut entries) {
            Ok(claimed) => self
                .try_write(connection, entries, &claimed.told)
                .and_then(|written| {
                    self.store_later(connection, claimed.later)?;
                    Ok(written)
                }),
            Err(error) => {
                self.condemn(&error);
                self.keep_failures(entries);
                Err(error)
            }
        };
        self.traces.leave(connection);
        written
    }

    /// Writes what rows of tracked tables have become and nobody has told of.
    fn write_rows(&mut self, connection: &Connection) {
        if self.doom.is_some() {
            return;
        }
        self.traces.note(connection);
        if let Err(error) = self.claim(connection, &mut []) {
            self.condemn(&error);
        }
        self.traces.leave(connection);
    }

    /// Makes entries of the rows that were changed so far, but for those that `entries`, which are
    /// about to be written, tell of.
    fn claim(&mut self, connection: &Connection, entries: &mut [AuditEntry]) -> Result<Claimed> {
        let tells_of_changes = entries.iter().any(|entry| !entry.changes.is_empty());
        let is_due = self.claims.is_tracking() && (entries.is_empty() || tells_of_changes);
        if !is_due || !tracking::has_staged(connection)? {
            return Ok(Claimed::default());
        }
        self.catch_up(connection)?;
        self.claims.begin(self.newest + 1);
        let mut hearing = Hearing::of(entries);
        let mut rows = Vec::with_capacity(BATCH);
        let before = self.newest;
        let mut last = None;
        loop {
            let taken = tracking::take_staged(connection, CHUNK, &mut |change| {
                self.claims.take(&mut hearing, change, &mut rows)?;
                if rows.len() >= BATCH {
                    last = self.store_rows(connection, &mut rows)?;
                }
                Ok(())
            })?;
            if taken < CHUNK {
                break;
            }
        }
        let claimed = self.claims.decide(hearing, entries, &mut rows)?;
        last = self.store_rows(connection, &mut rows)?.or(last);
        self.note_rows(before, last);
        Ok(claimed)
    }

    fn store_later(&mut self, connection: &Connection, mut rows: Vec<AuditEntry>) -> Result<()> {
        let before = self.newest;
        let last = self.store_rows(connection, &mut rows);
        let last = last.inspect_err(|error| self.condemn(error))?;
        self.note_rows(before, last);
        Ok(())
    }

    /// Writes entries of rows, and says which is the last.
    fn store_rows(
        &mut self,
        connection: &Connection,
        rows: &mut Vec<AuditEntry>,
    ) -> Result<Option<(Tenant, Uuid)>> {
        if rows.is_empty() {
            return Ok(None);
        }
        self.tie(rows);
        for written in self.sink.write(connection, rows)? {
            self.newest += i64::from(written.is_new);
        }
        let last = rows.last().map(|entry| (entry.tenant.clone(), entry.id));
        rows.clear();
        Ok(last)
    }

    fn note_rows(&mut self, before: i64, last: Option<(Tenant, Uuid)>) {
        if let (Ok(entries @ 1..), Some(last)) = (u64::try_from(self.newest - before), last) {
            self.written.add_rows(entries, last, self.newest);
        }
    }

    /// Gives entries that belong to no operation that of the transaction.
    fn tie(&mut self, entries: &mut [AuditEntry]) {
        for entry in entries.iter_mut().filter(|entry| entry.operation.is_none()) {
            let operation = match self.operations.get(&entry.tenant) {
                Some(known) => *known,
                None => *self
                    .operations
                    .entry(entry.tenant.clone())
                    .or_insert_with(Uuid::now_v7),
            };
            entry.operation = Some(operation);
        }
    }

    fn try_write(
        &mut self,
        connection: &Connection,
        mut entries: Vec<AuditEntry>,
        told: &[bool],
    ) -> Result<Vec<Option<u64>>> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        if !self.is_last || entries.len() > 1 || !self.written.is_empty() {
            self.tie(&mut entries);
        }
        let written = self
            .catch_up(connection)
            .and_then(|()| self.sink.write(connection, &entries));
        let written = match written {
            Ok(written) => written,
            Err(error) => {
                self.condemn(&error);
                self.keep_failures(entries);
                return Err(error);
            }
        };
        let mut indexes = Vec::with_capacity(entries.len());
        for (place, (entry, written)) in entries.into_iter().zip(written).enumerate() {
            indexes.push(written.index);
            self.newest += i64::from(written.is_new);
            let seq = written.is_new.then_some(self.newest);
            if written.is_new && !told.get(place).copied().unwrap_or(false) {
                self.claims.remember(&entry, self.newest);
            }
            let tenant = entry.tenant.clone();
            self.written.add((tenant, entry.id), seq, written.index);
            if written.is_new && entry.outcome != Outcome::Success {
                self.failures.push(Failure { entry, seq });
            }
        }
        Ok(indexes)
    }

    /// Sees whether a savepoint was rolled back since the last entry.
    fn catch_up(&mut self, connection: &Connection) -> Result<()> {
        // Before the first entry there is nothing that could be gone, but for what rows of others became
        // when the transaction began.
        if self.written.is_empty() && self.newest == self.begun && !self.claims.is_tracking() {
            return Ok(());
        }
        let newest = self.sink.newest(connection)?;
        if newest == self.newest {
            return Ok(());
        }
        self.written.forget_after(newest);
        for failure in &mut self.failures {
            failure.seq = failure.seq.filter(|seq| *seq <= newest);
        }
        self.newest = newest;
        self.claims.forget_after(newest);
        self.sink.forget(connection)
    }

    /// What tells of a failure stands in the log even if a savepoint around it was rolled back.
    fn write_failures_again(&mut self, connection: &Connection) {
        if self.doom.is_some() {
            return;
        }
        let (gone, kept): (Vec<_>, Vec<_>) = mem::take(&mut self.failures)
            .into_iter()
            .partition(|failure| failure.seq.is_none());
        self.failures = kept;
        if !gone.is_empty() {
            let entries = gone.into_iter().map(|failure| failure.entry).collect();
            self.write(connection, entries).ok();
        }
    }

    pub(super) fn keep_failures(&mut self, entries: Vec<AuditEntry>) {
        let failures = entries
            .into_iter()
            .filter(|entry| entry.outcome != Outcome::Success);
        self.failures
            .extend(failures.map(|entry| Failure { entry, seq: None }));
    }

    fn condemn(&mut self, error: &Error) {
        self.doom.get_or_insert_with(|| Doom {
            kind: error.kind(),
            text: format!("{error}; the transaction was rolled back"),
        });
    }

    /// SQLite, or a statement of the caller, may have ended the transaction. What follows must not be
    /// stored statement by statement, without the entries: it goes into another one, which is
    /// rolled back.
    fn notice_end(&mut self, connection: &Connection) {
        if !connection.is_autocommit() {
            return;
        }
        self.condemn(&Error::new(
            ErrorKind::WrongConnection,
            "the transaction was ended by an SQL statement, or by SQLite after an error; end it with `commit` or `rollback`, and look at the error of the statement before",
        ));
        connection.execute_batch("BEGIN").ok();
    }
}

impl Doom {
    fn to_error(&self) -> Error {
        Error::new(self.kind, self.text.clone())
    }
}
