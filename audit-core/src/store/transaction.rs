//! Transactions that a store lets its callers open, for what is recorded meanwhile to join.

use crate::entry::AuditEntry;
use crate::store::AuditStore;

/// A transaction of a store that is open on this thread, in which the caller writes data of its
/// own: what is recorded meanwhile belongs into it.
///
/// For authors of stores. A store whose callers may open transactions enters one with
/// [`TransactionScope`](crate::TransactionScope); from then on every auditor on that store hands
/// over what is recorded in the same context, instead of waiting for a write lock that its caller
/// holds.
pub trait OpenTransaction: 'static {
    /// Whether it is a transaction on this store, or on what this store is a decorator of: whether
    /// [`AuditStore::cursor_key`] is the same.
    fn is_of(&self, store: &dyn AuditStore) -> bool;

    /// Takes entries, in the order in which they were recorded, to be stored when the transaction is
    /// committed. Runs in the middle of the caller's work, maybe in a callback of its database or in
    /// a `Drop`, so that it must not wait, panic or use the connection.
    ///
    /// # Errors
    ///
    /// Gives the entries back if the transaction takes no more; they are then delivered as if there
    /// was none.
    fn join(&self, entries: Vec<AuditEntry>) -> Result<(), Vec<AuditEntry>>;
}
