//! The outbox: entries commit with the rows of a business file and reach the store exactly once.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use audit_core::{Actor, AuditContext, Auditor, Durability, ErrorKind, Receipt, audit_action};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{Outbox, SqliteOptions, SqliteStore, Synchronous};
use tempfile::TempDir;

use crate::desk::{LONG, TENANT, block_on, entries, insert, rows};

const FILE: &str = "AUDIT_OUTBOX_FILE";
const LOG: &str = "AUDIT_OUTBOX_LOG";
/// How often a process that drains is killed.
const KILLS: u64 = 20;
/// More than are brought over at a time.
const MANY: usize = 1_500;

/// A business file with an outbox, and a store in another file.
struct Office {
    business: Connection,
    path: PathBuf,
    store: SqliteStore,
    auditor: Auditor,
    context: AuditContext,
    folder: TempDir,
}

impl Office {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("business.db");
        let business = open_business(&path);
        business
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE incident (id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'open')",
            )
            .unwrap();
        Outbox::install(&business).unwrap();
        let store = open_log(&folder.path().join("audit.db"));
        let auditor = Auditor::new(store.clone());
        let context = AuditContext::new(TENANT)
            .actor(Actor::user(7, "ada"))
            .auditor(&auditor);
        Self {
            business,
            path,
            store,
            auditor,
            context,
            folder,
        }
    }

    /// Commits a row with its entry for each id.
    fn make(&mut self, ids: impl IntoIterator<Item = usize>) {
        self.context.scope(|| {
            let tx = Outbox::begin(&mut self.business).unwrap();
            for id in ids {
                insert(&tx, id.try_into().unwrap());
                tx.log(format!("make {id}"))
                    .entity("incident", id)
                    .record()
                    .unwrap();
            }
            tx.commit().unwrap();
        });
    }

    fn drain(&mut self) -> usize {
        Outbox::drain(&mut self.business, &self.store).unwrap()
    }

    fn waiting(&self) -> usize {
        let count = "SELECT count(*) FROM audit_outbox";
        let count: i64 = self
            .business
            .query_row(count, [], |row| row.get(0))
            .unwrap();
        usize::try_from(count).unwrap()
    }

    fn actions(&self) -> Vec<String> {
        let entries = entries(&self.auditor).into_iter();
        entries.map(|entry| entry.action).collect()
    }
}

fn open_business(path: &Path) -> Connection {
    let business = Connection::open(path).unwrap();
    business.busy_timeout(LONG).unwrap();
    business.execute_batch("PRAGMA synchronous = OFF").unwrap();
    business
}

fn open_log(path: &Path) -> SqliteStore {
    let options = SqliteOptions::new()
        .synchronous(Synchronous::Normal)
        .busy_deadline(LONG);
    SqliteStore::open_with(path, options).unwrap()
}

fn made(ids: impl IntoIterator<Item = usize>) -> Vec<String> {
    ids.into_iter().map(|id| format!("make {id}")).collect()
}

#[test]
fn entries_commit_with_rows_and_are_drained_once_and_complete() {
    #[audit_action(action = "annotated")]
    fn annotated() {}

    let mut office = Office::new();
    Outbox::install(&office.business).unwrap();
    let committed = office.context.scope(|| {
        let mut tx = Outbox::begin(&mut office.business).unwrap();
        insert(&tx, 1);
        let receipt = tx
            .log("own")
            .entity("incident", 1)
            .metadata("api_token", "hunter2")
            .reason("\0 \u{1F6F0}")
            .record()
            .unwrap();
        assert_eq!(
            (receipt.index(), receipt.durability()),
            (None, Durability::InTransaction)
        );
        office.auditor.log("joined").record().unwrap();
        block_on(office.auditor.log("awaited")).unwrap();
        annotated();
        let part = tx.savepoint().unwrap();
        insert(&part, 2);
        part.log("gone").record().unwrap();
        part.rollback().unwrap();
        tx.commit().unwrap()
    });
    assert_eq!(committed.receipts().len(), 4);
    assert_eq!(rows(&office.path), [1]);
    assert_eq!(office.actions(), [""; 0]);
    assert_eq!(office.drain(), 4);
    assert_eq!((office.drain(), office.waiting()), (0, 0));
    assert_eq!(office.actions(), ["own", "joined", "awaited", "annotated"]);
    let entries = entries(&office.auditor);
    let ids = committed.receipts().iter().map(Receipt::entry_id);
    assert!(ids.eq(entries.iter().map(|entry| Some(entry.id))));
    assert_eq!(entries[0].metadata["api_token"], "********");
    assert_eq!(entries[0].reason.as_deref(), Some("\0 \u{1F6F0}"));
    assert_eq!(entries[0].actor.name(), Some("ada"));
    assert!(
        entries
            .iter()
            .all(|entry| entry.operation == entries[0].operation)
    );
}

