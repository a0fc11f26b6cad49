//! W3: queries over a log of a million entries, and the size of its file.

use std::path::Path;

use audit_core::{AuditEntry, AuditStore, Cursor, GroupBy};
use audit_sqlite::rusqlite::{Connection, Params};
use audit_sqlite::{SqliteStore, Synchronous};
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use crate::by_hand::{TextTable, connect};
use crate::data::{LOG, TENANTS, Work, entity_of, last_month, log_entry, uuid};
use crate::figures::{Better, Table, Timed, micros};
use crate::library;

const FILL: u64 = 5000;

pub(crate) fn run(folder: &Path, table: &mut Table) {
    let (library_path, text_path) = (folder.join("w3-library.db"), folder.join("w3-text.db"));
    eprintln!("filling two logs of {LOG} entries");
    fill_library(&library_path);
    fill_text(&text_path);
    sizes(table, &library_path, &text_path);
    let store = library::open(&library_path, Synchronous::Full);
    let text = connect(&text_path, "FULL");
    pages(table, &store, &text);
    counts(table, &store, &text);
}

fn fill_library(path: &Path) {
    let store = library::open(path, Synchronous::Normal);
    for start in (0..LOG).step_by(usize::try_from(FILL).unwrap()) {
        let entries: Vec<AuditEntry> = (start..start + FILL)
            .map(|n| library::entry(&log_entry(n)))
            .collect();
        store.append(&entries).unwrap();
    }
    store.checkpoint().unwrap();
}

fn fill_text(path: &Path) {
    let mut connection = connect(path, "NORMAL");
    TextTable::create(&connection);
    for start in (0..LOG).step_by(usize::try_from(FILL).unwrap()) {
        let works: Vec<Work> = (start..start + FILL).map(log_entry).collect();
        TextTable::append(&mut connection, &works);
    }
    // Built afterwards, indexes are as dense as they can be: the best case for the limit.
    TextTable::index(&connection);
    connection
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
}

#[expect(clippy::cast_precision_loss, reason = "bytes per entry")]
fn sizes(table: &mut Table, library: &Path, text: &Path) {
    let bytes = |path: &Path| std::fs::metadata(path).unwrap().len() as f64 / LOG as f64;
    let (ours, limit) = (bytes(library), bytes(text));
    table.goal(
        "bytes per entry, a million entries",
        (format!("{ours:.0}"), format!("{limit:.0}")),
        ours / limit,
        0.6,
        Better::Less,
    );
}

fn compare(table: &mut Table, name: &str, ours: &Timed, limit: &Timed) {
    let ratio = micros(limit.p50) / micros(ours.p50);
    table.goal(
        name,
        (ours.to_string(), limit.to_string()),
        ratio,
        0.8,
        Better::More,
    );
}

fn companies() -> Vec<Uuid> {
    (0..TENANTS).map(|tenant| uuid(2, tenant)).collect()
}

