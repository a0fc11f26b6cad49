//! Transactions that are open on this thread: what is recorded inside joins them.

use std::cell::{OnceCell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::context::Root;
use crate::entry::AuditEntry;
use crate::error::{Error, ErrorKind, Result};
use crate::record::auditor::Auditor;
use crate::record::delivery::Batch;
use crate::record::draft::Draft;
use crate::record::parts::Prepared;
use crate::record::policy::FailurePolicy;
use crate::record::receipt::Receipt;
use crate::store::{AuditStore, OpenTransaction};

thread_local! {
    static OPEN: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone)]
struct Open {
    root: Root,
    transaction: Rc<dyn OpenTransaction>,
    /// The first auditor that something was recorded through: the way back for entries that do
    /// not go down with the transaction.
    auditor: Rc<OnceCell<Auditor>>,
}

/// A transaction of a store, open on this thread: what is recorded in the context in which it was
/// entered, and in those nested in it, joins it. Left when dropped.
///
/// For authors of stores; applications use what the store offers, such as
/// `audit_sqlite::SqliteStore::begin`. Other tasks that take turns on the thread have contexts of
/// their own and stay outside, and so do other threads. Entered outside of any context, it is there
/// for all that this thread records outside of one, and in contexts that it enters meanwhile.
#[must_use = "the transaction is left when the scope is dropped"]
pub struct TransactionScope {
    open: Open,
    named: Option<Auditor>,
}

impl TransactionScope {
    /// Lets what is recorded from now on join a transaction.
    pub fn enter(transaction: Rc<dyn OpenTransaction>) -> Self {
        let open = Open {
            root: Root::here_or_outside(),
            transaction,
            auditor: Rc::default(),
        };
        let pushed = open.clone();
        OPEN.try_with(|all| all.borrow_mut().push(pushed)).ok();
        Self { open, named: None }
    }

    /// The same, where drafts of the transaction itself are of this auditor and not of the current
    /// one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if the auditor records into another store.
    pub fn enter_with(transaction: Rc<dyn OpenTransaction>, auditor: &Auditor) -> Result<Self> {
        if !transaction.is_of(auditor.store_ref()) {
            return Err(other_store());
        }
        let mut scope = Self::enter(transaction);
        scope.named = Some(auditor.clone());
        Ok(scope)
    }

    /// Whether what is recorded here and now into a store would join a transaction.
    #[must_use]
    pub fn is_open(store: &dyn AuditStore) -> bool {
        find(store).is_some()
    }

    /// A draft of the transaction itself; nothing where there is no auditor.
    pub fn draft(&self, make: impl FnOnce(&Auditor) -> Draft) -> Option<Draft> {
        match &self.named {
            Some(auditor) => Some(make(auditor)),
            None => Auditor::current().map(|auditor| make(&auditor)),
        }
    }

    /// Records a draft of the transaction itself: `write` gets the entry, sanitized and complete,
    /// and says its index where that is known.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::MissingAuditor`] without a draft, [`ErrorKind::Invalid`] for a draft of an
    /// auditor on another store, what [`Draft::record`] may refuse, and what `write` says. Under
    /// best effort an error of `write` is counted and the receipt says
    /// [`Durability::Lost`](crate::Durability::Lost): the transaction knows of it.
    pub fn record(
        &self,
        draft: Option<Draft>,
        write: impl FnOnce(AuditEntry) -> Result<Option<u64>>,
    ) -> Result<Receipt> {
        let Some(draft) = draft else {
            return Auditor::missing(None, "");
        };
        let (auditor, entries, policy) = match draft.prepare() {
            Prepared::Entry {
                auditor,
                entries,
                policy,
            } => (auditor, entries, policy),
            Prepared::Answer(answer) => return answer,
        };
        let Some(entry) = entries.into_iter().next() else {
            return Ok(Receipt::unchanged());
        };
        let id = entry.id;
        if !self.open.transaction.is_of(auditor.store_ref()) {
            return Err(other_store().with_entry(id));
        }
        self.open.auditor.get_or_init(|| auditor.clone());
        match write(entry) {
            Ok(index) => Ok(Receipt::in_transaction(id, index)),
            Err(error) => {
                let error = error.with_entry(id);
                auditor.delivery().shared.note_failed(&error, 1);
                match policy {
                    FailurePolicy::Strict => Err(error),
                    FailurePolicy::BestEffort => Ok(Receipt::lost(id)),
                }
            }
        }
    }

