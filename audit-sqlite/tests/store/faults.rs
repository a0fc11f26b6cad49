//! What goes wrong, and that it says so.

use std::fs;
use std::time::{Duration, Instant};

use audit_core::query::Filter;
use audit_core::store::{Appended, Query};
use audit_core::{AuditStore, ErrorKind, Tenant};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteOptions, SqliteStore};

use crate::sample;

fn count(store: &SqliteStore) -> u64 {
    store.count(&"acme".into(), &Filter::default()).unwrap()
}

#[test]
fn a_write_lock_that_is_held_is_given_up_in_time_and_names_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let options = SqliteOptions::new().busy_deadline(Duration::from_millis(200));
    let store = SqliteStore::open_with(&path, options).unwrap();
    let business = Connection::open(&path).unwrap();
    business.execute_batch("BEGIN IMMEDIATE").unwrap();
    let entry = sample::plain("acme", "x");
    let before = Instant::now();
    let error = store.append(std::slice::from_ref(&entry)).unwrap_err();
    assert!((Duration::from_millis(150)..Duration::from_secs(10)).contains(&before.elapsed()));
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.to_string().contains("store.begin"), "{error}");
    // Reading goes on.
    assert_eq!(count(&store), 0);
    business.execute_batch("COMMIT").unwrap();
    assert_eq!(
        store.append(&[entry]).unwrap(),
        [Appended::Stored { index: 0 }]
    );
}

#[test]
fn another_handle_that_waits_its_turn_is_given_up_on_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let options = SqliteOptions::new().busy_deadline(Duration::from_millis(100));
    let store = SqliteStore::open_with(&path, options).unwrap();
    let lock = fs::File::open(folder.path().join("a.db-audit-lock")).unwrap();
    lock.lock().unwrap();
    for _ in 0..3 {
        let error = store.append(&[sample::plain("acme", "x")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Busy);
    }
    lock.unlock().unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    assert_eq!(count(&store), 1);
}

#[cfg(unix)]
#[test]
fn a_file_that_is_replaced_or_gone_is_noticed_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    fs::rename(&path, folder.path().join("moved.db")).unwrap();
    let kind = |store: &SqliteStore| {
        store
            .append(&[sample::plain("acme", "y")])
            .unwrap_err()
            .kind()
    };
    assert_eq!(kind(&store), ErrorKind::FileReplaced);
    fs::write(&path, b"").unwrap();
    assert_eq!(kind(&store), ErrorKind::FileReplaced);
    fs::rename(folder.path().join("moved.db"), &path).unwrap();
    assert_eq!(
        store.append(&[sample::plain("acme", "z")]).unwrap(),
        [Appended::Stored { index: 1 }]
    );
}

#[test]
fn a_damaged_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append(&sample::entries(1, 2_000, &["acme"])).unwrap();
    store.checkpoint().unwrap();
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    // The schema stays readable, the rest is noise.
    for byte in bytes.iter_mut().skip(40 * 4096) {
        *byte ^= 0x5A;
    }
    fs::write(&path, bytes).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let filter = Filter::default();
    let error = store
        .entries(&Tenant::from("acme"), &Query::new(&filter, 5_000))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let error = store
        .append(&sample::entries(2, 500, &["acme"]))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}

#[test]
fn one_row_that_is_not_ours_is_damage_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append(&sample::entries(1, 10, &["acme"])).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign
        .execute_batch(
            "INSERT INTO audit_entry (tenant, idx, id, time, recorded, verb, actor, outcome, severity)
             VALUES (1, 10, x'00', 0, 0, 99, 99, 9, 9)",
        )
        .unwrap();
    let filter = Filter::default();
    let error = store
        .entries(&Tenant::from("acme"), &Query::new(&filter, 100))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
}
