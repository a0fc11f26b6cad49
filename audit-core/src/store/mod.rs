//! The port that stores plug into.

mod memory;
mod transaction;
mod withhold;

use chrono::{DateTime, Utc};
use uuid::Uuid;

pub use self::memory::MemoryStore;
pub use self::transaction::OpenTransaction;
pub use self::withhold::withhold;
use crate::entry::{AuditEntry, DEFAULT_ENTRY_BYTES, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::query::{Count, Filter, GroupBy, Order};
use crate::sanitize::{Sanitizer, choke};

/// Where entries live.
///
/// Synchronous, object-safe and in batches: the delivery thread of an
/// [`Auditor`](crate::Auditor) appends, and readers call from any thread. Every reading method
/// but [`AuditStore::tenants`] takes a tenant, and must answer as if no other tenant existed. An
/// implementation has to pass `audit_core::testing::contract`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no audit store",
    note = "use `audit_sqlite::SqliteStore` or `audit_core::MemoryStore`, or implement `AuditStore`"
)]
pub trait AuditStore: Send + Sync + 'static {
    /// Stores all entries or none, durably if the store can be, and says for each where it is.
    ///
    /// Gives each entry that is new to its tenant the next index, in the order given. An entry
    /// whose id its tenant has already is not stored again. The attempt that has its tenant and id
    /// is closed with it, see [`AuditStore::open_attempt`].
    ///
    /// # Errors
    ///
    /// On [`ErrorKind::Unknown`] the entries may be stored; on any other kind none is.
    fn append(&self, entries: &[AuditEntry]) -> Result<Vec<Appended>>;

    /// Notes durably, if the store can be durable, that an action is starting, so that a crash
    /// before its entry is appended leaves a trace.
    ///
    /// An attempt is not a part of the log: it has no index, no reader sees it and nothing counts
    /// it. `entry` is what is known when the action starts, sanitized. Appending an entry of the
    /// same tenant under the same id closes the attempt in the same transaction, whatever the
    /// entry says and whether it is new. Opening what is open already, or what the log has
    /// already, changes nothing.
    ///
    /// A store that outlives its process appends what a dead process has left open, when it is
    /// opened again: the entry as it was noted, with [`Outcome::Interrupted`], exactly once.
    ///
    /// [`Outcome::Interrupted`]: crate::Outcome::Interrupted
    ///
    /// # Errors
    ///
    /// [`ErrorKind::IdConflict`] if an attempt or an entry of another action or entity has the id,
    /// [`ErrorKind::Unsupported`] from a store that cannot keep attempts, which must not look as
    /// if it did. On [`ErrorKind::Unknown`] the attempt may be open; on any other kind it is not.
    fn open_attempt(&self, entry: &AuditEntry) -> Result<()>;

    /// Ends an attempt that ends without an entry: of an action that is not to be recorded after
    /// all. Ending one that is not open changes nothing and is no error.
    ///
    /// # Errors
    ///
    /// Any failure to write; then the attempt may be open still, and would be taken for an
    /// interrupted one.
    fn close_attempt(&self, tenant: &Tenant, id: Uuid) -> Result<()>;

    /// The entries of a tenant that a query asks for, at most `query.limit`.
    ///
    /// # Errors
    ///
    /// Any failure to read.
    fn entries(&self, tenant: &Tenant, query: &Query<'_>) -> Result<Vec<AuditEntry>>;

    /// One entry of a tenant. An id that another tenant has is as unknown as one that nobody has.
    ///
    /// # Errors
    ///
    /// Any failure to read.
    fn entry(&self, tenant: &Tenant, id: Uuid) -> Result<Option<AuditEntry>>;

    /// How many entries of a tenant a filter means, by group; the largest first, as
    /// [`tally`](crate::query::tally) orders.
    ///
    /// # Errors
    ///
    /// Any failure to read.
    fn count_by(&self, tenant: &Tenant, filter: &Filter, by: GroupBy) -> Result<Vec<Count>>;

    /// How many entries of a tenant a filter means.
    ///
    /// # Errors
    ///
    /// Any failure to read.
    fn count(&self, tenant: &Tenant, filter: &Filter) -> Result<u64>;

    /// Every tenant that has entries, in text order. Behind [`AllTenants`](crate::AllTenants)
    /// only.
    ///
    /// # Errors
    ///
    /// Any failure to read.
    fn tenants(&self) -> Result<Vec<Tenant>>;

    /// A secret of this store that stays the same as long as its entries do; cursors are signed
    /// with it.
    ///
    /// # Errors
    ///
    /// Any failure to read.
    fn cursor_key(&self) -> Result<[u8; 32]>;

    /// How durable an entry is once [`AuditStore::append`] has returned.
    fn durability(&self) -> Durability;
}

