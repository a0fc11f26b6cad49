//! Code of the user that panics on the thread that writes.

use std::future::{Future, IntoFuture};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::picky::{Gate, Picky};
use super::*;
use crate::{Clock, Delivery, ErrorKind, IdSource, action};

fn is_delivery() -> bool {
    std::thread::current().name() == Some("audit-delivery")
}

/// Panics when it is asked for the nth time by the thread that writes.
struct PanicsOnce(AtomicU64);

impl PanicsOnce {
    fn at(nth: u64) -> Self {
        Self(AtomicU64::new(nth))
    }
}

impl Clock for PanicsOnce {
    fn now(&self) -> DateTime<Utc> {
        assert!(!is_delivery() || self.0.fetch_sub(1, Ordering::SeqCst) != 1);
        Utc::now()
    }
}

fn lose_one(auditor: &Auditor) {
    let too_long = auditor.log("bad").entity("t", "x".repeat(2000));
    let too_long = too_long.context(&context()).best_effort();
    assert!(!too_long.record().unwrap().is_recorded());
}

#[test]
fn a_clock_that_panics_costs_nothing() {
    for nth in 1..6 {
        let auditor = Auditor::builder(MemoryStore::new())
            .clock(PanicsOnce::at(nth))
            .on_problem(|_| {})
            .build()
            .unwrap();
        context().scope(|| auditor.log("export").record()).unwrap();
        lose_one(&auditor);
        auditor.flush(LONG).unwrap();
        assert_eq!(actions(&auditor), ["export", action::GAP], "{nth}");
        assert_eq!(auditor.statistics().gaps, 1);
    }
}

#[test]
fn a_clock_that_panics_when_the_store_fails_costs_nothing() {
    let (store, auditor) = faulty(|builder| {
        builder
            .delivery(Delivery::Buffered)
            .clock(PanicsOnce::at(1))
    });
    store.fault_times(crate::testing::Fault::Fail(ErrorKind::Store), 1);
    for _ in 0..10 {
        context().scope(|| auditor.log("kept").record()).unwrap();
    }
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["kept"; 10]);
}

#[test]
fn a_source_of_ids_that_panics_costs_nothing() {
    struct Panics;
    impl IdSource for Panics {
        fn next_id(&self) -> Uuid {
            assert!(!is_delivery());
            Uuid::now_v7()
        }
    }
    let auditor = Auditor::builder(MemoryStore::new())
        .delivery(Delivery::Buffered)
        .ids(Panics)
        .on_problem(|_| {})
        .build()
        .unwrap();
    for _ in 0..10 {
        context().scope(|| auditor.log("kept").record()).unwrap();
    }
    lose_one(&auditor);
    auditor.flush(LONG).unwrap();
    let mut seen = actions(&auditor);
    seen.sort();
    assert_eq!(seen[0], action::GAP);
    assert_eq!(seen[1..], ["kept"; 10]);
    assert_eq!(auditor.statistics().lost, 1);
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("a waker");
    }
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_else_waiting() {
    let gate = Gate::default();
    let opened = gate.clone();
    let store = Picky::new(move |_| {
        opened.wait();
        Some(ErrorKind::Full)
    });
    let auditor = Auditor::builder(store.clone()).queue(1, 1 << 20);
    let auditor = auditor.build().unwrap();
    let log = |action: &str| Box::pin(auditor.log(action).context(&context()).into_future());
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    let waker: Waker = Arc::clone(&flag).into();
    let mut written = log("written");
    let polled = written.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(polled.is_pending());
    while store.appends() == 0 {
        std::thread::yield_now();
    }
    // This one waits for room.
    let mut waiting = log("waiting");
    let panics: Waker = Arc::new(Panics).into();
    let polled = waiting.as_mut().poll(&mut Context::from_waker(&panics));
    assert!(polled.is_pending());
    // And so does this one, behind it.
    let behind = Arc::new(Flag(AtomicBool::new(false)));
    let last_waker: Waker = Arc::clone(&behind).into();
    let mut last = log("last");
    let polled = last.as_mut().poll(&mut Context::from_waker(&last_waker));
    assert!(polled.is_pending());
    gate.open();
    let give_up = Instant::now() + LONG;
    while ![&flag, &behind]
        .iter()
        .all(|flag| flag.0.load(Ordering::SeqCst))
    {
        assert!(Instant::now() < give_up, "somebody sleeps on");
        std::thread::yield_now();
    }
    let polled = written.as_mut().poll(&mut Context::from_waker(&waker));
    let Poll::Ready(Err(error)) = polled else {
        panic!("{polled:?}");
    };
    assert_eq!(error.kind(), ErrorKind::Full);
}
