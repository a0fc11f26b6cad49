//! What is recorded in a transaction, from all sides.

use std::cell::{Cell, RefCell};

use audit_core::store::OpenTransaction;
use audit_core::{AuditEntry, AuditStore, Auditor, Error, ErrorKind, Receipt, Result, Tenant};
use rusqlite::Connection;
use uuid::Uuid;

use super::account::Account;
use super::claims::Claims;
use super::sink::Sink;

/// Shared by the transaction, its savepoints and drafts, and the auditors that hand it entries.
///
/// An auditor cannot reach the connection, so that its entries wait here until the transaction is
/// touched the next time: before the caller does anything with the connection.
pub(super) struct Journal {
    home: Home,
    is_open: Cell<bool>,
    waiting: RefCell<Vec<AuditEntry>>,
    account: RefCell<Account>,
}

/// Whose entries are taken.
pub(super) enum Home {
    /// Those for the store with this secret.
    Store([u8; 32]),
    /// Those for the store that this auditor records into.
    SameAs(Auditor),
    Anywhere,
}

impl Journal {
    pub(super) fn new(sink: Sink, begun: i64, home: Home, claims: Claims) -> Self {
        Self {
            home,
            is_open: Cell::new(true),
            waiting: RefCell::default(),
            account: RefCell::new(Account::new(sink, begun, claims)),
        }
    }

    /// What has to be done before the caller uses the connection: writes what waits, and makes
    /// our own statements unseen. What goes wrong is told when the transaction is committed.
    pub(super) fn touch(&self, connection: &Connection) {
        // A callback of the connection, in the middle of our own statement: it comes too early.
        let Ok(mut account) = self.account.try_borrow_mut() else {
            return;
        };
        account.touch(connection, self.waiting.take());
    }

    /// Writes an entry at once, after those that wait, and says its index if it has one.
    pub(super) fn write(&self, connection: &Connection, entry: AuditEntry) -> Result<Option<u64>> {
        let mut account = self.account.try_borrow_mut().map_err(|_| in_use())?;
        let mut entries = self.waiting.take();
        entries.push(entry);
        let indexes = account.write_waiting(connection, entries)?;
        Ok(indexes.into_iter().next_back().flatten())
    }

    /// Makes everything ready for the commit. From now on nothing joins.
    pub(super) fn finish(&self, connection: &Connection) -> Result<()> {
        self.is_open.set(false);
        let mut account = self.account.try_borrow_mut().map_err(|_| in_use())?;
        account.finish(connection, self.waiting.take())
    }

    /// Ends it after a commit: the receipts of what was recorded, and how many entries rows became.
    pub(super) fn committed(&self) -> (Vec<Receipt>, u64) {
        self.is_open.set(false);
        match self.account.try_borrow_mut() {
            Ok(mut account) => account.close(),
            Err(_) => Default::default(),
        }
    }

    /// Ends it after a rollback: the entries that do not go down with it.
    pub(super) fn rolled_back(&self) -> Vec<AuditEntry> {
        self.is_open.set(false);
        self.set_aside();
        let Ok(mut account) = self.account.try_borrow_mut() else {
            return Vec::new();
        };
        account.abandon().collect()
    }

    /// What waits goes down with a savepoint that is rolled back now, but for failures.
    pub(super) fn set_aside(&self) {
        let waiting = self.waiting.take();
        if let Ok(mut account) = self.account.try_borrow_mut() {
            account.keep_failures(waiting);
        }
    }

    /// An entry whose fate is the fate of the transaction, if there is one.
    pub(super) fn witness(&self) -> Option<(Tenant, Uuid)> {
        self.account.try_borrow().ok()?.witness()
    }
}

impl OpenTransaction for Journal {
    fn is_of(&self, store: &dyn AuditStore) -> bool {
        match &self.home {
            Home::Store(key) => store.cursor_key().is_ok_and(|other| other == *key),
            Home::SameAs(auditor) => auditor.records_into(store),
            Home::Anywhere => true,
        }
    }

    fn join(&self, entries: Vec<AuditEntry>) -> std::result::Result<(), Vec<AuditEntry>> {
        if !self.is_open.get() {
            return Err(entries);
        }
        match self.waiting.try_borrow_mut() {
            Ok(mut waiting) if waiting.is_empty() => {
                *waiting = entries;
                Ok(())
            }
            Ok(mut waiting) => {
                waiting.extend(entries);
                Ok(())
            }
            Err(_) => Err(entries),
        }
    }
}

fn in_use() -> Error {
    Error::new(
        ErrorKind::Store,
        "the transaction is writing already; do not record through it in a callback of its connection",
    )
}
