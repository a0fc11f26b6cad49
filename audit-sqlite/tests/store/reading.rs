//! The memory store says what is right; here it is compared with, query by query.

use audit_core::query::{ActionFilter, Filter, GroupBy, Order};
use audit_core::store::Query;
use audit_core::{ActorKind, AuditStore, MemoryStore, Outcome, Severity, Tenant};
use audit_sqlite::SqliteStore;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::sample::{self, ACTIONS, Dice, FIELDS, TYPES};

const TENANTS: &[&str] = &["acme", "Acme", "𝔗enant \0", "globex"];

fn filled(sqlite: &SqliteStore, seed: u64, count: usize) -> MemoryStore {
    let memory = MemoryStore::new();
    for batch in sample::entries(seed, count, TENANTS).chunks(97) {
        assert_eq!(sqlite.append(batch).unwrap(), memory.append(batch).unwrap());
    }
    memory
}

fn filter(dice: &mut Dice) -> Filter {
    let mut filter = Filter::default();
    for _ in 0..=dice.roll(3) {
        match dice.roll(14) {
            0 => filter.entity_type = Some(dice.pick(TYPES).to_owned()),
            1 => filter.entity_id = Some(sample::id(dice)),
            2 => filter.actor_id = Some(sample::id(dice)),
            3 => {
                filter.actor_kind =
                    Some(dice.pick(&[ActorKind::User, ActorKind::System, ActorKind::Unattributed]));
            }
            4 => filter.action = Some(ActionFilter::Exact(dice.pick(ACTIONS).to_owned())),
            5 => {
                filter.action = Some(ActionFilter::Prefix(
                    dice.pick(&["billing", "billing.", "", "x", "\0"])
                        .to_owned(),
                ));
            }
            6 => {
                let outcomes = (0..dice.roll(4)).map(|_| dice.pick(Outcome::ALL));
                filter.outcomes = Some(outcomes.collect());
            }
            7 => filter.severity = Some(dice.pick(Severity::ALL)),
            8 => {
                let path = dice.pick(&[
                    "location",
                    "notes",
                    "notes[7]",
                    "none",
                    "stat",
                    "location.city.name",
                    "location.",
                ]);
                filter.changed = Some(
                    if dice.one_in(2) {
                        dice.pick(FIELDS)
                    } else {
                        path
                    }
                    .to_owned(),
                );
            }
            9 => {
                filter.request_id = Some(if dice.one_in(2) {
                    dice.word()
                } else {
                    Uuid::from_u128(dice.roll(5) as u128).to_string()
                });
            }
            10 => filter.operation = Some(Uuid::from_u128(dice.roll(20) as u128)),
            11 => filter.caused_by = Some(Uuid::from_u128(dice.roll(20) as u128)),
            12 => {
                filter.name_contains = Some(if dice.one_in(4) {
                    String::new()
                } else {
                    dice.word().to_uppercase()
                });
            }
            _ => {
                let since = sample::time(dice) + TimeDelta::nanoseconds(dice.roll(3) as i64);
                filter.since = Some(since);
                filter.until = dice.maybe(|dice| since + TimeDelta::hours(dice.roll(200) as i64));
                if dice.one_in(4) {
                    filter.since = None;
                }
            }
        }
    }
    filter
}

/// Compares random queries, and says how many entries they have found.
pub(crate) fn compare(
    sqlite: &SqliteStore,
    memory: &MemoryStore,
    seed: u64,
    rounds: usize,
) -> usize {
    let mut dice = Dice::new(seed);
    let mut hits = 0;
    for round in 0..rounds {
        let tenant = Tenant::from(dice.pick(TENANTS));
        let filter = if round == 0 {
            Filter::default()
        } else {
            filter(&mut dice)
        };
        for order in [Order::NewestFirst, Order::OldestFirst] {
            let after = dice.maybe(|dice| dice.pick(&[0, 3, 50, 200, 400, 100_000, u64::MAX]));
            let limit = dice.pick(&[0, 1, 7, 50, 1000]);
            let query = Query::new(&filter, limit).from(order, after);
            let expected = memory.entries(&tenant, &query).unwrap();
            hits += expected.len();
            assert_eq!(
                sqlite.entries(&tenant, &query).unwrap(),
                expected,
                "{query:?}"
            );
        }
        assert_eq!(
            sqlite.count(&tenant, &filter).unwrap(),
            memory.count(&tenant, &filter).unwrap(),
            "{filter:?}"
        );
        for by in [
            GroupBy::Action,
            GroupBy::Actor,
            GroupBy::Day,
            GroupBy::EntityType,
            GroupBy::Outcome,
        ] {
            let expected = memory.count_by(&tenant, &filter, by).unwrap();
            assert_eq!(
                sqlite.count_by(&tenant, &filter, by).unwrap(),
                expected,
                "{by:?} {filter:?}"
            );
        }
    }
    hits
}

