//! The file: how it is made, what is refused, and what of a business file stays as it was.

use std::fs;

use audit_core::query::Filter;
use audit_core::store::Durability;
use audit_core::{AuditStore, ErrorKind};
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::Connection;

use crate::sample;

fn count(store: &SqliteStore) -> u64 {
    store.count(&"acme".into(), &Filter::default()).unwrap()
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    let mut names = Vec::new();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(
            file.metadata().unwrap().permissions().mode() & 0o777,
            0o600,
            "{:?}",
            file.file_name()
        );
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["a.db", "a.db-audit-lock", "a.db-shm", "a.db-wal"]);
}

#[test]
fn a_business_file_keeps_what_is_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("business.db");
    let business = Connection::open(&path).unwrap();
    business
        .execute_batch(
            "PRAGMA user_version = 42; PRAGMA application_id = 77; PRAGMA auto_vacuum = 0;
             CREATE TABLE incident (id INTEGER PRIMARY KEY, status TEXT);
             CREATE TRIGGER t AFTER INSERT ON incident BEGIN SELECT 1; END;
             INSERT INTO incident (status) VALUES ('open');",
        )
        .unwrap();
    let schema = |connection: &Connection| -> String {
        connection
            .query_row(
                "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema WHERE name NOT LIKE '%audit_%' ORDER BY name)",
                [],
                |row| row.get(0),
            )
            .unwrap()
    };
    let before = schema(&business);
    let store = SqliteStore::open(&path).unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    assert_eq!(schema(&business), before);
    for (pragma, value) in [
        ("user_version", 42),
        ("application_id", 77),
        ("auto_vacuum", 0),
        ("recursive_triggers", 0),
    ] {
        let actual: i64 = business
            .pragma_query_value(None, pragma, |row| row.get(0))
            .unwrap();
        assert_eq!(actual, value, "{pragma}");
    }
    business
        .execute("UPDATE incident SET status = 'closed'", [])
        .unwrap();
    store.append(&[sample::plain("acme", "y")]).unwrap();
    assert_eq!(count(&store), 2);
}

#[test]
fn what_is_no_store_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let kind = |name: &str| SqliteStore::open(path(name)).unwrap_err().kind();
    let read_only = |name: &str| SqliteStore::open_read_only(path(name)).unwrap_err().kind();

    for text in [
        "short",
        &"long enough to fill a header of a hundred bytes ".repeat(50),
    ] {
        fs::write(path("text"), text).unwrap();
        assert_eq!(kind("text"), ErrorKind::NotADatabase);
        assert_eq!(read_only("text"), ErrorKind::NotADatabase);
        assert_eq!(fs::read_to_string(path("text")).unwrap(), text);
    }
    fs::create_dir(path("folder")).unwrap();
    assert_eq!(kind("folder"), ErrorKind::NotADatabase);
    assert_eq!(kind("no/such/folder.db"), ErrorKind::Store);
    assert_eq!(read_only("nothing.db"), ErrorKind::Store);
    assert!(!path("nothing.db").exists());
    assert_eq!(
        SqliteStore::open("").unwrap_err().kind(),
        ErrorKind::Invalid
    );

    Connection::open(path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE t (x)")
        .unwrap();
    let error = SqliteStore::open_read_only(path("other.db")).unwrap_err();
    assert!(error.to_string().contains("no audit log"), "{error}");

    drop(SqliteStore::open(path("newer.db")).unwrap());
    let connection = Connection::open(path("newer.db")).unwrap();
    connection
        .execute("UPDATE audit_meta SET value = 99 WHERE key = 'schema'", [])
        .unwrap();
    assert_eq!(kind("newer.db"), ErrorKind::NewerSchema);
    assert_eq!(read_only("newer.db"), ErrorKind::NewerSchema);
}

