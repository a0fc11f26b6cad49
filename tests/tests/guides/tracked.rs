//! The test of `audit-core/docs/testing.md` that needs a store.

use audit_core::testing::Captured;
use audit_core::{Actor, Audited, assert_audited, assert_nothing_else_audited};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteStore, TrackedTable};

#[derive(Clone, Audited)]
struct Incident {
    #[audit(id)]
    id: i64,
    status: String,
}

#[test]
fn closing_is_told_once_and_a_stray_update_is_nobodys() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("desk.db");
    let store = SqliteStore::open(&path)?;
    let mut connection = Connection::open(&path)?;
    connection.execute_batch(
        "CREATE TABLE incident (id INTEGER PRIMARY KEY, company TEXT, status TEXT);
         INSERT INTO incident VALUES (7, 'acme', 'open')",
    )?;
    let table = TrackedTable::of::<Incident>("incident");
    table.tenant("company").track(&connection)?;
    let log = Captured::over(store.clone());

    let ada = log.context("acme").actor(Actor::user(17, "ada"));
    ada.scope(|| {
        let tx = store.begin(&mut connection)?;
        let before = Incident {
            id: 7,
            status: "open".into(),
        };
        let mut after = before.clone();
        after.status = "closed".into();
        tx.execute(
            "UPDATE incident SET status = ?1 WHERE id = ?2",
            (&after.status, after.id),
        )?;
        tx.updated(&before, &after).record()?;
        tx.commit()?;
        Ok::<_, Box<dyn std::error::Error>>(())
    })?;
    assert_audited!(log, action = "update", entity = 7, actor = "ada", changed "status" to "closed");

    connection.execute("DELETE FROM incident", [])?;
    store.collect_row_changes()?;
    assert_audited!(log, action = "delete", entity = 7, tenant = "acme");
    assert_nothing_else_audited!(log);
    Ok(())
}
