//! What an error of SQLite means to a caller: one table, and nothing of the data in any text.

use std::fmt;
use std::io;

use audit_core::{Error, ErrorKind};
use rusqlite::ffi;

/// What was going on when SQLite failed; the same code means different things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The file is being opened, set up or migrated.
    Open,
    /// A write transaction is to begin: nothing of it is stored.
    Begin,
    /// Inside a write transaction, which will be rolled back.
    Write,
    /// The write transaction is being committed.
    Commit,
    /// Reading.
    Read,
}

/// What a (result code, phase) means. Extended codes count only where they say more.
///
/// See <https://www.sqlite.org/rescode.html>.
pub(crate) fn kind_of(extended: i32, phase: Phase) -> ErrorKind {
    if extended == ffi::SQLITE_READONLY_DBMOVED {
        return ErrorKind::FileReplaced;
    }
    match (extended & 0xff, phase) {
        (ffi::SQLITE_BUSY | ffi::SQLITE_LOCKED, _) | (ffi::SQLITE_PROTOCOL, Phase::Begin) => {
            ErrorKind::Busy
        }
        (ffi::SQLITE_FULL, _) => ErrorKind::Full,
        (ffi::SQLITE_READONLY | ffi::SQLITE_PERM, _) => ErrorKind::ReadOnly,
        (ffi::SQLITE_CORRUPT, _) => ErrorKind::Corrupt,
        (ffi::SQLITE_NOTADB | ffi::SQLITE_FORMAT, _) => ErrorKind::NotADatabase,
        (ffi::SQLITE_TOOBIG, Phase::Write) => ErrorKind::Invalid,
        // SQLite asks before it writes anything of the commit.
        (ffi::SQLITE_CONSTRAINT, Phase::Commit) => ErrorKind::Store,
        // The commit record may have reached the log before the sync failed.
        (_, Phase::Commit) => ErrorKind::Unknown,
        _ => ErrorKind::Store,
    }
}

fn message(kind: ErrorKind, phase: Phase) -> &'static str {
    match (kind, phase) {
        (ErrorKind::Busy, Phase::Read) => {
            "the audit log could not be read before the deadline, because the file is locked; retry"
        }
        (ErrorKind::Busy, Phase::Open) => {
            "the audit log could not be opened before the deadline, because somebody else holds the file; retry"
        }
        (ErrorKind::Busy, _) => {
            "the write lock of the audit log was not free before the deadline; retry, or, if this thread holds a write transaction on the same file, record inside `store.begin` instead"
        }
        (ErrorKind::Full, _) => {
            "the disk or the file's page limit is full, nothing was stored; free space and retry"
        }
        (ErrorKind::ReadOnly, _) => {
            "the audit log cannot be written: the file or its folder is read-only; make both writable, or read with `SqliteStore::open_read_only`"
        }
        (ErrorKind::Corrupt, _) => {
            "the file of the audit log is damaged; stop writing, keep a copy of it, and restore a backup"
        }
        (ErrorKind::NotADatabase, _) => "the file is not an SQLite database; name another path",
        (ErrorKind::FileReplaced, _) => {
            "the file of the audit log was moved, deleted or replaced while it was open; put it back, or open the store anew"
        }
        (ErrorKind::Invalid, _) => "the entry is too large for the file; record less in one entry",
        (ErrorKind::Unknown, _) => {
            "the commit failed, and whether the entries are stored is not known; record them again with the same ids, they are never stored twice"
        }
        (_, Phase::Open) => {
            "the file of the audit log could not be opened; check that its folder exists and may be written"
        }
        (_, Phase::Read) => "the audit log could not be read",
        (_, Phase::Commit) => {
            "a constraint or a hook of the caller refused the commit, nothing was stored"
        }
        _ => "the audit log could not be written, nothing was stored",
    }
}

/// An error with the text of its kind.
pub(crate) fn of_kind(kind: ErrorKind, phase: Phase) -> Error {
    Error::new(kind, message(kind, phase))
}

/// An error of SQLite or of its wrapper, in our terms.
pub(crate) fn map(error: &rusqlite::Error, phase: Phase) -> Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            let kind = kind_of(failure.extended_code, phase);
            of_kind(kind, phase).with_source(Code(failure.extended_code))
        }
        // A value that is there and is not what we store there.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::QueryReturnedNoRows => corrupt(),
        _ => of_kind(ErrorKind::Store, phase),
    }
}

