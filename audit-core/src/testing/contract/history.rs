//! What a store has to keep so that a record can be put together as it was.

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value, json};

use super::Sample;
use crate::entry::{Actor, AuditEntry, Change, Changes, Entity, EntityId, Outcome, Tenant};
use crate::query::{Moment, Record, Source, state_at};
use crate::store::AuditStore;

const RECORDS: usize = 3;
const FIELDS: [&str; 4] = ["status", "title", "a.b", ""];

/// A record as it is, and has been after each entry of its tenant.
#[derive(Default)]
struct Life {
    fields: Option<Map<String, Value>>,
    states: Vec<Option<Map<String, Value>>>,
}

/// The state of any record at any moment is what a plain copy of it was at that moment, and what
/// another tenant does to a record of the same type and id plays no part.
pub fn history(store: &dyn AuditStore) {
    let tenants = [Tenant::from("a"), Tenant::from("b")];
    let mut sample = Sample::new(50);
    let mut logs: [Vec<AuditEntry>; 2] = [Vec::new(), Vec::new()];
    let mut lives: [[Life; RECORDS]; 2] = Default::default();
    for _ in 0..900 {
        let of = sample.index(2);
        let record = sample.index(RECORDS);
        let second = logs[of].len();
        let entry = next(
            &mut sample,
            &tenants[of],
            record,
            second,
            &mut lives[of][record],
        );
        logs[of].push(entry);
        for life in &mut lives[of] {
            life.states.push(life.fields.clone());
        }
    }
    for log in &logs {
        for batch in log.chunks(41) {
            store.append(batch).expect("entries can be appended");
        }
    }
    for (of, tenant) in tenants.iter().enumerate() {
        let source = Source { store, tenant };
        for (record, life) in lives[of].iter().enumerate() {
            let subject = Record::new("incident".to_owned(), id(record));
            for _ in 0..25 {
                let index = sample.index(life.states.len());
                let expected = life.states[index].clone().map(Value::Object);
                let time = logs[of][index].timestamp;
                for moment in [Moment::Index(index as u64), Moment::Time(time)] {
                    let state = state_at(source, &subject, moment).expect("entries can be read");
                    assert_eq!(state.missing, [], "record {record} at {moment:?}");
                    assert_eq!(state.fields, expected, "record {record} at {moment:?}");
                }
            }
        }
    }
    let nobody = Tenant::from("nobody");
    let subject = Record::new("incident".to_owned(), id(0));
    let source = Source {
        store,
        tenant: &nobody,
    };
    let state = state_at(source, &subject, Moment::Index(u64::MAX)).expect("entries can be read");
    assert_eq!((state.fields, state.missing), (None, vec![]));
}

fn id(record: usize) -> EntityId {
    EntityId::from(record)
}

/// Something that happens to a record.
fn next(
    sample: &mut Sample,
    tenant: &Tenant,
    record: usize,
    second: usize,
    life: &mut Life,
) -> AuditEntry {
    let (action, changes) = match &mut life.fields {
        None => {
            let fields: Map<String, Value> = FIELDS
                .iter()
                .map(|field| ((*field).to_owned(), json!(sample.below(9))))
                .collect();
            let changes = fields.iter();
            let changes = changes.map(|(name, value)| (path(name), Change::added(value.clone())));
            let changes = changes.collect();
            life.fields = Some(fields);
            ("create", changes)
        }
        Some(fields) => match sample.below(12) {
            0 => {
                life.fields = None;
                ("delete", Changes::new())
            }
            1 => ("access", Changes::new()),
            2 => ("close", change(sample, &mut fields.clone())),
            _ => ("update", change(sample, fields)),
        },
    };
    let seconds = TimeDelta::seconds(i64::try_from(second).unwrap_or_default());
    let time = DateTime::UNIX_EPOCH + seconds;
    let mut entry = AuditEntry::new(sample.id(), time, tenant.clone(), Actor::system(), action);
    // Another record with the id of this one.
    let of_type = if action == "access" {
        "user"
    } else {
        "incident"
    };
    entry.entity = Some(Entity::new(of_type).identified(id(record)));
    if action == "close" {
        entry.outcome = Outcome::Failure;
    }
    entry.changes = changes;
    entry
}

fn change(sample: &mut Sample, fields: &mut Map<String, Value>) -> Changes {
    let mut changes = Changes::new();
    let field = sample.pick(&FIELDS);
    let new = json!({"value": sample.below(9)});
    let old = fields.insert(field.to_owned(), new.clone());
    let change = match old {
        Some(old) => Change::replaced(old, new),
        None => Change::added(new),
    };
    changes.insert(path(field), change);
    changes
}

fn path(field: &str) -> String {
    let mut path = String::new();
    crate::entry::path::push_member(&mut path, field);
    path
}
