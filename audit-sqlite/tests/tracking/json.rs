//! Columns that hold JSON as text.

use audit_sqlite::TrackedTable;
use serde_json::json;

use crate::desk::Desk;

#[test]
fn json_is_told_inside() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, settings TEXT)");
    desk.track(TrackedTable::new("t").json("settings"));
    desk.run(
        r#"INSERT INTO t VALUES (1, '{"theme": "dark", "password": "hunter2", "list": [1, 2]}');
           UPDATE t SET settings = '{"theme": "light", "list": [1, 2], "password": "hunter3"}';
           UPDATE t SET settings = 'no json'; UPDATE t SET settings = NULL"#,
    );
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {
                "id": {"new": 1},
                "settings": {"new": {"theme": "dark", "password": "********", "list": [1, 2]}},
            }],
            ["update", "1", {
                "settings.theme": {"old": "dark", "new": "light"},
                "settings.password": {"old": "********", "new": "********"},
            }],
            ["update", "1", {"settings": {
                "old": {"theme": "light", "password": "********", "list": [1, 2]},
                "new": "no json",
            }}],
            ["update", "1", {"settings": {"old": "no json", "new": null}}],
        ])
    );
}

#[test]
fn json_that_is_written_in_another_way_did_not_change_and_long_numbers_stay() {
    let desk = Desk::new("CREATE TABLE t (id INTEGER PRIMARY KEY, settings TEXT)");
    desk.track(TrackedTable::new("t").json("settings"));
    desk.run(
        r#"INSERT INTO t VALUES (1, '{"a":1,"token":"x","n":12345678901234567890123}');
           UPDATE t SET settings = '{ "n" : 12345678901234567890123, "token": "x", "a" : 1 }';
           UPDATE t SET settings = '{"a":1,"token":"x","n":12345678901234567890124}'"#,
    );
    assert_eq!(
        desk.told(),
        json!([
            ["create", "1", {
                "id": {"new": 1},
                "settings": {"new": {"a": 1, "token": "********", "n": "12345678901234567890123"}},
            }],
            ["update", "1", {"settings.n": {
                "old": "12345678901234567890123",
                "new": "12345678901234567890124",
            }}],
        ])
    );
}
