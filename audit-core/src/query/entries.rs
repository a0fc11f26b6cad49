//! Narrowing down, and reading in pages, as a stream or as a count.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::entry::{ActorKind, AuditEntry, Outcome, Severity, ToEntityId};
use crate::error::{Error, Result};
use crate::query::cursor::Cursor;
use crate::query::filter::{ActionFilter, Count, Filter, GroupBy, Order};
use crate::query::log::TenantLog;
use crate::query::stream::EntryStream;
use crate::store::Query;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 10_000;

/// Entries of one tenant, to be narrowed down and read.
///
/// ```
/// use audit_core::{AuditContext, Auditor, GroupBy, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// AuditContext::new("acme").scope(|| {
///     auditor.log("close").entity("incident", 7).record()?;
///     auditor.log("export").entity("report", 1).record()
/// })?;
/// let log = auditor.tenant("acme");
/// let closed = log.entries().entity("incident", 7).action("close").page()?;
/// assert_eq!(closed.entries.len(), 1);
/// assert_eq!(log.entries().count_by(GroupBy::Action)?.len(), 2);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "nothing is read until `page`, `stream`, `count` or `count_by` is called"]
pub struct Entries<'a> {
    log: &'a TenantLog,
    filter: Filter,
    order: Order,
    after: Option<Cursor>,
    limit: usize,
}

/// A page of entries.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// The entries, in the order asked for.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; none if this was the last.
    pub next: Option<Cursor>,
}

impl<'a> Entries<'a> {
    pub(super) fn of(log: &'a TenantLog, filter: Filter) -> Self {
        Self {
            log,
            filter,
            order: Order::NewestFirst,
            after: None,
            limit: DEFAULT_LIMIT,
        }
    }

    /// Only about this type of record.
    pub fn entity_type(mut self, entity_type: impl Into<String>) -> Self {
        self.filter.entity_type = Some(entity_type.into());
        self
    }

    /// Only about this record.
    pub fn entity(mut self, entity_type: impl Into<String>, id: impl ToEntityId) -> Self {
        self.filter.entity_id = Some(id.to_entity_id());
        self.entity_type(entity_type)
    }

    /// Only of the actor with this id, whatever it was called.
    pub fn actor(mut self, id: impl ToEntityId) -> Self {
        self.filter.actor_id = Some(id.to_entity_id());
        self
    }

    /// Only of this kind of actor.
    pub fn actor_kind(mut self, kind: ActorKind) -> Self {
        self.filter.actor_kind = Some(kind);
        self
    }

