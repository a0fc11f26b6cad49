//! A commit of which nobody knows whether it was one. SQLite cannot be made to fail there on
//! demand, so that the commit is made, or not, and then said to have failed.

use std::path::Path;

use audit_core::{AuditContext, Auditor, Draft, ErrorKind, Receipt, Result};
use rusqlite::Connection;
use rusqlite::ffi::{Error as Code, SQLITE_FULL, SQLITE_IOERR_FSYNC};

use super::AuditedTransaction;
use crate::SqliteStore;

struct Desk {
    _folder: tempfile::TempDir,
    store: SqliteStore,
    auditor: Auditor,
    connection: Connection,
}

impl Desk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let store = SqliteStore::open(&path).unwrap();
        let connection = open(&path);
        connection
            .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY)")
            .unwrap();
        Self {
            _folder: folder,
            auditor: Auditor::new(store.clone()),
            store,
            connection,
        }
    }

    /// Writes a row and an entry in a transaction that ends so.
    fn write<R>(
        &mut self,
        draft: &Draft,
        end: impl FnOnce(AuditedTransaction<'_>) -> Result<R>,
    ) -> Result<R> {
        let Self {
            store, connection, ..
        } = self;
        AuditContext::new("acme").scope(|| {
            let tx = store.begin(connection)?;
            tx.execute("INSERT OR REPLACE INTO t VALUES (1)", [])
                .unwrap();
            draft.clone().record()?;
            end(tx)
        })
    }

    fn retry(&mut self, draft: &Draft) -> Receipt {
        self.write(draft, |tx| Ok(tx.commit()?.receipts()[0]))
            .unwrap()
    }

    /// How many rows and entries there are.
    fn count(&self) -> (u64, u64) {
        let rows = self
            .connection
            .query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0))
            .unwrap();
        let entries = self.auditor.tenant("acme").entries().count().unwrap();
        (u64::try_from(rows).unwrap(), entries)
    }
}

fn open(path: &Path) -> Connection {
    Connection::open(path).unwrap()
}

fn failure(code: i32) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(Code::new(code), None)
}

/// Commits, or rolls back, and says that the commit has failed so.
fn fail(tx: AuditedTransaction<'_>, code: i32, is_stored: bool) -> Result<()> {
    let AuditedTransaction {
        transaction,
        mut closing,
        admitted: _admitted,
    } = tx;
    closing.journal.finish(&transaction)?;
    if is_stored {
        transaction.commit().unwrap();
    } else {
        transaction.rollback().unwrap();
    }
    let settled = closing.after_failed_commit(&failure(code));
    closing.after_rollback();
    settled
}

#[test]
fn a_commit_that_is_found_stored_is_one() {
    let mut desk = Desk::new();
    let draft = desk.auditor.log("close").tenant("acme");
    desk.write(&draft, |tx| fail(tx, SQLITE_IOERR_FSYNC, true))
        .unwrap();
    assert_eq!(desk.count(), (1, 1));
    // Whoever does not believe it does no harm.
    let receipt = desk.retry(&draft);
    assert_eq!((receipt.index(), desk.count()), (Some(0), (1, 1)));
}

#[test]
fn a_commit_that_is_found_missing_is_a_plain_failure_and_can_be_tried_again() {
    let mut desk = Desk::new();
    let draft = desk.auditor.log("close").tenant("acme");
    let error = desk
        .write(&draft, |tx| fail(tx, SQLITE_IOERR_FSYNC, false))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(desk.count(), (0, 0));
    assert_eq!(desk.retry(&draft).index(), Some(0));
    assert_eq!(desk.count(), (1, 1));
}

#[test]
fn a_commit_that_cannot_be_made_safe_stays_unknown_and_is_never_stored_twice() {
    let mut desk = Desk::new();
    let path = desk.connection.path().unwrap().to_owned();
    let reader = open(Path::new(&path));
    // Who reads what was before keeps the write-ahead log from being emptied.
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM t")
        .unwrap();
    let draft = desk.auditor.log("close").tenant("acme");
    let id = draft.entry_id();
    let error = desk
        .write(&draft, |tx| fail(tx, SQLITE_IOERR_FSYNC, true))
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.entry_id()),
        (ErrorKind::Unknown, Some(id))
    );
    for _ in 0..2 {
        assert_eq!(desk.retry(&draft).entry_id(), Some(id));
        assert_eq!(desk.count(), (1, 1));
    }
}

#[test]
fn a_full_disk_at_commit_leaves_no_doubt() {
    let mut desk = Desk::new();
    let draft = desk.auditor.log("close").tenant("acme");
    let error = desk
        .write(&draft, |tx| fail(tx, SQLITE_FULL, false))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
    assert_eq!(desk.retry(&draft).index(), Some(0));
}
