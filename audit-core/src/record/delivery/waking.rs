//! Waking of async callers, which is code of the user.

use std::collections::BTreeMap;
use std::task::Waker;

use crate::record::guarded::guarded;

/// Whom to wake, once no lock is held and everybody has an answer.
#[derive(Debug, Default)]
#[must_use = "whoever waits sleeps on until `.wake()` is called"]
pub(super) struct Wakers(Vec<Waker>);

impl Wakers {
    pub(super) fn add(&mut self, waker: Option<Waker>) {
        self.0.extend(waker);
    }

    pub(super) fn append(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// Wakes everybody. A waker that panics keeps nobody else asleep.
    pub(super) fn wake(self) {
        for waker in self.0 {
            guarded(|| waker.wake());
        }
    }
}

impl From<Option<Waker>> for Wakers {
    fn from(waker: Option<Waker>) -> Self {
        Self(waker.into_iter().collect())
    }
}

/// Those who wait for room. Async callers have a place each: whoever goes takes the waker along.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    /// Somebody found no room since the last group was taken: what is queued is not put off.
    pub(super) wants_room: bool,
    last: u64,
    waiting: BTreeMap<u64, Waker>,
}

impl Lobby {
    /// Whether somebody waits at this place with a waker that does as this one.
    pub(super) fn has(&self, place: Option<u64>, waker: &Waker) -> bool {
        let known = place.and_then(|place| self.waiting.get(&place));
        known.is_some_and(|known| known.will_wake(waker))
    }

    /// Waits at this place or a new one. Gives the place, and the waker that was there.
    pub(super) fn wait(&mut self, place: Option<u64>, waker: Waker) -> (u64, Option<Waker>) {
        let place = place.unwrap_or_else(|| {
            self.last += 1;
            self.last
        });
        (place, self.waiting.insert(place, waker))
    }

    /// Whoever waited at this place is gone.
    pub(super) fn leave(&mut self, place: u64) -> Option<Waker> {
        self.waiting.remove(&place)
    }

    /// Takes all wakers, in the order of arrival. The places stay those of whoever has one.
    pub(super) fn call(&mut self) -> Wakers {
        Wakers(std::mem::take(&mut self.waiting).into_values().collect())
    }
}