/// A newer process has migrated the file under an open store.
#[test]
fn an_open_store_stops_writing_when_the_file_is_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    let entry = sample::plain("acme", "export");
    store.append(std::slice::from_ref(&entry)).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("UPDATE audit_meta SET value = value + 1 WHERE key = 'schema'")
        .unwrap();
    let next = sample::plain("acme", "export");
    let error = store.append(std::slice::from_ref(&next)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerSchema);
    let error = store.open_attempt(&next).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NewerSchema);
    assert_eq!(store.count(&"acme".into(), &Filter::default()).unwrap(), 1);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let store = SqliteStore::open(file.path()).unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    assert_eq!(count(&store), 1);
    assert_eq!(store.durability(), Durability::Synced);
    let mode: String = Connection::open(file.path())
        .unwrap()
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn reading_only_sees_what_others_write_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    let reader = SqliteStore::open_read_only(&path).unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    assert_eq!(count(&reader), 1);
    assert_eq!(
        reader
            .append(&[sample::plain("acme", "y")])
            .unwrap_err()
            .kind(),
        ErrorKind::ReadOnly
    );
    assert_eq!(reader.checkpoint().unwrap_err().kind(), ErrorKind::ReadOnly);
    store.append(&[sample::plain("acme", "z")]).unwrap();
    assert_eq!(count(&reader), 2);
}

#[test]
fn memory_is_gone_with_its_handles() {
    let store = SqliteStore::open(":memory:").unwrap();
    assert_eq!(store.path(), None);
    assert_eq!(store.durability(), Durability::Volatile);
    store.clone().append(&[sample::plain("acme", "x")]).unwrap();
    assert_eq!(count(&store), 1);
    store.checkpoint().unwrap();
    assert_eq!(count(&SqliteStore::in_memory().unwrap()), 0);
}

#[test]
fn a_checkpoint_leaves_everything_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append(&sample::entries(1, 500, &["acme"])).unwrap();
    store.checkpoint().unwrap();
    assert_eq!(
        fs::metadata(folder.path().join("a.db-wal")).unwrap().len(),
        0
    );
    fs::copy(&path, folder.path().join("b.db")).unwrap();
    assert_eq!(
        count(&SqliteStore::open(folder.path().join("b.db")).unwrap()),
        500
    );
}

#[test]
fn a_backup_is_whole_while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("a.db")).unwrap();
    store.append(&sample::entries(1, 3_000, &["acme"])).unwrap();
    let writing = {
        let store = store.clone();
        std::thread::spawn(move || {
            for batch in sample::entries(2, 1_000, &["acme"]).chunks(10) {
                store.append(batch).unwrap();
            }
        })
    };
    let copy = folder.path().join("copy.db");
    store.backup_to(&copy).unwrap();
    writing.join().unwrap();
    let restored = SqliteStore::open(&copy).unwrap();
    let entries = count(&restored);
    assert!((3_000..=4_000).contains(&entries), "{entries}");
    assert_eq!(restored.cursor_key().unwrap(), store.cursor_key().unwrap());

    let before = fs::metadata(&copy).unwrap().len();
    assert_eq!(
        store.backup_to(&copy).unwrap_err().kind(),
        ErrorKind::Invalid
    );
    assert_eq!(fs::metadata(&copy).unwrap().len(), before);

    let memory = SqliteStore::in_memory().unwrap();
    memory.append(&[sample::plain("acme", "x")]).unwrap();
    memory.backup_to(folder.path().join("memory.db")).unwrap();
    assert_eq!(
        count(&SqliteStore::open(folder.path().join("memory.db")).unwrap()),
        1
    );
}

#[test]
fn debug_shows_no_entry() {
    let store = SqliteStore::in_memory().unwrap();
    store
        .append(&[sample::plain("secret tenant", "x")])
        .unwrap();
    assert!(!format!("{store:?}").contains("secret"));
}

#[test]
fn the_last_handle_leaves_everything_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let store = SqliteStore::open(&path).unwrap();
    store.append(&[sample::plain("acme", "x")]).unwrap();
    // A connection that only reads cannot empty the write-ahead log, so it must not be the last.
    assert_eq!(count(&store), 1);
    drop(store);
    assert!(!folder.path().join("a.db-wal").exists());
    let copy = folder.path().join("copy.db");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(count(&SqliteStore::open_read_only(&copy).unwrap()), 1);
}