    /// The entry that a draft becomes, sanitized and complete, for stores that make entries of what
    /// they see themselves.
    ///
    /// It is made strictly, whatever the policy of the auditor, and also where its action is switched off:
    /// the store has seen that it happened, and nobody else will tell of it. Nothing where nothing
    /// changed.
    ///
    /// # Errors
    ///
    /// What [`Draft::record`] may refuse.
    pub fn entry(draft: Draft) -> Result<Option<AuditEntry>> {
        match draft.strict().always().prepare() {
            Prepared::Entry { entries, .. } => Ok(entries.into_iter().next()),
            Prepared::Answer(answer) => answer.map(|_| None),
        }
    }

    /// Takes note that so many entries are stored.
    pub fn note_stored(&self, entries: u64) {
        if let Some(auditor) = self.open.auditor.get() {
            auditor.delivery().shared.note_written(entries);
        }
    }

    /// Leaves the transaction: nothing joins it any more.
    pub fn leave(&self) {
        let removed = OPEN.try_with(|all| {
            let mut all = all.try_borrow_mut().ok()?;
            let place = all
                .iter()
                .position(|open| Rc::ptr_eq(&open.auditor, &self.open.auditor))?;
            let removed = all.remove(place);
            if all.iter().all(|open| open.root != removed.root) {
                removed.root.leave_outside();
            }
            Some(removed)
        });
        // Dropped after the borrow ends: it may hold the last handle of an auditor.
        drop(removed);
    }

    /// Leaves the transaction and delivers entries that do not go down with it, as the auditor
    /// delivers. What cannot be stored now stays queued.
    pub fn deliver(&self, entries: Vec<AuditEntry>) {
        self.leave();
        if let (Some(auditor), false) = (self.open.auditor.get(), entries.is_empty()) {
            // Best effort: it is counted and reported if it fails.
            drop(auditor.record_now(entries, FailurePolicy::BestEffort));
        }
    }

    /// The same without waiting, for a `Drop`.
    pub fn deliver_detached(&self, entries: Vec<AuditEntry>) {
        self.leave();
        if let (Some(auditor), false) = (self.open.auditor.get(), entries.is_empty()) {
            auditor.record_detached(Batch::new(entries, FailurePolicy::BestEffort));
        }
    }
}

impl Drop for TransactionScope {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for TransactionScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransactionScope")
            .field("root", &self.open.root)
            .finish_non_exhaustive()
    }
}

/// Hands entries to the transaction that is open here on the auditor's store; gives them back if
/// there is none.
pub(super) fn join(
    auditor: &Auditor,
    entries: Vec<AuditEntry>,
) -> std::result::Result<Vec<Receipt>, Vec<AuditEntry>> {
    let Some(open) = find(auditor.store_ref()) else {
        return Err(entries);
    };
    if auditor.delivery().shared.is_closing() {
        return Err(entries);
    }
    let ids = entries.iter().map(|entry| entry.id);
    let receipts = ids.map(|id| Receipt::in_transaction(id, None)).collect();
    open.transaction.join(entries)?;
    open.auditor.get_or_init(|| auditor.clone());
    Ok(receipts)
}

/// The innermost transaction on a store that is open here.
fn find(store: &dyn AuditStore) -> Option<Open> {
    let is_none = OPEN.try_with(|all| all.try_borrow().is_ok_and(|all| all.is_empty()));
    if is_none.unwrap_or(true) {
        return None;
    }
    let root = Root::here()?;
    let all = OPEN.try_with(|all| {
        let all = all.try_borrow().ok()?;
        let here = all.iter().rev().filter(|open| open.root == root);
        Some(here.cloned().collect::<Vec<_>>())
    });
    // A store is somebody else's code: it is asked after the borrow ends.
    let mut all = all.ok().flatten()?.into_iter();
    all.find(|open| open.transaction.is_of(store))
}

fn other_store() -> Error {
    Error::new(
        ErrorKind::Invalid,
        "the auditor records into another store than the one whose transaction this is; use an auditor on that store",
    )
}
