//! What a store has to keep when it is read.

use super::conditions::{Condition, conditions};
use super::entries::{assert_same, at};
use super::{Sample, all};
use crate::entry::{AuditEntry, Tenant};
use crate::query::{Count, Filter, Group, GroupBy, Order};
use crate::store::{AuditStore, Query};

fn log(store: &dyn AuditStore, tenant: &Tenant, seed: u64, size: u64) -> Vec<AuditEntry> {
    let mut sample = Sample::new(seed);
    let entries: Vec<AuditEntry> = (0..size).map(|i| at(&sample.entry(tenant), i)).collect();
    for batch in entries.chunks(64) {
        store.append(batch).expect("entries can be appended");
    }
    entries
}

/// No method tells a reader of one tenant anything about another.
pub fn isolation(store: &dyn AuditStore) {
    let (a, b, nobody) = (Tenant::from("a"), Tenant::from("b"), Tenant::from("nobody"));
    let of_a = log(store, &a, 10, 150);
    let of_b = log(store, &b, 11, 90);
    let filter = Filter::default();
    for (tenant, own, foreign) in [(&a, &of_a, &of_b), (&b, &of_b, &of_a)] {
        let own_entries: Vec<&AuditEntry> = own.iter().collect();
        assert_same("own entries", &all(store, tenant), &own_entries);
        assert_eq!(
            store.count(tenant, &filter).expect("count"),
            own.len() as u64
        );
        for entry in foreign {
            assert_eq!(store.entry(tenant, entry.id).expect("no error"), None);
        }
        for by in [
            GroupBy::Action,
            GroupBy::Actor,
            GroupBy::Day,
            GroupBy::EntityType,
            GroupBy::Outcome,
        ] {
            let counts = store.count_by(tenant, &filter, by).expect("count");
            let sum: u64 = counts.iter().map(|count| count.entries).sum();
            assert_eq!(sum, own.len() as u64, "counting by {by:?}");
        }
    }
    assert_eq!(all(store, &nobody), []);
    assert_eq!(store.count(&nobody, &filter).expect("count"), 0);
    assert_eq!(
        store
            .count_by(&nobody, &filter, GroupBy::Action)
            .expect("count"),
        []
    );
    assert_eq!(store.entry(&nobody, of_a[0].id).expect("no error"), None);
    assert_eq!(
        store.tenants().expect("tenants"),
        [a, b],
        "asking for a tenant does not make one"
    );
}

/// Every filter, alone and with others, in both orders and behind any entry, gives what a plain
/// walk over all entries gives.
pub fn filters(store: &dyn AuditStore) {
    let tenant = Tenant::from("a");
    let entries = log(store, &tenant, 20, 600);
    log(store, &Tenant::from("b"), 21, 100);
    let mut sample = Sample::new(22);
    let conditions = conditions(&mut sample, &entries);
    for condition in &conditions {
        check(store, &tenant, &entries, &[condition], &mut sample);
    }
    for _ in 0..300 {
        let mut chosen: Vec<&Condition> = Vec::new();
        for _ in 0..=sample.below(3) {
            let other = &conditions[sample.index(conditions.len())];
            if chosen.iter().all(|condition| condition.part != other.part) {
                chosen.push(other);
            }
        }
        check(store, &tenant, &entries, &chosen, &mut sample);
    }
}

