//! How an auditor is doing.

use chrono::{DateTime, Utc};

use crate::error::{Error, ErrorKind};

/// What is counted under the queue's lock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) written: u64,
    pub(crate) failed: u64,
    pub(crate) lost: u64,
    pub(crate) gaps: u64,
    pub(crate) failing_since: Option<DateTime<Utc>>,
    pub(crate) last_error: Option<LastError>,
    pub(crate) last_write: Option<DateTime<Utc>>,
}

/// Numbers of an [`Auditor`](crate::Auditor), since it was made.
///
/// ```
/// use audit_core::{AuditContext, Auditor, Health, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| auditor.log("export").record())?;
/// let numbers = auditor.statistics();
/// assert_eq!((numbers.written, numbers.lost), (1, 0));
/// assert_eq!(auditor.health(), Health::Healthy);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Statistics {
    /// Entries that wait to be written, now.
    pub queued: u64,
    /// Entries that were written.
    pub written: u64,
    /// Entries whose caller got an error.
    pub failed: u64,
    /// Entries that were let go.
    pub lost: u64,
    /// Gap entries that were written, each of which tells of lost ones.
    pub gaps: u64,
    /// What went wrong last.
    pub last_error: Option<LastError>,
    /// When an entry was last written.
    pub last_write: Option<DateTime<Utc>>,
}

/// What went wrong last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastError {
    /// What kind of failure it was.
    pub kind: ErrorKind,
    /// What the error said.
    pub text: String,
    /// When.
    pub at: DateTime<Utc>,
}

impl LastError {
    pub(crate) fn new(error: &Error, at: DateTime<Utc>) -> Self {
        Self {
            kind: error.kind(),
            text: error.to_string(),
            at,
        }
    }
}

/// Whether recording works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Health {
    /// The last write worked, or there was none yet.
    Healthy,
    /// Writing fails since then; entries are queued, refused or lost, as the policies say.
    Failing {
        /// The first failure in a row.
        since: DateTime<Utc>,
    },
    /// The auditor was closed.
    Closed,
}
