//! Notes to the store about attempts, on the thread that may block.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use uuid::Uuid;

use super::ticket::Ticket;
use super::waking::Wakers;
use super::{Delivery, closed, no_answer};
use crate::entry::{AuditEntry, Tenant};
use crate::error::{Error, ErrorKind, Result};
use crate::record::guarded::guarded;
use crate::store::AuditStore;

/// What a store is told about an attempt.
#[derive(Debug)]
pub(crate) enum Note {
    Open(Box<AuditEntry>),
    Close(Tenant, Uuid),
}

impl Note {
    /// Tells the store. Blocks.
    pub(crate) fn tell(&self, store: &dyn AuditStore) -> Result<()> {
        let told = guarded(|| match self {
            Self::Open(entry) => store.open_attempt(entry),
            Self::Close(tenant, id) => store.close_attempt(tenant, *id),
        });
        told.unwrap_or_else(|| {
            Err(Error::new(
                ErrorKind::Unknown,
                "the store panicked, the attempt may or may not be noted; the action can be tried again",
            ))
        })
    }
}

/// A note on its way.
#[derive(Debug)]
pub(super) struct Sent {
    note: Note,
    ticket: Arc<Ticket>,
    /// Its place among all batches and notes that were accepted.
    pub(super) number: u64,
}

impl Sent {
    pub(super) fn carry_out(&self, store: &dyn AuditStore) {
        let told = self.note.tell(store).map(|()| Vec::new());
        Wakers::from(self.ticket.answer(told)).wake();
    }
}

impl Drop for Sent {
    /// Whatever happens to a note, its sender does not wait for ever.
    fn drop(&mut self) {
        Wakers::from(self.ticket.answer(Err(no_answer()))).wake();
    }
}

/// Notes that wait for the delivery thread.
pub(super) type Notes = VecDeque<Sent>;

/// The answer to a note, for async code.
pub(crate) struct Noting(Arc<Ticket>);

impl Future for Noting {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        let answer = self.0.poll(context.waker());
        answer.map(|answer| answer.map(drop))
    }
}

impl fmt::Debug for Noting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Noting")
    }
}

impl Delivery {
    /// Hands a note to the delivery thread, before everything that is queued.
    pub(crate) fn send(&self, note: Note) -> Result<Noting> {
        self.start()?;
        let mut queue = self.shared.lock();
        if queue.closing {
            return Err(closed());
        }
        let ticket = Arc::<Ticket>::default();
        let sent = Sent {
            note,
            ticket: Arc::clone(&ticket),
            number: 0,
        };
        if self.shared.is_own_thread() {
            // It may block, and whoever waits here for it to come round waits in vain.
            drop(queue);
            sent.carry_out(&*self.shared.store);
            return Ok(Noting(ticket));
        }
        let wake = queue.push_note(sent);
        drop(queue);
        if wake {
            self.shared.work.notify_one();
        }
        Ok(Noting(ticket))
    }
}
