//! A part of a transaction that can be taken back alone.

use std::fmt;
use std::ops::Deref;

use audit_core::{Audited, Result, TransactionScope};
use rusqlite::{Connection, Savepoint};

use super::draft::{TransactionDraft, Way};
use super::journal::Journal;
use crate::error::{Phase, during};

/// A savepoint of an [`AuditedTransaction`](crate::AuditedTransaction): what is recorded in it goes
/// with it if it is rolled back, which dropping it does. Entries that tell of failures stay.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("desk.db");
/// use audit_core::{AuditContext, Auditor};
/// use audit_sqlite::{SqliteStore, rusqlite::Connection};
///
/// let store = SqliteStore::open(&path)?;
/// let auditor = Auditor::new(store.clone());
/// let mut connection = Connection::open(&path)?;
/// AuditContext::new("acme").auditor(&auditor).scope(|| {
///     let mut tx = store.begin(&mut connection)?;
///     tx.log("kept").record()?;
///     let part = tx.savepoint()?;
///     part.log("taken back").record()?;
///     part.rollback()?;
///     tx.commit()
/// })?;
/// assert_eq!(auditor.tenant("acme").entries().count()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a savepoint that is dropped is rolled back; call `commit`"]
pub struct AuditedSavepoint<'t> {
    // Dropped in this order: what waits to be written belongs to the savepoint.
    inside: Inside<'t>,
    savepoint: Savepoint<'t>,
}

/// While it is there, what waits goes down with the savepoint.
struct Inside<'t> {
    journal: &'t Journal,
    scope: &'t TransactionScope,
    is_kept: bool,
}

impl<'t> AuditedSavepoint<'t> {
    pub(super) fn new(
        savepoint: Savepoint<'t>,
        journal: &'t Journal,
        scope: &'t TransactionScope,
    ) -> Self {
        Self {
            inside: Inside {
                journal,
                scope,
                is_kept: false,
            },
            savepoint,
        }
    }

    /// As [`AuditedTransaction::log`](crate::AuditedTransaction::log).
    pub fn log(&self, action: impl Into<String>) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.log(action))
    }

    /// As [`AuditedTransaction::created`](crate::AuditedTransaction::created).
    pub fn created<T: Audited + ?Sized>(&self, record: &T) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.created(record))
    }

    /// As [`AuditedTransaction::updated`](crate::AuditedTransaction::updated).
    pub fn updated<T: Audited>(&self, before: &T, after: &T) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.updated(before, after))
    }

    /// As [`AuditedTransaction::deleted`](crate::AuditedTransaction::deleted).
    pub fn deleted<T: Audited + ?Sized>(&self, record: &T) -> TransactionDraft<'_> {
        self.way().draft(|auditor| auditor.deleted(record))
    }

    /// Begins a savepoint inside this one.
    ///
    /// # Errors
    ///
    /// Any failure of SQLite.
    pub fn savepoint(&mut self) -> Result<AuditedSavepoint<'_>> {
        let Self { inside, savepoint } = self;
        inside.journal.touch(savepoint);
        let inner = savepoint.savepoint().map_err(during(Phase::Write))?;
        Ok(AuditedSavepoint::new(inner, inside.journal, inside.scope))
    }

    /// Keeps what was done, as far as what is around it is kept.
    ///
    /// # Errors
    ///
    /// Any failure of SQLite.
    pub fn commit(self) -> Result<()> {
        let Self {
            mut inside,
            savepoint,
        } = self;
        inside.journal.touch(&savepoint);
        inside.is_kept = true;
        savepoint.commit().map_err(during(Phase::Write))
    }

    /// Takes back what was done.
    ///
    /// # Errors
    ///
    /// Any failure of SQLite.
    pub fn rollback(self) -> Result<()> {
        let Self { inside, savepoint } = self;
        drop(inside);
        savepoint.finish().map_err(during(Phase::Write))
    }

    fn way(&self) -> Way<'_> {
        Way {
            journal: self.inside.journal,
            scope: self.inside.scope,
            connection: &self.savepoint,
        }
    }
}

impl Deref for AuditedSavepoint<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.inside.journal.touch(&self.savepoint);
        &self.savepoint
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.journal.set_aside();
        }
    }
}

impl fmt::Debug for AuditedSavepoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditedSavepoint").finish_non_exhaustive()
    }
}
