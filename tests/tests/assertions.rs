//! Where a failed assertion points. Alone in its program: the hook for panics is one for all tests.

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use audit_core::testing::Captured;
use audit_core::{assert_audited, assert_nothing_else_audited};

#[test]
fn a_failure_is_at_the_assertion() {
    let log = Captured::new();
    log.context("acme")
        .scope(|| log.auditor().log("export").record())
        .unwrap();
    let places = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&places);
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().unwrap();
        seen.lock()
            .unwrap()
            .push((place.file().to_owned(), place.line()));
    }));
    let first = line!() + 2;
    let assertions: [&dyn Fn(); 4] = [
        &|| drop(assert_audited!(log, action = "close")),
        &|| drop(assert_audited!(log, action = "close", times = 1)),
        &|| drop(assert_audited!(log, outcome = "denid")),
        &|| assert_nothing_else_audited!(log),
    ];
    for assertion in assertions {
        catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
    }
    drop(panic::take_hook());
    let expected: Vec<_> = (first..first + 4)
        .map(|line| (file!().to_owned(), line))
        .collect();
    assert_eq!(*places.lock().unwrap(), expected);
}
