//! What recording returns.

use uuid::Uuid;

use crate::store::Durability;

/// The answer to a recording: which entry it is, where it stands, how safe it is.
///
/// ```
/// use audit_core::{AuditContext, Auditor, Durability, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let receipt = AuditContext::new("acme").scope(|| auditor.log("export").record())?;
/// assert_eq!(receipt.index(), Some(0));
/// assert_eq!(receipt.durability(), Durability::Volatile);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    entry: Option<Uuid>,
    index: Option<u64>,
    durability: Durability,
}

impl Receipt {
    pub(crate) fn new(entry: Uuid, index: Option<u64>, durability: Durability) -> Self {
        Self {
            entry: Some(entry),
            index,
            durability,
        }
    }

    /// For an entry that is stored when a transaction is committed. For authors of stores, whose
    /// transactions know the index already.
    #[must_use]
    pub fn in_transaction(entry: Uuid, index: Option<u64>) -> Self {
        Self::new(entry, index, Durability::InTransaction)
    }

    /// The same entry, after its transaction is committed. For authors of stores.
    #[must_use]
    pub fn committed(self, durability: Durability) -> Self {
        Self { durability, ..self }
    }

    /// For an entry that was let go.
    pub(crate) fn lost(entry: Uuid) -> Self {
        Self::new(entry, None, Durability::Lost)
    }

    /// For an update that changed nothing.
    pub(crate) fn unchanged() -> Self {
        Self {
            entry: None,
            index: None,
            durability: Durability::Unchanged,
        }
    }

    /// The id of the entry; none where there was nothing to record.
    #[must_use]
    pub fn entry_id(&self) -> Option<Uuid> {
        self.entry
    }

    /// The place in the tenant's log; known once the entry is written. In a transaction that is not
    /// committed yet it is known where the draft was made by the transaction itself.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        self.index
    }

    /// How safe the entry is.
    #[must_use]
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// Whether there is an entry or will be: false for an unchanged update and a lost entry.
    #[must_use]
    pub fn is_recorded(&self) -> bool {
        self.durability >= Durability::Queued
    }
}