/// Which entries to read, from where on, and how many.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Query<'a> {
    /// Which entries are meant.
    pub filter: &'a Filter,
    /// Which end to begin at.
    pub order: Order,
    /// Begin behind the entry with this index, in the direction of `order`.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

impl<'a> Query<'a> {
    /// The newest `limit` entries that a filter means.
    #[must_use]
    pub fn new(filter: &'a Filter, limit: usize) -> Self {
        Self {
            filter,
            order: Order::NewestFirst,
            after: None,
            limit,
        }
    }

    /// The same query in an order, behind an index.
    #[must_use]
    pub fn from(mut self, order: Order, after: Option<u64>) -> Self {
        self.order = order;
        self.after = after;
        self
    }
}

/// What became of one entry of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Appended {
    /// It is stored now.
    Stored {
        /// Its place in the tenant's log.
        index: u64,
    },
    /// It was stored before, under the same id; nothing was added.
    Present {
        /// Its place in the tenant's log.
        index: u64,
    },
    /// Another entry of the tenant, with another action or entity, has its id; nothing was added.
    Conflict,
}

/// How safe a recorded entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing was to be recorded: an update that changed nothing.
    Unchanged,
    /// It could not be recorded and was let go, as the policy says; it is counted.
    Lost,
    /// In the queue, to be written soon.
    Queued,
    /// In the transaction that its caller has open: stored when that is committed, and gone with
    /// everything else of it when it is rolled back.
    InTransaction,
    /// In memory: it is gone when the process is.
    Volatile,
    /// Written, and safe if the process dies; a power cut may take the newest entries.
    Written,
    /// Synced to the disk: safe if the power goes.
    Synced,
}

/// Makes an entry that a store has made by itself fit to be stored: masks its secrets, then cuts
/// what is too long.
///
/// What an [`Auditor`](crate::Auditor) hands over has passed already. A store that makes entries
/// of what it has found, such as changes of rows, passes each before it is written or hashed.
///
/// ```
/// use audit_core::{Actor, AuditEntry, Sanitizer, store};
/// use uuid::Uuid;
///
/// let mut entry = AuditEntry::new(
///     Uuid::now_v7(), chrono::Utc::now(), "acme".into(), Actor::system(), "import",
/// );
/// entry.metadata.insert("api_key".into(), "k-123".into());
/// store::pass(&mut entry, &Sanitizer::default());
/// assert_eq!(entry.metadata["api_key"], "********");
/// ```
pub fn pass(entry: &mut AuditEntry, sanitizer: &Sanitizer) {
    choke::pass(entry, sanitizer, DEFAULT_ENTRY_BYTES);
}

/// Whether two entries with one id are the same record of the same event, told twice.
#[must_use]
pub fn is_same_record(present: &AuditEntry, again: &AuditEntry) -> bool {
    present.action == again.action
        && present.entity_type() == again.entity_type()
        && present.entity_id() == again.entity_id()
}

/// What [`AuditStore::open_attempt`] says where another record has the id.
#[must_use]
pub fn attempt_conflict(id: Uuid) -> Error {
    Error::new(
        ErrorKind::IdConflict,
        "another attempt or entry of the tenant has the id of this attempt; give each action an id of its own",
    )
    .with_entry(id)
}

/// To the microsecond, as stores keep time.
#[must_use]
pub fn to_micros(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}
