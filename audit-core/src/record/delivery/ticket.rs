//! What a caller holds while its entries are on their way.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::entry::AuditEntry;
use crate::error::Result;
use crate::record::Receipt;

/// The answer to a batch of entries: one receipt each.
pub(crate) type Answer = Result<Vec<Receipt>>;

/// One batch on its way. The delivery thread and one caller share it.
#[derive(Debug, Default)]
pub(crate) struct Ticket {
    state: Mutex<State>,
    answered: Condvar,
}

#[derive(Debug, Default)]
struct State {
    phase: Phase,
    waker: Option<Waker>,
    /// Nobody waits any more, and nobody can be told of a failure.
    abandoned: bool,
    /// The entries, once they are written. Memory goes back fastest on the thread that asked for
    /// it: the caller drops them.
    spent: Vec<AuditEntry>,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Queued,
    /// Being written: it can no longer be withdrawn.
    Taken,
    Answered(Option<Answer>),
    /// The caller gave up before its turn came.
    Withdrawn,
}

/// How waiting ended.
#[derive(Debug)]
pub(crate) enum Waited {
    Answered(Answer),
    /// Its turn did not come; it will not be written.
    Withdrawn,
    /// It is queued or being written, and nobody knows how that ends.
    Underway,
}

impl Ticket {
    /// The delivery thread's turn: false if the caller has given up.
    pub(crate) fn take(&self) -> bool {
        let mut state = self.lock();
        match state.phase {
            Phase::Queued => {
                state.phase = Phase::Taken;
                true
            }
            _ => false,
        }
    }

    /// The caller is gone: the entry is to be written all the same, whatever its policy was.
    pub(crate) fn abandon(&self) {
        self.lock().abandoned = true;
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    pub(crate) fn answer(&self, answer: Answer) {
        self.answer_with(answer, Vec::new());
    }

    /// Answers, and gives the entries back to whoever made them.
    pub(crate) fn answer_with(&self, answer: Answer, entries: Vec<AuditEntry>) {
        let waker = {
            let mut state = self.lock();
            if matches!(state.phase, Phase::Answered(_) | Phase::Withdrawn) {
                return;
            }
            state.phase = Phase::Answered(Some(answer));
            state.spent = entries;
            state.waker.take()
        };
        self.answered.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Answer> {
        let mut state = self.lock();
        if let Phase::Answered(answer) = &mut state.phase
            && let Some(answer) = answer.take()
        {
            return Poll::Ready(answer);
        }
        match &mut state.waker {
            Some(present) => present.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// Waits for the answer. At the deadline a caller that `gives_up` is not written any more;
    /// one that does not leaves its batch in the queue.
    pub(crate) fn wait(&self, deadline: Instant, gives_up: bool) -> Waited {
        let mut state = self.lock();
        loop {
            if let Phase::Answered(answer) = &mut state.phase
                && let Some(answer) = answer.take()
            {
                let spent = std::mem::take(&mut state.spent);
                drop(state);
                drop(spent);
                return Waited::Answered(answer);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return match state.phase {
                    Phase::Queued if gives_up => {
                        state.phase = Phase::Withdrawn;
                        Waited::Withdrawn
                    }
                    _ => Waited::Underway,
                };
            }
            state = self
                .answered
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_caller_that_gives_up_in_time_is_not_written() {
        let ticket = Ticket::default();
        assert!(matches!(
            ticket.wait(Instant::now(), true),
            Waited::Withdrawn
        ));
        assert!(!ticket.take());
    }

    #[test]
    fn a_caller_that_does_not_give_up_is_written_later() {
        let ticket = Ticket::default();
        assert!(matches!(
            ticket.wait(Instant::now(), false),
            Waited::Underway
        ));
        assert!(ticket.take());
    }

    #[test]
    fn a_caller_that_gives_up_too_late_does_not_know() {
        let ticket = Ticket::default();
        assert!(ticket.take());
        assert!(matches!(
            ticket.wait(Instant::now(), true),
            Waited::Underway
        ));
    }

    #[test]
    fn an_answer_wakes_the_caller() {
        let ticket = Arc::new(Ticket::default());
        let other = Arc::clone(&ticket);
        let caller =
            std::thread::spawn(move || other.wait(Instant::now() + Duration::from_mins(1), true));
        assert!(ticket.take());
        ticket.answer(Ok(vec![Receipt::unchanged()]));
        assert!(
            matches!(caller.join().unwrap(), Waited::Answered(Ok(receipts)) if receipts.len() == 1)
        );
    }
}
