//! What the log does not tell of a record.

use std::fmt;

use serde_json::Value;

use crate::entry::marks;
use crate::entry::path::{push_member, push_position};
use crate::error::{Error, ErrorKind, Result};

/// A state of a record with what is not known of it; see
/// [`History::state_at_lossy`](crate::History::state_at_lossy).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LossyState {
    /// The fields as far as they are known; nothing if the last that is known is that there was no
    /// record.
    pub fields: Option<Value>,
    /// What is not known. Empty if the state is whole.
    pub missing: Vec<Missing>,
}

impl LossyState {
    /// The state, if nothing is missing.
    pub(super) fn whole(self) -> Result<Option<Value>> {
        self.without(|_| true)
    }

    /// The state, if nothing is missing but values that were cut: these show their marks.
    pub(super) fn whole_but_for_values(self) -> Result<Option<Value>> {
        self.without(|why| why != MissingReason::Truncated)
    }

    fn without(self, matters: impl Fn(MissingReason) -> bool) -> Result<Option<Value>> {
        let mut missing = self.missing;
        missing.retain(|missing| matters(missing.reason));
        if missing.is_empty() {
            return Ok(self.fields);
        }
        Err(incomplete(&missing))
    }
}

/// Something that the log does not tell of a record.
///
/// ```
/// use audit_core::{AuditContext, Auditor, Change, Changes, MemoryStore, MissingReason};
/// use serde_json::json;
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let mut changes = Changes::new();
/// changes.insert("status", Change::replaced(json!("open"), json!("closed")));
/// AuditContext::new("acme")
///     .scope(|| auditor.log("update").entity("incident", 7).changes(changes).record())?;
///
/// let log = auditor.tenant("acme");
/// let known = log.history("incident", 7).state_at_lossy(u64::MAX)?;
/// assert_eq!(known.fields, Some(json!({"status": "closed"})));
/// assert_eq!(known.missing[0].reason, MissingReason::Beginning);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Missing {
    /// Where; empty for the whole record.
    pub path: String,
    /// Why.
    pub reason: MissingReason,
    /// The place in the log where it shows, if it shows at one.
    pub index: Option<u64>,
}

/// Why the log does not tell all of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MissingReason {
    /// The history does not begin with all of the fields: the first that is told of the record is
    /// that it changed, or was used.
    Beginning,
    /// An entry changed something that was not as the entries before it say: in between something
    /// changed that nobody recorded.
    Mismatch,
    /// The entry had more changes than it had room for.
    LeftOut,
    /// The value was too long or too deep for its entry; its beginning may be there.
    Truncated,
    /// The path of the change would have told a secret.
    Redacted,
    /// Entries of the tenant were lost, which may have been about this record.
    Gap,
    /// Capture of a table with records of this type was paused, and this one may have changed.
    Paused,
    /// Rows with records of this type were changed and only counted, and this may be one of them.
    Counted,
}

impl MissingReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::Beginning => "nothing tells what it was at first",
            Self::Mismatch => "it changed and nobody recorded it",
            Self::LeftOut => "an entry had more changes than room",
            Self::Truncated => "the value was cut",
            Self::Redacted => "which part changed is a secret",
            Self::Gap => "entries were lost",
            Self::Paused => "capture of its table was paused",
            Self::Counted => "rows were changed and only counted",
        }
    }
}

impl fmt::Display for MissingReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Missing {
    pub(super) fn at(path: &str, reason: MissingReason, index: u64) -> Self {
        Self {
            path: path.to_owned(),
            reason,
            index: Some(index),
        }
    }

    /// What is missing of the whole record.
    pub(super) fn of_all(reason: MissingReason, index: u64) -> Self {
        Self::at("", reason, index)
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str("the whole record")?,
            path => write!(f, "`{path}`")?,
        }
        write!(f, " ({}", self.reason)?;
        if let Some(index) = self.index {
            write!(f, ", index {index}")?;
        }
        f.write_str(")")
    }
}

/// Adds something that is missing, once.
pub(super) fn note(missing: &mut Vec<Missing>, new: Missing) {
    /// How much is noted bit by bit.
    const MOST: usize = 1_000;

    let is_known = |known: &Missing| known.path == new.path && known.reason == new.reason;
    if missing.iter().any(is_known) {
        return;
    }
    if missing.len() < MOST {
        missing.push(new);
    } else if let Some(last) = missing.last_mut() {
        *last = Missing {
            path: String::new(),
            ..new
        };
    }
}

/// The error that says so.
pub(crate) fn incomplete(missing: &[Missing]) -> Error {
    /// As many as somebody reads.
    const MOST: usize = 8;

    let shown: Vec<_> = missing.iter().take(MOST).map(ToString::to_string).collect();
    let mut shown = shown.join(", ");
    if missing.len() > MOST {
        shown.push_str(", and more");
    }
    Error::new(
        ErrorKind::IncompleteHistory,
        format!(
            "the log does not tell all of the record: {shown}; ask `state_at_lossy` for what is known"
        ),
    )
}

/// Values that had no room in their entries.
pub(super) fn truncated(fields: &Value, missing: &mut Vec<Missing>) {
    walk(fields, &mut String::new(), missing);
}

fn walk(value: &Value, path: &mut String, missing: &mut Vec<Missing>) {
    if marks::is_cut_for_room(value) {
        missing.push(Missing {
            path: path.clone(),
            reason: MissingReason::Truncated,
            index: None,
        });
        return;
    }
    let end = path.len();
    match value {
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                push_position(path, position);
                walk(item, path, missing);
                path.truncate(end);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                push_member(path, name);
                walk(member, path, missing);
                path.truncate(end);
            }
        }
        _ => {}
    }
}
