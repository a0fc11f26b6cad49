//! Waiting for room.

use std::future::{Future, IntoFuture};
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use crate::testing::Fault;

struct Sleeps;

impl Wake for Sleeps {
    fn wake(self: Arc<Self>) {}
}

struct Sends(std::sync::mpsc::Sender<()>);

impl Wake for Sends {
    fn wake(self: Arc<Self>) {
        self.0.send(()).unwrap();
    }
}

#[test]
fn whoever_stops_waiting_for_room_leaves_no_waker_behind() {
    let problems = Problems::default();
    let (store, auditor) = faulty(|builder| problems.listen(builder).queue(1, 1 << 20));
    store.fault(Fault::Block);
    let known: Vec<_> = (0..100)
        .map(|_| {
            let sleeps = Arc::new(Sleeps);
            let known = Arc::downgrade(&sleeps);
            let waker: Waker = sleeps.into();
            let mut recording = Box::pin(auditor.log("export").context(&context()).into_future());
            for _ in 0..2 {
                let polled = recording.as_mut().poll(&mut Context::from_waker(&waker));
                assert!(polled.is_pending());
            }
            known
        })
        .collect();
    // One is being written, and a few more found room beyond the bounds when they were dropped.
    let held = known.iter().filter(|known| known.strong_count() > 0);
    assert!(held.count() <= 1);
    store.heal();
    auditor.flush(LONG).unwrap();
}

#[test]
fn whoever_changes_wakers_while_waiting_for_room_is_woken_by_the_last() {
    let (store, auditor) = faulty(|builder| builder.queue(1, 1 << 20));
    store.fault(Fault::Block);
    let mut first = Box::pin(auditor.log("first").context(&context()).into_future());
    let mut second = Box::pin(auditor.log("second").context(&context()).into_future());
    let noop = &mut Context::from_waker(Waker::noop());
    assert!(first.as_mut().poll(noop).is_pending());
    let earlier: Waker = Arc::new(Sleeps).into();
    let mut earlier = Context::from_waker(&earlier);
    assert!(second.as_mut().poll(&mut earlier).is_pending());
    let (sender, woken) = std::sync::mpsc::channel();
    let later: Waker = Arc::new(Sends(sender)).into();
    let mut later = Context::from_waker(&later);
    assert!(second.as_mut().poll(&mut later).is_pending());
    store.heal();
    loop {
        woken.recv_timeout(LONG).unwrap();
        if let Poll::Ready(answer) = second.as_mut().poll(&mut later) {
            assert_eq!(answer.unwrap().index(), Some(1));
            break;
        }
    }
}
