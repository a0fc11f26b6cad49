//! How a table is tracked, as it is kept in the file.

use serde::{Deserialize, Serialize};

/// What a [`TrackedTable`](super::TrackedTable) was told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Options {
    pub(super) entity_type: Option<String>,
    /// Empty is the primary key.
    pub(super) ids: Vec<String>,
    pub(super) name: Option<String>,
    pub(super) tenant: TenantRule,
    pub(super) include: Option<Vec<String>>,
    pub(super) exclude: Vec<String>,
    pub(super) redact: Vec<String>,
    pub(super) allow: Vec<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) json: Vec<String>,
    pub(super) when: Option<String>,
    pub(super) operations: Option<Vec<RowOperation>>,
    pub(super) summarize_above: Option<u64>,
    pub(super) refuse_foreign_writes: bool,
    /// The columns of which the type of the records says something.
    pub(super) of_type: Vec<String>,
}

/// Where the tenant of a row comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) enum TenantRule {
    /// The context in which the row is written.
    #[default]
    Context,
    Constant(String),
    Column(String),
    Through {
        column: String,
        table: String,
        shown: String,
    },
}

/// What can happen to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowOperation {
    /// It comes: `INSERT`, and the new row of a `REPLACE`.
    Insert,
    /// It changes: `UPDATE`, and an upsert that finds it.
    Update,
    /// It goes: `DELETE`, a cascade, and the old row of a `REPLACE`.
    Delete,
}

impl Options {
    pub(super) fn tells(&self, operation: RowOperation) -> bool {
        self.operations
            .as_ref()
            .is_none_or(|told| told.contains(&operation))
    }
}

/// Whether a name is among others; SQLite minds no case.
pub(super) fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}
