//! Several stores and callers take turns on one file, at random: whoever has filled a block, and whatever was taken
//! back in between, each index comes once, and everything is found where it stands.

use std::collections::BTreeMap;

use audit_core::query::{Filter, Order};
use audit_core::store::{Appended, Query};
use audit_core::{Actor, AuditContext, AuditEntry, AuditStore, Auditor, Entity, MemoryStore};
use audit_sqlite::rusqlite::{Connection, Transaction};
use audit_sqlite::{AuditedTransaction, SqliteOptions, SqliteStore, Synchronous};
use uuid::Uuid;

use crate::sample::{self, ACTIONS, Dice, TYPES};
use crate::{blocks, reading};

const TENANTS: &[&str] = &["acme", "Acme", "𝔗enant \0", "globex"];
const SEEDS: u64 = 4;
const STEPS: usize = 60;

/// The ids of each tenant's log, in order.
type Model = BTreeMap<String, Vec<Uuid>>;

struct Turns {
    dice: Dice,
    /// Each with a memory of its own.
    stores: Vec<SqliteStore>,
    connections: Vec<Connection>,
    model: Model,
    past: Vec<AuditEntry>,
}

impl Turns {
    fn append(&mut self) {
        let most = if self.dice.one_in(4) { 300 } else { 20 };
        let count = 1 + self.dice.roll(most);
        let tenants = [self.dice.pick(TENANTS), self.dice.pick(&TENANTS[..2])];
        let mut batch = sample::entries(self.dice.roll(1 << 40) as u64, count, &tenants);
        for entry in &mut batch {
            if self.dice.one_in(2) {
                entry.id = Uuid::now_v7();
            }
        }
        if self.dice.one_in(3) && !self.past.is_empty() {
            batch.push(self.dice.pick(&self.past));
        }
        let store = self.dice.pick(&self.stores);
        if self.dice.one_in(8) {
            // Refused in the middle, and as a whole.
            batch[self.dice.roll(count)].entity = Some(Entity::new(""));
            store.append(&batch).unwrap_err();
            return;
        }
        for (entry, appended) in batch.iter().zip(store.append(&batch).unwrap()) {
            let log = self.model.entry(entry.tenant.to_string()).or_default();
            match appended {
                Appended::Stored { index } => {
                    assert_eq!(index, log.len() as u64);
                    log.push(entry.id);
                }
                Appended::Present { index } => {
                    assert_eq!(log.get(usize::try_from(index).unwrap()), Some(&entry.id));
                }
                other => panic!("{other:?}"),
            }
        }
        self.past.push(batch[0].clone());
    }

    /// An attempt, perhaps of a tenant that has no entry, ends in another store, or not at all.
    fn attempt(&mut self) {
        let entry = sample::plain(self.dice.pick(&["new", "acme"]), "attempt");
        self.dice.pick(&self.stores).open_attempt(&entry).unwrap();
        let store = self.dice.pick(&self.stores);
        match self.dice.roll(3) {
            0 => store.close_attempt(&entry.tenant, entry.id).unwrap(),
            1 => {
                let log = self.model.entry(entry.tenant.to_string()).or_default();
                let index = log.len() as u64;
                let appended = store.append(std::slice::from_ref(&entry)).unwrap();
                assert_eq!(appended, [Appended::Stored { index }]);
                log.push(entry.id);
            }
            _ => {}
        }
    }

    fn transact(&mut self) {
        let store = self.dice.pick(&self.stores);
        let which = self.dice.roll(self.connections.len());
        let (dice, before) = (&mut self.dice, self.model.clone());
        let connection = &mut self.connections[which];
        let auditor = Auditor::new(store.clone());
        let context = AuditContext::new("acme")
            .actor(Actor::user(dice.roll(50), format!("user {}", dice.roll(9))))
            .auditor(&auditor);
        let after = context.scope(|| {
            let mut tx = store.begin(connection).unwrap();
            let mut model = before.clone();
            for _ in 0..dice.roll(4) {
                step(&mut tx, &mut model, dice);
            }
            match dice.roll(4) {
                0 => tx.rollback().map(|()| before),
                1 => {
                    drop(tx);
                    Ok(before)
                }
                _ => tx.commit().map(|_| model),
            }
        });
        self.model = after.unwrap();
    }

