//! The store that applications hold.

mod port;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use audit_core::store::Durability;
use audit_core::{Error, ErrorKind, Result};
use rusqlite::Connection;

use crate::backup;
use crate::connection;
use crate::error::{self, Phase, during, of_kind};
use crate::lock::FairLock;
use crate::options::{SqliteOptions, Synchronous};
use crate::reader::{Pool, Side};
use crate::schema;
use crate::transaction::Desks;
use crate::writer::Writer;

/// How long opening waits for others that open, migrate or write.
const OPEN_DEADLINE: Duration = Duration::from_secs(10);

/// An audit log in an SQLite file: a file of its own, or the file of the business data.
///
/// A cheap handle; clones share their connections. One connection writes, others read beside it.
/// Several processes may use one file on one machine; a network file system is no place for it
/// (<https://www.sqlite.org/wal.html>). Everything of ours in the file begins with `audit_`, and
/// `<file>-audit-lock` beside it lets processes write in turn. While actions are noted that have
/// begun, the folder `<file>-audit-attempts` holds a file for each store that has noted some; it
/// must not be removed while the file is in use.
///
/// ```
/// use audit_core::{AuditContext, Auditor};
/// use audit_sqlite::SqliteStore;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.db");
/// let auditor = Auditor::new(SqliteStore::open(path)?);
/// AuditContext::new("acme").scope(|| auditor.log("export").record())?;
/// assert_eq!(auditor.tenant("acme").entries().count()?, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SqliteStore(Arc<Shared>);

struct Shared {
    path: Option<PathBuf>,
    /// Nothing in memory, where there is only one connection. Dropped before the writer: the last
    /// connection of a file empties its write-ahead log when it is closed, if it may write.
    pool: Option<Pool>,
    /// Nothing in a store that only reads.
    writer: Option<Mutex<Writer>>,
    /// For transactions on connections of callers; nothing where there can be none.
    desks: Option<Desks>,
    cursor_key: [u8; 32],
    durability: Durability,
}

