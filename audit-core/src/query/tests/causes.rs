//! Why, and what came of it.

use serde_json::json;
use uuid::Uuid;

use super::Log;
use crate::entry::AuditEntry;
use crate::query::CauseTree;
use crate::store::{AuditStore, MemoryStore};
use crate::{ErrorKind, TenantLog};

const OPERATION: u128 = 77;

/// Entries by number, each with its cause.
fn log(causes: &[Option<u128>]) -> Log {
    let mut log = Log::new();
    for cause in causes {
        add(&mut log, *cause);
    }
    log
}

fn add(log: &mut Log, cause: Option<u128>) -> Uuid {
    log.add("act", json!({}), |entry| {
        entry.cause = cause.map(Uuid::from_u128);
        entry.operation = Some(Uuid::from_u128(OPERATION));
    })
}

fn numbers(entries: impl IntoIterator<Item = AuditEntry>) -> Vec<u128> {
    entries
        .into_iter()
        .map(|entry| entry.id.as_u128())
        .collect()
}

fn why(log: &Log, number: u128) -> Vec<u128> {
    numbers(log.tenant().why(Uuid::from_u128(number)).unwrap())
}

fn shape(tree: CauseTree) -> Vec<(u128, usize)> {
    assert!(tree.is_complete);
    let all = tree.entries.into_iter();
    all.map(|caused| (caused.entry.id.as_u128(), caused.depth))
        .collect()
}

fn led_to(log: &Log, number: u128) -> Vec<(u128, usize)> {
    shape(log.tenant().consequences(Uuid::from_u128(number)).unwrap())
}

fn operation(log: &Log) -> Vec<(u128, usize)> {
    shape(
        log.tenant()
            .operation(Uuid::from_u128(OPERATION))
            .tree()
            .unwrap(),
    )
}

#[test]
fn causes_are_followed_up_and_down() {
    // An effect often stands before its cause.
    let log = log(&[Some(2), None, Some(2), Some(3), Some(1), Some(99)]);
    assert_eq!(why(&log, 4), [3, 2]);
    assert_eq!(why(&log, 2), [0; 0]);
    assert_eq!(why(&log, 6), [0; 0], "the cause is not in the log");
    assert_eq!(led_to(&log, 2), [(1, 0), (5, 1), (3, 0), (4, 1)]);
    assert_eq!(led_to(&log, 4), []);
    assert_eq!(led_to(&log, 99), [(6, 0)], "of an action that still runs");
    assert_eq!(
        operation(&log),
        [(2, 0), (1, 1), (5, 2), (3, 1), (4, 2), (6, 0)]
    );
}

#[test]
fn circles_end() {
    let log = log(&[Some(1), Some(3), Some(4), Some(2), Some(4)]);
    assert_eq!(why(&log, 1), [0; 0]);
    assert_eq!(why(&log, 2), [3, 4]);
    assert_eq!(why(&log, 5), [4, 2, 3]);
    assert_eq!(led_to(&log, 1), []);
    assert_eq!(led_to(&log, 2), [(4, 0), (3, 1), (5, 1)]);
    assert_eq!(operation(&log), [(1, 0), (2, 0), (4, 1), (3, 2), (5, 2)]);
}

#[test]
fn long_chains_and_wide_trees_are_cut_and_say_so() {
    let mut log = Log::new();
    for number in 0..1_500 {
        add(&mut log, (number > 0).then_some(number));
    }
    assert_eq!(why(&log, 1_500).len(), 1_000);

    let store = MemoryStore::new();
    let entries: Vec<AuditEntry> = (0..10_001)
        .map(|number| {
            let id = Uuid::from_u128(number + 1);
            let actor = crate::Actor::system();
            let mut entry = AuditEntry::new(id, super::at(0), "acme".into(), actor, "act");
            entry.cause = Some(Uuid::from_u128(100_000 + number % 2));
            entry.operation = Some(Uuid::from_u128(OPERATION));
            entry
        })
        .collect();
    store.append(&entries).unwrap();
    let log = TenantLog::new(std::sync::Arc::new(store), "acme");
    let tree = log.operation(Uuid::from_u128(OPERATION)).tree().unwrap();
    assert_eq!((tree.entries.len(), tree.is_complete), (10_000, false));
}

#[test]
fn only_the_tenants_own_entries_are_known() {
    let log = log(&[None, Some(1)]);
    let other = TenantLog::new(std::sync::Arc::new(log.store.clone()), "globex");
    let id = Uuid::from_u128(1);
    assert_eq!(other.why(id).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(other.consequences(id).unwrap().entries, []);
    let operation = other.operation(Uuid::from_u128(OPERATION));
    assert_eq!(operation.tree().unwrap().entries, []);
    assert_eq!(operation.entries().count().unwrap(), 0);
    let nobody = TenantLog::new(std::sync::Arc::new(MemoryStore::new()), "");
    for error in [
        nobody.why(id).unwrap_err(),
        nobody.consequences(id).unwrap_err(),
        nobody.operation(id).tree().unwrap_err(),
        nobody.history("incident", 7).state_at(0_u64).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}
