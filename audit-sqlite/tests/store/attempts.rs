//! Actions that have begun: what is left open becomes an entry, once, and only when nobody can
//! end it any more.

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::time::Duration;

use audit_core::query::{Count, Filter, Group, GroupBy, Order};
use audit_core::store::{Appended, Query, to_micros};
use audit_core::{AuditEntry, AuditStore, ErrorKind, Outcome, Tenant};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};

use crate::sample;

fn read(store: &SqliteStore) -> Vec<AuditEntry> {
    let filter = Filter::default();
    let query = Query::new(&filter, usize::MAX).from(Order::OldestFirst, None);
    store.entries(&Tenant::from("acme"), &query).unwrap()
}

fn outcomes(store: &SqliteStore) -> Vec<(String, Outcome)> {
    let entries = read(store).into_iter();
    entries.map(|entry| (entry.action, entry.outcome)).collect()
}

/// Opens attempts and leaves them.
fn leave_open(path: &Path, actions: &[&str]) {
    let store = SqliteStore::open(path).unwrap();
    for action in actions {
        store.open_attempt(&sample::plain("acme", action)).unwrap();
    }
}

#[test]
fn what_was_left_open_is_appended_as_it_was_noted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    // More than fit into one block, and into one round of closing.
    let attempts = sample::entries(21, 600, &["acme"]);
    let before = to_micros(Utc::now());
    {
        let options = SqliteOptions::new().synchronous(Synchronous::Normal);
        let store = SqliteStore::open_with(&path, options).unwrap();
        store.append(&[sample::plain("acme", "first")]).unwrap();
        for attempt in &attempts {
            store.open_attempt(attempt).unwrap();
        }
        assert_eq!(read(&store).len(), 1);
    }
    let store = SqliteStore::open(&path).unwrap();
    let entries = read(&store);
    assert_eq!(entries.len(), 601);
    for ((index, noted), entry) in (1..).zip(&attempts).zip(&entries[1..]) {
        assert!(entry.recorded_at >= before.max(entry.timestamp));
        let mut expected = noted.clone();
        expected.index = index;
        expected.outcome = Outcome::Interrupted;
        expected.recorded_at = entry.recorded_at;
        assert_eq!(*entry, expected);
    }
    let mut filter = Filter::default();
    filter.outcomes = Some(vec![Outcome::Interrupted]);
    assert_eq!(store.count(&"acme".into(), &filter).unwrap(), 600);
    let by_outcome = store
        .count_by(&"acme".into(), &Filter::default(), GroupBy::Outcome)
        .unwrap();
    assert_eq!(
        by_outcome,
        [
            Count::new(Group::Outcome(Outcome::Interrupted), 600),
            Count::new(Group::Outcome(Outcome::Success), 1),
        ]
    );
    // Once and for all.
    assert_eq!(store.recover_attempts().unwrap(), 0);
    drop(store);
    assert_eq!(read(&SqliteStore::open(&path).unwrap()).len(), 601);
}

#[test]
fn an_action_that_was_noted_for_later_is_not_recorded_before_it_happened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut attempt = sample::plain("acme", "x");
    attempt.timestamp += TimeDelta::days(1);
    attempt.recorded_at = attempt.timestamp;
    SqliteStore::open(&path)
        .unwrap()
        .open_attempt(&attempt)
        .unwrap();
    let entries = read(&SqliteStore::open(&path).unwrap());
    assert_eq!(entries[0].recorded_at, attempt.timestamp);
}

#[test]
fn another_open_store_of_the_same_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (alive, dead) = (
        SqliteStore::open(&path).unwrap(),
        SqliteStore::open(&path).unwrap(),
    );
    let own = sample::plain("acme", "alive");
    alive.open_attempt(&own).unwrap();
    dead.open_attempt(&sample::plain("acme", "dead")).unwrap();

    let third = SqliteStore::open(&path).unwrap();
    assert_eq!(read(&third), []);
    assert_eq!(third.recover_attempts().unwrap(), 0);
    drop(dead);
    assert_eq!(third.recover_attempts().unwrap(), 1);
    assert_eq!(outcomes(&third), [("dead".into(), Outcome::Interrupted)]);

    // Through whichever store the entry comes, it closes the attempt.
    third.append(&[own]).unwrap();
    drop(alive);
    assert_eq!(third.recover_attempts().unwrap(), 0);
    assert_eq!(read(&third).len(), 2);
}

#[test]
fn a_skipped_action_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let attempt = sample::plain("acme", "x");
    let store = SqliteStore::open(&path).unwrap();
    store.open_attempt(&attempt).unwrap();
    store.close_attempt(&"nobody".into(), attempt.id).unwrap();
    store.close_attempt(&attempt.tenant, attempt.id).unwrap();
    drop(store);
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(read(&store), []);
    assert_eq!(store.tenants().unwrap(), []);
}

