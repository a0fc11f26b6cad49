//! The outbox: entries that are stored with business rows where the audit log is in another file.

mod drain;
mod format;

use audit_core::{AuditEntry, AuditStore, Auditor, Error, ErrorKind, Result};
use rusqlite::{Connection, params};

use crate::connection::check_library;
use crate::error::{Phase, during};
use crate::schema;
use crate::transaction::AuditedTransaction;

const TABLE: &str = include_str!("outbox.sql");
const PUT: &str = "INSERT INTO audit_outbox (n, format, id, entry) SELECT coalesce(max(n), 0) + 1, ?1, ?2, ?3 FROM audit_outbox";
/// The number of the newest entry in the outbox.
pub(crate) const NEWEST: &str = "SELECT coalesce(max(n), 0) FROM audit_outbox";

/// A small table in a business file, for entries whose log is in another file.
///
/// Two files cannot commit together. So entries are written into the outbox in the transaction of
/// the rows that they tell of, and brought into the store afterwards, each exactly once, by
/// [`Outbox::drain`]: a crash in between leaves them in the outbox, or in both, and draining again
/// ends that. Until then no reader of the log sees them.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use audit_core::{AuditContext, Auditor};
/// use audit_sqlite::{Outbox, SqliteStore, rusqlite::Connection};
///
/// let store = SqliteStore::open(folder.path().join("audit.db"))?;
/// let auditor = Auditor::new(store.clone());
/// let mut business = Connection::open(folder.path().join("desk.db"))?;
/// business.execute_batch("CREATE TABLE incident (id INTEGER PRIMARY KEY, status TEXT)")?;
/// Outbox::install(&business)?;
///
/// AuditContext::new("acme").auditor(&auditor).scope(|| {
///     let tx = Outbox::begin(&mut business)?;
///     tx.execute("INSERT INTO incident VALUES (7, 'open')", [])?;
///     tx.log("open").entity("incident", 7).record()?;
///     tx.commit()?;
///     Ok::<(), Box<dyn std::error::Error>>(())
/// })?;
/// assert_eq!(Outbox::drain(&mut business, &store)?, 1);
/// assert_eq!(auditor.tenant("acme").entries().count()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Outbox;

impl Outbox {
    /// Makes the tables `audit_outbox` and `audit_changes` in the main file of a connection, unless
    /// they are there.
    ///
    /// # Errors
    ///
    /// Any failure to write.
    pub fn install(connection: &Connection) -> Result<()> {
        check_library()?;
        let failed = during(Phase::Open);
        connection.execute_batch(TABLE).map_err(failed)?;
        connection.execute_batch(schema::CHANGES).map_err(failed)
    }

    /// Begins a transaction whose entries go into the outbox of the connection's file.
    ///
    /// Otherwise it is as one of [`SqliteStore::begin`](crate::SqliteStore::begin). It takes the
    /// entries of auditors on the store of [`Auditor::current`], or of any auditor if there is none
    /// now. Waits for the write lock as the connection is set to.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongConnection`] if the file has no outbox or a transaction is open,
    /// [`ErrorKind::ReadOnly`] if the connection only reads, [`ErrorKind::Busy`] if somebody else
    /// writes, and any failure of SQLite to begin.
    pub fn begin(connection: &mut Connection) -> Result<AuditedTransaction<'_>> {
        Self::begin_for(connection, Auditor::current(), None)
    }

    /// The same, where drafts of the transaction are of this auditor, and entries of auditors on
    /// its store are taken.
    ///
    /// # Errors
    ///
    /// Those of [`Outbox::begin`].
    pub fn begin_with<'c>(
        auditor: &Auditor,
        connection: &'c mut Connection,
    ) -> Result<AuditedTransaction<'c>> {
        Self::begin_for(connection, Some(auditor.clone()), Some(auditor))
    }

    /// Brings what is in the outbox into a store, in order, and says how many entries it was.
    ///
    /// An entry leaves the outbox after the store has it, as durably as the store stores. Two may
    /// drain at once, and whoever is interrupted may drain again: an entry that the store has is
    /// not stored twice. Call it after commits, from time to time, and when the process starts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::WrongConnection`] if the file has no outbox or a transaction is open, and any
    /// failure of the store or to read: what was not brought over stays.
    /// [`ErrorKind::IdConflict`] or [`ErrorKind::Invalid`], naming the entry, if the store will
    /// never take one: it stays too, the others are brought over.
    /// [`ErrorKind::NewerSchema`] if a newer release has written an entry.
    pub fn drain(connection: &mut Connection, store: &dyn AuditStore) -> Result<usize> {
        check(connection)?;
        drain::drain(connection, store)
    }

    fn begin_for<'c>(
        connection: &'c Connection,
        source: Option<Auditor>,
        named: Option<&Auditor>,
    ) -> Result<AuditedTransaction<'c>> {
        check(connection)?;
        AuditedTransaction::on_outbox(connection, source, named)
    }
}

/// Puts entries into the outbox, in the transaction that is open.
pub(crate) fn put(connection: &Connection, entries: &[AuditEntry]) -> Result<()> {
    let failed = during(Phase::Write);
    let mut put = connection.prepare_cached(PUT).map_err(failed)?;
    for entry in entries {
        let text = format::write(entry)?;
        put.execute(params![format::NEWEST, entry.id.as_bytes(), text])
            .map_err(failed)?;
    }
    Ok(())
}

fn check(connection: &Connection) -> Result<()> {
    let failed = during(Phase::Begin);
    let is_installed: bool = connection
        .prepare_cached("SELECT count(*) = 2 FROM main.sqlite_schema WHERE type = 'table' AND name IN ('audit_outbox', 'audit_changes')")
        .and_then(|mut look| look.query_row([], |row| row.get(0)))
        .map_err(failed)?;
    if !is_installed {
        return Err(Error::new(
            ErrorKind::WrongConnection,
            "the file of the connection has no outbox; make one with `Outbox::install`",
        ));
    }
    if !connection.is_autocommit() {
        return Err(Error::new(
            ErrorKind::WrongConnection,
            "a transaction is open on the connection already; end it first",
        ));
    }
    Ok(())
}
