//! What a commit has stored.

use audit_core::{Durability, Receipt, Result};
use rusqlite::Connection;

use crate::error::{Phase, during};

/// What was recorded in a transaction that is committed now.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("desk.db");
/// use audit_core::{AuditContext, Auditor, Durability};
/// use audit_sqlite::{SqliteStore, rusqlite::Connection};
///
/// let store = SqliteStore::open(&path)?;
/// let auditor = Auditor::new(store.clone());
/// let mut connection = Connection::open(&path)?;
/// let context = AuditContext::new("acme").auditor(&auditor);
/// let committed = context.scope(|| {
///     let tx = store.begin(&mut connection)?;
///     tx.log("export").record()?;
///     tx.commit()
/// })?;
/// assert_eq!(committed.receipts()[0].index(), Some(0));
/// assert!(committed.receipts()[0].durability() >= Durability::Written);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Committed {
    receipts: Vec<Receipt>,
    row_changes: u64,
}

impl Committed {
    pub(super) fn new(
        mut receipts: Vec<Receipt>,
        row_changes: u64,
        durability: Durability,
    ) -> Self {
        for receipt in &mut receipts {
            *receipt = receipt.committed(durability);
        }
        Self {
            receipts,
            row_changes,
        }
    }

    /// One receipt for each entry that was recorded, in the order in which they were written.
    ///
    /// Entries that only rows of tracked tables tell of have none, since one statement can make any
    /// number of them: [`row_changes`](Self::row_changes) counts them.
    ///
    /// How durable they are follows from the `synchronous` setting of the connection. An entry in
    /// an [`Outbox`](crate::Outbox) has no index before it is drained.
    #[must_use]
    pub fn receipts(&self) -> &[Receipt] {
        &self.receipts
    }

    /// How many entries tell of rows of tracked tables of which nobody else has told.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("desk.db");
    /// use audit_core::{AuditContext, Auditor};
    /// use audit_sqlite::{SqliteStore, TrackedTable, rusqlite::Connection};
    ///
    /// let store = SqliteStore::open(&path)?;
    /// let auditor = Auditor::new(store.clone());
    /// let mut connection = Connection::open(&path)?;
    /// connection.execute_batch("CREATE TABLE incident (id INTEGER PRIMARY KEY, title TEXT)")?;
    /// TrackedTable::new("incident").track(&connection)?;
    /// let context = AuditContext::new("acme").auditor(&auditor);
    /// let committed = context.scope(|| {
    ///     let tx = store.begin(&mut connection)?;
    ///     tx.execute("INSERT INTO incident (title) VALUES ('Disk'), ('Power')", [])?;
    ///     tx.log("import").record()?;
    ///     Ok::<_, Box<dyn std::error::Error>>(tx.commit()?)
    /// })?;
    /// assert_eq!(committed.row_changes(), 2);
    /// assert_eq!(committed.receipts().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn row_changes(&self) -> u64 {
        self.row_changes
    }
}

/// How durable a commit on a connection is.
///
/// See <https://www.sqlite.org/pragma.html#pragma_synchronous>.
pub(super) fn durability(connection: &Connection) -> Result<Durability> {
    // Prepared anew: SQLite reads the value when it does that.
    let synchronous: i64 = connection
        .query_row("PRAGMA synchronous", [], |row| row.get(0))
        .map_err(during(Phase::Write))?;
    Ok(if synchronous >= 2 {
        Durability::Synced
    } else {
        Durability::Written
    })
}
