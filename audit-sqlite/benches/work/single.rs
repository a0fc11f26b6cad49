//! W1: one business row and its entry, each durable.

use std::path::Path;

use audit_sqlite::Synchronous;
use audit_sqlite::rusqlite::Connection;

use crate::by_hand::{TextTable, connect};
use crate::data::{text, update, uuid};
use crate::figures::{Table, per_second, rate};
use crate::library;

const OPERATIONS: u64 = 300;
const ROUNDS: u64 = 5;

/// The row and the hand-written entry commit together; the library's entry commits after the
/// row, for joining the caller's transaction is a matter of its own.
pub(crate) fn run(folder: &Path, table: &mut Table) {
    let mut business = connect(&folder.join("w1-business.db"), "FULL");
    business
        .execute_batch("CREATE TABLE incident (id TEXT PRIMARY KEY, title TEXT, description TEXT, status TEXT)")
        .unwrap();
    let insert = "INSERT INTO incident VALUES (?1, ?2, ?3, 'open')";
    for i in 0..1000 {
        let row = (
            uuid(1, i).to_string(),
            text(i, 40),
            text(i + 1_000_003, 400),
        );
        business.execute(insert, row).unwrap();
    }
    TextTable::create(&business);
    TextTable::index(&business);
    let auditor = library::auditor(library::open(&folder.join("w1-log.db"), Synchronous::Full));
    let mut rates = [Vec::new(), Vec::new(), Vec::new()];
    let mut next = 0;
    for _ in 0..ROUNDS {
        let operations = next..next + OPERATIONS;
        next += OPERATIONS;
        rates[0].push(rate(OPERATIONS, || {
            for j in operations.clone() {
                let transaction = business.transaction().unwrap();
                move_on(&transaction, j);
                transaction.commit().unwrap();
            }
        }));
        rates[1].push(rate(OPERATIONS, || {
            for j in operations.clone() {
                let transaction = business.transaction().unwrap();
                move_on(&transaction, j);
                TextTable::insert(&transaction, &update(j));
                transaction.commit().unwrap();
            }
        }));
        rates[2].push(rate(OPERATIONS, || {
            for j in operations.clone() {
                let transaction = business.transaction().unwrap();
                move_on(&transaction, j);
                transaction.commit().unwrap();
                library::draft(&auditor, &update(j)).record().unwrap();
            }
        }));
    }
    let [unaudited, by_hand, ours] = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    });
    table.note(
        "W1 row without entry",
        String::new(),
        per_second(unaudited),
        None,
    );
    table.note(
        "W1 row, then entry: two commits against one by hand",
        per_second(ours),
        per_second(by_hand),
        Some(ours / by_hand),
    );
}

fn move_on(connection: &Connection, j: u64) {
    let work = update(j);
    let id = uuid(1, j % 1000).to_string();
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
