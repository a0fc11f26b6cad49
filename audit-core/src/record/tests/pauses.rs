//! How often a store is tried that fails, and what is put off.

use super::*;
use crate::testing::Fault;
use crate::{Delivery, ErrorKind};

#[test]
fn whoever_waits_for_everything_does_not_hammer_a_store_that_fails() {
    let problems = Problems::default();
    let (store, auditor) = faulty(|builder| problems.listen(builder));
    store.fault(Fault::Fail(ErrorKind::Store));
    let kept = context().scope(|| auditor.log("kept").best_effort().record());
    kept.unwrap();
    for _ in 0..2 {
        let error = auditor.flush(SOON * 8).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }
    assert!(auditor.close(SOON * 8).is_err());
    // Pauses that double allow only so many, however long it takes.
    assert!(store.appends() < 60, "{} appends", store.appends());
    assert!(problems.take().len() < 60);
}

#[test]
fn what_nobody_waits_for_does_not_end_the_pause_after_a_failure() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    store.fault(Fault::Fail(ErrorKind::Store));
    context().scope(|| {
        for _ in 0..200 {
            auditor.log("export").record().unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
    });
    assert!(store.appends() < 50, "{} appends", store.appends());
    store.heal();
    auditor.flush(LONG).unwrap();
    assert_eq!(entries(&auditor).len(), 200);
}

#[test]
fn what_somebody_waits_for_is_tried_in_the_pause_after_a_failure() {
    let (store, auditor) = faulty(|builder| builder.delivery(Delivery::Buffered));
    store.fault(Fault::Fail(ErrorKind::Busy));
    context().scope(|| auditor.log("kept").record()).unwrap();
    while store.appends() < 4 {
        std::thread::yield_now();
    }
    store.heal();
    let all = context().scope(|| auditor.all_tenants("review"));
    assert!(all.is_ok());
    assert_eq!(actions(&auditor), ["kept", "access"]);
}
