//! W1: one business row and its entry in one transaction, durable.

use std::path::Path;
use std::time::Instant;

use audit_sqlite::Synchronous;
use audit_sqlite::rusqlite::Connection;

use crate::by_hand::{TextTable, connect};
use crate::data::{text, update, uuid};
use crate::figures::{Better, Table, per_second};
use crate::library;

/// Each record is updated once before anything is measured, and so is known to every log.
const RECORDS: u64 = 1000;
/// How often a round does each. Neighbours of the machine only ever add to a round, so that the figures
/// are those of the one that took the least time in all.
const OPERATIONS: u64 = 2000;
const ROUNDS: usize = 15;

/// Three files that hold the same: without entries, with entries by hand, with ours.
pub(crate) fn run(folder: &Path, table: &mut Table) {
    let open = |name: &str| {
        let connection = connect(&folder.join(name), "FULL");
        fill(&connection);
        connection
    };
    let mut plain = open("w1-plain.db");
    let mut by_hand = open("w1-by-hand.db");
    TextTable::create(&by_hand);
    TextTable::index(&by_hand);
    let store = library::open(&folder.join("w1-audited.db"), Synchronous::Full);
    let auditor = library::auditor(store.clone());
    let mut audited = open("w1-audited.db");
    audited.execute_batch("PRAGMA synchronous=FULL").unwrap();

    let mut steps = 0..;
    let mut round = |operations: u64| {
        let mut times = [Vec::new(), Vec::new(), Vec::new()];
        for j in steps.by_ref().take(usize::try_from(operations).unwrap()) {
            let work = update(j);
            // In turn, so that what the machine does beside this strikes all three.
            let start = Instant::now();
            let transaction = plain.transaction().unwrap();
            move_on(&transaction, j);
            transaction.commit().unwrap();
            let first = start.elapsed();

            let start = Instant::now();
            let transaction = by_hand.transaction().unwrap();
            move_on(&transaction, j);
            TextTable::insert(&transaction, &work);
            transaction.commit().unwrap();
            let second = start.elapsed();

            let start = Instant::now();
            let transaction = store.begin(&mut audited).unwrap();
            move_on(&transaction, j);
            library::draft(&auditor, &work).record().unwrap();
            transaction.commit().unwrap();
            let third = start.elapsed();

            for (times, time) in times.iter_mut().zip([first, second, third]) {
                times.push(time.as_secs_f64());
            }
        }
        times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        })
    };
    round(RECORDS);
    let total = |round: &[f64; 3]| round.iter().sum::<f64>();
    let [unaudited, by_hand, ours] = (0..ROUNDS)
        .map(|_| round(OPERATIONS))
        .min_by(|one, other| total(one).total_cmp(&total(other)))
        .unwrap();
    table.goal(
        "W1 row and entry in one transaction: time against the row alone",
        (per_second(1.0 / ours), per_second(1.0 / unaudited)),
        ours / unaudited,
        1.5,
        Better::Less,
    );
    table.goal(
        "W1 the same against the entry inserted by hand",
        (per_second(1.0 / ours), per_second(1.0 / by_hand)),
        ours / by_hand,
        1.1,
        Better::Less,
    );
}

fn fill(connection: &Connection) {
    connection
        .execute_batch("CREATE TABLE incident (id TEXT PRIMARY KEY, title TEXT, description TEXT, status TEXT); BEGIN")
        .unwrap();
    for i in 0..RECORDS {
        let row = (
            uuid(1, i).to_string(),
            text(i, 40),
            text(i + 1_000_003, 400),
        );
        connection
            .execute("INSERT INTO incident VALUES (?1, ?2, ?3, 'open')", row)
            .unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

fn move_on(connection: &Connection, j: u64) {
    let work = update(j);
    let id = uuid(1, j % RECORDS).to_string();
    let status: String = connection
        .prepare_cached("SELECT status FROM incident WHERE id = ?1")
        .unwrap()
        .query_row([&id], |row| row.get(0))
        .unwrap();
    std::hint::black_box(status);
    connection
        .prepare_cached("UPDATE incident SET status = ?2 WHERE id = ?1")
        .unwrap()
        .execute([id.as_str(), work.new])
        .unwrap();
}
