//! What a caller holds while its entries are on their way.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Instant;

use crate::entry::AuditEntry;
use crate::error::{Error, Result};
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
    /// The entries, once they are written or refused. Memory goes back fastest on the thread that
    /// asked for it: the caller drops them.
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

    /// The caller is gone: the entry is to be written all the same, whatever its policy was. Gives
    /// back entries that were refused to a caller that never heard of it.
    #[must_use]
    pub(crate) fn abandon(&self) -> Vec<AuditEntry> {
        let mut state = self.lock();
        state.abandoned = true;
        match state.phase {
            Phase::Answered(Some(Err(_))) => std::mem::take(&mut state.spent),
            _ => Vec::new(),
        }
    }

    pub(crate) fn is_abandoned(&self) -> bool {
        self.lock().abandoned
    }

    /// Answers; the waker is for a moment without locks.
    #[must_use]
    pub(crate) fn answer(&self, answer: Answer) -> Option<Waker> {
        self.answer_with(answer, Vec::new())
    }

    /// Answers, and gives the entries back to whoever made them.
    #[must_use]
    pub(crate) fn answer_with(&self, answer: Answer, entries: Vec<AuditEntry>) -> Option<Waker> {
        self.settle(self.lock(), answer, entries)
    }

    /// Answers with an error, unless the caller is gone, who cannot be told: then the entries come
    /// back.
    pub(crate) fn refuse(
        &self,
        error: Error,
        entries: Vec<AuditEntry>,
    ) -> std::result::Result<Option<Waker>, Vec<AuditEntry>> {
        let state = self.lock();
        if state.abandoned {
            return Err(entries);
        }
        Ok(self.settle(state, Err(error), entries))
    }

    fn settle(
        &self,
        mut state: MutexGuard<'_, State>,
        answer: Answer,
        entries: Vec<AuditEntry>,
    ) -> Option<Waker> {
        if matches!(state.phase, Phase::Answered(_) | Phase::Withdrawn) {
            return None;
        }
        state.phase = Phase::Answered(Some(answer));
        state.spent = entries;
        let waker = state.waker.take();
        drop(state);
        self.answered.notify_one();
        waker
    }

    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Answer> {
        if let Some(answer) = self.take_answer(|state| match &state.waker {
            Some(present) => present.will_wake(waker),
            None => false,
        }) {
            return answer;
        }
        // A waker is code of the user: it is cloned and dropped without the lock.
        let mut own = Some(waker.clone());
        let answer = self.take_answer(|state| {
            std::mem::swap(&mut state.waker, &mut own);
            true
        });
        answer.unwrap_or(Poll::Pending)
    }

    /// Takes the answer if it is there, and with it the entries; otherwise says whether it `is_set`
    /// that the caller is woken.
    fn take_answer(&self, is_set: impl FnOnce(&mut State) -> bool) -> Option<Poll<Answer>> {
        let mut state = self.lock();
        if let Phase::Answered(answer) = &mut state.phase
            && let Some(answer) = answer.take()
        {
            let spent = std::mem::take(&mut state.spent);
            drop(state);
            drop(spent);
            return Some(Poll::Ready(answer));
        }
        is_set(&mut state).then_some(Poll::Pending)
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
        drop(ticket.answer(Ok(vec![Receipt::unchanged()])));
        assert!(
            matches!(caller.join().unwrap(), Waited::Answered(Ok(receipts)) if receipts.len() == 1)
        );
    }

    fn entry() -> AuditEntry {
        let (id, now) = (uuid::Uuid::now_v7(), chrono::Utc::now());
        let actor = crate::entry::Actor::system();
        AuditEntry::new(id, now, "acme".into(), actor, "export")
    }

    fn full() -> Error {
        Error::new(crate::error::ErrorKind::Full, "full")
    }

    #[test]
    fn who_goes_before_the_error_comes_is_not_told_and_who_goes_after_leaves_the_entries() {
        let ticket = Ticket::default();
        assert!(ticket.abandon().is_empty());
        assert_eq!(ticket.refuse(full(), vec![entry()]).unwrap_err().len(), 1);

        let ticket = Ticket::default();
        assert!(ticket.refuse(full(), vec![entry()]).is_ok());
        assert_eq!(ticket.abandon().len(), 1);
        assert!(ticket.abandon().is_empty());

        let ticket = Ticket::default();
        assert!(ticket.refuse(full(), vec![entry()]).is_ok());
        assert!(ticket.poll(Waker::noop()).is_ready());
        assert!(ticket.abandon().is_empty());
    }
}
