//! Transactions on connections of callers: rows of theirs and entries of ours commit together.

mod account;
mod begin;
mod claims;
mod committed;
mod desk;
mod draft;
mod hearing;
mod journal;
mod ledger;
mod savepoint;
mod sink;
#[cfg(test)]
mod tests;
mod told;
mod traces;
mod typed;
mod used;

use std::fmt;
use std::ops::Deref;
use std::rc::Rc;

use audit_core::store::OpenTransaction;
use audit_core::{
    AuditEntry, AuditStore, Audited, Auditor, Durability, ErrorKind, Result, Sanitizer,
    TransactionScope,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use self::claims::Claims;
pub use self::committed::Committed;
pub(crate) use self::desk::Desks;
pub use self::draft::TransactionDraft;
use self::draft::Way;
use self::journal::{Home, Journal};
pub use self::savepoint::AuditedSavepoint;
use self::sink::Sink;
use crate::error::{Phase, during, kind_of, map, of_kind};
use crate::store::SqliteStore;
use crate::tracking::Admitted;

/// A transaction in which business rows and entries are stored together or not at all, with one
/// commit. Begun by [`SqliteStore::begin`], or by [`Outbox::begin`](crate::Outbox::begin) in
/// another file.
///
/// It is a [`rusqlite::Transaction`] to the caller. What is recorded while it is open joins it:
/// by [`AuditedTransaction::updated`] and its like, and by auditors on the same store, annotated
/// functions included, in the context in which it was begun and in those inside of it, on the same thread,
/// whatever their delivery. A context that is entered a second time is another one: enter it once, around
/// the transaction and what is recorded in it. Their
/// receipts say [`Durability::InTransaction`]. Dropped, also in a panic, it is rolled back.
///
/// - **What is rolled back is not recorded**, by savepoint or as a whole. Entries whose outcome is
///   not success stay: they are delivered after the rollback, by the auditor that made them.
/// - **What cannot be recorded cannot be committed.** A write that fails dooms the transaction:
///   [`AuditedTransaction::commit`] says why and rolls back.
/// - Entries without an operation of their own get one in common; one that waits alone until the
///   commit has nothing to share it with, and gets none.
/// - The caller's `last_insert_rowid()`, `changes()`, settings and hooks are as without us.
///   `total_changes()` is not, and an update hook sees rows of `audit_entry`.
/// - Take the connection anew from the transaction for each statement, as `tx.execute(…)` does: an
///   entry that joins is written the next time this is used. With a reference that is kept over
///   `SAVEPOINT`, recording and `ROLLBACK TO`, an entry could land outside of the savepoint.
/// - It ends by `commit` or `rollback`, or when it is dropped. `COMMIT` as SQL is found out, but not
///   where the same string begins another one: `COMMIT; BEGIN`.
/// - One that is leaked (`mem::forget`) is never over: nobody writes to the log any more until the
///   process ends.
/// - Some twenty statements of ours are cached on the connection, beside those of the caller: with
///   `set_prepared_statement_cache_capacity(64)` none is compiled twice, where rusqlite keeps 16.
/// - An entry writes a page more into the write-ahead log, and now and then some. SQLite empties it each 1,000
///   pages, which syncs twice; where many write, `wal_autocheckpoint` on their connection is better
///   4,000, as it is on the store's own.
/// - What is recorded leaves a receipt of some 70 bytes in memory until the commit. Entries of tracked
///   rows are only counted.
/// - Nobody else writes to the file meanwhile. Keep it short, and hold none across an `.await`.
///   Readers see nothing of it before the commit. [`AuditStore::open_attempt`] refuses.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("desk.db");
/// use audit_core::{Actor, AuditContext, Audited, Auditor};
/// use audit_sqlite::{SqliteStore, rusqlite::Connection};
///
/// #[derive(Audited)]
/// struct Incident {
///     #[audit(id)]
///     id: u32,
///     status: String,
/// }
///
/// let store = SqliteStore::open(&path)?;
/// let auditor = Auditor::new(store.clone());
/// let mut connection = Connection::open(&path)?;
/// connection.execute_batch("CREATE TABLE incident (id INTEGER PRIMARY KEY, status TEXT)")?;
///
/// let context = AuditContext::new("acme").actor(Actor::user(7, "ada")).auditor(&auditor);
/// context.scope(|| {
///     let incident = Incident { id: 7, status: "open".to_owned() };
///     let tx = store.begin(&mut connection)?;
///     tx.execute("INSERT INTO incident VALUES (?1, ?2)", (incident.id, &incident.status))?;
///     tx.created(&incident).record()?;
///     auditor.log("notify").record()?;
///     tx.commit()?;
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// assert_eq!(auditor.tenant("acme").entries().count()?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a transaction that is dropped is rolled back; call `commit`"]
pub struct AuditedTransaction<'c> {
    // Dropped in this order: what follows the rollback comes after it.
    transaction: Transaction<'c>,
    closing: Closing,
    /// Lets the connection write to tables that refuse others.
    admitted: Option<Admitted<'c>>,
}

