//! What a store has to keep when it is written to.

use std::sync::Barrier;

use chrono::DateTime;
use serde_json::json;
use uuid::Uuid;

use super::entries::{assert_same, at};
use super::{Sample, all, stored};
use crate::entry::{Actor, AuditEntry, Change, Entity, EntityId, Tenant};
use crate::store::{Appended, AuditStore};

/// Indexes are gapless from 0 for each tenant, in the order of appending, whatever the times say.
pub fn order(store: &dyn AuditStore) {
    let tenants = [Tenant::from("a"), Tenant::from("b")];
    let mut sample = Sample::new(1);
    let mut next = [0_u64; 2];
    for size in [1_usize, 3, 0, 7, 1] {
        let batch: Vec<(usize, AuditEntry)> = (0..size)
            .map(|_| {
                let tenant = sample.index(2);
                (tenant, sample.entry(&tenants[tenant]))
            })
            .collect();
        let entries: Vec<AuditEntry> = batch.iter().map(|(_, entry)| entry.clone()).collect();
        let indexes = stored(&store.append(&entries).expect("entries can be appended"));
        for ((tenant, _), index) in batch.iter().zip(indexes) {
            assert_eq!(index, next[*tenant], "indexes are gapless for each tenant");
            next[*tenant] += 1;
        }
    }
    for (tenant, next) in tenants.iter().zip(next) {
        let indexes: Vec<u64> = all(store, tenant).iter().map(|entry| entry.index).collect();
        assert_eq!(indexes, (0..next).collect::<Vec<_>>());
    }
}

/// Every field of every entry comes back as it went in.
pub fn round_trip(store: &dyn AuditStore) {
    let tenant = Tenant::from("a");
    let mut sample = Sample::new(2);
    let mut expected: Vec<AuditEntry> = (0..300).map(|i| at(&sample.entry(&tenant), i)).collect();
    for edge in [i64::MIN / 1000, -1, 0, 1, 4_102_444_800_000_000] {
        let time = DateTime::from_timestamp_micros(edge).expect("a time that can be");
        let mut entry = AuditEntry::new(sample.id(), time, tenant.clone(), Actor::system(), "edge");
        entry.index = expected.len() as u64;
        expected.push(entry);
    }
    store.append(&expected).expect("entries can be appended");
    let expected: Vec<&AuditEntry> = expected.iter().collect();
    assert_same("reading all", &all(store, &tenant), &expected);
    for entry in expected {
        let got = store
            .entry(&tenant, entry.id)
            .expect("an entry can be read");
        assert_eq!(got.as_ref(), Some(entry), "reading one");
    }
    let unknown = store.entry(&tenant, Uuid::max());
    assert_eq!(unknown.expect("an unknown id is no error"), None);
}

/// The smallest and the largest entries are kept, and many in one append.
pub fn sizes(store: &dyn AuditStore) {
    let tenant = Tenant::from("t".repeat(255));
    let mut sample = Sample::new(3);
    assert_eq!(store.append(&[]).expect("nothing can be appended"), []);
    let mut large = sample.entry(&tenant);
    large.action = "a".repeat(50);
    large.entity = Some(
        Entity::new("é".repeat(50))
            .identified(EntityId::from("i".repeat(1024)))
            .named("n".repeat(255)),
    );
    large
        .metadata
        .insert("large".to_owned(), json!("x".repeat(60 * 1024)));
    for number in 0..1000 {
        let change = Change::replaced(json!(number), json!(null));
        large.changes.insert(format!("field{number}"), change);
    }
    let mut entries = vec![large];
    entries.extend((0..2000).map(|_| sample.entry(&tenant)));
    let entries: Vec<AuditEntry> = (0..).zip(&entries).map(|(i, entry)| at(entry, i)).collect();
    let indexes = stored(
        &store
            .append(&entries)
            .expect("many entries can be appended"),
    );
    assert_eq!(indexes.len(), 2001);
    let expected: Vec<&AuditEntry> = entries.iter().collect();
    assert_same("reading many", &all(store, &tenant), &expected);
}

