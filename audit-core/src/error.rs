//! What can go wrong, as one opaque type with a kind.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use uuid::Uuid;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What failed while recording, storing or reading.
///
/// The text says what failed and the way out, and never contains a stored value: it may go to a
/// log line or an HTTP response. Match on [`Error::kind`] to react.
///
/// ```
/// use audit_core::{AuditContext, Auditor, ErrorKind, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let error = auditor.log("export").record().unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::MissingContext);
/// assert!(error.to_string().contains("AuditContext::new"));
/// ```
pub struct Error {
    kind: ErrorKind,
    message: Cow<'static, str>,
    entry: Option<Uuid>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`], to react to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The programmer set something that no entry may have: an empty action, a name that is too
    /// long for its column, an empty tenant. Nothing was stored.
    Invalid,
    /// There is no audit context, hence no tenant. Nothing was stored.
    MissingContext,
    /// There is no auditor to record through. Nothing was stored.
    MissingAuditor,
    /// A process default was installed before; it stays.
    AlreadyInstalled,
    /// The auditor was closed. Nothing was stored.
    Closed,
    /// The queue had no room, or the entry's turn did not come, before the deadline. Nothing was
    /// stored; retry later.
    Timeout,
    /// Somebody else held the store's write lock until the deadline. Nothing was stored.
    Busy,
    /// The disk or the file's page limit is full. Nothing was stored; reading still works.
    Full,
    /// The store was opened for reading, or its medium is read-only.
    ReadOnly,
    /// The file is damaged: stop writing, and verify or restore it.
    Corrupt,
    /// The file holds something that is not a database.
    NotADatabase,
    /// The file was written by a newer release, whose schema this one does not know.
    NewerSchema,
    /// The linked database library is older than the floor that is safe to write with.
    UnsupportedLibrary,
    /// The connection cannot hold an audited transaction: it is to another file than the store's,
    /// or a transaction is open on it already. Nothing was stored.
    WrongConnection,
    /// The file was moved, deleted or replaced while it was open.
    FileReplaced,
    /// A handle was used in a child process after `fork`.
    Forked,
    /// Another entry of this tenant already has this id.
    IdConflict,
    /// The store cannot do this at all, such as keeping attempts. Nothing was stored; use a store
    /// that can, or do without.
    Unsupported,
    /// The outcome is unknown: the entry may or may not be stored. Record the same draft again
    /// (the id of the entry is in [`Error::entry_id`]); it is never stored twice.
    Unknown,
    /// A record is not what it was when changes were made that are applied to it now.
    Mismatch,
    /// A tracked table is not what it was when its capture was set up: its columns, its unique
    /// indexes or the triggers of the capture are others. Retrack it.
    StaleCapture,
    /// Changes cannot be taken back, because an old value is not stored as it was.
    Irreversible,
    /// The log does not tell all that was asked for: the history of a record begins in the middle,
    /// entries were lost, or something changed that nobody recorded.
    IncompleteHistory,
    /// The log of this tenant has no such entry, or it is not about this record.
    NotFound,
    /// A value that was asked for is not stored as it was: redacted, masked, hashed, cut or erased.
    NotStored,
    /// What was recorded does not fit into the type that was asked for.
    WrongType,
    /// A cursor was edited, or belongs to another tenant or filter.
    InvalidCursor,
    /// Any other failure of the store.
    Store,
}

impl Error {
    /// An error with a text of its own: lower case, no final full stop, the way out, no value.
    ///
    /// For authors of stores; applications only read errors.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            entry: None,
            source: None,
        }
    }

    /// The same error with its cause, which [`std::error::Error::source`] gives.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, naming the entry that it is about.
    #[must_use]
    pub fn with_entry(mut self, id: Uuid) -> Self {
        self.entry = Some(id);
        self
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The entry that was to be stored, to look it up or to retry with the same id.
    #[must_use]
    pub fn entry_id(&self) -> Option<Uuid> {
        self.entry
    }

    /// A copy for one of several callers that waited for the same append; the cause is not
    /// copied, its text is kept.
    pub(crate) fn shared(&self) -> Self {
        let source = self.source.as_ref().map(|source| {
            let text: Box<dyn StdError + Send + Sync> = source.to_string().into();
            text
        });
        Self {
            kind: self.kind,
            message: self.message.clone(),
            entry: self.entry,
            source,
        }
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(id) = self.entry {
            write!(f, " (entry {id})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("message", &self.message)
            .field("entry", &self.entry)
            .field("source", &self.source.as_ref().map(ToString::to_string))
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

const _: () = {
    const fn shareable<T: Send + Sync + 'static>() {}
    shareable::<Error>();
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_the_entry_and_source_is_kept_apart() {
        let error = Error::new(ErrorKind::Unknown, "the commit failed")
            .with_entry(Uuid::nil())
            .with_source("disk I/O error");
        assert_eq!(
            error.to_string(),
            "the commit failed (entry 00000000-0000-0000-0000-000000000000)"
        );
        assert_eq!(error.source().unwrap().to_string(), "disk I/O error");
        assert_eq!(
            error.shared().source().unwrap().to_string(),
            "disk I/O error"
        );
        assert_eq!(error.shared().entry_id(), Some(Uuid::nil()));
    }
}
