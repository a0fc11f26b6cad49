//! Many drafts, one append.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::error::Result;
use crate::record::auditor::Auditor;
use crate::record::delivery::Batch;
use crate::record::draft::Draft;
use crate::record::parts::Prepared;
use crate::record::policy::FailurePolicy;
use crate::record::receipt::Receipt;
use crate::record::recording::Delivering;

/// Drafts that are recorded with one append, all or none: [`Drafts::record`] in sync code,
/// `.await` in async code. Made by [`Auditor::batch`].
///
/// An iterator is asked for its drafts when they are recorded, one by one, so that many need
/// little memory: make them and record them in the same context.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let receipts = AuditContext::new("acme").scope(|| {
///     auditor.batch((0..3).map(|id| auditor.log("import").entity("row", id))).record()
/// })?;
/// assert_eq!(receipts[2].index(), Some(2));
/// # Ok::<(), audit_core::Error>(())
/// ```
#[must_use = "drafts are not recorded until `.record()` is called or they are awaited"]
pub struct Drafts<I> {
    auditor: Auditor,
    drafts: I,
}

/// The receipts of a batch: those that are known, and where those of the store belong.
struct Receipts {
    all: Vec<Option<Receipt>>,
}

impl<I: Iterator<Item = Draft>> Drafts<I> {
    pub(crate) fn new(auditor: Auditor, drafts: I) -> Self {
        Self { auditor, drafts }
    }

    /// Records all drafts with one append and gives one receipt for each, in order.
    ///
    /// # Errors
    ///
    /// As [`Draft::record`]. If one draft is refused before it reaches the store, none is
    /// recorded; if the store finds that the id of one belongs to another entry, the others are
    /// recorded.
    pub fn record(self) -> Result<Vec<Receipt>> {
        let auditor = self.auditor.clone();
        let (entries, policy, receipts) = self.prepare()?;
        if entries.is_empty() {
            return Ok(receipts.merge(Vec::new()));
        }
        Ok(receipts.merge(auditor.record_now(entries, policy)?))
    }

    fn prepare(self) -> Result<(Vec<crate::AuditEntry>, FailurePolicy, Receipts)> {
        let expected = self.drafts.size_hint().0.min(4096);
        let mut entries = Vec::with_capacity(expected);
        let mut all = Vec::with_capacity(expected);
        let mut batch_policy = FailurePolicy::BestEffort;
        for draft in self.drafts {
            match draft.prepare() {
                Prepared::Entry {
                    entries: own,
                    policy,
                    ..
                } => {
                    entries.extend(own);
                    all.push(None);
                    // One caller, one answer: strict if any of them is.
                    if policy == FailurePolicy::Strict {
                        batch_policy = policy;
                    }
                }
                Prepared::Answer(answer) => all.push(Some(answer?)),
            }
        }
        Ok((entries, batch_policy, Receipts { all }))
    }
}

impl Receipts {
    fn merge(self, stored: Vec<Receipt>) -> Vec<Receipt> {
        let mut stored = stored.into_iter();
        self.all
            .into_iter()
            .filter_map(|known| known.or_else(|| stored.next()))
            .collect()
    }
}

impl<I> fmt::Debug for Drafts<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drafts")
    }
}

impl<I: Iterator<Item = Draft>> IntoFuture for Drafts<I> {
    type Output = Result<Vec<Receipt>>;
    type IntoFuture = RecordingAll;

    fn into_future(self) -> RecordingAll {
        let auditor = self.auditor.clone();
        RecordingAll(match self.prepare() {
            Err(error) => State::Answer(Some(Err(error))),
            Ok((entries, _, receipts)) if entries.is_empty() => {
                State::Answer(Some(Ok(receipts.merge(Vec::new()))))
            }
            Ok((entries, policy, receipts)) => State::Delivering(
                Delivering::new(auditor, Batch::new(entries, policy)),
                Some(receipts),
            ),
        })
    }
}

/// Drafts being recorded; made by awaiting [`Drafts`].
///
/// Its entries are recorded even if the future is dropped.
#[must_use = "futures do nothing unless polled"]
pub struct RecordingAll(State);

enum State {
    Delivering(Delivering, Option<Receipts>),
    Answer(Option<Result<Vec<Receipt>>>),
}

impl Future for RecordingAll {
    type Output = Result<Vec<Receipt>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Delivering(delivering, receipts) => {
                let stored = std::task::ready!(delivering.poll(context));
                let receipts = receipts.take();
                self.0 = State::Answer(None);
                Poll::Ready(stored.map(|stored| match receipts {
                    Some(receipts) => receipts.merge(stored),
                    None => stored,
                }))
            }
            State::Answer(answer) => answer.take().map_or(Poll::Pending, Poll::Ready),
        }
    }
}

impl fmt::Debug for RecordingAll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordingAll")
    }
}
