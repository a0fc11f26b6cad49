use audit_core::{Actor, Entity};
use uuid::Uuid;

use super::*;
use crate::connection::{lock_path, open_writer, prepare_file, set_writer};

pub(super) fn open(path: &std::path::Path) -> Writer {
    let options = SqliteOptions::new();
    connection::create(path).unwrap();
    let mut connection = open_writer(path).unwrap();
    prepare_file(&connection).unwrap();
    set_writer(&connection, &options).unwrap();
    schema::migrate(&mut connection).unwrap();
    connection::forbid(&mut connection).unwrap();
    let lock = FairLock::open(&lock_path(path)).unwrap();
    Writer::of_file(
        connection,
        path.to_owned(),
        lock,
        Arc::default(),
        Arc::default(),
        options,
    )
    .unwrap()
}

fn entry(n: usize, bytes: usize) -> AuditEntry {
    let now = audit_core::store::to_micros(chrono::Utc::now());
    let actor = Actor::user(n, format!("name {n}"));
    let mut entry = AuditEntry::new(
        Uuid::now_v7(),
        now,
        format!("tenant {}", n % 4).into(),
        actor,
        "update",
    );
    entry.entity = Some(
        Entity::new("incident")
            .identified(n)
            .named(format!("label {n}")),
    );
    entry.reason = Some("x".repeat(bytes));
    entry
}

pub(super) fn entries(count: usize, bytes: usize) -> Vec<AuditEntry> {
    (0..count).map(|n| entry(n, bytes)).collect()
}

fn stored(writer: &Writer) -> i64 {
    let connection = writer.connection().unwrap();
    connection
        .query_row("SELECT count(*) FROM audit_entry", [], |row| row.get(0))
        .unwrap()
}

#[test]
fn a_full_file_takes_nothing_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(&folder.path().join("a.db"));
    writer.append(&entries(10, 10)).unwrap();
    let limit = |writer: &Writer, pages: i64| {
        writer
            .connection()
            .unwrap()
            .pragma_update(None, "max_page_count", pages)
            .unwrap();
    };
    limit(&writer, 100);
    let large = entries(1_000, 1_000);
    assert_eq!(writer.append(&large).unwrap_err().kind(), ErrorKind::Full);
    assert_eq!(stored(&writer), 10);
    // A smaller batch still fits, and gets the index after the last one stored.
    assert_eq!(
        writer.append(&[entry(3, 10)]).unwrap(),
        [Appended::Stored { index: 2 }]
    );
    limit(&writer, 1_000_000);
    writer.append(&large).unwrap();
    assert_eq!(stored(&writer), 1_011);
}

#[test]
fn memory_stays_flat_whatever_is_written() {
    let mut connection = Connection::open_in_memory().unwrap();
    schema::migrate(&mut connection).unwrap();
    let mut writer = Writer::of_memory(connection, SqliteOptions::new());
    let long = |n: usize| format!("name {n} {}", "x".repeat(240));
    for start in (0..30_000).step_by(5_000) {
        let mut batch = Vec::new();
        for n in start..start + 5_000 {
            let mut entry = entry(n, 1);
            entry.actor = Actor::user(n, long(n));
            entry.entity = Some(Entity::new("incident").identified(n).named(long(n)));
            batch.push(entry);
        }
        writer.append(&batch).unwrap();
    }
    let remembered = writer.remembered();
    // As many records, but not as many names or actors.
    assert!(remembered > 50_000 && remembered < 90_000, "{remembered}");
    // What was forgotten is found again under its number.
    let mut again = entry(1, 1);
    again.actor = Actor::user(1, long(1));
    writer.append(&[again]).unwrap();
    let sql = "SELECT count(*) FROM audit_actor WHERE name LIKE 'name 1 %'";
    let actors: i64 = writer
        .connection()
        .unwrap()
        .query_row(sql, [], |row| row.get(0))
        .unwrap();
    assert_eq!(actors, 1);
}

