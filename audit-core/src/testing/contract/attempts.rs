//! What a store has to keep of actions that have begun and not ended.

use uuid::Uuid;

use super::{Sample, all, stored};
use crate::entry::{AuditEntry, Tenant};
use crate::error::ErrorKind;
use crate::query::{Filter, GroupBy};
use crate::store::{Appended, AuditStore};

/// An attempt is no entry: nobody reads or counts it, until an entry with its tenant and id closes
/// it. A store that cannot keep attempts has to refuse them as unsupported.
pub fn attempts(store: &dyn AuditStore) {
    let (a, b) = (Tenant::from("a"), Tenant::from("b"));
    let mut sample = Sample::new(6);
    let attempt = sample.entry(&a);
    if let Err(error) = store.open_attempt(&attempt) {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        return;
    }
    assert_invisible(store, &attempt);
    assert!(is_open(store, &attempt));
    store
        .open_attempt(&attempt)
        .expect("opening again is the same attempt");
    assert_invisible(store, &attempt);

    // The same id is another attempt for another tenant.
    let foreign = AuditEntry {
        tenant: b.clone(),
        ..attempt.clone()
    };
    append_one(store, &foreign);
    store
        .close_attempt(&b, attempt.id)
        .expect("closing what is not open is no error");
    assert!(is_open(store, &attempt), "only its own tenant closes it");
    assert_invisible(store, &attempt);

    store
        .close_attempt(&a, attempt.id)
        .expect("an attempt can be closed");
    assert!(!is_open(store, &attempt));
    store
        .close_attempt(&a, attempt.id)
        .expect("closing again is no error");
    assert_invisible(store, &attempt);

    closed_by_its_entry(store, &mut sample);
}

fn closed_by_its_entry(store: &dyn AuditStore, sample: &mut Sample) {
    let a = Tenant::from("a");
    let attempts: Vec<AuditEntry> = (0..3).map(|_| sample.entry(&a)).collect();
    for attempt in &attempts {
        store
            .open_attempt(attempt)
            .expect("an attempt can be opened");
    }
    // By what it became, which may be another action than the one that began.
    let mut became = attempts[1].clone();
    "became".clone_into(&mut became.action);
    let other = sample.entry(&a);
    let indexes = stored(
        &store
            .append(&[other.clone(), became.clone()])
            .expect("entries can be appended"),
    );
    assert_eq!(indexes, [0, 1], "attempts have no index");
    assert!(is_open(store, &attempts[0]) && is_open(store, &attempts[2]));
    let late = store.open_attempt(&attempts[1]);
    assert_eq!(
        late.expect_err("its entry is another record").kind(),
        ErrorKind::IdConflict,
        "its entry has closed it"
    );
    // What has its entry does not begin again.
    store.open_attempt(&became).expect("nothing is opened");
    let again = store.append(&[became]).expect("entries can be appended");
    assert_eq!(again, [Appended::Present { index: 1 }]);
    let ids: Vec<Uuid> = all(store, &a).iter().map(|entry| entry.id).collect();
    assert_eq!(ids, [other.id, attempts[1].id]);
}

/// Nobody reads attempts; but another record under the id of an open one is refused.
fn is_open(store: &dyn AuditStore, attempt: &AuditEntry) -> bool {
    let mut other = attempt.clone();
    "something_else".clone_into(&mut other.action);
    match store.open_attempt(&other) {
        Ok(()) => {
            store
                .close_attempt(&other.tenant, other.id)
                .expect("an attempt can be closed");
            false
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::IdConflict);
            true
        }
    }
}

fn append_one(store: &dyn AuditStore, entry: &AuditEntry) {
    let appended = store.append(std::slice::from_ref(entry));
    stored(&appended.expect("an entry can be appended"));
}

fn assert_invisible(store: &dyn AuditStore, attempt: &AuditEntry) {
    let tenant = &attempt.tenant;
    let filter = Filter::default();
    assert_eq!(all(store, tenant), []);
    let entry = store.entry(tenant, attempt.id);
    assert_eq!(entry.expect("an id can be looked up"), None);
    assert_eq!(store.count(tenant, &filter).expect("a count"), 0);
    for by in [GroupBy::Action, GroupBy::Actor, GroupBy::Outcome] {
        assert_eq!(store.count_by(tenant, &filter, by).expect("a count"), []);
    }
    let tenants = store.tenants().expect("tenants can be listed");
    assert!(
        !tenants.contains(tenant),
        "a tenant without entries is none"
    );
}
