use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::testing::Fault;
use crate::{Delivery, Durability, ErrorKind, Health};

#[test]
fn a_durable_receipt_is_readable_at_once() {
    let auditor = Auditor::new(MemoryStore::new());
    let receipt = context().scope(|| auditor.log("export").record()).unwrap();
    assert_eq!(receipt.durability(), Durability::Volatile);
    let log = auditor.tenant("acme");
    let entry = log.entry(receipt.entry_id().unwrap()).unwrap().unwrap();
    assert_eq!((entry.index, receipt.index()), (0, Some(0)));
}

#[test]
fn callers_that_wait_together_share_a_commit() {
    let (store, auditor) = faulty(|builder| builder);
    store.fault(Fault::Slow(Duration::from_millis(20)));
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| context().scope(|| auditor.log("export").record()).unwrap());
        }
    });
    assert_eq!(entries(&auditor).len(), 16);
    assert!(store.appends() < 16, "{} appends", store.appends());
    assert!(store.largest_append() > 1);
}

#[test]
fn a_buffered_receipt_comes_before_the_commit_and_flush_waits_for_it() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    store.fault(Fault::Block);
    let receipt = context().scope(|| auditor.log("export").record()).unwrap();
    assert_eq!(
        (receipt.durability(), receipt.index()),
        (Durability::Queued, None)
    );
    let error = auditor.flush(SOON).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(auditor.statistics().queued, 1);
    store.heal();
    auditor.flush(LONG).unwrap();
    assert_eq!(entries(&auditor).len(), 1);
}

#[test]
fn what_nobody_waits_for_is_written_together() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    context().scope(|| {
        for _ in 0..20 {
            auditor.log("export").record().unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    auditor.flush(LONG).unwrap();
    assert_eq!(entries(&auditor).len(), 20);
    assert!(store.appends() < 10, "{} appends", store.appends());
}

#[test]
fn what_nobody_waits_for_is_written_all_the_same() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    context().scope(|| auditor.log("export").record()).unwrap();
    while auditor.statistics().written == 0 {
        std::thread::yield_now();
    }
    assert_eq!((store.appends(), entries(&auditor).len()), (1, 1));
}

#[test]
fn somebody_who_waits_takes_along_what_nobody_waits_for() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    context().scope(|| {
        auditor.log("first").record().unwrap();
        // What reads across tenants is stored before anybody reads.
        auditor.all_tenants("quarterly review").unwrap();
        assert_eq!(auditor.statistics().written, 2);
    });
    assert!(store.appends() <= 2, "{} appends", store.appends());
}

#[test]
fn a_full_queue_makes_callers_wait_and_drops_nothing() {
    let (store, auditor) = faulty(|builder| {
        builder
            .delivery(Delivery::Buffered)
            .queue(4, 1 << 20)
            .deadline(SOON)
    });
    store.fault(Fault::Block);
    let log = |action: &str| context().scope(|| auditor.log(action).record());
    for number in 0..4 {
        log(&format!("accepted{number}")).unwrap();
    }
    let refused = log("refused").unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Timeout);
    assert!(refused.entry_id().is_some());
    let waiting = std::thread::scope(|scope| {
        let patient = scope.spawn(|| std::iter::repeat_with(|| log("patient")).find(Result::is_ok));
        std::thread::sleep(SOON);
        store.heal();
        patient.join().unwrap()
    });
    assert!(waiting.is_some());
    auditor.flush(LONG).unwrap();
    let expected = [
        "accepted0",
        "accepted1",
        "accepted2",
        "accepted3",
        "patient",
    ];
    assert_eq!(actions(&auditor), expected);
}

#[test]
fn the_queue_is_bounded_by_bytes_too_but_takes_one_batch_of_any_size() {
    let (store, auditor) = faulty(|builder| {
        builder
            .delivery(Delivery::Buffered)
            .queue(100, 1)
            .deadline(SOON)
    });
    store.fault(Fault::Block);
    let log = || context().scope(|| auditor.log("export").record());
    log().unwrap();
    assert_eq!(log().unwrap_err().kind(), ErrorKind::Timeout);
    store.heal();
    auditor.flush(LONG).unwrap();
    log().unwrap();
}

#[tokio::test]
async fn an_awaited_draft_waits_without_blocking_the_thread() {
    let (store, auditor) = faulty(|builder| builder.queue(1, 1 << 20));
    store.fault(Fault::Block);
    let first = tokio::spawn(auditor.log("first").context(&context()).into_future());
    while auditor.statistics().queued == 0 {
        tokio::task::yield_now().await;
    }
    let second = tokio::spawn(auditor.log("second").context(&context()).into_future());
    tokio::time::sleep(SOON).await;
    assert!(!first.is_finished() && !second.is_finished());
    store.heal();
    assert_eq!(first.await.unwrap().unwrap().index(), Some(0));
    assert_eq!(second.await.unwrap().unwrap().index(), Some(1));
}

#[test]
fn a_recording_that_is_dropped_after_its_first_poll_is_still_recorded() {
    let (store, auditor) = faulty(|builder| builder.queue(1, 1 << 20));
    store.fault(Fault::Block);
    let mut waker = Context::from_waker(Waker::noop());
    for action in ["accepted", "still waiting for room"] {
        let mut recording = pin!(auditor.log(action).context(&context()).into_future());
        assert!(matches!(recording.as_mut().poll(&mut waker), Poll::Pending));
    }
    drop(
        auditor
            .log("never polled")
            .context(&context())
            .into_future(),
    );
    store.heal();
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["accepted", "still waiting for room"]);
}