    /// Everything, read by who knows nothing yet.
    fn check(mut self, path: &std::path::Path, seed: u64) {
        self.model.retain(|_, log| !log.is_empty());
        let reader = SqliteStore::open_read_only(path).unwrap();
        let tenants = reader.tenants().unwrap();
        assert!(
            tenants
                .iter()
                .map(ToString::to_string)
                .eq(self.model.keys().cloned())
        );
        let memory = MemoryStore::new();
        let filter = Filter::default();
        for (tenant, (name, log)) in tenants.iter().zip(&self.model) {
            let query = Query::new(&filter, usize::MAX).from(Order::OldestFirst, None);
            let all = reader.entries(tenant, &query).unwrap();
            assert!(all.iter().map(|entry| &entry.id).eq(log));
            for (index, entry) in (0..).zip(&all) {
                assert_eq!(entry.index, index);
            }
            let some = all.iter().step_by(5);
            for entry in some {
                let found = reader.entry(tenant, entry.id).unwrap();
                assert_eq!(found.as_ref(), Some(entry));
            }
            memory.append(&all).unwrap();
            let shown: Vec<i64> = self.connections[0]
                .prepare("SELECT \"index\" FROM audit_log WHERE company = ?1 ORDER BY \"index\"")
                .and_then(|mut shown| {
                    let rows = shown.query_map([name], |row| row.get(0))?;
                    rows.collect()
                })
                .unwrap();
            assert!(shown.into_iter().eq(0..log.len() as i64));
        }
        reading::compare(&reader, &memory, seed, 40);
        reading::compare(&self.stores[0], &memory, seed + 1, 20);
    }
}

/// Records in the transaction, or in a savepoint that stays or goes.
fn step(tx: &mut AuditedTransaction<'_>, model: &mut Model, dice: &mut Dice) {
    let mut inner = model.clone();
    let stays = dice.one_in(2);
    match dice.roll(3) {
        0 => {
            record(tx, model, dice);
            return;
        }
        1 => {
            let savepoint = tx.savepoint().unwrap();
            let many = dice.roll(300);
            for _ in 0..many {
                let receipt = savepoint.log("inner").record().unwrap();
                note(&mut inner, "acme", &receipt);
            }
            match (stays, dice.one_in(2)) {
                (true, _) => savepoint.commit().unwrap(),
                (false, true) => savepoint.rollback().unwrap(),
                (false, false) => drop(savepoint),
            }
        }
        _ => {
            tx.execute_batch("SAVEPOINT s").unwrap();
            record(tx, &mut inner, dice);
            let end = if stays {
                "RELEASE s"
            } else {
                "ROLLBACK TO s; RELEASE s"
            };
            tx.execute_batch(end).unwrap();
        }
    }
    if stays {
        *model = inner;
    }
}

fn record(tx: &AuditedTransaction<'_>, model: &mut Model, dice: &mut Dice) {
    let most = if dice.one_in(4) { 300 } else { 6 };
    for n in 0..dice.roll(most) {
        if dice.one_in(9) {
            let insert = "INSERT INTO business (x) VALUES (1), (2)";
            assert_eq!(tx.execute(insert, []).unwrap(), 2);
        }
        let seen = |tx: &Transaction<'_>| (tx.changes(), tx.last_insert_rowid());
        let before = seen(tx);
        let tenant = dice.pick(TENANTS);
        let mut draft = tx
            .log(dice.pick(ACTIONS))
            .with(|draft| draft.tenant(tenant));
        if dice.one_in(2) {
            let (of_type, id) = (dice.pick(TYPES), dice.roll(60));
            draft = draft.with(|draft| draft.entity(of_type, id).entity_name(format!("{}", n % 7)));
        }
        let receipt = draft.record().unwrap();
        assert_eq!(seen(tx), before);
        note(model, tenant, &receipt);
    }
}

fn note(model: &mut Model, tenant: &str, receipt: &audit_core::Receipt) {
    let log = model.entry(tenant.to_owned()).or_default();
    assert_eq!(receipt.index(), Some(log.len() as u64));
    log.push(receipt.entry_id().unwrap());
}

#[test]
fn whoever_takes_a_turn_each_entry_has_a_place_of_its_own() {
    for seed in 0..SEEDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let options = || SqliteOptions::new().synchronous(Synchronous::Normal);
        let open = || SqliteStore::open_with(&path, options()).unwrap();
        let mut turns = Turns {
            dice: Dice::new(seed),
            stores: (0..3).map(|_| open()).collect(),
            connections: (0..3).map(|_| Connection::open(&path).unwrap()).collect(),
            model: Model::new(),
            past: Vec::new(),
        };
        let business = "CREATE TABLE business (id INTEGER PRIMARY KEY, x)";
        turns.connections[0].execute_batch(business).unwrap();
        for _ in 0..STEPS {
            match turns.dice.roll(8) {
                0..=2 => turns.append(),
                3 => turns.attempt(),
                _ => turns.transact(),
            }
        }
        blocks::check(&turns.connections[0]);
        turns.check(&path, seed);
    }
}
