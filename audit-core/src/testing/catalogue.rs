//! What a crate audits, as its sources say.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::error::Result;
use crate::testing::AuditedLog;

/// Every `#[audit_action]` of a crate, sorted by action, for a test that shows a reviewer what is
/// audited: made by [`action_catalogue!`](macro@crate::testing::action_catalogue).
///
/// It displays as a table and serializes as a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ActionCatalogue {
    actions: &'static [ListedAction],
}

/// One `#[audit_action]`, with code as it is written in the sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[expect(
    clippy::exhaustive_structs,
    reason = "written down by the macro in the crate of its caller"
)]
pub struct ListedAction {
    /// The action.
    pub action: &'static str,
    /// The type of what it is done to; none where the record says it.
    pub entity_type: Option<&'static str>,
    /// Where it stands: `module::Type::function`.
    pub function: &'static str,
    /// The severity, or the code that gives it.
    pub severity: &'static str,
    /// What says which record it is: `entity_id = id`, `result entity = incident`.
    pub entity: &'static [&'static str],
    /// The names of its metadata.
    pub metadata: &'static [&'static str],
    /// What else decides what is recorded, and when: `strict`, `attempt`, `changes`, `skip_if = …`.
    pub words: &'static [&'static str],
    /// Under which conditions it is compiled.
    pub cfg: &'static [&'static str],
}

impl ActionCatalogue {
    /// What the macro has found.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(actions: &'static [ListedAction]) -> Self {
        Self { actions }
    }

    /// The actions, by name, then by type and function.
    #[must_use]
    pub fn actions(&self) -> &'static [ListedAction] {
        self.actions
    }

    /// The actions of which a log has no entry: what no test of it has run.
    ///
    /// Several functions may record the same action of the same type; an entry is of all of them.
    ///
    /// ```
    /// use audit_core::testing::{ActionCatalogue, Captured, action_catalogue};
    ///
    /// // `action_catalogue!()` in a crate whose sources are in `src`.
    /// static CATALOGUE: ActionCatalogue = action_catalogue!("docs/catalogue/desk.rs");
    ///
    /// let log = Captured::new();
    /// log.context("acme").scope(|| log.auditor().log("close").entity("incident", 7).record())?;
    /// let left: Vec<&str> = CATALOGUE.unexercised(&log)?.iter().map(|listed| listed.action).collect();
    /// assert_eq!(left, ["open"]);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Any failure to read the log.
    pub fn unexercised(
        &self,
        log: &(impl AuditedLog + ?Sized),
    ) -> Result<Vec<&'static ListedAction>> {
        let entries = log.recorded_so_far()?;
        let is_exercised = |listed: &ListedAction| {
            entries.iter().any(|entry| {
                entry.action == listed.action
                    && (listed.entity_type.is_none() || listed.entity_type == entry.entity_type())
            })
        };
        let mut left: Vec<_> = self.actions.iter().collect();
        left.retain(|listed| !is_exercised(listed));
        Ok(left)
    }
}

/// Aligned columns; what is of varying length stands last and is not.
impl fmt::Display for ActionCatalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rows = vec![["action", "entity", "severity", "function"].map(str::to_owned)];
        let mut records = vec!["records".to_owned()];
        for listed in self.actions {
            let entity_type = listed.entity_type.unwrap_or("-");
            let cells = [listed.action, entity_type, listed.severity, listed.function];
            rows.push(cells.map(str::to_owned));
            records.push(listed.records());
        }
        let mut widths = [0; 4];
        for (width, column) in widths.iter_mut().zip(0..) {
            let cells = rows.iter().filter_map(|row| row.get::<usize>(column));
            *width = cells.map(|cell| cell.chars().count()).max().unwrap_or(0);
        }
        for (row, records) in rows.iter().zip(&records) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(widths) {
                write!(line, "{cell:width$}  ")?;
            }
            line.push_str(records);
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl ListedAction {
    /// Everything that varies in length.
    fn records(&self) -> String {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.entity.iter().map(ToString::to_string));
        if !self.metadata.is_empty() {
            parts.push(format!("metadata({})", self.metadata.join(", ")));
        }
        parts.extend(self.words.iter().map(ToString::to_string));
        parts.extend(self.cfg.iter().map(|cfg| format!("cfg({cfg})")));
        parts.join("; ")
    }
}
