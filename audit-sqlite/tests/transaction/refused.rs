//! Connections that cannot hold an audited transaction, and what they are told.

use audit_core::{AuditContext, Auditor, ErrorKind};
use audit_sqlite::rusqlite::{Connection, OpenFlags};
use audit_sqlite::{Outbox, SqliteOptions, SqliteStore};

use crate::desk::{Desk, insert};

/// Begins on a connection, which is refused, and gives why.
fn refusal(desk: &Desk, connection: &mut Connection) -> (ErrorKind, String) {
    let error = desk.store.begin(connection).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn another_file_or_none_is_sent_to_the_outbox() {
    let desk = Desk::new();
    let other = Desk::new();
    let copy = desk.folder.path().join("copy.db");
    desk.connection
        .execute("VACUUM INTO ?1", [copy.to_str().unwrap()])
        .unwrap();
    for mut connection in [
        Connection::open(&other.path).unwrap(),
        Connection::open(&copy).unwrap(),
        Connection::open(desk.folder.path().join("new.db")).unwrap(),
        Connection::open_in_memory().unwrap(),
        Connection::open("").unwrap(),
    ] {
        let (kind, text) = refusal(&desk, &mut connection);
        assert_eq!(kind, ErrorKind::WrongConnection);
        assert!(text.contains("`Outbox`"), "{text}");
        assert!(!text.contains("copy.db"), "{text}");
        assert!(connection.is_autocommit());
    }
    // The log is attached, but the main file is another.
    let mut attached = Connection::open_in_memory().unwrap();
    attached
        .execute("ATTACH ?1 AS log", [desk.path.to_str().unwrap()])
        .unwrap();
    assert_eq!(refusal(&desk, &mut attached).0, ErrorKind::WrongConnection);
}

#[test]
fn the_file_is_known_by_every_name_that_it_has() {
    let desk = Desk::new();
    let name = desk.path.file_name().unwrap();
    let folder = desk.folder.path();
    std::fs::create_dir(folder.join("beside")).unwrap();
    let mut names = vec![folder.join("beside").join("..").join(name)];
    #[cfg(unix)]
    {
        let link = folder.join("link \u{1F6F0}.db");
        std::os::unix::fs::symlink(&desk.path, &link).unwrap();
        names.push(link);
    }
    for path in names {
        let mut connection = Connection::open(&path).unwrap();
        let tx = desk.store.begin(&mut connection).unwrap();
        tx.commit().unwrap();
    }
    let uri = format!("file:{}?cache=private", desk.path.display());
    let mut connection = Connection::open(uri).unwrap();
    desk.store.begin(&mut connection).unwrap().commit().unwrap();
}

#[test]
fn an_open_transaction_is_refused_and_left_alone() {
    let mut desk = Desk::new();
    desk.connection.execute_batch("BEGIN").unwrap();
    insert(&desk.connection, 1);
    let error = desk.store.begin(&mut desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongConnection);
    assert!(error.to_string().contains("end it first"), "{error}");
    desk.connection.execute_batch("COMMIT").unwrap();
    assert_eq!(desk.rows(), [1]);
    desk.store
        .begin(&mut desk.connection)
        .unwrap()
        .commit()
        .unwrap();
}

#[test]
fn what_only_reads_is_refused() {
    let mut desk = Desk::new();
    let mut reading =
        Connection::open_with_flags(&desk.path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let (kind, text) = refusal(&desk, &mut reading);
    assert_eq!(kind, ErrorKind::ReadOnly);
    assert!(text.contains("open it for reading and writing"), "{text}");

    let store = SqliteStore::open_read_only(&desk.path).unwrap();
    let error = store.begin(&mut desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly);

    let volatile = SqliteStore::in_memory().unwrap();
    let error = volatile.begin(&mut desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongConnection, "{error}");
}

#[cfg(unix)]
#[test]
fn a_file_that_was_replaced_is_refused() {
    let mut desk = Desk::new();
    std::fs::rename(&desk.path, desk.folder.path().join("moved.db")).unwrap();
    let error = desk.store.begin(&mut desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileReplaced);

    let options = SqliteOptions::new();
    SqliteStore::open_with(&desk.path, options).unwrap();
    let error = desk.store.begin(&mut desk.connection).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileReplaced);
    let mut connection = Connection::open(&desk.path).unwrap();
    assert_eq!(refusal(&desk, &mut connection).0, ErrorKind::FileReplaced);
}

#[test]
fn an_auditor_on_another_store_is_refused() {
    let mut desk = Desk::new();
    let other = Desk::new();
    let error = desk
        .store
        .begin_with(&other.auditor, &mut desk.connection)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(desk.connection.is_autocommit());
    // Nothing is left behind: neither the lock nor a transaction that is entered.
    desk.auditor
        .log("after")
        .context(&desk.context)
        .record()
        .unwrap();
    let context = AuditContext::new("acme").auditor(&other.auditor);
    context.scope(|| {
        let tx = desk.store.begin(&mut desk.connection).unwrap();
        let error = tx.log("elsewhere").record().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        tx.commit().unwrap();
    });
    assert_eq!(desk.actions(), ["after"]);
}

#[test]
fn without_an_auditor_or_a_context_a_draft_says_so_and_the_rows_can_be_committed() {
    let mut desk = Desk::new();
    let tx = desk.store.begin(&mut desk.connection).unwrap();
    insert(&tx, 1);
    let draft = tx.log("open");
    assert_eq!(draft.entry_id(), None);
    assert_eq!(
        draft.record().unwrap_err().kind(),
        ErrorKind::MissingAuditor
    );
    tx.commit().unwrap();
    let tx = desk
        .store
        .begin_with(&desk.auditor, &mut desk.connection)
        .unwrap();
    insert(&tx, 2);
    let error = tx.log("open").record().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingContext);
    let error = tx.log("").context(&desk.context).record().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    tx.commit().unwrap();
    assert_eq!(desk.rows(), [1, 2]);
}

#[test]
fn a_file_without_an_outbox_says_how_to_make_one() {
    let mut connection = Connection::open_in_memory().unwrap();
    let store = SqliteStore::in_memory().unwrap();
    let auditor = Auditor::new(store.clone());
    for error in [
        Outbox::begin(&mut connection).unwrap_err(),
        Outbox::begin_with(&auditor, &mut connection).unwrap_err(),
        Outbox::drain(&mut connection, &store).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::WrongConnection);
        assert!(error.to_string().contains("`Outbox::install`"), "{error}");
    }
    Outbox::install(&connection).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for error in [
        Outbox::begin(&mut connection).unwrap_err(),
        Outbox::drain(&mut connection, &store).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::WrongConnection);
    }
}
