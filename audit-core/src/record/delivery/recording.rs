//! Waiting for a batch without blocking a thread.

use std::fmt;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::ticket::Ticket;
use super::{BEYOND, Batch, Delivery, Refused, closed, give_ticket, no_room, queued_receipts};
use crate::error::Error;
use crate::record::policy::{Delivery as Mode, FailurePolicy};
use crate::record::receipt::Receipt;

/// A batch on its way in: waits for room, then for the answer.
pub(crate) enum Submission {
    /// Handed to a transaction that is open, which answers at once.
    Joined(Vec<Receipt>),
    /// Not accepted yet.
    Entering(Entering),
    /// Accepted; the answer will come.
    Written(Arc<Ticket>, FailurePolicy),
    /// Over.
    Over,
}

/// What somebody who went away leaves behind.
pub(crate) enum Abandoned {
    /// It was not accepted yet.
    Entering(Batch),
    /// It was refused, and nobody took the error.
    Refused(Batch),
}

impl Submission {
    pub(crate) fn new(batch: Batch, mode: Mode) -> Self {
        Self::Entering(Entering {
            batch,
            mode,
            place: None,
        })
    }

    pub(crate) fn poll(
        &mut self,
        delivery: &Delivery,
        waker: &Waker,
    ) -> Poll<Result<Vec<Receipt>, Refused>> {
        loop {
            match std::mem::replace(self, Self::Over) {
                Self::Joined(receipts) => return Poll::Ready(Ok(receipts)),
                Self::Entering(entering) => match entering.knock(delivery, waker) {
                    Knock::Waits(entering) => {
                        *self = Self::Entering(entering);
                        return Poll::Pending;
                    }
                    Knock::Refused(refused) => return Poll::Ready(Err(refused)),
                    Knock::Accepted(receipts) => return Poll::Ready(Ok(receipts)),
                    Knock::Underway(ticket, policy) => *self = Self::Written(ticket, policy),
                },
                Self::Written(ticket, policy) => match ticket.poll(waker) {
                    Poll::Ready(answer) => return Poll::Ready(answer.map_err(Refused::kept)),
                    Poll::Pending => {
                        *self = Self::Written(ticket, policy);
                        return Poll::Pending;
                    }
                },
                Self::Over => return Poll::Pending,
            }
        }
    }

    /// Nobody waits any more. Whoever drops this must see to what is left.
    pub(crate) fn abandon(&mut self, delivery: &Delivery) -> Option<Abandoned> {
        match std::mem::replace(self, Self::Over) {
            Self::Entering(entering) => Some(Abandoned::Entering(entering.leave(delivery))),
            Self::Written(ticket, policy) => {
                let entries = ticket.abandon();
                let is_left = !entries.is_empty();
                is_left.then(|| Abandoned::Refused(Batch::new(entries, policy)))
            }
            Self::Joined(_) | Self::Over => None,
        }
    }
}

/// A batch that knocks until there is room.
pub(crate) struct Entering {
    batch: Batch,
    mode: Mode,
    /// Where it waits for room.
    place: Option<u64>,
}

/// What comes of knocking.
enum Knock {
    Waits(Entering),
    Refused(Refused),
    /// Nobody waits for more.
    Accepted(Vec<Receipt>),
    Underway(Arc<Ticket>, FailurePolicy),
}

impl Entering {
    fn knock(mut self, delivery: &Delivery, waker: &Waker) -> Knock {
        let is_own_thread = delivery.is_own_thread();
        if is_own_thread {
            // A callback records: waiting for this very thread would be in vain.
            self.batch.ticket = None;
        } else if self.batch.ticket.is_none() {
            // The ticket is made once, however often the batch knocks.
            give_ticket(&mut self.batch, self.mode);
        }
        if let Err(error) = delivery.start() {
            return self.give_back(delivery, error);
        }
        let policy = self.batch.policy;
        // Best effort does not make the work wait: it takes what room there is beyond the limits,
        // and is let go where there is none.
        let may_wait = policy == FailurePolicy::Strict && !is_own_thread;
        let times = if may_wait { 1 } else { BEYOND };
        let shared = &delivery.shared;
        let mut own_waker = None;
        let queue = loop {
            let mut queue = shared.lock();
            if queue.closing {
                drop(queue);
                return self.give_back(delivery, closed());
            }
            if queue.has_room(&self.batch, &shared.limits, times) {
                break queue;
            }
            if !may_wait {
                drop(queue);
                return self.give_back(delivery, no_room());
            }
            let mut before = None;
            if let Some(own_waker) = own_waker.take() {
                let (place, waker) = queue.lobby.wait(self.place, own_waker);
                (self.place, before) = (Some(place), waker);
            } else if !queue.lobby.has(self.place, waker) {
                // A waker is code of the user: it is cloned and dropped without the lock.
                drop(queue);
                own_waker = Some(waker.clone());
                continue;
            }
            // What is queued may have been put off for more to come.
            queue.lobby.wants_room = true;
            drop(queue);
            shared.work.notify_one();
            drop(before);
            return Knock::Waits(self);
        };
        let next = match &self.batch.ticket {
            Some(ticket) => Knock::Underway(Arc::clone(ticket), policy),
            None => Knock::Accepted(queued_receipts(&self.batch)),
        };
        let place = self.place;
        shared.accept(queue, self.batch);
        leave(delivery, place);
        next
    }

    fn give_back(self, delivery: &Delivery, error: Error) -> Knock {
        Knock::Refused(Refused::returned(error, self.leave(delivery)))
    }

    /// Goes away, with the batch for nobody in particular.
    fn leave(self, delivery: &Delivery) -> Batch {
        leave(delivery, self.place);
        let mut batch = self.batch;
        batch.ticket = None;
        batch
    }
}

/// Nobody waits at this place any more: its waker would hold the memory of a task that is gone.
fn leave(delivery: &Delivery, place: Option<u64>) {
    if let Some(place) = place {
        let waker = delivery.shared.lock().lobby.leave(place);
        drop(waker);
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Joined(_) => "Joined",
            Self::Entering(_) => "Entering",
            Self::Written(..) => "Written",
            Self::Over => "Over",
        })
    }
}
