//! What to write back to make a record what it was.

mod make;

use std::fmt;

use serde_json::Value;
use uuid::Uuid;

use crate::diff::apply::{adopt, apply_in_place};
use crate::diff::{diff_states, is_one_to_a_database};
use crate::entry::{Changes, Entity, Obscured, first_segment, is_at_or_beneath};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{MissingReason, Moment};

/// What to write back to take an entry back, or to make a record what it was at a moment.
///
/// Made by [`History::revert_plan`](crate::History::revert_plan) and
/// [`History::revert_plan_to`](crate::History::revert_plan_to). A plan changes nothing: it says which
/// value belongs where, and refuses what it cannot say. Write the values, and record that with
/// [`Auditor::reverted`](crate::Auditor::reverted).
///
/// ```
/// use audit_core::{AuditContext, Audited, Auditor, MemoryStore, record_fields};
/// use serde_json::json;
///
/// #[derive(Clone, Audited)]
/// #[audit(entity_type = "incident")]
/// struct Incident {
///     #[audit(id)]
///     id: u32,
///     status: String,
///     owner: String,
/// }
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let open = Incident { id: 7, status: "open".to_owned(), owner: "ada".to_owned() };
/// let mut present = Incident { status: "closed".to_owned(), ..open.clone() };
/// let context = AuditContext::new("acme");
/// let closed = context.clone().scope(|| auditor.updated(&open, &present).record())?;
///
/// let history = auditor.tenant("acme").history("incident", 7);
/// let plan = history.revert_plan(closed.entry_id().unwrap())?;
/// assert_eq!(plan.fields().collect::<Vec<_>>(), [("status", Some(&json!("open")))]);
///
/// // What else has changed since stays as it is.
/// present.owner = "grace".to_owned();
/// let reverted = plan.apply_to(&record_fields(&present)?)?;
/// assert_eq!(reverted, Some(json!({"id": 7, "status": "open", "owner": "grace"})));
///
/// let before = present.clone();
/// present.status = "open".to_owned();
/// context.scope(|| auditor.reverted(&plan, &before, &present).record())?;
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RevertPlan {
    entity: Entity,
    reverts: Reverts,
    /// From the record as the log knows it to the record as it is to be.
    changes: Changes,
    refused: Vec<Refusal>,
    existence: Existence,
    /// The record as the log knows it, where all of it has to be so.
    expected: Option<Value>,
    /// Where it may be otherwise.
    ignored: Vec<String>,
}

/// What a plan takes back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reverts {
    Entry(Uuid),
    To(Moment),
}

/// What becomes of the record as such.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Existence {
    /// It stays.
    Stays,
    /// It went, and comes back.
    ComesBack,
    /// It came, and goes again.
    Goes,
    /// There is none, and there was none.
    IsNot,
}

/// A path that a [`RevertPlan`] cannot speak for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Refusal {
    /// Where; empty for the whole record.
    pub path: String,
    /// Why.
    pub reason: RefusalReason,
}

/// Why a path cannot be taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The value that was there, or the one that has to be there now, is not stored as it was.
    NotStored(Obscured),
    /// The log does not tell all of it.
    Incomplete(MissingReason),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str("the whole record")?,
            path => write!(f, "`{path}`")?,
        }
        match self.reason {
            RefusalReason::NotStored(why) => write!(f, " (the value is {why})"),
            RefusalReason::Incomplete(why) => write!(f, " ({why})"),
        }
    }
}

impl RevertPlan {
    /// The record that it is about.
    #[must_use]
    pub fn entity(&self) -> &Entity {
        &self.entity
    }

    /// The paths to write to, each with the value that belongs there; none if there is nothing to be.
    pub fn fields(&self) -> impl Iterator<Item = (&str, Option<&Value>)> {
        let changes = self.changes.iter();
        changes.map(|(path, change)| (path, change.new.as_ref()))
    }

    /// The changes to make: from the record as it has to be now to what it was.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The paths that it cannot speak for, and why. Where there are any, [`RevertPlan::apply_to`]
    /// refuses.
    #[must_use]
    pub fn refused(&self) -> &[Refusal] {
        &self.refused
    }

