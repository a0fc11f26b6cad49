//! Tracked tables: what an update costs its writer, what becoming an entry costs, and a bulk update.

use std::path::Path;
use std::time::Instant;

use audit_core::{Actor, AuditContext};
use audit_sqlite::rusqlite::{Connection, params};
use audit_sqlite::{SqliteStore, Synchronous, TrackedTable};

use crate::by_hand::connect;
use crate::data::{text, uuid};
use crate::figures::{Better, Table, peak_mebibytes, peak_mebibytes_of, per_second, rate};
use crate::library;

const ROWS: u64 = 100_000;
const TRANSACTION: u64 = 1_000;
const TRANSACTIONS: u64 = 20;
const ROUNDS: usize = 5;

const INCIDENTS: &str = "CREATE TABLE incident (id TEXT PRIMARY KEY, company TEXT NOT NULL, title TEXT NOT NULL,
    description TEXT, status TEXT NOT NULL, assignee TEXT, severity INTEGER, score REAL, updated INTEGER)";

/// The old and the new row as JSON, for whoever asks what happened to a record or in a company.
const BY_HAND: &str = "CREATE TABLE change (id TEXT NOT NULL, time TEXT NOT NULL, company TEXT NOT NULL, action TEXT NOT NULL,
        entity_type TEXT NOT NULL, entity_id TEXT NOT NULL, old TEXT, new TEXT);
    CREATE INDEX change_time ON change (company, time);
    CREATE INDEX change_entity ON change (company, entity_type, entity_id, time);
    CREATE TRIGGER incident_update AFTER UPDATE ON incident BEGIN
        INSERT INTO change VALUES (lower(hex(randomblob(16))), strftime('%Y-%m-%dT%H:%M:%fZ'), NEW.company, 'update', 'incident', NEW.id,
            json_object('id', OLD.id, 'company', OLD.company, 'title', OLD.title, 'description', OLD.description, 'status', OLD.status,
                'assignee', OLD.assignee, 'severity', OLD.severity, 'score', OLD.score, 'updated', OLD.updated),
            json_object('id', NEW.id, 'company', NEW.company, 'title', NEW.title, 'description', NEW.description, 'status', NEW.status,
                'assignee', NEW.assignee, 'severity', NEW.severity, 'score', NEW.score, 'updated', NEW.updated));
    END";

pub(crate) fn run(folder: &Path, table: &mut Table) {
    let rounds: Vec<Round> = (0..ROUNDS)
        .map(|round| Round::measure(folder, round))
        .collect();
    let median = |of: &dyn Fn(&Round) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values[ROUNDS / 2]
    };
    let micros = |of: &dyn Fn(&Round) -> f64| format!("{:.1} µs", median(of) * 1e6);
    table.note(
        "an update of a row, 1000 a transaction, without any trigger",
        String::new(),
        micros(&|round| round.plain),
        None,
    );
    table.goal(
        "the same tracked: for its writer, against hand-written triggers",
        (
            micros(&|round| round.staged),
            micros(&|round| round.by_hand),
        ),
        median(&|round| round.staged / round.by_hand),
        1.5,
        Better::Less,
    );
    table.goal(
        "the same until it is an entry in the log",
        (
            micros(&|round| round.collected),
            micros(&|round| round.by_hand),
        ),
        median(&|round| round.collected / round.by_hand),
        1.5,
        Better::Less,
    );
    table.goal(
        "one UPDATE of 100,000 tracked rows, entries per second",
        (
            per_second(median(&|round| round.bulk)),
            per_second(50_000.0),
        ),
        median(&|round| round.bulk) / 50_000.0,
        1.0,
        Better::More,
    );
    peak(table, "its peak memory", "only-tracked");
    table.note(
        "the same in a transaction of `begin` and a context, against that",
        per_second(median(&|round| round.joined)),
        per_second(median(&|round| round.bulk)),
        Some(median(&|round| round.joined / round.bulk)),
    );
    peak(table, "its peak memory", "only-joined");
}

fn peak(table: &mut Table, name: &str, work: &str) {
    let peak = peak_mebibytes_of(work);
    table.goal(
        name,
        (format!("{peak:.1} MiB"), "64 MiB".to_owned()),
        peak / 64.0,
        1.0,
        Better::Less,
    );
}

struct Round {
    /// Seconds for each update.
    plain: f64,
    by_hand: f64,
    staged: f64,
    collected: f64,
    /// Entries per second.
    bulk: f64,
    joined: f64,
}

