//! What a table is told to be tracked as.

use audit_core::{AuditStore, EntityId, ErrorKind};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{RowOperation, SqliteStore, TrackedTable, UNKNOWN_TENANT, track_all_tables};
use serde_json::json;
use uuid::Uuid;

use crate::desk::{Desk, RESOURCES, entries_of, error, short};

#[test]
fn the_example_of_the_readme() {
    let desk = Desk::new(RESOURCES);
    TrackedTable::new("Resources")
        .entity_type("resource")
        .id("ID")
        .name("name")
        .tenant("company_id")
        .exclude(["password", "notes"])
        .allow(["sort_key"])
        .label("sort_key", "place")
        .track(&desk.connection)
        .unwrap();
    desk.run("INSERT INTO resources VALUES (7, 'acme', 'printer', 'hunter2', 'k-1', 5, 'x')");
    desk.run("UPDATE resources SET password = 'other', notes = 'y'");
    desk.run("UPDATE resources SET api_key = 'k-2', sort_key = 6, name = 'scanner'");
    let entries = desk.entries();
    assert_eq!(
        short(&entries),
        json!([
            ["create", "7", {
                "id": {"new": 7},
                "company_id": {"new": "acme"},
                "name": {"new": "printer"},
                "api_key": {"new": "********"},
                "place": {"new": 5},
            }],
            ["update", "7", {
                "name": {"old": "printer", "new": "scanner"},
                "api_key": {"old": "********", "new": "********"},
                "place": {"old": 5, "new": 6},
            }],
        ])
    );
    assert_eq!(entries[0].entity_type(), Some("resource"));
    assert_eq!(entries[0].entity_name(), Some("printer"));
    assert_eq!(entries[1].entity_name(), Some("scanner"));
}

#[test]
fn ids_of_every_kind() {
    let desk = Desk::new("CREATE TABLE t (id BLOB PRIMARY KEY, region TEXT, number INT, v)");
    desk.track(TrackedTable::new("t"));
    let id = Uuid::now_v7();
    desk.connection
        .execute("INSERT INTO t VALUES (?1, 'eu', 7, 1)", [id.as_bytes()])
        .unwrap();
    assert_eq!(desk.entries()[0].entity_id(), Some(&EntityId::from(id)));
    desk.track(
        TrackedTable::new("t")
            .ids(["region", "number"])
            .include(["v"]),
    );
    desk.run("UPDATE t SET v = 2; UPDATE t SET number = 8; UPDATE t SET id = x'00'");
    assert_eq!(
        desk.told(),
        json!([
            ["update", "[\"eu\",7]", {"v": {"old": 1, "new": 2}}],
            ["update", "[\"eu\",8]", {"number": {"old": 7, "new": 8}}],
        ])
    );
}

#[test]
fn the_tenant_is_that_of_the_row() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, company, v)");
    TrackedTable::new("t")
        .tenant("company")
        .exclude(["company"])
        .track(&desk.connection)
        .unwrap();
    desk.run("INSERT INTO t VALUES (1, 'acme', 1), (2, 7, 2), (3, NULL, 3), (4, '', 4)");
    desk.run("UPDATE t SET v = 9 WHERE id = 2");
    assert_eq!(desk.entries().len(), 1);
    assert_eq!(entries_of(&desk.store, "7", 0).len(), 2);
    assert_eq!(entries_of(&desk.store, UNKNOWN_TENANT, 0).len(), 2);

    // A row that moves is gone for the one and new for the other.
    desk.run("UPDATE t SET company = 'zeta', v = 5 WHERE id = 1");
    assert_eq!(
        desk.told(),
        json!([["delete", "1", {"id": {"old": 1}, "v": {"old": 1}}]])
    );
    assert_eq!(
        short(&entries_of(&desk.store, "zeta", 0)),
        json!([["create", "1", {"id": {"new": 1}, "v": {"new": 5}}]])
    );
}

#[test]
fn the_tenant_may_stand_in_another_table() {
    for reference in [
        "company_id REFERENCES companies (number)",
        "company_id, FOREIGN KEY (company_id) REFERENCES companies (number) ON DELETE CASCADE",
    ] {
        let desk = Desk::new(&format!(
            "CREATE TABLE companies (id INTEGER PRIMARY KEY, number INT UNIQUE, slug TEXT);
             INSERT INTO companies VALUES (1, 70, 'acme'), (2, 71, 'zeta');
             CREATE TABLE t (id INTEGER PRIMARY KEY, v, {reference})"
        ));
        TrackedTable::new("t")
            .tenant_through("company_id", "companies", "slug")
            .track(&desk.connection)
            .unwrap();
        desk.run("INSERT INTO t VALUES (1, 'a', 70), (2, 'b', 71)");
        assert_eq!(desk.entries().len(), 1);
        desk.run("UPDATE t SET company_id = 70 WHERE id = 2");
        assert_eq!(desk.entries()[0].action, "create");
        if reference.contains("CASCADE") {
            desk.run("DELETE FROM companies WHERE slug = 'acme'");
            let entries = desk.entries();
            assert_eq!(entries.len(), 2);
            assert!(entries.iter().all(|entry| entry.action == "delete"));
        }
    }
    let desk = Desk::new("CREATE TABLE companies (slug TEXT); CREATE TABLE t (id, company_id)");
    let (kind, text) = error(
        &desk,
        TrackedTable::new("t").tenant_through("company_id", "companies", "slug"),
    );
    assert_eq!(kind, ErrorKind::Invalid);
    assert!(text.contains("foreign key"), "{text}");
}

