//! Connections: how they are opened, what they are set to, and which process they belong to.

mod file;
mod guard;
mod settings;

use std::path::Path;

use audit_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, OpenFlags};

pub(crate) use self::file::{Identity, create, lock_path, restrict, sync_parent};
pub(crate) use self::guard::forbid;
pub(crate) use self::settings::{prepare_file, set_reader, set_writer};
use crate::error::{Phase, during, of_kind};
use crate::options::SqliteOptions;

/// SQLite 3.51.3, the first release without the WAL-reset bug, which could lose committed writes
/// (<https://www.sqlite.org/wal.html#walresetbug>).
const FLOOR: i32 = 3_051_003;

/// Refuses a linked library that is not safe to write with.
pub(crate) fn check_library() -> Result<()> {
    check_version(rusqlite::version_number())
}

fn check_version(version: i32) -> Result<()> {
    if version >= FLOOR {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::UnsupportedLibrary,
        "the linked SQLite is older than 3.51.3 and can lose committed writes in WAL mode; link a newer one, or use the feature `bundled`",
    ))
}

/// A connection that writes.
pub(crate) fn open_writer(path: &Path) -> Result<Connection> {
    // Not SQLITE_OPEN_URI: a path is a path, whatever it begins with.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(during(Phase::Open))
}

/// A connection that only reads.
pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(during(Phase::Open))
}

/// A connection that reads much, once, in order: what it keeps of it is of no use.
pub(crate) fn open_sequential_reader(path: &Path, options: &SqliteOptions) -> Result<Connection> {
    let connection = open_reader(path)?;
    let options = options.clone().cache_bytes(0);
    set_reader(&connection, &options)?;
    Ok(connection)
}

/// The process that opened something.
#[derive(Clone, Copy)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn current() -> Self {
        Self(std::process::id())
    }

    #[cfg(test)]
    pub(crate) fn another() -> Self {
        Self(std::process::id().wrapping_add(1))
    }

    /// Says whether this is still that process.
    pub(crate) fn check(self) -> Result<()> {
        if self.0 == std::process::id() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Forked,
            "the store was opened before `fork`; open it anew in the child process",
        ))
    }
}

/// A connection that is used, and closed, only by the process that opened it.
///
/// A child of `fork` must do neither (<https://www.sqlite.org/howtocorrupt.html>): using it would
/// write with locks that the child does not hold, closing it could run a checkpoint.
pub(crate) struct ProcessBound {
    connection: Option<Connection>,
    process: Process,
}

impl ProcessBound {
    pub(crate) fn new(connection: Connection) -> Self {
        Self {
            connection: Some(connection),
            process: Process::current(),
        }
    }

    /// The connection, unless this is another process.
    pub(crate) fn get(&self) -> Result<&Connection> {
        self.check()?;
        self.connection.as_ref().ok_or_else(closed)
    }

    /// Closes the connection, for good or until [`ProcessBound::replace`].
    pub(crate) fn close(&mut self) {
        if self.check().is_ok() {
            drop(self.connection.take());
        }
    }

    pub(crate) fn replace(&mut self, connection: Connection) {
        self.close();
        *self = Self::new(connection);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.connection.is_none()
    }

    pub(crate) fn check(&self) -> Result<()> {
        self.process.check()
    }
}

fn closed() -> Error {
    of_kind(ErrorKind::Store, Phase::Begin)
}

impl Drop for ProcessBound {
    fn drop(&mut self) {
        if self.check().is_err() {
            std::mem::forget(self.connection.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor() {
        assert!(check_version(3_051_003).is_ok());
        assert!(check_version(3_054_001).is_ok());
        let error = check_version(3_051_002).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnsupportedLibrary);
        assert!(check_library().is_ok());
    }

    #[test]
    fn another_process_gets_a_typed_error_and_closes_nothing() {
        let mut bound = ProcessBound::new(Connection::open_in_memory().unwrap());
        assert!(bound.get().is_ok());
        bound.process = Process::another();
        assert_eq!(bound.get().unwrap_err().kind(), ErrorKind::Forked);
        bound.close();
        assert!(!bound.is_closed());
    }
}