/// What follows the end of a transaction.
struct Closing {
    journal: Rc<Journal>,
    scope: TransactionScope,
    store: Option<SqliteStore>,
    is_closed: bool,
}

impl SqliteStore {
    /// Begins a transaction on a connection of the caller's to the file of this store: what is
    /// recorded in it and the rows that are written in it commit together.
    ///
    /// Waits for its turn, together with everybody who records, until the deadline of
    /// [`SqliteOptions::busy_deadline`](crate::SqliteOptions::busy_deadline); then for others that
    /// write to the file without one, as long as the connection itself waits (`busy_timeout`), and
    /// at least until that deadline. The transaction is an immediate one. Drafts that it makes are
    /// of [`Auditor::current`].
    ///
    /// The connection must have been opened by this process: one that came through `fork` cannot be
    /// told from others. See [`AuditedTransaction`] for an example.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongConnection`] if the connection is to another file, or in a transaction
    /// already; [`ErrorKind::ReadOnly`] if it, or the store, only reads; [`ErrorKind::Busy`] at the
    /// deadline; [`ErrorKind::FileReplaced`] and [`ErrorKind::Forked`] as for recording, and any
    /// failure of SQLite to begin.
    pub fn begin<'c>(&self, connection: &'c mut Connection) -> Result<AuditedTransaction<'c>> {
        AuditedTransaction::on_log(self, connection, None)
    }

    /// The same, where drafts of the transaction are of this auditor.
    ///
    /// # Errors
    ///
    /// Those of [`SqliteStore::begin`], and [`ErrorKind::Invalid`] if the auditor records into
    /// another store.
    pub fn begin_with<'c>(
        &self,
        auditor: &Auditor,
        connection: &'c mut Connection,
    ) -> Result<AuditedTransaction<'c>> {
        AuditedTransaction::on_log(self, connection, Some(auditor))
    }
}

impl<'c> AuditedTransaction<'c> {
    fn on_log(
        store: &SqliteStore,
        connection: &'c Connection,
        auditor: Option<&Auditor>,
    ) -> Result<Self> {
        let begun = begin::begin(store, connection)?;
        let claims = Claims::new(
            begun.is_tracking,
            store.desks()?.sanitizer.clone(),
            auditor.cloned(),
            Some(store.clone()),
        );
        let sink = Sink::Log(Box::new(begun.turn));
        let home = Home::Store(store.cursor_key()?);
        let journal = Journal::new(sink, begun.newest.seq, home, claims);
        let mut this = Self::new(begun.transaction, journal, Some(store.clone()), auditor)?;
        this.admitted = begun.admitted;
        Ok(this)
    }

    /// Begins one whose entries go into the outbox of the connection's file: the entries for the
    /// store of `source`, or for any.
    pub(crate) fn on_outbox(
        connection: &'c Connection,
        source: Option<Auditor>,
        auditor: Option<&Auditor>,
    ) -> Result<Self> {
        begin::check(connection)?;
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
            .map_err(during(Phase::Begin))?;
        let begun = Sink::Outbox.newest(&transaction)?;
        let home = source.map_or(Home::Anywhere, Home::SameAs);
        let claims = Claims::new(false, Sanitizer::default(), None, None);
        let journal = Journal::new(Sink::Outbox, begun, home, claims);
        Self::new(transaction, journal, None, auditor)
    }

    fn new(
        transaction: Transaction<'c>,
        journal: Journal,
        store: Option<SqliteStore>,
        auditor: Option<&Auditor>,
    ) -> Result<Self> {
        let journal = Rc::new(journal);
        let open: Rc<dyn OpenTransaction> = journal.clone();
        let scope = match auditor {
            Some(auditor) => TransactionScope::enter_with(open, auditor)?,
            None => TransactionScope::enter(open),
        };
        Ok(Self {
            transaction,
            closing: Closing {
                journal,
                scope,
                store,
                is_closed: false,
            },
            admitted: None,
        })
    }