#[test]
fn conditions_and_operations_choose() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, status, u UNIQUE)");
    desk.track(TrackedTable::new("t").when("status <> 'draft' -- not yet"));
    desk.run(
        "INSERT INTO t VALUES (1, 'draft', 1), (2, 'done', 2), (3, 'draft', 3);
         UPDATE t SET status = 'done' WHERE id = 1; UPDATE t SET status = 'draft' WHERE id = 2;
         REPLACE INTO t VALUES (4, 'draft', 1); REPLACE INTO t VALUES (5, 'done', 3);
         DELETE FROM t",
    );
    let told = desk.told();
    let brief: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry[0].as_str().unwrap(), entry[1].as_str().unwrap()))
        .collect();
    assert_eq!(
        brief,
        [
            ("create", "2"),
            ("update", "1"),
            ("delete", "1"),
            ("create", "5"),
            ("delete", "5")
        ]
    );
    desk.track(TrackedTable::new("t").operations([RowOperation::Delete]));
    desk.run("INSERT INTO t VALUES (1, 1, 1); UPDATE t SET u = 2; DELETE FROM t");
    assert_eq!(desk.entries().len(), 1);
}

#[test]
fn a_condition_finds_in_a_new_row_what_it_finds_in_the_table() {
    let columns = "id INTEGER PRIMARY KEY, code TEXT, n INT, d NUMERIC, r REAL, b BLOB, any, w TEXT COLLATE NOCASE, \"ä😀\" TEXT, g TEXT AS (n + 6)";
    let row = "7, '7', 1, 9, 1, 7, 7, 'open', '7'";
    for condition in [
        "code = 7",
        "7 = code",
        "code IN (7, 8)",
        "code BETWEEN 6.5 AND 70",
        "code <> 7",
        "n = '1'",
        "d > '5'",
        "r = '1'",
        "typeof(r) = 'real'",
        "b = code",
        "code = b",
        "any = code",
        "code = id",
        "w = 'OPEN'",
        "'OPEN' = w",
        "code || w = '7OPEN'",
        "w || code = '7OPEN'",
        "ä😀 = 7",
        "g = 7",
        "CASE code WHEN 7 THEN 1 END",
        "1",
    ] {
        let desk = Desk::new(&format!(
            "CREATE TABLE t ({columns}); CREATE TABLE u ({columns})"
        ));
        desk.run(&format!("INSERT INTO u VALUES ({row})"));
        let found: i64 = desk
            .connection
            .query_row(
                &format!("SELECT count(*) FROM u WHERE {condition}"),
                [],
                |row| row.get(0),
            )
            .unwrap();
        desk.track(TrackedTable::new("t").when(condition));
        desk.run(&format!(
            "INSERT INTO t VALUES ({row}); UPDATE t SET n = n; DELETE FROM t"
        ));
        assert_eq!(
            desk.entries().len(),
            if found == 1 { 2 } else { 0 },
            "{condition}"
        );
    }
}

#[test]
fn a_row_that_moves_to_another_tenant_is_told_as_far_as_is_to_be_told() {
    use RowOperation::{Delete, Insert, Update};
    for (operations, acme, globex) in [
        (
            vec![Insert, Delete],
            &["create", "delete"] as &[_],
            &["create"] as &[_],
        ),
        (vec![Insert], &["create"], &["create"]),
        (vec![Delete], &["delete"], &[]),
        (vec![Update], &["delete"], &["create", "update"]),
    ] {
        let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, company, v)");
        TrackedTable::new("t")
            .tenant("company")
            .operations(operations.clone())
            .track(&desk.connection)
            .unwrap();
        desk.run("INSERT INTO t VALUES (1, 'acme', 1); UPDATE t SET company = 'globex'");
        desk.run("UPDATE t SET v = 2");
        desk.store.collect_row_changes().unwrap();
        for (tenant, expected) in [("acme", acme), ("globex", globex)] {
            let entries = entries_of(&desk.store, tenant, 0);
            let told: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
            assert_eq!(told, expected, "{tenant} {operations:?}");
        }
    }
}

