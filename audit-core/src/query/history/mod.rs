//! One record through time.

mod change;
mod children;
mod descent;
mod effect;
mod lapses;
mod missing;
mod moment;
mod paths;
mod record;
mod relation;
mod replay;
mod span;
mod state;
mod told;
mod typed;

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

pub use self::children::{Family, FamilyStream};
pub(crate) use self::effect::{Effect, only_takes_away};
pub(crate) use self::missing::incomplete;
pub use self::missing::{LossyState, Missing, MissingReason};
pub use self::moment::Moment;
use self::paths::is_altered;
pub(crate) use self::record::Record;
pub use self::relation::Relation;
pub(crate) use self::replay::{Replay, state_at};
use crate::diff::diff_states;
use crate::entry::path::steps;
use crate::entry::{AuditEntry, Changes, EntityId, Outcome, first_segment};
use crate::error::{Error, ErrorKind, Result};
use crate::query::filter::Order;
use crate::query::plan::RevertPlan;
use crate::query::stream::Source;
use crate::query::{Entries, TenantLog};

/// The history of one record: every entry about it, and what it was at any moment.
///
/// Made by [`TenantLog::history`]; nothing is read until a method is called. Deleted records have
/// a history too, and a record that was made again under the same id goes on in it. It goes by the id: where
/// a record got another one, the history of the former id ends there without knowing it.
///
/// ```
/// use audit_core::{AuditContext, Audited, Auditor, MemoryStore};
/// use serde_json::json;
///
/// #[derive(Clone, Audited)]
/// #[audit(entity_type = "incident")]
/// struct Incident {
///     #[audit(id)]
///     id: u32,
///     status: String,
/// }
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let open = Incident { id: 7, status: "open".to_owned() };
/// let closed = Incident { status: "closed".to_owned(), ..open.clone() };
/// let created = AuditContext::new("acme").scope(|| {
///     let created = auditor.created(&open).record()?;
///     auditor.updated(&open, &closed).record()?;
///     auditor.deleted(&closed).record()?;
///     Ok::<_, audit_core::Error>(created)
/// })?;
///
/// let history = auditor.tenant("acme").history("incident", 7);
/// assert_eq!(history.entries().count()?, 3);
/// let was = history.state_at(created.index().unwrap())?;
/// assert_eq!(was, Some(json!({"id": 7, "status": "open"})));
/// assert_eq!(history.state_at(u64::MAX)?, None);
/// # Ok::<(), audit_core::Error>(())
/// ```
///
/// # How a state is put together
///
/// A state begins with the newest entry before the moment that tells all fields: a `create`, a
/// `restore`, a `baseline`, or another action that has only new values where there was no record.
/// The changes of the entries behind it are made one after the other, in the order of the log, and
/// a `delete` ends the record. A `restore` that tells some fields only brings it back as it was when
/// it went, if these fit. Entries without changes and actions that did not succeed change nothing. A
/// change that is told twice in one operation, by itself and by the action that made it, is one
/// change.
///
/// Nothing is guessed. Where the log does not tell all, [`History::state_at`] says so and
/// [`History::state_at_lossy`] gives what is known. That is so too where something may have happened
/// unheard, between the first that is known and the moment: entries of the tenant were lost, capture
/// of the record's table was paused, or rows of its type were only counted. What lies behind the
/// moment is not looked at. And what nobody was asked to tell is not missed: updates, say, of a table
/// that is tracked for insertions only.
#[derive(Clone)]
pub struct History {
    log: TenantLog,
    record: Record,
}

impl History {
    pub(super) fn new(log: TenantLog, entity_type: String, id: EntityId) -> Self {
        Self {
            log,
            record: Record::new(entity_type, id),
        }
    }