    /// The same plan for the fields of which nothing is refused. What was refused for the whole
    /// record stays refused.
    #[must_use]
    pub fn without_refused(mut self) -> Self {
        let refused = std::mem::take(&mut self.refused);
        self.changes.retain(|path, _| {
            let field = first_segment(path);
            refused.iter().all(|no| first_segment(&no.path) != field)
        });
        self.refused = refused;
        self.refused.retain(|refusal| refusal.path.is_empty());
        self
    }

    /// The fields of the record as they are to be, given those that it has now, as
    /// [`record_fields`](crate::record_fields) makes them; nothing where there is or is to be no
    /// record.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Irreversible`], naming the paths, where some are refused;
    /// [`ErrorKind::Mismatch`], naming the paths, where the record has moved on since.
    pub fn apply_to<'p>(&self, present: impl Into<Option<&'p Value>>) -> Result<Option<Value>> {
        if !self.refused.is_empty() {
            return Err(self.refusal());
        }
        let present = present.into();
        let has_to_be = matches!(self.existence, Existence::Stays | Existence::Goes);
        if present.is_some() != has_to_be {
            return Err(moved_on(&[]));
        }
        let mut fields = match present {
            Some(present) => present.clone(),
            None => Value::Object(serde_json::Map::new()),
        };
        let mut moved = self.unexpected(present)?;
        adopt(&self.changes, &mut fields);
        let misfits = apply_in_place(self.changes.clone(), &mut fields);
        for misfit in misfits {
            if !moved.contains(&misfit.path) {
                moved.push(misfit.path);
            }
        }
        if !moved.is_empty() {
            return Err(moved_on(&moved));
        }
        let is_to_be = matches!(self.existence, Existence::Stays | Existence::ComesBack);
        Ok(is_to_be.then_some(fields))
    }

    pub(crate) fn reverts(&self) -> Reverts {
        self.reverts
    }

    /// Where the record is not what the log knows of it. Fields that the log has never heard of are
    /// left alone.
    fn unexpected(&self, present: Option<&Value>) -> Result<Vec<String>> {
        let (Some(expected), Some(present)) = (&self.expected, present) else {
            return Ok(Vec::new());
        };
        let differing = diff_states(Some(expected.clone()), Some(present.clone()))?;
        let is_known = |value: &Option<Value>| {
            let value = value.as_ref();
            value.is_none_or(|value| Obscured::within(value).is_none())
        };
        let moved = differing.iter().filter(|(path, change)| {
            let is_new_field = change.old.is_none() && first_segment(path) == *path;
            let is_ignored = self.ignored.iter().any(|at| is_at_or_beneath(path, at));
            let is_same = match (&change.old, &change.new) {
                (Some(expected), Some(present)) => is_one_to_a_database(expected, present),
                _ => false,
            };
            !is_new_field
                && !is_ignored
                && !is_same
                && is_known(&change.old)
                && is_known(&change.new)
        });
        Ok(moved.map(|(path, _)| path.to_owned()).collect())
    }

    fn refusal(&self) -> Error {
        let paths: Vec<_> = self.refused.iter().map(ToString::to_string).collect();
        Error::new(
            ErrorKind::Irreversible,
            format!(
                "the log cannot tell what belongs at {}; take these from elsewhere, and the others from `without_refused`",
                listed(&paths)
            ),
        )
    }
}

fn moved_on(paths: &[String]) -> Error {
    let where_to = if paths.is_empty() {
        "whether there is a record has changed".to_owned()
    } else {
        let paths: Vec<_> = paths.iter().map(|path| format!("`{path}`")).collect();
        format!("it has changed at {}", listed(&paths))
    };
    Error::new(
        ErrorKind::Mismatch,
        format!("the record has moved on: {where_to}; look at what came after, and plan again"),
    )
}

/// As many as somebody reads.
fn listed(paths: &[String]) -> String {
    const MOST: usize = 8;

    let shown: Vec<&str> = paths.iter().take(MOST).map(String::as_str).collect();
    let more = if paths.len() > MOST { ", and more" } else { "" };
    format!("{}{more}", shown.join(", "))
}