/// Any text is kept exactly, NUL and all, and tenants are compared exactly.
pub fn unicode(store: &dyn AuditStore) {
    let texts = [
        "\0",
        "a\0b",
        "\u{1}\u{1b}[31m",
        "é",
        "e\u{301}",
        "日本語",
        "🦀👩‍👩‍👧",
        "\u{202e}rtl",
        "\u{feff}",
        "\u{10ffff}",
        "'; DROP TABLE audit_entry; --",
        "\"",
        "\\",
        "%_",
        "\r\n",
        " ",
        "NULL",
    ];
    let mut sample = Sample::new(4);
    for text in texts {
        let tenant = Tenant::from(text);
        let mut entry = sample.entry(&tenant);
        text.clone_into(&mut entry.action);
        entry.actor = Actor::user(text, text).on_behalf_of(Actor::service(text, text));
        entry.entity = Some(Entity::new(text).identified(text).named(text));
        entry.user_agent = Some(text.to_owned());
        entry.reason = Some(text.to_owned());
        entry.request_id = Some(text.to_owned());
        entry.metadata.insert(text.to_owned(), json!(text));
        entry.changes.insert(text, Change::added(json!(text)));
        entry.index = 0;
        stored(
            &store
                .append(&[entry.clone()])
                .expect("any text can be appended"),
        );
        assert_same(&format!("{text:?}"), &all(store, &tenant), &[&entry]);
    }
}

/// The same id again stores nothing and says where the entry is; the same id for something else
/// is a conflict; another tenant may have the same id.
pub fn idempotency(store: &dyn AuditStore) {
    let (a, b) = (Tenant::from("a"), Tenant::from("b"));
    let mut sample = Sample::new(5);
    let first = sample.entry(&a);
    let second = sample.entry(&a);
    let append = |entries: &[AuditEntry]| store.append(entries).expect("entries can be appended");
    append(std::slice::from_ref(&first));
    let appended = append(&[second.clone(), first.clone(), second.clone()]);
    assert_eq!(
        appended,
        [
            Appended::Stored { index: 1 },
            Appended::Present { index: 0 },
            Appended::Present { index: 1 },
        ]
    );
    let mut other = sample.entry(&a);
    other.id = first.id;
    "something_else".clone_into(&mut other.action);
    let fresh = sample.entry(&a);
    assert_eq!(
        append(&[other, fresh]),
        [Appended::Conflict, Appended::Stored { index: 2 }],
        "a conflict leaves the others alone"
    );
    let mut foreign = sample.entry(&b);
    foreign.id = first.id;
    assert_eq!(append(&[foreign]), [Appended::Stored { index: 0 }]);
    assert_eq!(all(store, &a).len(), 3);
}

/// Threads that append at the same time lose nothing and share no index, and readers see whole
/// appends only.
pub fn concurrency(store: &dyn AuditStore) {
    const THREADS: usize = 4;
    const APPENDS: usize = 25;
    const SIZE: usize = 3;
    let tenant = Tenant::from("a");
    let barrier = Barrier::new(THREADS + 1);
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (barrier, tenant) = (&barrier, &tenant);
            scope.spawn(move || {
                let mut sample = Sample::new(100 + thread as u64);
                barrier.wait();
                for _ in 0..APPENDS {
                    let entries: Vec<AuditEntry> =
                        (0..SIZE).map(|_| sample.entry(tenant)).collect();
                    let indexes = stored(&store.append(&entries).expect("a busy store waits"));
                    let first = indexes[0];
                    assert_eq!(indexes, (first..first + SIZE as u64).collect::<Vec<_>>());
                }
            });
        }
        barrier.wait();
        for _ in 0..20 {
            let seen = all(store, &tenant).len();
            assert_eq!(seen % SIZE, 0, "a reader saw a part of an append");
        }
    });
    let entries = all(store, &tenant);
    let indexes: Vec<u64> = entries.iter().map(|entry| entry.index).collect();
    assert_eq!(
        indexes,
        (0..(THREADS * APPENDS * SIZE) as u64).collect::<Vec<_>>()
    );
}
