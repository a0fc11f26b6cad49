//! The connections that read.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use audit_core::Result;
use rusqlite::Connection;

use super::Side;
use crate::connection::{Process, ProcessBound, open_reader, set_reader};
use crate::options::SqliteOptions;

/// Connections that read a file, opened when needed and kept while idle.
pub(crate) struct Pool {
    path: PathBuf,
    options: SqliteOptions,
    process: Process,
    idle: Mutex<Vec<Reader>>,
}

/// A connection that reads, with what it has read of the side tables.
struct Reader {
    connection: ProcessBound,
    side: Side,
}

impl Pool {
    pub(crate) fn new(path: PathBuf, options: SqliteOptions) -> Self {
        Self {
            path,
            options,
            process: Process::current(),
            idle: Mutex::default(),
        }
    }

    /// A connection for a task of its own.
    pub(crate) fn connect(&self) -> Result<Connection> {
        // In a child of `fork` even a new connection would trust locks that the child does not hold.
        self.process.check()?;
        let connection = open_reader(&self.path)?;
        set_reader(&connection, &self.options)?;
        Ok(connection)
    }

    /// Reads with a connection that nobody else uses meanwhile.
    pub(crate) fn read<R>(
        &self,
        read: impl FnOnce(&Connection, &mut Side) -> Result<R>,
    ) -> Result<R> {
        let idle = self.idle().pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader {
                connection: ProcessBound::new(self.connect()?),
                side: Side::new(),
            },
        };
        // After a failure the connection may be in any state; it is closed and not kept.
        let result = read(reader.connection.get()?, &mut reader.side)?;
        let mut idle = self.idle();
        if idle.len() < self.options.readers {
            idle.push(reader);
        }
        Ok(result)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