#[test]
fn what_somebody_else_wrote_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (mut first, mut second) = (open(&path), open(&path));
    for round in 0..20_u64 {
        let writer = if round % 2 == 0 {
            &mut first
        } else {
            &mut second
        };
        assert_eq!(
            writer.append(&[entry(0, 1)]).unwrap(),
            [Appended::Stored { index: round }]
        );
    }
}

#[test]
fn a_commit_in_doubt_is_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(&folder.path().join("a.db"));
    let failure = |code| rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
    let batch = entries(3, 1);
    let settle = |writer: &mut Writer, error, told: &[Appended]| {
        writer.after_failed_commit(error, told.to_vec(), |connection, told| {
            doubt::is_stored(connection, &batch, told)
        })
    };

    // Not stored: a plain failure, and the writer goes on.
    let told = vec![Appended::Stored { index: 0 }; 3];
    let unknown = failure(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    let error = settle(&mut writer, &unknown, &told).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    let appended = writer.append(&batch).unwrap();
    assert_eq!(appended, told);

    // Stored: as if the commit had said so.
    assert_eq!(settle(&mut writer, &unknown, &told).unwrap(), told);
    assert_eq!(
        writer.append(&batch).unwrap(),
        [Appended::Present { index: 0 }; 3]
    );

    // A batch in which nothing was new has no outcome to be in doubt of.
    let present = vec![Appended::Present { index: 0 }; 3];
    assert_eq!(settle(&mut writer, &unknown, &present).unwrap(), present);

    // Not to be found out: the file is gone.
    let path = writer.place.as_ref().unwrap().path.clone();
    std::fs::rename(&path, folder.path().join("b.db")).unwrap();
    let error = settle(&mut writer, &unknown, &told).unwrap_err();
    assert_eq!(
        error.kind(),
        if cfg!(unix) {
            ErrorKind::Unknown
        } else {
            ErrorKind::Store
        }
    );
    std::fs::rename(folder.path().join("b.db"), &path).unwrap();
    assert_eq!(
        writer.append(&batch).unwrap(),
        [Appended::Present { index: 0 }; 3]
    );

    // A full disk at commit is no doubt.
    let full = failure(rusqlite::ffi::SQLITE_FULL);
    let error = settle(&mut writer, &full, &told).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Full);
}

#[test]
fn an_attempt_in_doubt_is_looked_up() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(&folder.path().join("a.db"));
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC);
    let unknown = rusqlite::Error::SqliteFailure(code, None);
    let entry = entry(0, 1);
    let settle = |writer: &mut Writer| {
        writer.after_failed_commit(&unknown, (), |connection, ()| {
            doubt::has_attempt(connection, &entry.tenant, entry.id)
        })
    };
    assert_eq!(settle(&mut writer).unwrap_err().kind(), ErrorKind::Store);
    writer.open_attempt(&entry).unwrap();
    settle(&mut writer).unwrap();
    // The connection is another one now, and its store the same.
    assert_eq!(writer.recover_attempts().unwrap(), 0);
    writer.append(std::slice::from_ref(&entry)).unwrap();
    assert_eq!(settle(&mut writer).unwrap_err().kind(), ErrorKind::Store);
}

#[test]
fn closing_that_fails_half_way_has_closed_nothing_and_is_done_by_the_next_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let left = entries(1_000, 100);
    {
        let mut writer = open(&path);
        let connection = writer.connection().unwrap();
        connection.pragma_update(None, "synchronous", 0).unwrap();
        writer.append(&[entry(0, 1)]).unwrap();
        for attempt in &left {
            writer.open_attempt(attempt).unwrap();
        }
    }
    let mut writer = open(&path);
    let limit = |writer: &Writer, more: i64| {
        let connection = writer.connection().unwrap();
        let pages: i64 = connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        connection
            .pragma_update(None, "max_page_count", pages + more)
            .unwrap();
    };
    limit(&writer, 0);
    writer.recover_or_defer().unwrap();
    assert_eq!(stored(&writer), 1);
    assert_eq!(
        writer.append(&[entry(0, 1)]).unwrap_err().kind(),
        ErrorKind::Full
    );
    assert_eq!(stored(&writer), 1);
    limit(&writer, 1_000_000);
    writer.append(&[entry(0, 1)]).unwrap();
    assert_eq!(stored(&writer), 1_002);
    assert!(!writer.has_attempts());
    assert_eq!(writer.recover_attempts().unwrap(), 0);
}

