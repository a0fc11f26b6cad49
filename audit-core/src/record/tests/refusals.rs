//! Errors that reach their caller, and what is told of where none does.

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use uuid::Uuid;

use super::picky::{Gate, Picky};
use super::*;
use crate::testing::Fault;
use crate::{Delivery, Durability, ErrorKind, IdSource, Receipt, Recording, Result, action};

fn poll(recording: Pin<&mut Recording>) -> Poll<Result<Receipt>> {
    recording.poll(&mut Context::from_waker(Waker::noop()))
}

/// A strict recording that was answered with an error since it was last polled.
fn refused(problems: &Problems) -> (Auditor, Pin<Box<Recording>>) {
    let gate = Gate::default();
    let opened = gate.clone();
    let is_first = AtomicBool::new(true);
    let store = Picky::new(move |_| {
        opened.wait();
        let is_first = is_first.swap(false, Ordering::SeqCst);
        is_first.then_some(ErrorKind::Store)
    });
    let auditor = problems.listen(Auditor::builder(store)).build().unwrap();
    let mut recording = Box::pin(auditor.log("export").context(&context()).into_future());
    assert!(poll(recording.as_mut()).is_pending());
    gate.open();
    while auditor.statistics().failed == 0 {
        std::thread::yield_now();
    }
    (auditor, recording)
}

#[test]
fn an_entry_whose_error_nobody_took_is_recorded_after_all() {
    let (auditor, recording) = refused(&Problems::default());
    drop(recording);
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["export"]);
    assert_eq!(auditor.statistics().failed, 0);
}

#[test]
fn an_error_that_somebody_took_is_the_end_of_it() {
    let (auditor, mut recording) = refused(&Problems::default());
    let Poll::Ready(answer) = poll(recording.as_mut()) else {
        panic!("it was answered");
    };
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Store);
    drop(recording);
    auditor.flush(LONG).unwrap();
    assert_eq!(entries(&auditor), []);
    assert_eq!(auditor.statistics().failed, 1);
}

#[test]
fn an_entry_whose_error_nobody_took_before_the_end_is_reported() {
    let problems = Problems::default();
    let (auditor, recording) = refused(&problems);
    auditor.close(LONG).unwrap();
    assert_eq!(problems.take(), Vec::<String>::new());
    drop(recording);
    let numbers = auditor.statistics();
    assert_eq!((numbers.failed, numbers.lost), (0, 1));
    assert!(problems.take()[0].contains("1 entry lost"));
}

#[test]
fn a_conflict_that_nobody_took_is_told_of_without_what_is_stored() {
    let problems = Problems::default();
    let (store, auditor) = faulty(|builder| problems.listen(builder));
    let first = context().scope(|| auditor.log("first").record()).unwrap();
    let drafts = context().scope(|| {
        let clash = auditor.log("other").id(first.entry_id().unwrap());
        [auditor.log("second"), clash]
    });
    store.fault(Fault::Block);
    {
        let mut recording = pin!(auditor.batch(drafts).into_future());
        let polled = recording
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        store.heal();
        while auditor.statistics().failed == 0 {
            std::thread::yield_now();
        }
    }
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["first", "second", action::GAP]);
    let numbers = auditor.statistics();
    assert_eq!((numbers.failed, numbers.lost, numbers.written), (0, 1, 2));
    assert!(problems.take()[0].contains("1 entry lost"));
    assert!(store.appends() < 10, "{} appends", store.appends());
}

#[test]
fn a_gap_that_the_store_refuses_costs_others_nothing_and_is_reported() {
    let problems = Problems::default();
    let refuses = Arc::new(AtomicBool::new(true));
    let is_on = Arc::clone(&refuses);
    let store = Picky::new(move |entries| {
        let is_bad = |entry: &AuditEntry| entry.tenant.as_str() == "bad";
        let is_refused = is_on.load(Ordering::SeqCst) && entries.iter().any(is_bad);
        is_refused.then_some(ErrorKind::Invalid)
    });
    let builder = Auditor::builder(store.clone());
    let auditor = problems.listen(builder).build().unwrap();
    let lose = || {
        let bad = auditor.log("export").tenant("bad").best_effort().record();
        assert_eq!(bad.unwrap().durability(), Durability::Lost);
    };
    lose();
    for _ in 0..5 {
        context().scope(|| auditor.log("good").record()).unwrap();
    }
    // The last of them was written after the gap was refused.
    let told = problems.take();
    let of_gap = |told: &[String]| {
        told.iter()
            .filter(|told| told.contains("audit_gap"))
            .count()
    };
    assert_eq!(of_gap(&told), 1, "{told:?}");
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["good"; 5]);
    assert!(store.appends() < 30, "{} appends", store.appends());
    // Once more, because somebody waited for it. It was reported before anything else was written.
    context().scope(|| auditor.log("good").record()).unwrap();
    let told = problems.take();
    assert_eq!(of_gap(&told), 1, "{told:?}");
    assert_eq!(auditor.statistics().lost, 1);

    // What could not be told of is told of with the next loss.
    lose();
    auditor.flush(LONG).unwrap();
    refuses.store(false, Ordering::SeqCst);
    let too_long = "x".repeat(2000);
    let draft = auditor.log("export").tenant("bad").entity("t", too_long);
    draft.best_effort().record().unwrap();
    auditor.flush(LONG).unwrap();
    let gaps = || auditor.tenant("bad").entries().page().unwrap().entries;
    assert_eq!(gaps().len(), 1);
    assert_eq!(gaps()[0].metadata["lost"], 3);

    // Or when somebody waits for everything, without another loss.
    refuses.store(true, Ordering::SeqCst);
    lose();
    context().scope(|| auditor.log("good").record()).unwrap();
    auditor.flush(LONG).unwrap();
    refuses.store(false, Ordering::SeqCst);
    assert_eq!(gaps().len(), 1);
    auditor.flush(LONG).unwrap();
    assert_eq!(gaps().len(), 2);
    assert_eq!(gaps()[0].metadata["lost"], 1);
    auditor.flush(LONG).unwrap();
    assert_eq!(auditor.statistics().gaps, 2);
}

