//! Long histories in a file, and entries that were lost.

use std::time::Duration;

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{AuditContext, Audited, Auditor, ErrorKind, MissingReason};
use audit_sqlite::SqliteStore;
use serde_json::json;

#[derive(Clone, Audited)]
#[audit(entity_type = "counter")]
struct Counter {
    #[audit(id)]
    id: u32,
    value: u32,
}

#[test]
fn long_histories_of_two_tenants_are_read_from_a_file_that_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.db");
    {
        let auditor = Auditor::new(SqliteStore::open(&path).unwrap());
        for (tenant, step) in [("acme", 1), ("globex", 2)] {
            AuditContext::new(tenant).scope(|| {
                let mut counter = Counter { id: 1, value: 0 };
                auditor.created(&counter).record().unwrap();
                let updates = (0..600).map(|_| {
                    let before = counter.clone();
                    counter.value += step;
                    auditor.updated(&before, &counter)
                });
                let updates: Vec<_> = updates.collect();
                auditor.batch(updates).record().unwrap();
            });
        }
    }
    let auditor = Auditor::new(SqliteStore::open(&path).unwrap());
    for (tenant, step) in [("acme", 1), ("globex", 2)] {
        let history = auditor.tenant(tenant).history("counter", 1);
        for index in [0_u64, 1, 255, 256, 257, 511, 512, 600, u64::MAX] {
            let expected = json!({"id": 1, "value": step * index.min(600)});
            assert_eq!(history.state_at(index).unwrap(), Some(expected));
        }
        let last = history.last_change_of("value").unwrap().unwrap();
        assert_eq!(last.index, 600);
        assert_eq!(history.previous(last.id).unwrap().unwrap().index, 599);
    }
    let history = auditor.tenant("initech").history("counter", 1);
    assert_eq!(history.state_at(u64::MAX).unwrap(), None);
}

#[test]
fn a_history_with_lost_entries_says_so() {
    let store = FaultyStore::new(SqliteStore::in_memory().unwrap());
    let auditor = Auditor::new(store.clone());
    let counter = |id, value| Counter { id, value };
    AuditContext::new("acme").scope(|| {
        auditor.created(&counter(1, 0)).record().unwrap();
        let lost = auditor.updated(&counter(1, 0), &counter(1, 1));
        store.fault(Fault::Fail(ErrorKind::Invalid));
        lost.best_effort().record().unwrap();
        store.heal();
        auditor.flush(Duration::from_secs(10)).unwrap();
        auditor.created(&counter(2, 0)).record().unwrap();
    });
    let log = auditor.tenant("acme");
    let error = log.history("counter", 1).state_at(u64::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IncompleteHistory);
    let known = log.history("counter", 1).state_at_lossy(u64::MAX).unwrap();
    assert_eq!(known.fields, Some(json!({"id": 1, "value": 0})));
    assert_eq!(known.missing[0].reason, MissingReason::Gap);
    // What was made afterwards is whole.
    let state = log.history("counter", 2).state_at(u64::MAX).unwrap();
    assert_eq!(state, Some(json!({"id": 2, "value": 0})));
}