#[test]
fn attempts_are_asked_for_only_while_there_are_some() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (mut first, mut second) = (open(&path), open(&path));
    let batch = entries(3, 1);
    first.append(&batch[..1]).unwrap();
    assert!(!first.has_attempts());
    // Of another store: seen as soon as something is written.
    second.open_attempt(&batch[1]).unwrap();
    first.append(&batch[..1]).unwrap();
    assert!(first.has_attempts());
    first.append(&batch[1..]).unwrap();
    assert!(!first.has_attempts());
    first.open_attempt(&entry(9, 1)).unwrap();
    assert!(first.has_attempts());
    // What was rolled back is asked for anew.
    let mut bad = entry(9, 1);
    bad.entity = Some(Entity::new(""));
    assert_eq!(
        first.open_attempt(&bad).unwrap_err().kind(),
        ErrorKind::Invalid
    );
    first.append(&[entry(9, 1)]).unwrap();
    assert!(first.has_attempts());
}

#[test]
fn spans_cover_every_entry_even_if_the_clock_jumps() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(&folder.path().join("a.db"));
    for (round, batch) in entries(4 * 1_300, 1).chunks_mut(977).enumerate() {
        for (n, entry) in batch.iter_mut().enumerate() {
            let jump = i64::try_from(n * 7_919 % 1_000 + round).unwrap();
            entry.timestamp -= chrono::TimeDelta::hours(jump);
        }
        writer.append(batch).unwrap();
    }
    let sql = "SELECT (SELECT count(*) FROM audit_span), count(*), sum(e.time BETWEEN s.min_time AND s.max_time)
               FROM audit_entry AS e JOIN audit_span AS s ON s.tenant = e.tenant AND s.block = e.idx / 256";
    let connection = writer.connection().unwrap();
    let (spans, entries, covered): (i64, i64, i64) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    // 1,300 entries are five full blocks and a rest, which has no row.
    assert_eq!((spans, entries, covered), (4 * 5, 4 * 1_280, 4 * 1_280));
}

#[test]
fn tallies_count_what_is_in_full_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = open(&folder.path().join("a.db"));
    let mut all = entries(4 * 1_300, 1);
    for entry in all.iter_mut().step_by(19) {
        entry.action = "rare".to_owned();
    }
    for batch in all.chunks(613) {
        writer.append(batch).unwrap();
    }
    let connection = writer.connection().unwrap();
    for (kind, column) in [(1, "verb"), (2, "actor")] {
        let sql = format!(
            "SELECT count(*), sum(entries), sum(entries = (SELECT count(*) FROM audit_entry AS e WHERE e.tenant = t.tenant AND e.idx / 256 = t.block AND e.{column} = t.number)),
                    sum(first = (SELECT min(idx) FROM audit_entry AS e WHERE e.tenant = t.tenant AND e.idx / 256 = t.block AND e.{column} = t.number))
             FROM audit_tally AS t WHERE kind = {kind}"
        );
        let (rows, sum, right, first): (i64, i64, i64, i64) = connection
            .query_row(&sql, [], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .unwrap();
        assert!(rows > 0);
        assert_eq!((sum, right, first), (4 * 1_280, rows, rows), "{column}");
    }
    // What is rare says where it is, and nothing else does.
    let sql = "SELECT total(entries <= 32), total(length(places) = 8 * entries), total(entries > 32 AND places IS NOT NULL) FROM audit_tally WHERE kind = 1";
    let (rare, listed, others): (f64, f64, f64) = connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap();
    assert!(rare > 0.0);
    assert_eq!((listed, others), (rare, 0.0));
}
