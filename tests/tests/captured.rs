//! A captured log over the SQLite store, and over stores that do not work.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::panic::{AssertUnwindSafe, catch_unwind};

use audit_core::testing::{Captured, Fault, FaultyStore, Wanted};
use audit_core::{
    Actor, Audited, ErrorKind, InContext, MemoryStore, assert_audited, assert_nothing_else_audited,
    audit_action,
};
use audit_sqlite::{SqliteStore, rusqlite::Connection};

#[derive(Clone, Audited)]
struct Incident {
    #[audit(id)]
    id: u32,
    status: String,
}

#[audit_action(entity = incident, before = incident.clone(), after = &*incident, attempt, strict)]
async fn close_incident(incident: &mut Incident) -> audit_core::Result<()> {
    tokio::task::yield_now().await;
    "closed".clone_into(&mut incident.status);
    Ok(())
}

fn incident() -> Incident {
    Incident {
        id: 7,
        status: "open".to_owned(),
    }
}

#[tokio::test]
async fn the_sqlite_store_is_captured_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("audit.db");
    let store = SqliteStore::open(&file).unwrap();
    let log = Captured::over(store.clone());
    let ada = log.context("acme").actor(Actor::user(17, "ada"));

    let mut closed = incident();
    close_incident(&mut closed)
        .in_context(ada.clone())
        .await
        .unwrap();
    let action = assert_audited!(log, action = "close", actor = "ada", changed "status" from "open" to "closed");

    let mut connection = Connection::open(&file).unwrap();
    ada.scope(|| {
        let tx = store.begin(&mut connection).unwrap();
        let draft = log.auditor().updated(&incident(), &closed);
        draft.caused_by(action.id).record().unwrap();
        assert_audited!(log, action = "update", times = 0);
        tx.commit().unwrap();
    });
    assert_audited!(log, action = "update", entity = 7, caused_by = action);
    assert_nothing_else_audited!(log);
}

#[test]
fn a_log_that_cannot_be_read_is_a_failure_that_says_so() {
    let store = FaultyStore::new(MemoryStore::new());
    let log = Captured::over(store.clone());
    store.fault_reads(Fault::Fail(ErrorKind::Corrupt));
    for assertion in [
        &(|| drop(assert_audited!(log, action = "close"))) as &dyn Fn(),
        &|| drop(assert_audited!(log, action = "close", times = 0)),
        &|| assert_nothing_else_audited!(log),
    ] {
        let panic = catch_unwind(AssertUnwindSafe(assertion)).unwrap_err();
        let text = panic.downcast_ref::<String>().unwrap();
        assert!(
            text.starts_with("the audit log could not be read: "),
            "{text}"
        );
    }
}

#[test]
fn tests_beside_each_other_see_their_own() {
    std::thread::scope(|threads| {
        for number in 0..8_u32 {
            threads.spawn(move || {
                let log = Captured::new();
                log.context("acme").scope(|| {
                    for _ in 0..number {
                        log.auditor()
                            .log("export")
                            .metadata("number", number)
                            .record()
                            .unwrap();
                    }
                });
                let exports =
                    assert_audited!(log, metadata "number" = number, times = number as usize);
                assert_eq!(
                    exports.first().map(|entry| entry.id.as_u128()),
                    (number > 0).then_some(1)
                );
                assert_nothing_else_audited!(log);
            });
        }
    });
}

#[test]
fn what_is_wanted_shows_no_values_before_they_are_masked() {
    let wanted = Wanted::new()
        .action("close")
        .metadata("password", "hunter2");
    assert_eq!(
        format!("{wanted:?}"),
        r#"["action", "metadata \"password\""]"#
    );
}
