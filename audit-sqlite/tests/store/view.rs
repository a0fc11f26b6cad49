//! The view `audit_log` says what an entry says as JSON.

use audit_core::query::{Filter, Order};
use audit_core::store::Query;
use audit_core::{AuditStore, Tenant};
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::types::ValueRef;
use audit_sqlite::rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::sample;

/// The columns that hold JSON.
const JSON: &[&str] = &[
    "request_data",
    "changes",
    "metadata",
    "on_behalf_of",
    "error",
    "truncated",
    "sensitive",
];

#[test]
fn the_view_is_the_json() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store
        .append(&sample::entries(11, 3_000, &["acme"]))
        .unwrap();
    let filter = Filter::default();
    let query = Query::new(&filter, usize::MAX).from(Order::OldestFirst, None);
    let entries = store.entries(&Tenant::from("acme"), &query).unwrap();

    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut statement = connection
        .prepare("SELECT * FROM audit_log ORDER BY \"index\"")
        .unwrap();
    // A vector of names in one release of rusqlite, an iterator in another.
    #[allow(clippy::useless_conversion, reason = "both are tested")]
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let first = serde_json::to_string(&entries[0]).unwrap();
    let places: Vec<_> = columns
        .iter()
        .map(|column| first.find(&format!("\"{column}\":")))
        .collect();
    assert!(
        columns.starts_with(
            &[
                "id",
                "timestamp",
                "actor",
                "actor_name",
                "action",
                "entity_type",
                "entity_id",
                "entity_name",
                "company",
                "ip_address",
                "user_agent",
                "request_data",
                "changes",
                "metadata"
            ]
            .map(str::to_owned)
        )
    );
    assert!(places.iter().all(Option::is_some), "{columns:?}");

    let mut rows = statement.query([]).unwrap();
    let mut seen = 0;
    while let Some(row) = rows.next().unwrap() {
        let expected = serde_json::to_value(&entries[seen]).unwrap();
        assert_eq!(columns.len(), expected.as_object().unwrap().len());
        for (place, column) in columns.iter().enumerate() {
            let expected = &expected[column.as_str()];
            let actual = match row.get_ref(place).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(number) => Value::from(number),
                ValueRef::Text(text) if JSON.contains(&column.as_str()) => {
                    serde_json::from_slice(text).unwrap()
                }
                ValueRef::Text(text) => Value::from(std::str::from_utf8(text).unwrap()),
                other => panic!("{column} is {other:?}"),
            };
            // No integer of SQLite is above `i64::MAX`; such an id is its digits.
            let is_large = expected
                .as_u64()
                .is_some_and(|number| i64::try_from(number).is_err());
            let expected = if is_large {
                Value::from(expected.to_string())
            } else {
                expected.clone()
            };
            assert_eq!(actual, expected, "{column} of entry {seen}");
        }
        seen += 1;
    }
    assert_eq!(seen, 3_000);
}

#[test]
fn times_before_the_epoch_round_down() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    let mut entry = sample::plain("acme", "x");
    entry.timestamp = "1969-12-31T23:59:59.999999Z".parse().unwrap();
    store.append(&[entry]).unwrap();
    let text: String = Connection::open(&path)
        .unwrap()
        .query_row("SELECT timestamp FROM audit_log", [], |row| row.get(0))
        .unwrap();
    assert_eq!(text, "1969-12-31T23:59:59.999999Z");
}

/// Whoever puts an entry in the place of another does not put it into the log of another tenant.
#[test]
fn an_entry_is_shown_to_its_own_company_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store
        .append(&sample::entries(12, 400, &["acme", "globex"]))
        .unwrap();
    let foreign = Connection::open(&path).unwrap();
    let replaced = foreign
        .execute(
            "REPLACE INTO audit_entry (seq, tenant, idx, id, time, recorded, verb, actor, outcome, severity)
             SELECT (SELECT min(seq) FROM audit_entry WHERE tenant = 1), tenant, idx, randomblob(16), time, recorded, verb, actor, outcome, severity
             FROM audit_entry WHERE tenant = 2 LIMIT 1",
            [],
        )
        .unwrap();
    assert_eq!(replaced, 1);
    let others: i64 = foreign
        .query_row(
            "SELECT count(*) FROM audit_log AS l JOIN audit_entry AS e ON lower(hex(e.id)) = replace(l.id, '-', '')
             JOIN audit_tenant AS t ON t.n = e.tenant WHERE t.name <> l.company",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(others, 0);
}
