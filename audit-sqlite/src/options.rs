//! How a store is opened.

use std::time::Duration;

use audit_core::Sanitizer;

/// How [`SqliteStore::open_with`](crate::SqliteStore::open_with) opens a file.
///
/// The defaults suit a server that records a few thousand entries per second and must not lose
/// one when the power goes.
///
/// ```
/// use std::time::Duration;
/// use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("audit.db");
/// let options = SqliteOptions::new()
///     .busy_deadline(Duration::from_millis(250))
///     .synchronous(Synchronous::Normal);
/// let store = SqliteStore::open_with(path, options)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteOptions {
    pub(crate) busy_deadline: Duration,
    pub(crate) synchronous: Synchronous,
    pub(crate) cache_bytes: usize,
    pub(crate) readers: usize,
    pub(crate) sanitizer: Sanitizer,
}

/// When a commit counts as done.
///
/// See <https://www.sqlite.org/pragma.html#pragma_synchronous>.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Synchronous {
    /// When it is synced to the disk: an entry survives a power cut as soon as its receipt is there.
    #[default]
    Full,
    /// When the operating system has it: several times faster for single entries. A crash of the
    /// process loses nothing, a power cut may take the newest entries, and the file stays whole.
    Normal,
}

impl SqliteOptions {
    /// The defaults: a deadline of one second, [`Synchronous::Full`], 32 MiB of page cache
    /// for each connection, four idle readers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How long to wait for a write lock that somebody else holds before giving up with
    /// [`ErrorKind::Busy`](audit_core::ErrorKind::Busy). One second unless set.
    #[must_use]
    pub fn busy_deadline(mut self, deadline: Duration) -> Self {
        self.busy_deadline = deadline;
        self
    }

    /// When a commit counts as done.
    #[must_use]
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.synchronous = synchronous;
        self
    }

    /// How much memory a connection may use for pages of the file, in bytes: the writer, and each
    /// reader as far as it reads. 32 MiB unless set.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// How many connections for reading stay open while idle. More are opened when more threads
    /// read at once, and closed afterwards. Four unless set.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers;
        self
    }

    /// What masks secrets in entries that the store makes by itself, of what others have changed
    /// in tracked tables. Entries of an auditor have passed the auditor's. [`Sanitizer::default`]
    /// unless set.
    #[must_use]
    pub fn sanitizer(mut self, sanitizer: Sanitizer) -> Self {
        self.sanitizer = sanitizer;
        self
    }
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            busy_deadline: Duration::from_secs(1),
            synchronous: Synchronous::Full,
            cache_bytes: 32 * 1024 * 1024,
            readers: 4,
            sanitizer: Sanitizer::default(),
        }
    }
}