#[test]
fn every_query_of_a_file_answers_as_the_reference_does() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteStore::open(folder.path().join("a.db")).unwrap();
    let memory = filled(&sqlite, 1, 3_000);
    assert!(compare(&sqlite, &memory, 2, 400) > 400);
    assert_eq!(sqlite.tenants().unwrap(), memory.tenants().unwrap());
    // A second handle has nothing remembered, and reads the same.
    let again = SqliteStore::open(folder.path().join("a.db")).unwrap();
    assert!(compare(&again, &memory, 3, 50) > 50);
    assert_eq!(again.cursor_key().unwrap(), sqlite.cursor_key().unwrap());
    let read_only = SqliteStore::open_read_only(folder.path().join("a.db")).unwrap();
    assert!(compare(&read_only, &memory, 4, 50) > 50);
}

/// What is behind the last full block of a tenant's log, and of the whole log, is read in other ways.
#[test]
fn every_end_of_a_log_answers_as_the_reference_does() {
    for (tenants, ends) in [
        (&TENANTS[..1], [1, 254, 255, 256, 257, 511, 512, 600]),
        (&TENANTS[..2], [2, 255, 257, 300, 511, 513, 767, 800]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let open = || SqliteStore::open(folder.path().join("a.db")).unwrap();
        let memory = MemoryStore::new();
        let entries = sample::entries(8, 800, tenants);
        let (mut stored, mut hits) = (0, 0);
        for (seed, end) in (0..).zip(ends) {
            // Each a store that knows nothing yet.
            let sqlite = open();
            for batch in entries[stored..end].chunks(60) {
                assert_eq!(sqlite.append(batch).unwrap(), memory.append(batch).unwrap());
            }
            stored = end;
            hits += compare(&sqlite, &memory, 20 + seed, 30);
            assert_eq!(sqlite.tenants().unwrap(), memory.tenants().unwrap());
        }
        assert!(hits > 240, "{hits}");
    }
}

#[test]
fn every_query_of_memory_answers_as_the_reference_does() {
    let sqlite = SqliteStore::in_memory().unwrap();
    let memory = filled(&sqlite, 5, 800);
    assert!(compare(&sqlite, &memory, 6, 200) > 200);
}

#[test]
fn an_outcome_that_nothing_has_is_no_group() {
    let sqlite = SqliteStore::in_memory().unwrap();
    sqlite.append(&[sample::plain("acme", "export")]).unwrap();
    let mut filter = Filter::default();
    filter.outcomes = Some(vec![Outcome::Denied]);
    let groups = sqlite.count_by(&"acme".into(), &filter, GroupBy::Outcome);
    assert_eq!(groups.unwrap(), []);
}

#[test]
fn one_entry_is_found_by_its_tenant_only() {
    let sqlite = SqliteStore::in_memory().unwrap();
    let entries = sample::entries(7, 200, TENANTS);
    sqlite.append(&entries).unwrap();
    for entry in &entries {
        let mut found = sqlite.entry(&entry.tenant, entry.id).unwrap().unwrap();
        found.index = entry.index;
        assert_eq!(found, *entry);
        for tenant in TENANTS.iter().map(|name| Tenant::from(*name)) {
            assert_eq!(
                sqlite.entry(&tenant, entry.id).unwrap().is_some(),
                tenant == entry.tenant
            );
        }
    }
    assert!(
        sqlite
            .entry(&"nobody".into(), entries[0].id)
            .unwrap()
            .is_none()
    );
}

#[test]
fn many_names_of_one_party_are_one_history() {
    let sqlite = SqliteStore::in_memory().unwrap();
    let memory = MemoryStore::new();
    for n in 0..100 {
        let mut entry = sample::plain("acme", "rename");
        entry.actor = audit_core::Actor::user(1, format!("name {n}"));
        entry.entity = Some(
            audit_core::Entity::new("user")
                .identified(9)
                .named(format!("label {n}")),
        );
        sqlite.append(std::slice::from_ref(&entry)).unwrap();
        memory.append(&[entry]).unwrap();
    }
    let tenant = Tenant::from("acme");
    let mut filter = Filter::default();
    filter.actor_id = Some(1.into());
    for text in [None, Some("NAME 7"), Some("label 99"), Some("l")] {
        filter.name_contains = text.map(str::to_owned);
        let query = Query::new(&filter, 30);
        assert_eq!(
            sqlite.entries(&tenant, &query).unwrap(),
            memory.entries(&tenant, &query).unwrap()
        );
    }
    for by in [GroupBy::Actor, GroupBy::Day] {
        assert_eq!(
            sqlite.count_by(&tenant, &Filter::default(), by).unwrap(),
            memory.count_by(&tenant, &Filter::default(), by).unwrap()
        );
    }
}
