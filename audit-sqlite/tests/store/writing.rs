//! Recording: order, idempotency, and what is refused.

use std::thread;

use audit_core::query::{Filter, Order};
use audit_core::store::{Appended, Durability, Query};
use audit_core::{Actor, AuditStore, Change, ErrorKind, Tenant};
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};
use serde_json::{Value, json};

use crate::sample;

fn all(store: &SqliteStore, tenant: &str) -> Vec<audit_core::AuditEntry> {
    let filter = Filter::default();
    let query = Query::new(&filter, usize::MAX).from(Order::OldestFirst, None);
    store.entries(&Tenant::from(tenant), &query).unwrap()
}

#[test]
fn telling_it_twice_stores_it_once() {
    let store = SqliteStore::in_memory().unwrap();
    let entry = sample::plain("acme", "export");
    let mut other = sample::plain("acme", "import");
    let twice = [entry.clone(), entry.clone(), other.clone()];
    assert_eq!(
        store.append(&twice).unwrap(),
        [
            Appended::Stored { index: 0 },
            Appended::Present { index: 0 },
            Appended::Stored { index: 1 }
        ]
    );
    assert_eq!(
        store.append(std::slice::from_ref(&entry)).unwrap(),
        [Appended::Present { index: 0 }]
    );
    // The same id for something else is no retry.
    other.id = entry.id;
    let next = sample::plain("acme", "export");
    assert_eq!(
        store.append(&[other.clone(), next]).unwrap(),
        [Appended::Conflict, Appended::Stored { index: 2 }]
    );
    // Another tenant may have the id: it must not learn that it is taken.
    other.tenant = "globex".into();
    assert_eq!(
        store.append(&[other]).unwrap(),
        [Appended::Stored { index: 0 }]
    );
    let indexes: Vec<_> = all(&store, "acme")
        .iter()
        .map(|entry| entry.index)
        .collect();
    assert_eq!(indexes, [0, 1, 2]);
}

#[test]
fn a_batch_is_stored_whole_or_not_at_all() {
    let store = SqliteStore::in_memory().unwrap();
    store.append(&[sample::plain("acme", "first")]).unwrap();
    let mut deep = json!(1);
    for _ in 0..300 {
        deep = Value::Array(vec![deep]);
    }
    let mut bad = sample::plain("acme", "bad");
    bad.changes.insert("deep", Change::added(deep));
    let batch = [
        sample::plain("acme", "new"),
        sample::plain("new tenant", "new"),
        bad,
    ];
    assert_eq!(store.append(&batch).unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(all(&store, "acme").len(), 1);
    assert_eq!(store.tenants().unwrap(), [Tenant::from("acme")]);
    // Nothing of the failed batch is remembered: numbers and indexes go on where they were.
    store.append(&batch[..2]).unwrap();
    assert_eq!(all(&store, "acme")[1].index, 1);
    assert_eq!(all(&store, "new tenant")[0].index, 0);
    assert_eq!(store.append(&[]).unwrap(), []);
}

#[test]
fn values_nested_as_deep_as_allowed_come_back() {
    let store = SqliteStore::in_memory().unwrap();
    let mut deep = json!("x");
    for _ in 0..120 {
        deep = json!([deep]);
    }
    let mut entry = sample::plain("acme", "deep");
    entry
        .changes
        .insert("deep", Change::replaced(deep.clone(), deep.clone()));
    entry.metadata.insert("deep".to_owned(), deep);
    store.append(std::slice::from_ref(&entry)).unwrap();
    assert_eq!(all(&store, "acme"), [entry]);
}

#[test]
fn threads_write_through_clones_and_no_index_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new()
        .synchronous(Synchronous::Normal)
        .busy_deadline(std::time::Duration::from_secs(30));
    let store = SqliteStore::open_with(folder.path().join("a.db"), options).unwrap();
    assert_eq!(store.durability(), Durability::Written);
    let threads: Vec<_> = (0..8)
        .map(|seed| {
            let store = store.clone();
            thread::spawn(move || {
                for batch in sample::entries(seed, 200, &["a", "b", "c"]).chunks(7) {
                    store.append(batch).unwrap();
                    store.count(&"a".into(), &Filter::default()).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let mut total = 0;
    for tenant in ["a", "b", "c"] {
        let entries = all(&store, tenant);
        assert!(
            entries
                .iter()
                .zip(0..)
                .all(|(entry, index)| entry.index == index)
        );
        total += entries.len();
    }
    assert_eq!(total, 1600);
}

#[test]
fn many_fields_are_found_without_a_shape() {
    let store = SqliteStore::in_memory().unwrap();
    for n in 0..5_000 {
        let mut entry = sample::plain("acme", "update");
        entry
            .changes
            .insert(format!("field_{n}"), Change::added(json!(n)));
        if n == 0 {
            for extra in 0..100 {
                entry
                    .changes
                    .insert(format!("wide_{extra}"), Change::added(json!(1)));
            }
        }
        store.append(&[entry]).unwrap();
    }
    for path in ["field_0", "wide_99", "field_4999", "field_17"] {
        let mut filter = Filter::default();
        filter.changed = Some(path.to_owned());
        assert_eq!(store.count(&"acme".into(), &filter).unwrap(), 1, "{path}");
    }
}

#[test]
fn an_entity_type_that_would_read_back_as_none_is_refused() {
    let store = SqliteStore::in_memory().unwrap();
    let mut entry = sample::plain("acme", "x");
    entry.entity = Some(audit_core::Entity::new(""));
    assert_eq!(
        store.append(&[entry]).unwrap_err().kind(),
        ErrorKind::Invalid
    );
}

#[test]
fn times_at_the_edge_of_the_calendar_come_back() {
    let store = SqliteStore::in_memory().unwrap();
    let mut entry = sample::plain("acme", "x");
    entry.timestamp = chrono::DateTime::<chrono::Utc>::MIN_UTC;
    entry.recorded_at = audit_core::store::to_micros(chrono::DateTime::<chrono::Utc>::MAX_UTC);
    entry.actor = Actor::system();
    store.append(std::slice::from_ref(&entry)).unwrap();
    assert_eq!(all(&store, "acme"), [entry]);
}