#[test]
fn a_strict_recording_that_is_dropped_while_it_waits_is_tried_again() {
    let (store, auditor) = faulty(|builder| builder);
    store.fault(Fault::Block);
    let mut waker = Context::from_waker(Waker::noop());
    for action in ["first", "second"] {
        let mut recording = pin!(auditor.log(action).context(&context()).into_future());
        assert!(recording.as_mut().poll(&mut waker).is_pending());
        // The first one is being written when the second one comes.
        while store.appends() == 0 {
            std::thread::yield_now();
        }
    }
    // Its caller is gone and cannot be told of the failure, so the second is not given up.
    store.fault_times(Fault::Fail(ErrorKind::Busy), 2);
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["first", "second"]);
    assert_eq!(store.appends(), 4);
}

#[test]
fn dropping_the_last_handle_writes_what_is_queued() {
    let store = MemoryStore::new();
    let auditor = Auditor::builder(store.clone())
        .delivery(Delivery::Buffered)
        .build()
        .unwrap();
    for _ in 0..100 {
        context().scope(|| auditor.log("export").record()).unwrap();
    }
    drop(auditor);
    assert_eq!(entries(&Auditor::new(store)).len(), 100);
}

#[test]
fn a_closed_auditor_refuses_and_says_so() {
    let auditor = Auditor::new(MemoryStore::new());
    auditor.close(LONG).unwrap();
    auditor.clone().close(LONG).unwrap();
    let error = context()
        .scope(|| auditor.log("late").record())
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(auditor.health(), Health::Closed);
}

#[test]
fn whoever_has_something_left_to_record_is_asked_before_the_end() {
    let auditor = Auditor::new(MemoryStore::new());
    for name in ["first", "second", "third"] {
        let recording = auditor.clone();
        auditor.on_close(move || {
            context().scope(|| recording.log(name).record()).unwrap();
            assert_ne!(name, "second", "a bug");
        });
    }
    for _ in 0..2 {
        auditor.close(LONG).unwrap();
    }
    let actions: Vec<_> = entries(&auditor)
        .iter()
        .map(|entry| entry.action.clone())
        .collect();
    assert_eq!(actions, ["first", "second", "third"]);
}

#[test]
fn closing_over_a_store_that_fails_counts_what_is_lost() {
    let problems = Problems::default();
    let (store, auditor) = faulty(|builder| problems.listen(builder).delivery(Delivery::Buffered));
    store.fault(Fault::Fail(ErrorKind::Full));
    for _ in 0..3 {
        context().scope(|| auditor.log("export").record()).unwrap();
    }
    assert_eq!(auditor.close(SOON).unwrap_err().kind(), ErrorKind::Timeout);
    let give_up = std::time::Instant::now() + LONG;
    while auditor.statistics().lost < 3 && std::time::Instant::now() < give_up {
        std::thread::yield_now();
    }
    assert_eq!(auditor.statistics().lost, 3);
    assert!(
        problems
            .take()
            .iter()
            .any(|problem| problem.contains("lost"))
    );
}

#[test]
fn a_callback_may_drop_the_last_handle() {
    let inner = MemoryStore::new();
    let store = FaultyStore::new(inner.clone());
    let last: Arc<Mutex<Option<Auditor>>> = Arc::default();
    let (in_callback, healing) = (Arc::clone(&last), store.clone());
    let (sender, dropped) = std::sync::mpsc::channel();
    let auditor = Auditor::builder(store.clone())
        .delivery(Delivery::Buffered)
        .on_problem(move |_| {
            // Waits for the test to hand the last handle over, then drops it right here, on the
            // delivery thread.
            let auditor = in_callback.lock().unwrap().take();
            healing.heal();
            drop(auditor);
            sender.send(()).unwrap();
        })
        .build()
        .unwrap();
    store.fault(Fault::Fail(ErrorKind::Busy));
    let mut handed_over = last.lock().unwrap();
    context().scope(|| auditor.log("export").record()).unwrap();
    *handed_over = Some(auditor);
    drop(handed_over);
    dropped.recv_timeout(Duration::from_secs(4)).unwrap();
    let written = || entries(&Auditor::new(inner.clone())).len() == 1;
    let give_up = std::time::Instant::now() + LONG;
    while !written() && std::time::Instant::now() < give_up {
        std::thread::yield_now();
    }
    assert!(written(), "what was queued is written all the same");
}

#[test]
fn entries_are_ordered_by_arrival_when_the_clock_steps_back() {
    let clock = crate::testing::FixedClock::at("2026-01-01T00:00:00Z".parse().unwrap());
    let auditor = Auditor::builder(MemoryStore::new())
        .clock(clock.clone())
        .build()
        .unwrap();
    for step in [0, -3600, 60] {
        clock.advance(chrono::TimeDelta::seconds(step));
        context()
            .scope(|| auditor.log(format!("step {step}")).record())
            .unwrap();
    }
    assert_eq!(actions(&auditor), ["step 0", "step -3600", "step 60"]);
}