#[test]
fn many_that_open_the_file_at_once_close_each_attempt_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    for round in 1..=5 {
        leave_open(&path, &["a", "b", "c"]);
        let barrier = Barrier::new(4);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    let store = SqliteStore::open(&path).unwrap();
                    assert_eq!(read(&store).len(), 3 * round);
                });
            }
        });
    }
}

#[test]
fn a_reader_closes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    leave_open(&path, &["x"]);
    let reader = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(read(&reader), []);
    let attempt = sample::plain("acme", "y");
    let kinds = [
        reader.open_attempt(&attempt),
        reader.close_attempt(&attempt.tenant, attempt.id),
        reader.recover_attempts().map(drop),
    ]
    .map(|answer| answer.unwrap_err().kind());
    assert_eq!(kinds, [ErrorKind::ReadOnly; 3]);
    assert_eq!(read(&SqliteStore::open(&path).unwrap()).len(), 1);
    assert_eq!(outcomes(&reader), [("x".into(), Outcome::Interrupted)]);
}

#[test]
fn a_copy_closes_what_nobody_can_end_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for store in [
        SqliteStore::open(file("a.db")).unwrap(),
        SqliteStore::in_memory().unwrap(),
    ] {
        let attempt = sample::plain("acme", "x");
        store.open_attempt(&attempt).unwrap();
        assert_eq!(store.recover_attempts().unwrap(), 0);
        store.backup_to(file("copy.db")).unwrap();
        let copy = SqliteStore::open_read_only(file("copy.db")).unwrap();
        assert_eq!(read(&copy), []);
        let copy = SqliteStore::open(file("copy.db")).unwrap();
        assert_eq!(outcomes(&copy), [("x".into(), Outcome::Interrupted)]);
        // The original goes on.
        store.append(&[attempt]).unwrap();
        assert_eq!(outcomes(&store), [("x".into(), Outcome::Success)]);
        drop(copy);
        fs::remove_file(file("copy.db")).unwrap();
    }
}

#[test]
fn a_file_that_was_moved_is_recovered_where_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    leave_open(&path, &["x"]);
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let moved = folder.path().join("elsewhere/b.db");
    fs::rename(&path, &moved).unwrap();
    assert_eq!(read(&SqliteStore::open(&moved).unwrap()).len(), 1);
}

#[test]
fn a_file_that_is_being_written_is_recovered_by_the_first_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    leave_open(&path, &["left"]);
    let business = Connection::open(&path).unwrap();
    business.execute_batch("BEGIN IMMEDIATE").unwrap();
    let options = SqliteOptions::new().busy_deadline(Duration::from_millis(50));
    let store = SqliteStore::open_with(&path, options).unwrap();
    assert_eq!(read(&store), []);
    let own = sample::plain("acme", "own");
    let error = store.append(std::slice::from_ref(&own)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    business.execute_batch("COMMIT").unwrap();
    assert_eq!(
        store.append(&[own]).unwrap(),
        [Appended::Stored { index: 1 }]
    );
    assert_eq!(
        outcomes(&store),
        [
            ("left".into(), Outcome::Interrupted),
            ("own".into(), Outcome::Success)
        ]
    );
}

#[test]
fn what_no_entry_may_be_is_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let mut deep = sample::plain("acme", "x");
    let nested = (0..200).fold(json!(1), |inner, _| Value::Array(vec![inner]));
    deep.metadata.insert("deep".to_owned(), nested);
    {
        let store = SqliteStore::open(&path).unwrap();
        let error = store.open_attempt(&deep).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        // Nothing of it is left in what the writer remembers.
        store.append(&[sample::plain("acme", "y")]).unwrap();
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(outcomes(&store), [("y".into(), Outcome::Success)]);
}

#[test]
fn the_files_beside_the_database_are_its_owners_alone_and_go() {
    let folder = tempfile::tempdir().unwrap();
    let side = folder.path().join("a.db-audit-attempts");
    let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    assert!(!side.exists());
    store.open_attempt(&sample::plain("acme", "y")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&side), 0o700);
        let file = fs::read_dir(&side).unwrap().next().unwrap().unwrap();
        assert_eq!(mode(&file.path()), 0o600);
    }
    drop(store);
    assert!(!side.exists());
}

#[test]
fn the_view_shows_no_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    leave_open(&path, &["x"]);
    let rows = |sql: &str| -> i64 {
        let connection = Connection::open(&path).unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(rows("SELECT count(*) FROM audit_attempt"), 1);
    assert_eq!(rows("SELECT count(*) FROM audit_log"), 0);
    drop(SqliteStore::open(&path).unwrap());
    assert_eq!(rows("SELECT count(*) FROM audit_attempt"), 0);
    assert_eq!(
        rows("SELECT count(*) FROM audit_log WHERE outcome = 'interrupted'"),
        1
    );
}