    /// An entry by hand, as [`Auditor::log`].
    pub fn log(&self, action: impl Into<String>) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.log(action))
    }

    /// A record came to be, as [`Auditor::created`].
    pub fn created<T: Audited + ?Sized>(&self, record: &T) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.created(record))
    }

    /// A record changed, as [`Auditor::updated`].
    pub fn updated<T: Audited>(&self, before: &T, after: &T) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.updated(before, after))
    }

    /// A record went, as [`Auditor::deleted`].
    pub fn deleted<T: Audited + ?Sized>(&self, record: &T) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.deleted(record))
    }

    /// Begins a savepoint: what is recorded in it goes with it if it is rolled back.
    ///
    /// `SAVEPOINT` and `ROLLBACK TO` as SQL work as well.
    ///
    /// # Errors
    ///
    /// Any failure of SQLite.
    pub fn savepoint(&mut self) -> Result<AuditedSavepoint<'_>> {
        let Self {
            transaction,
            closing,
            ..
        } = self;
        closing.journal.touch(transaction);
        let savepoint = transaction.savepoint().map_err(during(Phase::Write))?;
        Ok(AuditedSavepoint::new(
            savepoint,
            &closing.journal,
            &closing.scope,
        ))
    }

    /// Stores everything, rows and entries, and says what was recorded.
    ///
    /// # Errors
    ///
    /// The first failure to write an entry, or of the commit. Nothing is stored then, but for
    /// entries that tell of failures, which are delivered by themselves. On [`ErrorKind::Unknown`]
    /// rows and entries may be stored, both or neither; [`audit_core::Error::entry_id`] names an
    /// entry to look for.
    pub fn commit(self) -> Result<Committed> {
        let Self {
            transaction,
            mut closing,
            admitted: _admitted,
        } = self;
        let committed = closing.journal.finish(&transaction).and_then(|()| {
            let durability = committed::durability(&transaction)?;
            let committed = transaction
                .prepare_cached("COMMIT")
                .and_then(|mut commit| commit.execute([]));
            // Rolls back what is still open.
            drop(transaction);
            match committed {
                Ok(_) => Ok(durability),
                Err(error) => closing.after_failed_commit(&error).map(|()| durability),
            }
        });
        match committed {
            Ok(durability) => Ok(closing.after_commit(durability)),
            Err(error) => {
                closing.after_rollback();
                Err(error)
            }
        }
    }

    /// Takes everything back, rows and entries. Entries that tell of failures are delivered, and
    /// waited for as their auditor waits; what cannot be stored now stays queued.
    ///
    /// # Errors
    ///
    /// Any failure of SQLite to roll back.
    pub fn rollback(self) -> Result<()> {
        let Self {
            transaction,
            mut closing,
            admitted: _admitted,
        } = self;
        let is_over = transaction.is_autocommit();
        let rolled_back = transaction.rollback();
        closing.after_rollback();
        match rolled_back {
            Err(error) if !is_over => Err(map(&error, Phase::Write)),
            _ => Ok(()),
        }
    }

    fn way(&self) -> Way<'_> {
        Way {
            journal: &self.closing.journal,
            scope: &self.closing.scope,
            connection: &self.transaction,
        }
    }
}

impl<'c> Deref for AuditedTransaction<'c> {
    type Target = Transaction<'c>;

    fn deref(&self) -> &Transaction<'c> {
        self.closing.journal.touch(&self.transaction);
        &self.transaction
    }
}

impl fmt::Debug for AuditedTransaction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditedTransaction").finish_non_exhaustive()
    }
}

impl Closing {
    fn after_commit(&mut self, durability: Durability) -> Committed {
        self.is_closed = true;
        let (receipts, rows) = self.journal.committed();
        self.scope.leave();
        self.scope.note_stored(receipts.len() as u64 + rows);
        Committed::new(receipts, rows, durability)
    }

    fn after_rollback(&mut self) {
        let failures = self.close();
        self.scope.deliver(failures);
    }

    /// Gives up the lock, and the entries that stay.
    fn close(&mut self) -> Vec<AuditEntry> {
        self.is_closed = true;
        self.journal.rolled_back()
    }

    /// Finds out what became of a transaction whose commit failed; it is rolled back where it was
    /// still open.
    fn after_failed_commit(&self, error: &rusqlite::Error) -> Result<()> {
        let failure = map(error, Phase::Commit);
        let is_unknown = error.sqlite_error().is_some_and(|failure| {
            kind_of(failure.extended_code, Phase::Commit) == ErrorKind::Unknown
        });
        if !is_unknown {
            return Err(failure);
        }
        let Some((tenant, id)) = self.journal.witness() else {
            return Err(failure);
        };
        let Some(store) = &self.store else {
            return Err(failure.with_entry(id));
        };
        // Asked through another connection: what this one believes is worth nothing now.
        match store.entry(&tenant, id) {
            // Once more into the file itself, for a sync that failed proves nothing.
            Ok(Some(_)) => store.checkpoint().map_err(|_| failure.with_entry(id)),
            Ok(None) => Err(of_kind(ErrorKind::Store, Phase::Write).with_source(failure)),
            Err(_) => Err(failure.with_entry(id)),
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if !self.is_closed {
            let failures = self.close();
            self.scope.deliver_detached(failures);
        }
    }
}