fn check(
    store: &dyn AuditStore,
    tenant: &Tenant,
    entries: &[AuditEntry],
    conditions: &[&Condition],
    sample: &mut Sample,
) {
    let mut filter = Filter::default();
    for condition in conditions {
        (condition.set)(&mut filter);
    }
    let meant: Vec<&AuditEntry> = entries
        .iter()
        .filter(|entry| conditions.iter().all(|condition| (condition.holds)(entry)))
        .collect();
    let what = format!("{filter:?}");
    let count = store.count(tenant, &filter).expect("count");
    assert_eq!(count, meant.len() as u64, "{what}");
    let limit = 1 + sample.index(40);
    let begin = (sample.below(2) == 0).then(|| sample.below(entries.len() as u64));

    let ahead = |entry: &&&AuditEntry| begin.is_none_or(|after| entry.index > after);
    let expected: Vec<&AuditEntry> = meant.iter().filter(ahead).take(limit).copied().collect();
    let query = Query::new(&filter, limit).from(Order::OldestFirst, begin);
    let got = store.entries(tenant, &query).expect("entries");
    assert_same(&what, &got, &expected);

    let ahead = |entry: &&&AuditEntry| begin.is_none_or(|before| entry.index < before);
    let newest = meant.iter().rev();
    let expected: Vec<&AuditEntry> = newest.filter(ahead).take(limit).copied().collect();
    let query = Query::new(&filter, limit).from(Order::NewestFirst, begin);
    let got = store.entries(tenant, &query).expect("entries");
    assert_same(&what, &got, &expected);
}

/// Pages chain without a gap or a repeat, in both orders, also while entries are added; the key
/// that signs cursors stays the same.
pub fn cursors(store: &dyn AuditStore) {
    let tenant = Tenant::from("a");
    let entries = log(store, &tenant, 30, 203);
    assert_eq!(
        store.cursor_key().expect("key"),
        store.cursor_key().expect("key")
    );
    let filter = Filter::default();
    let mut sample = Sample::new(31);
    for order in [Order::NewestFirst, Order::OldestFirst] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let query = Query::new(&filter, 7).from(order, after);
            let page = store.entries(&tenant, &query).expect("entries");
            let Some(last) = page.last() else { break };
            after = Some(last.index);
            seen.extend(page.iter().map(|entry| entry.index));
            if order == Order::NewestFirst {
                let newer = sample.entry(&tenant);
                store.append(&[newer]).expect("entries can be appended");
            }
        }
        let size = entries.len() as u64;
        match order {
            Order::NewestFirst => assert_eq!(seen, (0..size).rev().collect::<Vec<_>>()),
            Order::OldestFirst => assert_eq!(seen[..entries.len()], (0..size).collect::<Vec<_>>()),
        }
    }
    // Behind a place that does not exist there may still be entries.
    let query = Query::new(&filter, 1).from(Order::NewestFirst, Some(u64::MAX));
    assert_eq!(store.entries(&tenant, &query).expect("entries").len(), 1);
    let query = Query::new(&filter, 1).from(Order::OldestFirst, Some(u64::MAX));
    assert_eq!(store.entries(&tenant, &query).expect("entries").len(), 0);
}

/// Counts by every group, with and without a filter, add up to what a plain walk counts.
pub fn counts(store: &dyn AuditStore) {
    let tenant = Tenant::from("a");
    let entries = log(store, &tenant, 40, 400);
    log(store, &Tenant::from("b"), 41, 50);
    let mut sample = Sample::new(42);
    let mut conditions = conditions(&mut sample, &entries);
    conditions.push(Condition::none());
    for Condition { set, holds, .. } in &conditions {
        let mut filter = Filter::default();
        set(&mut filter);
        for by in [
            GroupBy::Action,
            GroupBy::Actor,
            GroupBy::Day,
            GroupBy::EntityType,
            GroupBy::Outcome,
        ] {
            let got = store.count_by(&tenant, &filter, by).expect("count");
            let what = format!("by {by:?}, {filter:?}");
            let mut total = 0;
            for count in &got {
                let same = entries
                    .iter()
                    .filter(|e| holds(e) && Group::of(e, by).is_same(&count.group));
                assert_eq!(
                    count.entries,
                    same.count() as u64,
                    "{what}: {:?}",
                    count.group
                );
                total += count.entries;
            }
            let meant = entries.iter().filter(|entry| holds(entry)).count();
            assert_eq!(total, meant as u64, "{what}");
            let falling = |pair: &[Count]| pair[0].entries >= pair[1].entries;
            assert!(
                got.windows(2).all(falling),
                "{what}: the largest group comes first"
            );
        }
    }
    // The public reader gives the same.
    let all = store.count(&tenant, &Filter::default()).expect("count");
    assert_eq!(all, entries.len() as u64);
}
