//! What a store has to keep so that causes can be followed.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Sample, all};
use crate::entry::{AuditEntry, Tenant};
use crate::query::{Source, consequences, tree, why};
use crate::store::AuditStore;

/// Why an entry came about, what it led to and what else was a part of its operation is what a plain
/// walk over the tenant's entries finds, also where causes go round in a circle, and where an entry
/// of another tenant has the id of a cause.
pub fn causes(store: &dyn AuditStore) {
    let tenants = [Tenant::from("a"), Tenant::from("b")];
    let mut sample = Sample::new(60);
    let ids: Vec<Uuid> = (0..300).map(|_| sample.id()).collect();
    for tenant in &tenants {
        let entries: Vec<AuditEntry> = ids
            .iter()
            .filter_map(|id| {
                let mut entry = sample.entry(tenant);
                entry.id = *id;
                entry.cause = (sample.below(6) > 0).then(|| sample.pick(&ids));
                entry.operation = Some(Uuid::from_u128(u128::from(sample.below(30))));
                (sample.below(4) > 0).then_some(entry)
            })
            .collect();
        store.append(&entries).expect("entries can be appended");
    }
    for tenant in &tenants {
        let source = Source { store, tenant };
        let log = all(store, tenant);
        for id in &ids {
            let found = why(source, *id);
            match plain_why(&log, *id) {
                Some(expected) => {
                    let found = found.expect("the entry is there").into_iter();
                    assert_eq!(found.map(|entry| entry.id).collect::<Vec<_>>(), expected);
                }
                None => assert!(found.is_err(), "there is no such entry"),
            }
            let found = consequences(source, *id).expect("entries can be read");
            let mut expected = Vec::new();
            plain_effects(&log, *id, 0, &mut HashSet::from([*id]), &mut expected);
            let found = found.entries.iter();
            let found: Vec<_> = found.map(|found| (found.entry.id, found.depth)).collect();
            assert_eq!(found, expected, "what {id} led to");
        }
        for operation in (0..30).map(Uuid::from_u128) {
            let found = tree(source, operation).expect("entries can be read");
            let parts = log
                .iter()
                .filter(|entry| entry.operation == Some(operation));
            let mut found: Vec<u64> = found.entries.iter().map(|part| part.entry.index).collect();
            found.sort_unstable();
            assert_eq!(found, parts.map(|entry| entry.index).collect::<Vec<_>>());
        }
    }
}

fn plain_why(log: &[AuditEntry], id: Uuid) -> Option<Vec<Uuid>> {
    let find = |id: Uuid| log.iter().find(|entry| entry.id == id);
    let mut entry = find(id)?;
    let mut causes = Vec::new();
    while let Some(cause) = entry.cause.and_then(find) {
        if cause.id == id || causes.contains(&cause.id) {
            break;
        }
        causes.push(cause.id);
        entry = cause;
    }
    Some(causes)
}

fn plain_effects(
    log: &[AuditEntry],
    id: Uuid,
    depth: usize,
    seen: &mut HashSet<Uuid>,
    effects: &mut Vec<(Uuid, usize)>,
) {
    for entry in log.iter().filter(|entry| entry.cause == Some(id)) {
        if seen.insert(entry.id) {
            effects.push((entry.id, depth));
            plain_effects(log, entry.id, depth + 1, seen, effects);
        }
    }
}