    /// The same history, knowing that changes at these paths, and beneath, are not always told: as
    /// of a field that the record's type marks `#[audit(ignore)]`, or compares with a tolerance.
    /// Without this, an old value that nobody told of shows that something is missing.
    ///
    /// Plans leave what stands there as it is.
    #[must_use]
    pub fn ignoring<P: Into<String>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let paths = paths.into_iter().map(Into::into);
        self.record.ignored.extend(paths);
        self
    }

    /// Every entry about the record, oldest first: read a page or a stream, count, or narrow down.
    ///
    /// They stand in the order of the log, in which a change comes before the action that made it.
    /// [`Operation::tree`](crate::Operation::tree) shows what caused what.
    pub fn entries(&self) -> Entries<'_> {
        Entries::of(&self.log, self.record.filter()).oldest_first()
    }

    /// The fields of the record at a moment, or nothing if there was no record.
    ///
    /// The moment is a `DateTime<Utc>` or the index of an entry; see [`Moment`]. Values that the
    /// record's type redacts, masks, hashes or cuts are as they were recorded. A time is as exact as those of
    /// the entries: what triggers tell of has the milliseconds of SQLite's clock, and is seen up to one of
    /// them early.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IncompleteHistory`], naming the paths, where the log does not tell all of it,
    /// and any failure of the store.
    pub fn state_at(&self, when: impl Into<Moment>) -> Result<Option<Value>> {
        self.state_at_lossy(when)?.whole()
    }

    /// What is known of the record at a moment, and what is not.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn state_at_lossy(&self, when: impl Into<Moment>) -> Result<LossyState> {
        state_at(self.source()?, &self.record, when.into())
    }

    /// The record at a moment as a type of the application's own, or nothing if there was none.
    ///
    /// The names of its fields have to be those that were recorded. What JSON has no word for comes
    /// back as it was: floats that are no numbers, large integers, `Some(None)`.
    ///
    /// ```
    /// use audit_core::{AuditContext, Audited, Auditor, MemoryStore};
    /// use serde::Deserialize;
    ///
    /// #[derive(Audited)]
    /// #[audit(entity_type = "sensor")]
    /// struct Sensor {
    ///     #[audit(id)]
    ///     id: u32,
    ///     load: f64,
    ///     #[audit(redact)]
    ///     token: String,
    /// }
    ///
    /// // The token is not asked for: it was never stored.
    /// #[derive(Deserialize)]
    /// struct Reading {
    ///     load: f64,
    /// }
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// let sensor = Sensor { id: 1, load: f64::INFINITY, token: "x".to_owned() };
    /// AuditContext::new("acme").scope(|| auditor.created(&sensor).record())?;
    /// let history = auditor.tenant("acme").history("sensor", 1);
    /// let reading: Option<Reading> = history.as_of(u64::MAX)?;
    /// assert_eq!(reading.map(|reading| reading.load), Some(f64::INFINITY));
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotStored`], naming the path, where the type asks for a value that is not stored
    /// as it was; [`ErrorKind::WrongType`], naming the path, where a value or a field is another;
    /// and as [`History::state_at`].
    pub fn as_of<T: DeserializeOwned>(&self, when: impl Into<Moment>) -> Result<Option<T>> {
        let state = self.state_at_lossy(when)?.whole_but_for_values()?;
        state.as_ref().map(typed::read).transpose()
    }

    /// What differs between two moments, which may be any of them first. Lists are told as a whole
    /// or by position.
    ///
    /// # Errors
    ///
    /// As [`History::state_at`] of either moment.
    pub fn diff_between(&self, a: impl Into<Moment>, b: impl Into<Moment>) -> Result<Changes> {
        let (before, after) = (self.state_at(a)?, self.state_at(b)?);
        diff_states(before, after)
    }

    /// The entry that last changed what stands at a path: who did it, when and why. A creation and
    /// a deletion change every path that they name.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn last_change_of(&self, path: &str) -> Result<Option<AuditEntry>> {
        let mut changed = self.record.filter();
        changed.changed = Some(first_segment(path).to_owned());
        changed.outcomes = Some(vec![Outcome::Success]);
        let way: Vec<_> = steps(path).collect();
        for entry in self.source()?.stream(changed, Order::NewestFirst, None) {
            let entry = entry?;
            if is_altered(&entry.changes, &way) {
                return Ok(Some(entry));
            }
        }
        Ok(None)
    }

    /// The entry about the record before this one, if it is not the first.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the entry is not about this record, and any failure of the store.
    pub fn previous(&self, entry: Uuid) -> Result<Option<AuditEntry>> {
        self.beside(entry, Order::NewestFirst)
    }

    /// The entry about the record after this one, if it is not the last.
    ///
    /// # Errors
    ///
    /// As [`History::previous`].
    pub fn next(&self, entry: Uuid) -> Result<Option<AuditEntry>> {
        self.beside(entry, Order::OldestFirst)
    }

    /// The history of the record together with that of its children, such as the notes of an
    /// incident.
    pub fn with_children(&self, relation: Relation) -> Family {
        Family::new(self.clone(), relation)
    }

    /// What to write back to take one entry back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if the entry is not about this record, [`ErrorKind::Irreversible`] if
    /// it did not succeed or changed nothing, and any failure of the store.
    pub fn revert_plan(&self, entry: Uuid) -> Result<RevertPlan> {
        RevertPlan::of_entry(self.source()?, &self.record, &self.entry(entry)?)
    }

    /// What to write back to make the record what it was at a moment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IncompleteHistory`] where the log does not tell whether there was a record, and
    /// any failure of the store.
    pub fn revert_plan_to(&self, when: impl Into<Moment>) -> Result<RevertPlan> {
        RevertPlan::to_moment(self.source()?, &self.record, when.into())
    }

    fn source(&self) -> Result<Source<'_>> {
        self.log.name().check()?;
        Ok(self.log.source())
    }

    fn entry(&self, id: Uuid) -> Result<AuditEntry> {
        let entry = self.source()?.entry(id)?;
        entry
            .filter(|entry| self.record.is_of(entry))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::NotFound,
                    "the history of this record has no such entry; ask `TenantLog::entry` what it is about",
                )
                .with_entry(id)
            })
    }

    fn beside(&self, id: Uuid, order: Order) -> Result<Option<AuditEntry>> {
        let entry = self.entry(id)?;
        self.source()?
            .first(&self.record.filter(), order, Some(entry.index))
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("log", &self.log)
            .field("record", &self.record)
            .finish()
    }
}
