//! Which entries were there by a time.

use serde_json::{Value, json};

use super::{Log, at, took};
use crate::entry::AuditEntry;

fn step(log: &mut Log, to: u64, with: impl FnOnce(&mut AuditEntry)) {
    if to == 0 {
        log.add("create", json!({"n": {"new": 0}}), with);
    } else {
        log.add("update", json!({"n": {"old": to - 1, "new": to}}), with);
    }
}

/// Steps that happened, and were recorded, at these times.
fn steps(times: &[(i64, i64)]) -> Log {
    let mut log = Log::new();
    for (to, (happened, recorded)) in (0..).zip(times) {
        step(&mut log, to, |entry| {
            entry.timestamp = at(*happened);
            entry.recorded_at = at(*recorded);
        });
    }
    log
}

fn seen(log: &Log, second: i64) -> Option<u64> {
    let state = log.history().state_at(at(second)).unwrap();
    state.and_then(|state| state.get("n").and_then(Value::as_u64))
}

#[test]
fn what_happened_at_the_moment_has_happened() {
    let log = steps(&[(10, 10), (20, 20), (30, 30)]);
    let all: Vec<_> = [9, 10, 19, 20, 29, 30, 99]
        .iter()
        .map(|second| seen(&log, *second))
        .collect();
    assert_eq!(
        all,
        [None, Some(0), Some(0), Some(1), Some(1), Some(2), Some(2)]
    );
    let history = log.history();
    let ends = [
        chrono::DateTime::<chrono::Utc>::MIN_UTC,
        chrono::DateTime::<chrono::Utc>::MAX_UTC,
    ];
    let [before, after] = ends.map(|end| history.state_at(end).unwrap());
    assert_eq!((before, after), (None, Some(json!({"n": 2}))));
}

#[test]
fn a_clock_that_was_ahead_hides_nothing_for_good() {
    let log = steps(&[(10, 10), (9_000, 9_000), (20, 20), (30, 30)]);
    assert_eq!(seen(&log, 15), Some(0));
    assert_eq!(seen(&log, 25), Some(2));
    assert_eq!(seen(&log, 35), Some(3));
}

#[test]
fn a_clock_that_was_put_back_is_followed() {
    let log = steps(&[(100, 100), (110, 110), (50, 50), (60, 60)]);
    // At 55 on the clock both had happened, by the order of the log.
    assert_eq!(seen(&log, 55), Some(2));
    assert_eq!(seen(&log, 105), Some(3));
    assert_eq!(seen(&log, 40), None);
}

#[test]
fn what_is_told_of_late_does_not_bring_along_what_happened_later() {
    let log = steps(&[(10, 10), (50, 50), (20, 60), (70, 70)]);
    assert_eq!(seen(&log, 30), Some(0));
    assert_eq!(
        seen(&log, 55),
        Some(2),
        "no later than what stands before it"
    );
    // A history that was imported.
    let log = steps(&[(10, 900), (20, 900), (30, 900)]);
    assert_eq!(seen(&log, 25), Some(1));
}

#[test]
fn what_an_action_changed_is_seen_when_it_ends() {
    let mut log = Log::new();
    step(&mut log, 0, |_| {});
    step(&mut log, 1, |entry| {
        entry.timestamp = at(12);
        took(10)(entry);
        entry.recorded_at = at(22);
    });
    assert_eq!((seen(&log, 21), seen(&log, 22)), (Some(0), Some(1)));
}
