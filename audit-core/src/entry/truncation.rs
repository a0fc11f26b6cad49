//! What was cut, and how long it had been.

use serde::{Deserialize, Serialize};

/// What a [`Truncation`] counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LengthUnit {
    /// Characters of a text.
    Characters,
    /// Bytes of a value as JSON.
    Bytes,
    /// Members of an object, the rest of which was left out.
    Members,
}

/// A part of an entry that was too long, and how long it had been.
///
/// A text keeps its beginning. A JSON value is replaced by
/// `{"$truncated": {"bytes": 70000, "head": "…"}}`; in metadata and request data it is such a mark
/// only if its path is listed here, so that no recorded value can be mistaken for one.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| {
///     auditor.log("import").entity("file", 1).entity_name("x".repeat(300)).record()
/// })?;
/// let entry = &auditor.tenant("acme").entries().page()?.entries[0];
/// assert_eq!(entry.entity_name().unwrap().chars().count(), 255);
/// assert_eq!(entry.truncated[0].path, "entity_name");
/// assert_eq!(entry.truncated[0].original, 300);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Truncation {
    /// Where: the name of a column, or column and path such as `changes/description/new`.
    pub path: String,
    /// How long it had been, in `unit`s.
    pub original: u64,
    /// What `original` counts.
    pub unit: LengthUnit,
}

impl Truncation {
    /// A part that was too long.
    #[must_use]
    pub fn new(path: impl Into<String>, original: u64, unit: LengthUnit) -> Self {
        Self {
            path: path.into(),
            original,
            unit,
        }
    }

    /// Roughly how many bytes it takes.
    pub(crate) fn size(&self) -> usize {
        self.path.len() + 48
    }
}