#[test]
fn many_rows_are_summed_up_if_asked_to() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, v, w)");
    desk.track(TrackedTable::new("t").summarize_above(10).when("id > 0"));
    let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        INSERT INTO t SELECT i, 0, 0 FROM n";
    desk.run(&format!("{fill}; UPDATE t SET v = 1 WHERE id <= 40"));
    let entries = desk.entries();
    let sums: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry.action.as_str(),
                &entry.metadata["rows"],
                &entry.metadata["fields"],
            )
        })
        .collect();
    assert_eq!(
        sums,
        [
            (
                "bulk_create",
                &json!(100),
                &json!({"id": 100, "v": 100, "w": 100})
            ),
            ("bulk_update", &json!(40), &json!({"v": 40})),
        ]
    );
    assert_eq!(entries[0].metadata["condition"], "id > 0");
    assert_eq!(entries[0].entity_id(), None);
    desk.run("UPDATE t SET w = 1 WHERE id <= 10");
    assert_eq!(desk.entries().len(), 10);
}

#[test]
fn foreign_writes_can_be_refused() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)");
    desk.track(TrackedTable::new("t").refuse_foreign_writes());
    for sql in [
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET id = 3",
        "DELETE FROM t",
    ] {
        let error = desk.another().execute(sql, []).unwrap_err();
        assert!(error.to_string().contains("audit_is_admitted"), "{error}");
    }
    // Reading and altering are no writes.
    desk.run("SELECT * FROM t; ALTER TABLE t ADD COLUMN v");
    TrackedTable::new("t").retrack(&desk.connection).unwrap();
    desk.track(TrackedTable::new("t"));
    desk.run("INSERT INTO t VALUES (2, 2)");
}

#[test]
fn saying_something_else_alters_what_is_tracked_and_loses_nothing() {
    let desk = Desk::tracking("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)");
    desk.run("INSERT INTO t VALUES (1, 1, 1)");
    desk.track(TrackedTable::new("t").include(["b"]).label("b", "B"));
    desk.run("UPDATE t SET a = 2, b = 2");
    desk.track(TrackedTable::new("t").exclude(["id"]).id("b"));
    desk.track(TrackedTable::new("t").exclude(["b"]));
    desk.run("UPDATE t SET a = 3, b = 3");
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {"id": {"new": 1}, "a": {"new": 1}, "b": {"new": 1}}],
            ["update", "1", {"B": {"old": 1, "new": 2}}],
            ["update", "1", {"a": {"old": 2, "new": 3}}],
        ])
    );
    let count: i64 = desk
        .connection
        .query_row("SELECT count(*) FROM audit_tracked", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 1);
}

#[test]
fn all_tables_but_some() {
    let desk = Desk::new(
        "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (id); CREATE TABLE c (id);
         CREATE VIRTUAL TABLE f USING fts5(x); CREATE VIEW v AS SELECT 1; CREATE TABLE \"d \"\"e\" (x)",
    );
    TrackedTable::new("a")
        .tenant_constant("acme")
        .track(&desk.connection)
        .unwrap();
    assert_eq!(
        track_all_tables(&desk.connection, &["C"]).unwrap(),
        ["b", "d \"e"]
    );
    assert_eq!(track_all_tables(&desk.connection, &["c"]).unwrap(), [""; 0]);
    desk.run("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); INSERT INTO c VALUES (1); INSERT INTO \"d \"\"e\" VALUES (1)");
    desk.store.collect_row_changes().unwrap();
    assert_eq!(entries_of(&desk.store, "acme", 0).len(), 1);
    assert_eq!(entries_of(&desk.store, UNKNOWN_TENANT, 0).len(), 2);
    let error = track_all_tables(&desk.connection, &["d"])
        .unwrap_err()
        .to_string();
    assert!(error.contains("no table `d` to leave out"), "{error}");
    assert_eq!(desk.store.tenants().unwrap().len(), 2);
}

#[test]
fn a_sanitizer_of_ones_own_names_the_secrets() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, iban, note)");
    let sanitizer = audit_core::Sanitizer::builder().name("iban").build();
    desk.track(TrackedTable::new("t").sanitizer(sanitizer));
    desk.run("INSERT INTO t VALUES (1, 'NO93', 'x')");
    let told = desk.told();
    assert_eq!(told[0][2]["iban"], json!({"new": "********"}));

    // What is staged is as the sanitizer of the store leaves it.
    let folder = tempfile::tempdir().unwrap();
    let options = audit_sqlite::SqliteOptions::new()
        .sanitizer(audit_core::Sanitizer::builder().name("note").build());
    let store = SqliteStore::open_with(folder.path().join("a.db"), options).unwrap();
    let connection = Connection::open(store.path().unwrap()).unwrap();
    connection
        .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, note)")
        .unwrap();
    TrackedTable::new("t")
        .tenant_constant("acme")
        .track(&connection)
        .unwrap();
    connection
        .execute("INSERT INTO t VALUES (1, 'x')", [])
        .unwrap();
    store.collect_row_changes().unwrap();
    assert_eq!(
        short(&entries_of(&store, "acme", 0))[0][2]["note"],
        json!({"new": "********"})
    );
}
