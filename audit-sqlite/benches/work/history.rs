//! A record as it was, against reading the entries that it is put together from.

use std::path::Path;

use audit_core::{AuditEntry, AuditStore, Change, History, action};
use audit_sqlite::{SqliteStore, Synchronous};
use serde_json::json;

use crate::data::{Work, update};
use crate::figures::{Better, Table, Timed, micros};
use crate::library;

/// How many entries a record has.
const ENTRIES: u64 = 1_000;
const RECORDS: u64 = 20;

pub(crate) fn run(folder: &Path, table: &mut Table) {
    let store = library::open(&folder.join("history.db"), Synchronous::Normal);
    eprintln!("filling a log with {RECORDS} records of {ENTRIES} entries");
    let histories = fill(&store);
    // Each entry is let go before the next, as `state_at` does.
    let read = |history: &History| {
        let entries = history.entries().stream().unwrap();
        entries.map(|entry| entry.unwrap().timestamp).max().unwrap()
    };
    let last = |history: &History| {
        let state = history.state_at(u64::MAX).unwrap().unwrap();
        assert_eq!(state["title"], "a title");
        state
    };
    compare(
        table,
        "state_at an index, 1000 entries",
        &histories,
        last,
        read,
    );

    let newest = histories.iter().map(read).max().unwrap();
    let then = |history: &History| history.state_at(newest).unwrap().unwrap();
    compare(
        table,
        "state_at a time, 1000 entries",
        &histories,
        then,
        read,
    );
}

fn compare<A, B>(
    table: &mut Table,
    name: &str,
    histories: &[History],
    state: impl FnMut(&History) -> A,
    read: impl FnMut(&History) -> B,
) {
    let (ours, limit) = Timed::both(histories, state, read);
    table.goal(
        name,
        (ours.to_string(), limit.to_string()),
        micros(ours.p50) / micros(limit.p50),
        3.0,
        Better::Less,
    );
}

/// Each record is created and goes from status to status; the records take turns.
fn fill(store: &SqliteStore) -> Vec<History> {
    let step = |record: u64, step: u64| update(step * 1_000 + record);
    for number in 0..ENTRIES {
        let entries: Vec<AuditEntry> = (0..RECORDS)
            .map(|record| match number {
                0 => created(&step(record, 1)),
                _ => library::entry(&step(record, number)),
            })
            .collect();
        store.append(&entries).unwrap();
    }
    let history = |record| {
        let Work {
            company,
            entity_type,
            entity_id,
            ..
        } = step(record, 0);
        library::log(store, company).history(entity_type, entity_id)
    };
    (0..RECORDS).map(history).collect()
}

fn created(next: &Work) -> AuditEntry {
    let mut entry = library::entry(next);
    action::CREATE.clone_into(&mut entry.action);
    entry.changes = [
        ("status", json!(next.old)),
        ("title", json!("a title")),
        ("place", json!({"city": "Oslo", "zip": 1})),
        ("tags", json!(["a", "b", "c"])),
    ]
    .into_iter()
    .map(|(field, value)| (field.to_owned(), Change::added(value)))
    .collect();
    entry
}
