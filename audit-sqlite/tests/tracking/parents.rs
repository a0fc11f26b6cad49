//! Tenants that stand in another table, whose rows go or change before those that name them.

use audit_sqlite::{TrackedTable, UNKNOWN_TENANT, check_tracking};
use serde_json::{Value, json};

use crate::desk::{Desk, entries_of};

const CHILD: &str = "CREATE TABLE t (id INTEGER PRIMARY KEY, company INT
        REFERENCES companies (id) ON DELETE CASCADE ON UPDATE CASCADE);
    INSERT INTO t VALUES (10, 1), (20, 2)";

/// Two companies with a record each, whose creation is not told of.
fn desk(parent: &str) -> Desk {
    let desk = Desk::new(&format!(
        "{parent}; INSERT INTO companies (id, slug) VALUES (1, 'acme'), (2, 'globex'); {CHILD}"
    ));
    TrackedTable::new("t")
        .tenant_through("company", "companies", "slug")
        .track(&desk.connection)
        .unwrap();
    desk
}

/// What the tenants are told, acme first, and those of whom nobody knows who they are.
fn told(desk: &Desk) -> Value {
    desk.store.collect_row_changes().unwrap();
    let told = ["acme", "globex", UNKNOWN_TENANT].map(|tenant| -> Value {
        let entries = entries_of(&desk.store, tenant, 0).into_iter();
        entries
            .map(|entry| format!("{} {}", entry.action, entry.entity_id().unwrap()))
            .collect()
    });
    json!(told)
}

#[test]
fn a_parent_that_is_replaced_takes_its_children_along_in_their_log() {
    for parent in [
        "CREATE TABLE companies (id INTEGER PRIMARY KEY, slug TEXT, code INT UNIQUE)",
        "CREATE TABLE companies (id INT PRIMARY KEY, slug TEXT, code INT UNIQUE)",
        "CREATE TABLE companies (id INT PRIMARY KEY, slug TEXT, code INT UNIQUE) WITHOUT ROWID",
        "CREATE TABLE companies (slug TEXT PRIMARY KEY, id INT UNIQUE, code INT UNIQUE)",
        "CREATE TABLE companies (id INT, slug TEXT, code INT, UNIQUE (id)); CREATE UNIQUE INDEX i ON companies (code + 1)",
    ] {
        for replace in [
            "REPLACE INTO companies (id, slug) VALUES (1, 'acme-new')",
            // By something else that is unique.
            "UPDATE companies SET code = 5 WHERE id = 1; REPLACE INTO companies (id, slug, code) VALUES (3, 'acme-new', 5)",
            "UPDATE companies SET code = 5 WHERE id = 1; UPDATE OR REPLACE companies SET code = 5 WHERE id = 2",
        ] {
            let desk = desk(parent);
            desk.run(replace);
            let left: i64 = desk
                .connection
                .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                .unwrap();
            assert_eq!(left, 1, "{parent} {replace}");
            assert_eq!(
                told(&desk),
                json!([["delete 10"], [], []]),
                "{parent} {replace}"
            );
            check_tracking(&desk.connection).unwrap();
        }
    }
}

#[test]
fn a_parent_with_another_key_keeps_its_children() {
    for key in ["id", "rowid"] {
        let desk = desk("CREATE TABLE companies (id INTEGER PRIMARY KEY, slug TEXT)");
        desk.run(&format!("UPDATE companies SET {key} = 5 WHERE id = 2"));
        assert_eq!(told(&desk), json!([[], ["update 20"], []]), "{key}");
    }
    // Into the way of another, which goes.
    let desk = desk("CREATE TABLE companies (id INTEGER PRIMARY KEY, slug TEXT)");
    desk.run("UPDATE OR REPLACE companies SET id = 1 WHERE id = 2");
    assert_eq!(told(&desk), json!([["delete 10"], ["update 20"], []]));
}

#[test]
fn a_parent_that_stays_is_asked_itself() {
    let desk = desk("CREATE TABLE companies (id INTEGER PRIMARY KEY, slug TEXT)");
    // Kept in mind, but neither of them goes.
    desk.run(
        "INSERT INTO companies VALUES (1, 'x') ON CONFLICT DO UPDATE SET slug = NULL;
         INSERT OR IGNORE INTO companies VALUES (2, 'x');
         UPDATE companies SET slug = 'acme' WHERE id = 2; DELETE FROM t",
    );
    assert_eq!(told(&desk), json!([["delete 20"], [], ["delete 10"]]));
}