#[test]
fn a_gap_whose_id_belongs_to_something_else_gets_another() {
    struct Stuck;
    impl IdSource for Stuck {
        fn next_id(&self) -> Uuid {
            match std::thread::current().name() {
                Some("audit-delivery") => Uuid::from_u128(1),
                _ => Uuid::now_v7(),
            }
        }
    }
    let auditor = Auditor::builder(MemoryStore::new())
        .ids(Stuck)
        .on_problem(|_| {})
        .build()
        .unwrap();
    let log = |action: &str| auditor.log(action).context(&context()).best_effort();
    let first = log("first").id(Uuid::from_u128(1));
    first.record().unwrap();
    for lost in 1..3 {
        let too_long = "x".repeat(2000);
        log("bad").entity("t", too_long).record().unwrap();
        auditor.flush(LONG).unwrap();
        assert_eq!(auditor.statistics().gaps, lost);
    }
    assert_eq!(actions(&auditor), ["first", action::GAP, action::GAP]);
    // Nor does a gap take another gap for itself.
    let other = |tenant: &str| {
        let too_long = "x".repeat(2000);
        let bad = log("bad").tenant(tenant.to_owned()).entity("t", too_long);
        bad.record().unwrap();
        auditor.flush(LONG).unwrap();
        auditor.tenant(tenant.to_owned()).entries().count().unwrap()
    };
    assert_eq!([other("globex"), other("globex")], [1, 2]);
}

#[test]
fn what_is_written_one_by_one_keeps_its_order_when_the_store_fails() {
    let (gate, is_up) = (Gate::default(), Gate::default());
    let (opened, up) = (gate.clone(), is_up.clone());
    let store = Picky::new(move |entries| {
        opened.wait();
        let is_bad = |entry: &AuditEntry| entry.action == "bad";
        match entries {
            _ if entries.iter().any(is_bad) => Some(ErrorKind::Invalid),
            [entry] if entry.action == "waits" => None,
            _ => (!up.is_open()).then_some(ErrorKind::Busy),
        }
    });
    let auditor = Auditor::builder(store.clone())
        .delivery(Delivery::Buffered)
        .on_problem(|_| {})
        .build()
        .unwrap();
    let log = |action: &str| context().scope(|| auditor.log(action).record()).unwrap();
    log("waits");
    while store.appends() == 0 {
        std::thread::yield_now();
    }
    let expected = ["one", "two", "three", "four", "five"];
    for action in expected {
        log(action);
        if action == "three" {
            log("bad");
        }
    }
    gate.open();
    // The first group, then all the others as one, then the first of them alone.
    while store.appends() < 3 {
        std::thread::yield_now();
    }
    is_up.open();
    auditor.flush(LONG).unwrap();
    let mut seen = actions(&auditor);
    seen.retain(|action| action != action::GAP);
    assert_eq!(seen[1..], expected);
}

#[test]
fn who_comes_behind_a_failure_of_the_store_is_told_of_it() {
    let gate = Gate::default();
    let opened = gate.clone();
    let store = Picky::new(move |entries| {
        opened.wait();
        let is_bad = |entry: &AuditEntry| entry.action == "bad";
        match entries {
            _ if entries.iter().any(is_bad) => Some(ErrorKind::Invalid),
            [entry] if entry.action == "waits" => None,
            _ => Some(ErrorKind::Busy),
        }
    });
    let auditor = Auditor::new(store.clone());
    let mut recordings = ["waits", "bad", "two", "three"].map(|action| {
        let mut recording = Box::pin(auditor.log(action).context(&context()).into_future());
        assert!(poll(recording.as_mut()).is_pending());
        while store.appends() == 0 {
            std::thread::yield_now();
        }
        recording
    });
    gate.open();
    let kinds = recordings.each_mut().map(|recording| {
        loop {
            if let Poll::Ready(answer) = poll(recording.as_mut()) {
                return answer.err().map(|error| error.kind());
            }
            std::thread::yield_now();
        }
    });
    let busy = Some(ErrorKind::Busy);
    assert_eq!(kinds, [None, Some(ErrorKind::Invalid), busy, busy]);
    assert_eq!((store.appends(), auditor.statistics().failed), (4, 3));
}