/// Closures for `map_err`, by phase.
pub(crate) fn during(phase: Phase) -> impl Fn(rusqlite::Error) -> Error + Copy {
    move |error| map(&error, phase)
}

/// An error of the file system; its text may name a path, so that only its kind is kept.
pub(crate) fn io(error: &io::Error, phase: Phase) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorKind::ReadOnly,
        io::ErrorKind::StorageFull => ErrorKind::Full,
        _ => ErrorKind::Store,
    };
    of_kind(kind, phase).with_source(error.kind().to_string())
}

/// What the file says cannot have been written by this library.
pub(crate) fn corrupt() -> Error {
    of_kind(ErrorKind::Corrupt, Phase::Read)
}

/// Whether a unique constraint refused a row.
pub(crate) fn is_duplicate(error: &rusqlite::Error) -> bool {
    matches!(error, rusqlite::Error::SqliteFailure(failure, _)
        if failure.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}

/// The result code as the source of an error. SQLite's own message is left out, since it may name
/// the path, or a value in an expression.
#[derive(Debug)]
struct Code(i32);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SQLite code {}: {}", self.0, ffi::code_to_str(self.0))
    }
}

impl std::error::Error for Code {}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn the_table() {
        use ErrorKind as K;
        use Phase as P;
        for (code, phase, kind) in [
            (ffi::SQLITE_BUSY, P::Begin, K::Busy),
            (ffi::SQLITE_BUSY_SNAPSHOT, P::Write, K::Busy),
            (ffi::SQLITE_BUSY_RECOVERY, P::Read, K::Busy),
            (ffi::SQLITE_LOCKED, P::Read, K::Busy),
            (ffi::SQLITE_PROTOCOL, P::Begin, K::Busy),
            (ffi::SQLITE_PROTOCOL, P::Read, K::Store),
            (ffi::SQLITE_FULL, P::Write, K::Full),
            (ffi::SQLITE_FULL, P::Commit, K::Full),
            (ffi::SQLITE_IOERR_FSYNC, P::Commit, K::Unknown),
            (ffi::SQLITE_IOERR_WRITE, P::Commit, K::Unknown),
            (ffi::SQLITE_IOERR_WRITE, P::Write, K::Store),
            (ffi::SQLITE_IOERR_READ, P::Read, K::Store),
            (ffi::SQLITE_NOMEM, P::Commit, K::Unknown),
            (ffi::SQLITE_NOMEM, P::Write, K::Store),
            (ffi::SQLITE_CANTOPEN, P::Open, K::Store),
            (ffi::SQLITE_CANTOPEN, P::Commit, K::Unknown),
            (ffi::SQLITE_CORRUPT, P::Read, K::Corrupt),
            (ffi::SQLITE_CORRUPT_INDEX, P::Write, K::Corrupt),
            (ffi::SQLITE_NOTADB, P::Open, K::NotADatabase),
            (ffi::SQLITE_READONLY, P::Begin, K::ReadOnly),
            (ffi::SQLITE_READONLY_DIRECTORY, P::Begin, K::ReadOnly),
            (ffi::SQLITE_READONLY_DBMOVED, P::Write, K::FileReplaced),
            (ffi::SQLITE_TOOBIG, P::Write, K::Invalid),
            (ffi::SQLITE_CONSTRAINT_TRIGGER, P::Write, K::Store),
            (ffi::SQLITE_CONSTRAINT_FOREIGNKEY, P::Commit, K::Store),
            (ffi::SQLITE_CONSTRAINT_COMMITHOOK, P::Commit, K::Store),
        ] {
            assert_eq!(kind_of(code, phase), kind, "code {code} during {phase:?}");
        }
    }

    #[test]
    fn texts_name_the_way_out_and_no_value() {
        let busy = of_kind(ErrorKind::Busy, Phase::Begin).to_string();
        assert!(busy.contains("`store.begin`"), "{busy}");
        let failure = rusqlite::Error::SqliteFailure(
            ffi::Error::new(ffi::SQLITE_CANTOPEN),
            Some("unable to open database file: /secret/path".to_owned()),
        );
        let error = map(&failure, Phase::Open);
        let text = format!("{error} {error:?} {}", error.source().unwrap());
        assert!(!text.contains("secret"), "{text}");
        assert!(!error.to_string().ends_with('.'));
    }
}