fn read(connection: &Connection, sql: &str, params: impl Params) -> Vec<AuditEntry> {
    let mut statement = connection.prepare_cached(sql).unwrap();
    let rows = statement
        .query_map(params, |row| Ok(TextTable::read(row)))
        .unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

fn text_of(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn pages(table: &mut Table, store: &SqliteStore, text: &Connection) {
    let companies = companies();
    let columns = TextTable::COLUMNS;
    let page_1 = |company: &Uuid| {
        let page = library::log(store, *company).entries().page().unwrap();
        assert_eq!(page.entries.len(), 50);
        page
    };
    let sql =
        format!("SELECT {columns} FROM log WHERE company = ?1 ORDER BY timestamp DESC LIMIT 50");
    let (ours, limit) = Timed::both(&companies, page_1, |company| {
        read(text, &sql, [company.to_string()])
    });
    compare(table, "q1 newest 50 of a tenant", &ours, &limit);

    let since = last_month();
    let sql = format!(
        "SELECT {columns} FROM log WHERE company = ?1 AND entity_type = 'incident' AND action = ?2 AND timestamp >= ?3 ORDER BY timestamp DESC LIMIT 50"
    );
    for (name, action) in [
        ("q2a type, action update, 30 days", "update"),
        ("q2b type, action delete, 30 days", "delete"),
    ] {
        let (ours, limit) = Timed::both(
            &companies,
            |company| {
                let log = library::log(store, *company);
                let entries = log.entries().entity_type("incident").action(action);
                let page = entries.since(since).page().unwrap();
                assert!(page.entries.len() >= 10);
                page
            },
            |company| read(text, &sql, (company.to_string(), action, text_of(since))),
        );
        compare(table, name, &ours, &limit);
    }

    let entities: Vec<_> = (0..200).map(|n| entity_of(n * 241)).collect();
    let sql = format!(
        "SELECT {columns} FROM log WHERE company = ?1 AND entity_type = ?2 AND entity_id = ?3 ORDER BY timestamp DESC"
    );
    let (ours, limit) = Timed::both(
        &entities,
        |(entity_type, id, tenant)| {
            let log = library::log(store, uuid(2, *tenant));
            let page = log.entries().entity(*entity_type, *id).page().unwrap();
            assert_eq!(page.entries.len(), 20);
            page
        },
        |(entity_type, id, tenant)| {
            let company = uuid(2, *tenant).to_string();
            let entries = read(text, &sql, (company, entity_type, id.to_string()));
            assert_eq!(entries.len(), 20);
            entries
        },
    );
    compare(table, "q3 history of an entity (20)", &ours, &limit);

    // Page 200 begins behind entry 9950.
    let marks: Vec<(Uuid, Cursor, String)> = companies
        .iter()
        .map(|company| {
            let log = library::log(store, *company);
            let page = log.entries().limit(9950).page().unwrap();
            let last = page.entries.last().unwrap().timestamp;
            (*company, page.next.unwrap(), text_of(last))
        })
        .collect();
    let page_200 = |(company, cursor, _): &(Uuid, Cursor, String)| {
        let log = library::log(store, *company);
        let page = log.entries().after(*cursor).page().unwrap();
        assert_eq!((page.entries.len(), page.next), (50, None));
        page
    };
    let sql = format!(
        "SELECT {columns} FROM log WHERE company = ?1 AND timestamp < ?2 ORDER BY timestamp DESC LIMIT 50"
    );
    let (ours, limit) = Timed::both(&marks, page_200, |(company, _, last)| {
        let entries = read(text, &sql, (company.to_string(), last));
        assert_eq!(entries.len(), 50);
        entries
    });
    compare(table, "q4 page 200, keyset", &ours, &limit);
    let (last, first) = Timed::both(&marks, page_200, |(company, ..)| page_1(company));
    table.goal(
        "page 200 against page 1",
        (last.to_string(), first.to_string()),
        micros(first.p50) / micros(last.p50),
        0.8,
        Better::More,
    );
}

fn counts(table: &mut Table, store: &SqliteStore, text: &Connection) {
    let (ours, limit) = Timed::both(
        &companies(),
        |company| {
            let log = library::log(store, *company);
            let counts = log.entries().count_by(GroupBy::Action).unwrap();
            let sum: u64 = counts.iter().map(|count| count.entries).sum();
            assert_eq!(sum, LOG / TENANTS);
            counts
        },
        |company| {
            let mut statement = text
                .prepare_cached(
                    "SELECT action, count(*) FROM log WHERE company = ?1 GROUP BY action",
                )
                .unwrap();
            let rows = statement
                .query_map([company.to_string()], |row| {
                    Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
                })
                .unwrap();
            rows.collect::<Result<Vec<_>, _>>().unwrap()
        },
    );
    compare(table, "q5 count by action, one tenant", &ours, &limit);
}
