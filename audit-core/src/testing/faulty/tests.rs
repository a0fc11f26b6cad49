//! Every fault, through a real auditor.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{Fault, FaultyStore};
use crate::assert_audited;
use crate::context::AuditContext;
use crate::error::{ErrorKind, Result};
use crate::query::GroupBy;
use crate::record::{Auditor, Delivery, Receipt};
use crate::store::{AuditStore, MemoryStore};
use crate::testing::contract::Sample;

fn faulty() -> (FaultyStore, Auditor) {
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = Auditor::new(store.clone());
    (store, auditor)
}

fn export(auditor: &Auditor) -> Result<Receipt> {
    AuditContext::new("acme").scope(|| auditor.log("export").record())
}

fn kind<R>(result: Result<R>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn attempts_fail_apart_from_appends() {
    let memory = MemoryStore::new();
    let store = FaultyStore::new(memory.clone());
    let entry = Sample::new(1).entry(&"a".into());
    let close = || store.close_attempt(&entry.tenant, entry.id);
    store.fault(Fault::Fail(ErrorKind::Full));
    store.open_attempt(&entry).unwrap();
    assert_eq!(memory.open_attempts("a").len(), 1);
    close().unwrap();
    store.heal();

    store.fault_attempts(Fault::StoredButUnknown);
    let error = store.open_attempt(&entry).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unknown);
    assert_eq!(memory.open_attempts("a").len(), 1);
    store.fault_attempts(Fault::Fail(ErrorKind::Busy));
    assert_eq!(close().unwrap_err().kind(), ErrorKind::Busy);
    store.append(std::slice::from_ref(&entry)).unwrap();
    assert_eq!(memory.open_attempts("a"), []);
}

#[test]
fn an_unknown_end_may_be_stored_or_not() {
    let (store, auditor) = faulty();
    store.fault(Fault::StoredButUnknown);
    assert_eq!(kind(export(&auditor)), Some(ErrorKind::Unknown));
    store.fault(Fault::LostButUnknown);
    assert_eq!(kind(export(&auditor)), Some(ErrorKind::Unknown));
    store.heal();
    assert_audited!(auditor, action = "export", times = 1);
}

#[test]
fn one_append_of_many_fails() {
    let (store, auditor) = faulty();
    store.fault_nth(Fault::Fail(ErrorKind::Busy), 3);
    let kinds = [(); 4].map(|()| kind(export(&auditor)));
    assert_eq!(kinds, [None, None, Some(ErrorKind::Busy), None]);
    store.fault_nth(Fault::Fail(ErrorKind::Busy), 0);
    assert_eq!(kind(export(&auditor)), Some(ErrorKind::Busy));
    store.fault_times(Fault::Fail(ErrorKind::Full), 2);
    let kinds = [(); 3].map(|()| kind(export(&auditor)));
    assert_eq!(kinds, [Some(ErrorKind::Full), Some(ErrorKind::Full), None]);
}

#[test]
fn every_read_fails() {
    let (store, auditor) = faulty();
    let id = export(&auditor).unwrap().entry_id().unwrap();
    let log = auditor.tenant("acme");
    let reads = || {
        [
            kind(log.entries().page()),
            kind(log.entry(id)),
            kind(log.entries().count()),
            kind(log.entries().count_by(GroupBy::Action)),
            kind(log.history("incident", 7).state_at(chrono::Utc::now())),
            kind(store.tenants()),
        ]
    };
    assert_eq!(reads(), [None; 6]);
    store.fault_reads(Fault::Fail(ErrorKind::Corrupt));
    assert_eq!(reads(), [Some(ErrorKind::Corrupt); 6]);
    store.fault_reads(Fault::StoredButUnknown);
    assert_eq!(reads(), [Some(ErrorKind::Unknown); 6]);
    // Writing goes on.
    export(&auditor).unwrap();
    store.fault_nth_read(Fault::LostButUnknown, 2);
    assert_eq!(
        reads().map(|kind| kind.is_some()),
        [false, true, false, false, false, false]
    );
}

#[test]
fn what_is_blocked_goes_on_when_it_is_released() {
    let (store, auditor) = faulty();
    store.fault(Fault::Block);
    store.fault_reads(Fault::Block);
    let (done, answers) = mpsc::channel();
    let (writer, reader) = (done.clone(), done);
    thread::scope(|threads| {
        threads.spawn(|| {
            let written = kind(export(&auditor));
            writer.send(written)
        });
        threads.spawn(|| {
            let read = kind(auditor.tenant("acme").entries().page());
            reader.send(read)
        });
        while store.appends() == 0 {
            thread::yield_now();
        }
        assert!(answers.try_recv().is_err());
        store.heal();
        assert_eq!([answers.recv(), answers.recv()], [Ok(None), Ok(None)]);
    });
}

#[test]
fn what_is_blocked_runs_into_the_deadline_and_is_told() {
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = Auditor::builder(store.clone()).deadline(Duration::from_millis(20));
    let auditor = auditor.build().unwrap();
    store.fault(Fault::Block);
    assert_eq!(kind(export(&auditor)), Some(ErrorKind::Unknown));
    assert!(auditor.flush(Duration::from_millis(20)).is_err());
    store.heal();
    auditor.flush(Duration::from_secs(20)).unwrap();
    assert_audited!(auditor, action = "export");
}

#[test]
fn a_slow_store_stores_everything() {
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = Auditor::builder(store.clone()).delivery(Delivery::Buffered);
    let auditor = auditor.build().unwrap();
    store.fault(Fault::Slow(Duration::from_millis(5)));
    store.fault_reads(Fault::Slow(Duration::from_millis(5)));
    for _ in 0..20 {
        export(&auditor).unwrap();
    }
    assert_audited!(auditor, action = "export", times = 20);
}

#[test]
fn a_store_that_panics_does_not_take_the_auditor_along() {
    let (store, auditor) = faulty();
    store.fault(Fault::Panic);
    assert_eq!(kind(export(&auditor)), Some(ErrorKind::Unknown));
    store.heal();
    export(&auditor).unwrap();
    assert_audited!(auditor, action = "export", times = 1);
}