    /// Only with exactly this action.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.filter.action = Some(ActionFilter::Exact(action.into()));
        self
    }

    /// Only with actions that begin so, such as `billing.` for a namespace.
    pub fn action_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.filter.action = Some(ActionFilter::Prefix(prefix.into()));
        self
    }

    /// Only what ended so.
    pub fn outcome(self, outcome: Outcome) -> Self {
        self.outcomes([outcome])
    }

    /// Only what ended in one of these ways.
    pub fn outcomes(mut self, outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        self.filter.outcomes = Some(outcomes.into_iter().collect());
        self
    }

    /// Only what did not succeed, however it ended.
    ///
    /// ```
    /// use audit_core::{AuditContext, Auditor, MemoryStore};
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// AuditContext::new("acme").scope(|| {
    ///     auditor.log("export").record()?;
    ///     auditor.log("export").denied("not an analyst").record()?;
    ///     auditor.log("export").failed("disk full").record()
    /// })?;
    /// assert_eq!(auditor.tenant("acme").entries().unsuccessful().count()?, 2);
    /// # Ok::<(), audit_core::Error>(())
    /// ```
    pub fn unsuccessful(self) -> Self {
        let all = Outcome::ALL.iter().copied();
        self.outcomes(all.filter(|outcome| *outcome != Outcome::Success))
    }

    /// Only of this severity or a higher one.
    pub fn severity_at_least(mut self, severity: Severity) -> Self {
        self.filter.severity = Some(severity);
        self
    }

    /// Only what changed this path or one beneath it.
    pub fn changed(mut self, path: impl Into<String>) -> Self {
        self.filter.changed = Some(path.into());
        self
    }

    /// Only of this request.
    #[expect(clippy::needless_pass_by_value, reason = "reads better without a `&`")]
    pub fn request_id(mut self, id: impl ToString) -> Self {
        self.filter.request_id = Some(id.to_string());
        self
    }

    /// Only of this unit of work.
    pub fn operation(mut self, operation: Uuid) -> Self {
        self.filter.operation = Some(operation);
        self
    }

    /// Only what names this entry as its cause; see also [`TenantLog::consequences`].
    pub fn caused_by(mut self, entry: Uuid) -> Self {
        self.filter.caused_by = Some(entry);
        self
    }

    /// Only where the actor's or the record's name contains this text, in any case. This walks
    /// the tenant's names.
    pub fn name_contains(mut self, text: impl Into<String>) -> Self {
        self.filter.name_contains = Some(text.into());
        self
    }

    /// Only what happened at this time or later.
    pub fn since(mut self, time: DateTime<Utc>) -> Self {
        self.filter.since = Some(time);
        self
    }

    /// Only what happened before this time.
    pub fn until(mut self, time: DateTime<Utc>) -> Self {
        self.filter.until = Some(time);
        self
    }

    /// Newest first; this is the usual order.
    pub fn newest_first(mut self) -> Self {
        self.order = Order::NewestFirst;
        self
    }

    /// Oldest first.
    pub fn oldest_first(mut self) -> Self {
        self.order = Order::OldestFirst;
        self
    }

    /// So many entries a page, 1 to 10,000; without this, 50.
    pub fn limit(mut self, entries: usize) -> Self {
        self.limit = entries;
        self
    }

    /// Begins behind a cursor, or at the start if there is none: takes a [`Cursor`] or the
    /// `next` of a page.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.after = cursor.into();
        self
    }

    /// One page.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidCursor`](crate::ErrorKind::InvalidCursor) for a cursor of another
    /// tenant, filter or order; [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a limit out
    /// of range; any failure of the store.
    pub fn page(self) -> Result<Page> {
        self.check()?;
        self.check_limit()?;
        let (key, after) = self.position()?;
        // One more than asked for tells whether there is a next page.
        let query = Query::new(&self.filter, self.limit + 1).from(self.order, after);
        let mut entries = self.log.store().entries(self.log.name(), &query)?;
        let more = entries.len() > self.limit;
        entries.truncate(self.limit);
        let next = match entries.last() {
            Some(last) if more => {
                let key = match key {
                    Some(key) => key,
                    None => self.log.store().cursor_key()?,
                };
                Some(Cursor::sign(
                    &key,
                    self.log.name(),
                    &self.filter,
                    self.order,
                    last.index,
                ))
            }
            _ => None,
        };
        Ok(Page { entries, next })
    }

    /// Every entry from here on, however many, in constant memory.
    ///
    /// What is recorded meanwhile is seen if it lies ahead in the order. The limit plays no part.
    ///
    /// # Errors
    ///
    /// As [`Entries::page`]; a failure to read ends the stream with an error.
    pub fn stream(self) -> Result<EntryStream<'a>> {
        self.check()?;
        let (_, after) = self.position()?;
        Ok(self.log.source().stream(self.filter, self.order, after))
    }

    /// How many there are. Counts them all: cursor, limit and order play no part.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn count(self) -> Result<u64> {
        self.check()?;
        self.log.store().count(self.log.name(), &self.filter)
    }

    /// How many there are in each group, the largest group first.
    ///
    /// # Errors
    ///
    /// Any failure of the store.
    pub fn count_by(self, by: GroupBy) -> Result<Vec<Count>> {
        self.check()?;
        let store = self.log.store();
        store.count_by(self.log.name(), &self.filter, by)
    }

    fn check(&self) -> Result<()> {
        self.log.name().check()
    }

    fn check_limit(&self) -> Result<()> {
        if (1..=MAX_LIMIT).contains(&self.limit) {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "a page of {} entries is out of range; ask for 1 to {MAX_LIMIT}, or use `stream`",
            self.limit
        )))
    }

    /// The index to begin behind, and the key if it was needed.
    fn position(&self) -> Result<(Option<[u8; 32]>, Option<u64>)> {
        let Some(cursor) = &self.after else {
            return Ok((None, None));
        };
        let key = self.log.store().cursor_key()?;
        let index = cursor.verify(&key, self.log.name(), &self.filter, self.order)?;
        Ok((Some(key), Some(index)))
    }
}

impl fmt::Debug for Entries<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("log", &self.log)
            .field("filter", &self.filter)
            .field("order", &self.order)
            .finish_non_exhaustive()
    }
}