impl SqliteStore {
    /// Opens a file for recording and reading; creates it, readable by its owner only, if there
    /// is none. `:memory:` opens a store in memory.
    ///
    /// Actions that had begun when a process died are closed now: each becomes an entry with
    /// [`Outcome::Interrupted`](audit_core::Outcome::Interrupted), as
    /// [`SqliteStore::recover_attempts`] does it. If the file is being written by others until the
    /// deadline, or the disk is full, the first write does it instead.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotADatabase`] for a file that is something else,
    /// [`ErrorKind::NewerSchema`] for one of a newer release, [`ErrorKind::UnsupportedLibrary`]
    /// if the linked SQLite is not safe to write with, [`ErrorKind::ReadOnly`] without the right
    /// to write, [`ErrorKind::Busy`] if somebody else holds the file, and any failure to open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, SqliteOptions::new())
    }

    /// Opens a file with options of its own; otherwise like [`SqliteStore::open`].
    ///
    /// # Errors
    ///
    /// Those of [`SqliteStore::open`].
    pub fn open_with(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self> {
        let path = path.as_ref();
        if path == Path::new(":memory:") {
            return Self::in_memory_with(options);
        }
        connection::check_library()?;
        check_path(path)?;
        let is_new = connection::create(path)?;
        let path = canonical(path)?;
        let deadline = Instant::now() + OPEN_DEADLINE.max(options.busy_deadline);
        let mut lock = FairLock::open(&connection::lock_path(&path))?;
        let held = lock.acquire(deadline)?;
        let mut connection = connection::open_writer(&path)?;
        connection
            .busy_timeout(OPEN_DEADLINE)
            .map_err(during(Phase::Open))?;
        connection::prepare_file(&connection)?;
        connection::set_writer(&connection, &options)?;
        schema::migrate(&mut connection)?;
        let meta = schema::meta(&connection)?;
        connection::forbid(&mut connection)?;
        if is_new {
            connection::sync_parent(&path)?;
        }
        drop(held);
        let durability = match options.synchronous {
            Synchronous::Full => Durability::Synced,
            Synchronous::Normal => Durability::Written,
        };
        let pool = Pool::new(path.clone(), options.clone());
        let desks = Desks::new(
            &path,
            options.busy_deadline,
            meta.cursor_key,
            options.sanitizer.clone(),
        )?;
        let mut writer = Writer::of_file(
            connection,
            path.clone(),
            lock,
            desks.gate(),
            desks.shelf(),
            options,
        )?;
        writer.recover_or_defer()?;
        Ok(Self(Arc::new(Shared {
            path: Some(path),
            writer: Some(Mutex::new(writer)),
            pool: Some(pool),
            desks: Some(desks),
            cursor_key: meta.cursor_key,
            durability,
        })))
    }

    /// Opens a file that has an audit log, for reading only: recording fails with
    /// [`ErrorKind::ReadOnly`].
    ///
    /// Needs no right to write, if another process has the file open or the folder is writable:
    /// SQLite has to read the write-ahead log (<https://www.sqlite.org/wal.html#readonly>).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if there is no such file, no audit log in it, or one with an older
    /// schema, and those of [`SqliteStore::open`].
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        connection::check_library()?;
        let path = path.as_ref();
        check_path(path)?;
        let path = canonical(path)?;
        let pool = Pool::new(path.clone(), SqliteOptions::new());
        let meta = pool.read(|connection, _| {
            schema::check(connection)?;
            schema::meta(connection)
        })?;
        Ok(Self(Arc::new(Shared {
            path: Some(path),
            writer: None,
            pool: Some(pool),
            desks: None,
            cursor_key: meta.cursor_key,
            durability: Durability::Synced,
        })))
    }

    /// A store in memory: for tests that want the real thing, gone with its last handle.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnsupportedLibrary`] if the linked SQLite is too old.
    pub fn in_memory() -> Result<Self> {
        Self::in_memory_with(SqliteOptions::new())
    }

    fn in_memory_with(options: SqliteOptions) -> Result<Self> {
        connection::check_library()?;
        let mut connection = Connection::open_in_memory().map_err(during(Phase::Open))?;
        connection::set_writer(&connection, &options)?;
        schema::migrate(&mut connection)?;
        let meta = schema::meta(&connection)?;
        connection::forbid(&mut connection)?;
        Ok(Self(Arc::new(Shared {
            path: None,
            writer: Some(Mutex::new(Writer::of_memory(connection, options))),
            pool: None,
            desks: None,
            cursor_key: meta.cursor_key,
            durability: Durability::Volatile,
        })))
    }

    /// Closes the attempts of processes that have died, and says how many entries they have become:
    /// what was noted when each action began, with
    /// [`Outcome::Interrupted`](audit_core::Outcome::Interrupted).
    ///
    /// Opening a file does this. A process that runs for long learns of the crashes of others by
    /// calling it from time to time. Attempts of stores that are still open, here or in another
    /// process, are left alone.
    ///
    /// ```
    /// use audit_sqlite::SqliteStore;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("audit.db"))?;
    /// assert_eq!(store.recover_attempts()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ReadOnly`] for a store that only reads, and any failure to write; then the
    /// next write tries again.
    pub fn recover_attempts(&self) -> Result<u64> {
        self.writer()?.recover_attempts()
    }

    /// Makes entries of what others have changed in tracked tables, and says how many: those with
    /// an actor that is *unattributed*, since nobody has said who it was.
    ///
    /// Opening the file does this, and so does every write after somebody else has written. Call
    /// it before reading where such changes have to be seen at once.
    ///
    /// ```
    /// use audit_sqlite::SqliteStore;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("audit.db"))?;
    /// assert_eq!(store.collect_row_changes()?, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::ReadOnly`] for a store that only reads, and any failure to write; then the next
    /// write tries again.
    pub fn collect_row_changes(&self) -> Result<u64> {
        self.writer()?.collect_staged()
    }

    /// Where the file lies, with links resolved; nothing for a store in memory.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Moves everything from the write-ahead log into the file and empties the log, so that the
    /// file alone is complete. SQLite does the moving by itself from time to time.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Busy`] while somebody reads or writes, [`ErrorKind::ReadOnly`] for a store
    /// that only reads, and any failure to write.
    pub fn checkpoint(&self) -> Result<()> {
        if self.0.pool.is_none() {
            return Ok(());
        }
        self.writer()?.checkpoint()
    }

    /// Copies the whole file, business tables included, while others go on reading and writing,
    /// and checks the copy. The copy holds what was stored when copying began.
    ///
    /// Attempts that are open are copied too. Nobody can end them in the copy, so that opening it
    /// for recording closes them as interrupted; [`SqliteStore::open_read_only`] leaves it as it is.
    /// A copy is the same log to whoever asks, so do not record into both in one process.
    ///
    /// ```
    /// use audit_core::{AuditContext, Auditor};
    /// use audit_sqlite::SqliteStore;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// let store = SqliteStore::open(folder.path().join("audit.db"))?;
    /// let auditor = Auditor::new(store.clone());
    /// AuditContext::new("acme").scope(|| auditor.log("export").record())?;
    /// store.backup_to(folder.path().join("copy.db"))?;
    ///
    /// let copy = Auditor::new(SqliteStore::open_read_only(folder.path().join("copy.db"))?);
    /// assert_eq!(copy.tenant("acme").entries().count()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// See <https://www.sqlite.org/backup.html>.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if there is a file at `path`: nothing is ever overwritten.
    /// [`ErrorKind::Corrupt`] if the copy is not sound, and any failure to read or write; then no
    /// copy is left.
    pub fn backup_to(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        match &self.0.pool {
            Some(pool) => backup::copy(&pool.connect()?, path),
            None => backup::copy(self.writer()?.connection()?, path),
        }
    }

    /// What transactions on connections of callers need.
    pub(crate) fn desks(&self) -> Result<&Desks> {
        match &self.0.desks {
            Some(desks) => Ok(desks),
            None if self.0.writer.is_none() => Err(read_only()),
            None => Err(Error::new(
                ErrorKind::WrongConnection,
                "the store is in memory, where no other connection reaches it; use a store in a file, or an `Outbox` in the file of the connection",
            )),
        }
    }

    fn writer(&self) -> Result<MutexGuard<'_, Writer>> {
        let Some(writer) = &self.0.writer else {
            return Err(read_only());
        };
        // A batch that panicked was rolled back or will be; the writer looks before it begins.
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read<R>(&self, read: impl FnOnce(&Connection, &mut Side) -> Result<R>) -> Result<R> {
        if let Some(pool) = &self.0.pool {
            return pool.read(read);
        }
        let mut writer = self.writer()?;
        let (connection, side) = writer.reading()?;
        read(connection, side)
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.0.path)
            .field("durability", &self.0.durability)
            .finish_non_exhaustive()
    }
}

fn read_only() -> Error {
    Error::new(
        ErrorKind::ReadOnly,
        "the store was opened for reading only; open it with `SqliteStore::open` to record",
    )
}

/// SQLite would take these for something else than a file.
fn check_path(path: &Path) -> Result<()> {
    if path.as_os_str().is_empty() {
        return Err(Error::new(
            ErrorKind::Invalid,
            "the path of the audit log is empty; name a file, or use `SqliteStore::in_memory`",
        ));
    }
    if path.is_dir() {
        return Err(of_kind(ErrorKind::NotADatabase, Phase::Open));
    }
    Ok(())
}

/// One path per file, so that all who use it find the same lock beside it.
fn canonical(path: &Path) -> Result<PathBuf> {
    path.canonicalize()
        .map_err(|error| error::io(&error, Phase::Open))
}

const _: () = {
    const fn shareable<T: Send + Sync + Clone + 'static>() {}
    shareable::<SqliteStore>();
};
