//! What callbacks may do on the thread that writes, and what is said at the end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, Weak, mpsc};
use std::time::Instant;

use super::picky::Picky;
use super::*;
use crate::testing::Fault;
use crate::{Delivery, Durability, ErrorKind, action};

#[test]
fn a_callback_on_the_thread_that_writes_may_record_but_not_wait() {
    let handle: Arc<OnceLock<Auditor>> = Arc::default();
    let (sender, seen) = mpsc::channel();
    let in_callback = Arc::clone(&handle);
    let (store, auditor) = faulty(|builder| {
        builder.on_problem(move |_| {
            let Some(auditor) = in_callback.get() else {
                return;
            };
            let thread = std::thread::current().name().map(str::to_owned);
            let alarm = auditor.log("alarm").tenant("acme").strict().record();
            let durability = alarm.map(|alarm| alarm.durability());
            let all = context().scope(|| auditor.all_tenants("alarm"));
            let kinds = [all.err(), auditor.flush(LONG).err()].map(|error| error.unwrap().kind());
            sender.send((thread, durability, kinds)).unwrap();
        })
    });
    handle.set(auditor.clone()).unwrap();
    store.fault_times(Fault::Fail(ErrorKind::Store), 1);
    let kept = context().scope(|| auditor.log("kept").best_effort().record());
    kept.unwrap();
    let (thread, durability, kinds) = seen.recv_timeout(Duration::from_secs(4)).unwrap();
    assert_eq!(thread.as_deref(), Some("audit-delivery"));
    assert_eq!(durability.unwrap(), Durability::Queued);
    assert_eq!(kinds, [ErrorKind::Busy; 2]);
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["kept", "alarm"]);
}

#[test]
fn an_awaited_draft_of_a_callback_on_the_thread_that_writes_is_queued() {
    let handle: Arc<OnceLock<Auditor>> = Arc::default();
    let (sender, seen) = mpsc::channel();
    let in_callback = Arc::clone(&handle);
    let (store, auditor) = faulty(|builder| {
        builder.on_problem(move |_| {
            let Some(auditor) = in_callback.get() else {
                return;
            };
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            let alarm = auditor.log("alarm").tenant("acme");
            sender
                .send(runtime.block_on(async { alarm.await }))
                .unwrap();
        })
    });
    handle.set(auditor.clone()).unwrap();
    store.fault_times(Fault::Fail(ErrorKind::Store), 1);
    let kept = context().scope(|| auditor.log("kept").best_effort().record());
    kept.unwrap();
    let alarm = seen.recv_timeout(LONG).unwrap().unwrap();
    assert_eq!(alarm.durability(), Durability::Queued);
    auditor.flush(LONG).unwrap();
    assert_eq!(actions(&auditor), ["kept", "alarm"]);
}

type Last = Mutex<Option<Auditor>>;

/// An auditor whose last handle is dropped by its callback, and what lives as long as its thread.
fn dropped_in_callback(store: &Picky) -> Weak<Last> {
    let last: Arc<Last> = Arc::default();
    let in_callback = Arc::clone(&last);
    let lives = Arc::downgrade(&last);
    let auditor = Auditor::builder(store.clone())
        .delivery(Delivery::Buffered)
        .on_problem(move |_| drop(in_callback.lock().unwrap().take()))
        .build()
        .unwrap();
    let mut handed_over = last.lock().unwrap();
    for action in ["good", "bad"] {
        context().scope(|| auditor.log(action).record()).unwrap();
    }
    *handed_over = Some(auditor);
    drop(handed_over);
    lives
}

fn wait_for_the_end(lives: &Weak<Last>) {
    let give_up = Instant::now() + LONG;
    while lives.strong_count() > 0 {
        assert!(Instant::now() < give_up, "the thread does not end");
        std::thread::yield_now();
    }
}

#[test]
fn losses_are_told_of_when_a_callback_drops_the_last_handle() {
    let store = Picky::new(|entries| {
        let is_bad = |entry: &AuditEntry| entry.action == "bad";
        entries.iter().any(is_bad).then_some(ErrorKind::Invalid)
    });
    wait_for_the_end(&dropped_in_callback(&store));
    let auditor = Auditor::new(store);
    assert_eq!(actions(&auditor), ["good", action::GAP]);
}

#[test]
fn the_end_comes_even_if_losses_cannot_be_told_of() {
    let store = Picky::new(|entries| match entries {
        [entry] if entry.action == "good" => None,
        [entry] if entry.action == action::GAP => Some(ErrorKind::Full),
        _ => Some(ErrorKind::Invalid),
    });
    wait_for_the_end(&dropped_in_callback(&store));
    assert!(store.appends() < 10, "{} appends", store.appends());
}

#[test]
fn last_words_may_announce_others_but_not_for_ever() {
    fn announce(auditor: &Auditor, said: &Arc<AtomicU64>) {
        let (again, said) = (auditor.clone(), Arc::clone(said));
        auditor.on_close(move || {
            said.fetch_add(1, Ordering::SeqCst);
            announce(&again, &said);
        });
    }
    let auditor = Auditor::new(MemoryStore::new());
    let recording = auditor.clone();
    auditor.on_close(move || {
        let inner = recording.clone();
        recording.on_close(move || {
            context().scope(|| inner.log("inner").record()).unwrap();
        });
    });
    auditor.close(LONG).unwrap();
    assert_eq!(actions(&auditor), ["inner"]);

    let auditor = Auditor::new(MemoryStore::new());
    let said = Arc::default();
    announce(&auditor, &said);
    auditor.close(LONG).unwrap();
    let said = said.load(Ordering::SeqCst);
    assert!((2..1000).contains(&said), "{said}");
}
