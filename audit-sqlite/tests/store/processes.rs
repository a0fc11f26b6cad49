//! Several processes on one file, and a process whose disk is full.

use std::process::{Command, Stdio};
use std::time::Duration;

use audit_core::query::{Filter, Order};
use audit_core::store::{Appended, Query};
use audit_core::{AuditStore, ErrorKind, Tenant};
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};

use crate::sample;

const PATH: &str = "AUDIT_SQLITE_TEST_PATH";
const SEED: &str = "AUDIT_SQLITE_TEST_SEED";
const TENANTS: &[&str] = &["acme", "globex"];
const ENTRIES: usize = 300;

fn options() -> SqliteOptions {
    SqliteOptions::new()
        .synchronous(Synchronous::Normal)
        .busy_deadline(Duration::from_mins(1))
}

/// What a child process does; nothing in an ordinary run.
#[test]
fn child_writes_in_turn() {
    let (Ok(path), Ok(seed)) = (std::env::var(PATH), std::env::var(SEED)) else {
        return;
    };
    let store = SqliteStore::open_with(path, options()).unwrap();
    for batch in sample::entries(seed.parse().unwrap(), ENTRIES, TENANTS).chunks(3) {
        for appended in store.append(batch).unwrap() {
            assert!(matches!(appended, Appended::Stored { .. }));
        }
        // What was committed is read back by the same process at once.
        assert!(
            store
                .entry(&batch[0].tenant, batch[0].id)
                .unwrap()
                .is_some()
        );
    }
}

fn child(test: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([test, "--exact", "--nocapture"])
        .stdout(Stdio::null());
    command
}

#[test]
fn processes_write_in_turn_and_no_index_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let children: Vec<_> = (1..=4)
        .map(|seed| {
            child("processes::child_writes_in_turn")
                .env(PATH, &path)
                .env(SEED, seed.to_string())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(&path).unwrap();
    let mut total = 0;
    for tenant in TENANTS {
        let filter = Filter::default();
        let query = Query::new(&filter, usize::MAX).from(Order::OldestFirst, None);
        let entries = store.entries(&Tenant::from(*tenant), &query).unwrap();
        assert!(
            entries
                .iter()
                .zip(0..)
                .all(|(entry, index)| entry.index == index),
            "{tenant}"
        );
        total += entries.len();
    }
    assert_eq!(total, 4 * ENTRIES);
    // Each told again: nothing is stored twice.
    for seed in 1..=4 {
        for appended in store
            .append(&sample::entries(seed, ENTRIES, TENANTS))
            .unwrap()
        {
            assert!(matches!(appended, Appended::Present { .. }));
        }
    }
}

/// What a child with a limit on the size of its files does; nothing in an ordinary run.
#[test]
fn child_meets_an_io_error() {
    let Ok(path) = std::env::var(PATH) else {
        return;
    };
    if std::env::var(SEED).is_ok() {
        return;
    }
    let store = SqliteStore::open(path).unwrap();
    let mut stored = 0;
    let mut failures = 0;
    for batch in sample::entries(9, 4_000, &["acme"]).chunks(100) {
        match store.append(batch) {
            Ok(_) => stored += batch.len() as u64,
            Err(error) => {
                assert!(
                    matches!(
                        error.kind(),
                        ErrorKind::Store | ErrorKind::Full | ErrorKind::Unknown
                    ),
                    "{error:?}"
                );
                failures += 1;
            }
        }
        assert_eq!(
            store.count(&"acme".into(), &Filter::default()).unwrap(),
            stored
        );
    }
    assert!(failures > 0);
}

/// A limit on the size of a file makes the write of the log fail in the middle of a commit.
#[cfg(target_os = "linux")]
#[test]
fn an_io_error_at_commit_is_resolved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let executable = std::env::current_exe().unwrap();
    let status = Command::new("sh")
        // Ignoring the signal turns the limit into an error of the write.
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" processes::child_meets_an_io_error --exact --nocapture"])
        .arg(executable)
        .env(PATH, &path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    // What was said to be stored is what is stored, and the rest can be told again.
    let store = SqliteStore::open(&path).unwrap();
    let appended = store.append(&sample::entries(9, 4_000, &["acme"])).unwrap();
    assert!(
        appended
            .iter()
            .any(|what| matches!(what, Appended::Present { .. }))
    );
    assert!(
        appended
            .iter()
            .any(|what| matches!(what, Appended::Stored { .. }))
    );
    assert_eq!(
        store.count(&"acme".into(), &Filter::default()).unwrap(),
        4_000
    );
}
