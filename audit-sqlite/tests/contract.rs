//! The SQLite store keeps the contract of stores, in a file and in memory.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails like a test")]

use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};

fn file() -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    // The contract says nothing of power cuts.
    let options = SqliteOptions::new().synchronous(Synchronous::Normal);
    let store = SqliteStore::open_with(folder.path().join("audit.db"), options).unwrap();
    (store, folder)
}

mod file_keeps_the_contract {
    audit_core::store_contract!(super::file());
}

mod memory_keeps_the_contract {
    audit_core::store_contract!((audit_sqlite::SqliteStore::in_memory().unwrap(), ()));
}