#[test]
fn no_secret_stands_in_the_outbox() {
    let mut office = Office::new();
    office.context.scope(|| {
        let tx = Outbox::begin(&mut office.business).unwrap();
        tx.log("own")
            .metadata("password", "hunter2")
            .record()
            .unwrap();
        tx.commit().unwrap();
    });
    let text: String = office
        .business
        .query_row("SELECT entry FROM audit_outbox", [], |row| row.get(0))
        .unwrap();
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn what_is_rolled_back_is_gone_and_what_failed_goes_to_the_store() {
    let mut office = Office::new();
    office.context.scope(|| {
        let tx = Outbox::begin(&mut office.business).unwrap();
        insert(&tx, 1);
        tx.log("gone").record().unwrap();
        tx.log("failed").failed("no").record().unwrap();
        tx.rollback().unwrap();
        drop(Outbox::begin(&mut office.business).unwrap());
    });
    assert_eq!((office.waiting(), rows(&office.path)), (0, vec![]));
    assert_eq!(office.actions(), ["failed"]);
}

#[test]
fn many_are_drained_in_order() {
    let mut office = Office::new();
    office.make(0..MANY);
    assert_eq!(office.drain(), MANY);
    // Numbers begin anew in an outbox that is empty.
    office.make(MANY..MANY + 2);
    assert_eq!(office.drain(), 2);
    assert_eq!(office.actions(), made(0..MANY + 2));
}

#[test]
fn an_outbox_that_is_drained_again_after_a_crash_stores_nothing_twice() {
    let mut office = Office::new();
    office.make(0..600);
    let copy = office.folder.path().join("copy.db");
    office
        .business
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    assert_eq!(office.drain(), 600);
    // The file as it was after the store had the entries, and before they were deleted.
    let mut before = open_business(&copy);
    assert_eq!(Outbox::drain(&mut before, &office.store).unwrap(), 600);
    assert_eq!(Outbox::drain(&mut before, &office.store).unwrap(), 0);
    assert_eq!(office.actions(), made(0..600));
}

#[test]
fn one_that_a_newer_release_wrote_stays_with_what_follows() {
    let mut office = Office::new();
    office.make(0..3);
    let set = |format: i64| {
        let sql = "UPDATE audit_outbox SET format = ?1 WHERE n = 2";
        office.business.execute(sql, [format]).unwrap();
    };
    set(99);
    let error = Outbox::drain(&mut office.business, &office.store).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerSchema);
    assert_eq!(office.waiting(), 3);
    let sql = "UPDATE audit_outbox SET format = 1 WHERE n = 2";
    office.business.execute(sql, []).unwrap();
    assert_eq!(office.drain(), 3);
    assert_eq!(office.actions(), made(0..3));
}

#[test]
fn one_that_the_store_will_never_take_does_not_hold_up_the_others() {
    let mut office = Office::new();
    office.make(0..3);
    let id = office.auditor.log("any").entry_id();
    office.context.scope(|| {
        office.auditor.log("another").id(id).record().unwrap();
        let tx = Outbox::begin(&mut office.business).unwrap();
        tx.log("conflict").id(id).record().unwrap();
        tx.commit().unwrap();
    });
    office.make(3..6);
    let error = Outbox::drain(&mut office.business, &office.store).unwrap_err();
    assert_eq!(
        (error.kind(), error.entry_id()),
        (ErrorKind::IdConflict, Some(id))
    );
    assert_eq!(office.waiting(), 1);
    let mut expected = made(0..6);
    expected.insert(0, "another".to_owned());
    assert_eq!(office.actions(), expected);
}

#[test]
fn several_may_drain_while_others_write() {
    let mut office = Office::new();
    let drain = |office: &Office| {
        let (path, store) = (office.path.clone(), office.store.clone());
        thread::spawn(move || {
            let mut business = open_business(&path);
            for _ in 0..40 {
                Outbox::drain(&mut business, &store).unwrap();
            }
        })
    };
    let drains = [drain(&office), drain(&office)];
    for id in 0..100 {
        office.make([id]);
    }
    for drain in drains {
        drain.join().unwrap();
    }
    office.drain();
    let mut actions = office.actions();
    actions.sort();
    let mut expected = made(0..100);
    expected.sort();
    assert_eq!(actions, expected);
}

/// The process that is killed: drains until nothing is left.
#[test]
fn child_that_drains() {
    let (Ok(path), Ok(log)) = (std::env::var(FILE), std::env::var(LOG)) else {
        return;
    };
    let store = open_log(Path::new(&log));
    let mut business = open_business(Path::new(&path));
    writeln!(std::io::stdout().lock(), "say draining").unwrap();
    Outbox::drain(&mut business, &store).unwrap();
}

#[test]
fn who_drains_may_be_killed_at_any_moment() {
    let mut office = Office::new();
    let log = office.folder.path().join("audit.db");
    let mut all = 0;
    for kill in 0..KILLS {
        office.make(all..all + MANY);
        all += MANY;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "outbox::child_that_drains", "--nocapture"])
            .env(FILE, &office.path)
            .env(LOG, &log)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("say draining")));
        thread::sleep(Duration::from_millis(kill * 7 % 40));
        child.kill().unwrap();
        child.wait().unwrap();
        // Nothing is in neither file.
        let waiting = office.waiting();
        let stored = usize::try_from(office.auditor.tenant(TENANT).entries().count().unwrap());
        assert!(stored.unwrap() + waiting >= all);
    }
    office.drain();
    assert_eq!(office.waiting(), 0);
    assert_eq!(office.actions(), made(0..all));
}
