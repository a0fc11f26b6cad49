//! Rows that a `REPLACE` displaces, in tables whose rows take others with them.

use serde_json::json;

use crate::desk::Desk;
use crate::replace::told;

#[test]
fn children_of_displaced_rows() {
    let tables =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, parent REFERENCES t ON DELETE CASCADE, u UNIQUE);
        INSERT INTO t VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c')";
    let told = told(tables, "REPLACE INTO t VALUES (9, NULL, 'a')");
    assert_eq!(
        told,
        json!([
            ["delete", "1"],
            ["delete", "3"],
            ["delete", "2"],
            ["create", "9"]
        ])
    );
}

#[test]
fn a_displaced_row_that_is_changed_before_it_goes() {
    // 1 is displaced; its child 2 loses its parent, and is displaced itself.
    for columns in ["u UNIQUE, w UNIQUE", "w UNIQUE, u UNIQUE"] {
        let tables = format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, parent REFERENCES t ON DELETE SET NULL, {columns});
             INSERT INTO t (id, parent, u, w) VALUES (1, NULL, 'a', 1), (2, 1, 'b', 2)"
        );
        let told = told(&tables, "REPLACE INTO t (id, u, w) VALUES (9, 'a', 2)");
        let told = told.as_array().unwrap();
        assert_eq!(told.last(), Some(&json!(["create", "9"])));
        let deleted = |id: &str| {
            told.iter()
                .filter(|entry| **entry == json!(["delete", id]))
                .count()
        };
        assert_eq!((deleted("1"), deleted("2")), (1, 1), "{told:?}");
    }
}

#[test]
fn a_row_that_stayed_and_is_deleted_with_its_children() {
    for action in ["SET NULL", "CASCADE"] {
        let tables = format!(
            "CREATE TABLE t (id INTEGER PRIMARY KEY, parent REFERENCES t ON DELETE {action}, u UNIQUE);
             INSERT INTO t VALUES (1, NULL, 'a'), (2, 1, 'b')"
        );
        let told = told(
            &tables,
            "BEGIN; INSERT OR IGNORE INTO t VALUES (1, 1, 'x'); DELETE FROM t WHERE id = 1; COMMIT",
        );
        let deleted = json!(["delete", "1"]);
        let count = told
            .as_array()
            .unwrap()
            .iter()
            .filter(|entry| **entry == deleted)
            .count();
        assert_eq!(count, 1, "{told}");
    }
}

#[test]
fn the_row_that_displaces_another_goes_with_it() {
    let itself =
        "CREATE TABLE t (id INTEGER PRIMARY KEY, parent REFERENCES t ON DELETE CASCADE, u UNIQUE);
        INSERT INTO t VALUES (1, NULL, 'a'), (2, 1, 'b'), (3, 2, 'c'), (4, NULL, 'd')";
    let through_another = "CREATE TABLE t (id INTEGER PRIMARY KEY, u UNIQUE, w UNIQUE);
        CREATE TABLE child (t_id REFERENCES t ON DELETE CASCADE, other);
        CREATE TRIGGER mine AFTER DELETE ON child BEGIN DELETE FROM t WHERE id = OLD.other; END;
        INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2), (3, 'c', 3);
        INSERT INTO child VALUES (1, 3)";
    for (tables, gone) in [
        (itself, &["1", "3", "2"] as &[&str]),
        (through_another, &["1", "3"]),
    ] {
        let desk = Desk::tracking(tables);
        let update = "UPDATE OR REPLACE t SET u = 'a' WHERE id > 2 AND u = 'c'";
        // With recursive triggers SQLite refuses to lose the row that it is updating.
        desk.run("PRAGMA recursive_triggers = ON");
        desk.connection.execute(update, []).unwrap_err();
        assert!(desk.entries().is_empty());
        desk.run("PRAGMA recursive_triggers = OFF");
        desk.run(update);
        let told: Vec<_> = desk
            .entries()
            .into_iter()
            .map(|entry| (entry.action.clone(), entry.entity_id().unwrap().to_string()))
            .collect();
        let expected = gone
            .iter()
            .map(|id| ("delete".to_owned(), (*id).to_owned()));
        assert_eq!(told, expected.collect::<Vec<_>>());
    }
}

#[test]
fn a_row_that_stayed_and_gets_another_key_is_not_gone() {
    // 2 is in the way of 1, which is ignored. That 2 becomes 9 changes 3, and this deletes 4.
    let told = told(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, parent REFERENCES t ON DELETE CASCADE ON UPDATE SET NULL);
         CREATE TRIGGER mine AFTER UPDATE OF parent ON t BEGIN DELETE FROM t WHERE id = 4; END;
         INSERT INTO t VALUES (1, NULL), (2, NULL), (3, 2), (4, NULL)",
        "UPDATE OR IGNORE t SET id = CASE id WHEN 1 THEN 2 WHEN 2 THEN 9 ELSE id END",
    );
    let expected = json!([["update", "3"], ["delete", "4"], ["update", "9"]]);
    assert_eq!(told, expected);
}
