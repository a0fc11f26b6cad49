//! Rows that go from one tenant to another, however the column that says so is set.

use audit_sqlite::{TrackedTable, check_tracking};
use serde_json::{Value, json};

use crate::desk::{Desk, entries_of};

/// What both tenants are told.
fn told(desk: &Desk) -> Value {
    desk.store.collect_row_changes().unwrap();
    let told = ["7", "8"].map(|tenant| -> Value {
        let entries = entries_of(&desk.store, tenant, 0).into_iter();
        entries.map(|entry| entry.action).collect()
    });
    json!(told)
}

#[test]
fn a_row_moves_however_its_tenant_is_set() {
    let company =
        "company INT REFERENCES companies (id) ON UPDATE CASCADE ON DELETE SET DEFAULT DEFAULT 8";
    for (columns, set) in [
        (company, "UPDATE t SET company = 8"),
        (company, "UPDATE t SET \"COMPANY\" = 8, v = 1"),
        (company, "UPDATE t SET (v, company) = (SELECT 1, 8)"),
        (
            company,
            "UPDATE t SET company = c.id FROM companies AS c WHERE c.id = 8",
        ),
        (
            company,
            "INSERT INTO t (id, v) VALUES (1, 1) ON CONFLICT DO UPDATE SET company = 8",
        ),
        (company, "DELETE FROM companies WHERE id = 7"),
        (
            company,
            "DELETE FROM companies WHERE id = 8; UPDATE companies SET id = 8",
        ),
        (
            company,
            "ALTER TABLE t RENAME COLUMN v TO company_name; UPDATE t SET company = 8",
        ),
        (company, "UPDATE t SET follow = 8"),
        ("company INT AS (v / 10) STORED", "UPDATE t SET v = 80"),
        ("company INT AS (v / 10)", "UPDATE t SET v = 80"),
    ] {
        let desk = Desk::new(&format!(
            "CREATE TABLE companies (id INTEGER PRIMARY KEY); INSERT INTO companies VALUES (7), (8);
             CREATE TABLE t (id INTEGER PRIMARY KEY, v INT, follow INT, {columns}); INSERT INTO t (id, v) VALUES (1, 70)"
        ));
        if columns == company {
            desk.run(
                "UPDATE t SET company = 7;
                 CREATE TRIGGER follow AFTER UPDATE OF follow ON t BEGIN
                     UPDATE t SET company = new.follow WHERE id = new.id;
                 END",
            );
        }
        let table = TrackedTable::new("t").id("id").tenant("company");
        table.track(&desk.connection).unwrap();
        desk.run(set);
        let all = told(&desk);
        let [Value::Array(old), Value::Array(new)] = [&all[0], &all[1]] else {
            panic!("{all}");
        };
        // What comes before is told of, too.
        assert_eq!(
            old.last(),
            Some(&json!("delete")),
            "{columns}: {set}: {all}"
        );
        assert_eq!(new, &[json!("create")], "{columns}: {set}: {all}");
    }
}

#[test]
fn a_rowid_that_is_the_tenant_has_many_names() {
    for name in ["company", "rowid", "_rowid_", "oid", "Rowid"] {
        let desk = Desk::new(
            "CREATE TABLE t (company INTEGER PRIMARY KEY, id INT UNIQUE, v); INSERT INTO t VALUES (7, 1, 2)",
        );
        let table = TrackedTable::new("t").id("id").tenant("company");
        table.track(&desk.connection).unwrap();
        desk.run(&format!("UPDATE t SET {name} = 8"));
        assert_eq!(told(&desk), json!([["delete"], ["create"]]), "{name}");
        check_tracking(&desk.connection).unwrap();
    }
}

#[test]
fn a_trigger_that_moves_a_row_before_it_is_written_loses_no_change() {
    for follow in [
        "UPDATE t SET company = 8 WHERE id = new.id",
        "DELETE FROM t WHERE id = new.id; INSERT INTO t VALUES (1, 70, 8)",
        "INSERT OR REPLACE INTO t VALUES (1, 70, 8)",
    ] {
        let desk = Desk::new(&format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, v INT, company INT); INSERT INTO t VALUES (1, 70, 7);
             CREATE TRIGGER follow BEFORE UPDATE OF v ON t WHEN old.company = 7 BEGIN {follow}; END"
        ));
        let table = TrackedTable::new("t").id("id").tenant("company");
        table.track(&desk.connection).unwrap();
        desk.run("UPDATE t SET v = 1");
        let row: (i64, i64) = desk
            .connection
            .query_row("SELECT v, company FROM t", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (1, 8), "{follow}");
        desk.store.collect_row_changes().unwrap();
        let entries = entries_of(&desk.store, "8", 0);
        let last = entries.last().unwrap();
        let told = last.changes.get("v").and_then(|change| change.new.clone());
        assert_eq!(told, Some(json!(1)), "{follow}");
    }
}
