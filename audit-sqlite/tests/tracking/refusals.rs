//! What is refused, and that nothing of it is kept; and that untracking keeps nothing.

use audit_sqlite::TrackedTable;
use audit_sqlite::rusqlite::Connection;

use crate::desk::{Desk, RESOURCES, error};

#[test]
fn bad_words_get_errors_that_say_what_there_is() {
    let desk = Desk::new(&format!(
        "{RESOURCES}; CREATE VIEW v AS SELECT 1; CREATE TABLE sessions (token TEXT PRIMARY KEY)"
    ));
    let table = || TrackedTable::new("resources");
    for (table, part) in [
        (TrackedTable::new("resource"), "did you mean `resources`?"),
        (TrackedTable::new("v"), "is a view"),
        (
            TrackedTable::new("audit_entry"),
            "belongs to SQLite or to the audit log",
        ),
        (table().id("idd"), "did you mean `id`?"),
        (
            table().exclude(["pasword"]),
            "no column `pasword`, which is to be excluded; there is `id`, `company_id`",
        ),
        (table().include(["x"]), "which is to be included"),
        (table().label("x", "y"), "which is to be labelled"),
        (table().json("x"), "which is to be read as JSON"),
        (table().tenant("compny_id"), "did you mean `company_id`?"),
        (
            table().tenant_through("company_id", "company", "slug"),
            "no table `company`",
        ),
        (
            table().include(["name"]).exclude(["NAME"]),
            "included and excluded",
        ),
        (
            table().redact(["name"]).allow(["name"]),
            "redacted and allowed",
        ),
        (
            table().label("name", "id"),
            "two columns that are shown as `id`",
        ),
        (table().label("name", ""), "an empty label"),
        (
            table().name("name").exclude(["name"]),
            "is excluded or redacted",
        ),
        (
            table().tenant("company_id").redact(["company_id"]),
            "the tenant in column `company_id`, which is redacted",
        ),
        (table().name("api_key"), "which has the name of a secret"),
        (
            TrackedTable::new("sessions"),
            "the id in column `token`, which has the name of a secret",
        ),
        (
            table().entity_type(""),
            "`entity_type` of 1 to 50 characters",
        ),
        (
            table().entity_type("x".repeat(51)),
            "`entity_type` of 1 to 50 characters",
        ),
        (table().tenant_constant(""), "tenant is empty"),
        (table().operations([]), "no operations"),
        (table().when(" "), "empty condition"),
        (table().when("no such thing"), "`when`"),
        (table().when("nothing = 1"), "`when`"),
        (
            table().when("1)) BEGIN SELECT 1; END; DROP TABLE resources; --"),
            "`when`",
        ),
    ] {
        let (_, text) = error(&desk, table.clone());
        assert!(text.contains(part), "{text}");
        assert!(!text.ends_with('.'));
    }
    // Nothing of all that was kept.
    let kept: i64 = desk
        .connection
        .query_row(
            "SELECT (SELECT count(*) FROM audit_tracked) + (SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit_tracked%') + (SELECT count(*) FROM resources)",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kept, 0);
}

#[test]
fn a_file_without_an_audit_log_is_refused() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE t (id)").unwrap();
    let error = TrackedTable::new("t").track(&connection).unwrap_err();
    assert!(error.to_string().contains("SqliteStore::open"), "{error}");
}

#[test]
fn untracking_removes_everything_and_what_is_staged_is_told() {
    let desk = Desk::new(
        "CREATE TABLE companies (id INTEGER PRIMARY KEY, slug);
         CREATE TABLE t (id INTEGER PRIMARY KEY, company_id REFERENCES companies, u UNIQUE, v);
         CREATE TRIGGER mine BEFORE INSERT ON t BEGIN SELECT 1; END; INSERT INTO companies VALUES (1, 'acme')",
    );
    let schema = |connection: &Connection| -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT type || name || ifnull(sql, '') FROM sqlite_schema ORDER BY 1")
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let before = schema(&desk.connection);
    TrackedTable::new("t")
        .tenant_through("company_id", "companies", "slug")
        .refuse_foreign_writes()
        .track(&desk.connection)
        .unwrap();
    TrackedTable::new("t").untrack(&desk.connection).unwrap();
    assert_eq!(schema(&desk.connection), before);

    desk.track(TrackedTable::new("t"));
    desk.run("INSERT INTO t VALUES (1, 1, 1, 1)");
    TrackedTable::new("t").untrack(&desk.connection).unwrap();
    desk.run("UPDATE t SET v = 2");
    assert_eq!(desk.entries().len(), 1);
    // The columns go when the next table is untracked, or in the next file.
    desk.track(TrackedTable::new("t"));
    TrackedTable::new("t").untrack(&desk.connection).unwrap();
    assert_eq!(schema(&desk.connection), before);
    let error = TrackedTable::new("t")
        .untrack(&desk.connection)
        .unwrap_err();
    assert!(
        error.to_string().contains("is not tracked; there is none"),
        "{error}"
    );
}
