//! Waiting for a batch without blocking a thread.

use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::ticket::Ticket;
use super::{BEYOND, Batch, Delivery, Refused, closed, give_ticket, no_room, queued_receipts};
use crate::record::policy::{Delivery as Mode, FailurePolicy};
use crate::record::receipt::Receipt;

/// A batch on its way in: waits for room, then for the answer.
pub(crate) enum Submission {
    /// Handed to a transaction that is open, which answers at once.
    Joined(Vec<Receipt>),
    /// Not accepted yet.
    Entering(Batch, Mode),
    /// Accepted; the answer will come.
    Written(Arc<Ticket>),
    /// Over.
    Over,
}

impl Submission {
    pub(crate) fn new(batch: Batch, mode: Mode) -> Self {
        Self::Entering(batch, mode)
    }

    pub(crate) fn poll(
        &mut self,
        delivery: &Delivery,
        waker: &Waker,
    ) -> Poll<Result<Vec<Receipt>, Refused>> {
        if let Self::Joined(receipts) = self {
            let receipts = std::mem::take(receipts);
            *self = Self::Over;
            return Poll::Ready(Ok(receipts));
        }
        if let Self::Entering(batch, mode) = self {
            // The ticket is made once, however often the batch knocks.
            if batch.ticket.is_none() {
                give_ticket(batch, *mode);
            }
            if let Err(error) = delivery.start() {
                return Poll::Ready(Err(self.give_back(error)));
            }
            let shared = &delivery.shared;
            let mut queue = shared.lock();
            if queue.closing {
                drop(queue);
                return Poll::Ready(Err(self.give_back(closed())));
            }
            let is_strict = batch.policy == FailurePolicy::Strict;
            // Best effort does not make the work wait: it takes what room there is beyond the
            // limits, and is let go where there is none.
            let times = if is_strict { 1 } else { BEYOND };
            if !queue.has_room(batch, &shared.limits, times) {
                if is_strict {
                    if !queue
                        .space_wakers
                        .iter()
                        .any(|known| known.will_wake(waker))
                    {
                        queue.space_wakers.push(waker.clone());
                    }
                    // What is queued may have been put off for more to come.
                    shared.work.notify_one();
                    return Poll::Pending;
                }
                drop(queue);
                return Poll::Ready(Err(self.give_back(no_room())));
            }
            let waits = batch.ticket.is_some();
            let receipts = if waits {
                Vec::new()
            } else {
                queued_receipts(batch)
            };
            let next = match &batch.ticket {
                Some(ticket) => Self::Written(Arc::clone(ticket)),
                None => Self::Over,
            };
            if let Self::Entering(batch, _) = std::mem::replace(self, next) {
                shared.accept(queue, batch);
            }
            if !waits {
                return Poll::Ready(Ok(receipts));
            }
        }
        let Self::Written(ticket) = self else {
            return Poll::Pending;
        };
        match ticket.poll(waker) {
            Poll::Ready(answer) => {
                *self = Self::Over;
                Poll::Ready(answer.map_err(Refused::kept))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    /// Nobody waits any more. Gives the batch back if it was not accepted yet: whoever drops this
    /// must see to it.
    pub(crate) fn abandon(&mut self) -> Option<Batch> {
        match std::mem::replace(self, Self::Over) {
            Self::Entering(mut batch, _) => {
                batch.ticket = None;
                Some(batch)
            }
            Self::Written(ticket) => {
                ticket.abandon();
                None
            }
            Self::Joined(_) | Self::Over => None,
        }
    }

    fn give_back(&mut self, error: crate::Error) -> Refused {
        match self.abandon() {
            Some(batch) => Refused::returned(error, batch),
            None => Refused::kept(error),
        }
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Joined(_) => "Joined",
            Self::Entering(..) => "Entering",
            Self::Written(_) => "Written",
            Self::Over => "Over",
        })
    }
}
