//! Every store keeps the contract.

#![allow(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod memory {
    audit_core::store_contract!((audit_core::MemoryStore::new(), ()));
}

mod sqlite_file {
    fn open() -> (audit_sqlite::SqliteStore, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let store = audit_sqlite::SqliteStore::open(folder.path().join("audit.db")).unwrap();
        (store, folder)
    }
    audit_core::store_contract!(open());
}

mod sqlite_in_memory {
    audit_core::store_contract!((audit_sqlite::SqliteStore::in_memory().unwrap(), ()));
}

/// A store that only passes calls on keeps the contract as well as the store behind it.
mod behind_another {
    use audit_core::MemoryStore;
    use audit_core::testing::FaultyStore;

    audit_core::store_contract!((FaultyStore::new(MemoryStore::new()), ()));
}