impl Round {
    fn measure(folder: &Path, round: usize) -> Self {
        let path = |name: &str| folder.join(format!("tracked-{name}-{round}.db"));
        let mut plain = connect(&path("plain"), "FULL");
        plain.execute_batch(INCIDENTS).unwrap();
        fill(&mut plain, TRANSACTION);
        let mut by_hand = connect(&path("by-hand"), "FULL");
        by_hand.execute_batch(INCIDENTS).unwrap();
        fill(&mut by_hand, TRANSACTION);
        by_hand.execute_batch(BY_HAND).unwrap();
        let store = library::open(&path("tracked"), Synchronous::Full);
        let mut tracked = connect(&path("tracked"), "FULL");
        tracked.execute_batch(INCIDENTS).unwrap();
        fill(&mut tracked, TRANSACTION);
        track(&tracked);
        let (mut staged, mut collected) = (0.0, 0.0);
        for number in 0..TRANSACTIONS {
            let seconds = update(&mut tracked, number);
            let start = Instant::now();
            store.collect_row_changes().unwrap();
            staged += seconds;
            collected += seconds + start.elapsed().as_secs_f64();
        }
        let each =
            |seconds: f64| seconds / f64::from(u32::try_from(TRANSACTIONS * TRANSACTION).unwrap());
        Self {
            plain: each(
                (0..TRANSACTIONS)
                    .map(|number| update(&mut plain, number))
                    .sum(),
            ),
            by_hand: each(
                (0..TRANSACTIONS)
                    .map(|number| update(&mut by_hand, number))
                    .sum(),
            ),
            staged: each(staged),
            collected: each(collected),
            bulk: bulk(&path("bulk")),
            joined: joined(&path("joined")),
        }
    }
}

fn fill(connection: &mut Connection, rows: u64) {
    let transaction = connection.transaction().unwrap();
    let mut insert = transaction
        .prepare("INSERT INTO incident VALUES (?1, ?2, ?3, ?4, 'open', NULL, 3, 0.5, 0)")
        .unwrap();
    for row in 0..rows {
        insert
            .execute(params![
                uuid(1, row).to_string(),
                uuid(2, row % 100).to_string(),
                text(row, 40),
                text(row + 1_000_003, 400),
            ])
            .unwrap();
    }
    drop(insert);
    transaction.commit().unwrap();
}

fn track(connection: &Connection) {
    TrackedTable::new("incident")
        .name("title")
        .tenant("company")
        .track(connection)
        .unwrap();
}

/// One transaction, a row at a time; how many seconds it takes.
fn update(connection: &mut Connection, number: u64) -> f64 {
    let status = ["triaged", "resolved", "closed"][usize::try_from(number % 3).unwrap()];
    let start = Instant::now();
    let transaction = connection.transaction().unwrap();
    let mut update = transaction
        .prepare_cached("UPDATE incident SET status = ?1, updated = ?2 WHERE id = ?3")
        .unwrap();
    for row in 0..TRANSACTION {
        update
            .execute(params![
                status,
                number.cast_signed() + 1,
                uuid(1, row).to_string()
            ])
            .unwrap();
    }
    drop(update);
    transaction.commit().unwrap();
    start.elapsed().as_secs_f64()
}

const CLOSE_ALL: &str = "UPDATE incident SET status = 'closed', updated = 1";

/// One statement over all rows, until all are entries; how many of them per second.
pub(crate) fn bulk(path: &Path) -> f64 {
    let (store, connection) = many(path);
    rate(ROWS, || {
        connection.execute(CLOSE_ALL, []).unwrap();
        assert_eq!(store.collect_row_changes().unwrap(), ROWS);
    })
}

/// The same in a transaction of ours, whose entries carry a context.
pub(crate) fn joined(path: &Path) -> f64 {
    let (store, mut connection) = many(path);
    let auditor = library::auditor(store.clone());
    let context = AuditContext::new("acme")
        .actor(Actor::user("ada", "Ada"))
        .auditor(&auditor);
    context.scope(|| {
        rate(ROWS, || {
            let tx = store.begin(&mut connection).unwrap();
            tx.execute(CLOSE_ALL, []).unwrap();
            tx.commit().unwrap();
        })
    })
}

/// A table that is tracked, and a log that knows its rows, since it has seen them come.
fn many(path: &Path) -> (SqliteStore, Connection) {
    let store = library::open(path, Synchronous::Full);
    let mut connection = Connection::open(path).unwrap();
    connection.execute_batch(INCIDENTS).unwrap();
    track(&connection);
    fill(&mut connection, ROWS);
    store.collect_row_changes().unwrap();
    store.checkpoint().unwrap();
    (store, connection)
}

/// A bulk update alone; prints the peak memory in MiB.
pub(crate) fn alone(folder: &Path, bulk: fn(&Path) -> f64) {
    eprintln!("{}", per_second(bulk(&folder.join("alone.db"))));
    println!("{}", peak_mebibytes());
}
