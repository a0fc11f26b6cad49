//! What others have changed in tracked tables, as entries of nobody.

use std::panic::resume_unwind;
use std::path::PathBuf;
use std::sync::mpsc;
use std::{mem, thread};

use audit_core::store::Appended;
use audit_core::{AuditEntry, ErrorKind, Result, Tenant};
use uuid::Uuid;

use super::newest::data_version;
use super::prepared::Batch;
use super::recall::Prints;
use super::{Writer, doubt};
use crate::connection::{self, Identity};
use crate::error::{self, Phase, during, of_kind};
use crate::options::SqliteOptions;
use crate::tracking::{self, Taken};

/// How many rows are taken in one transaction, so that others are not kept waiting.
const CHUNK: usize = 16_384;
/// How many entries go from one thread to the other at a time.
const BATCH: usize = 64;
/// How many such batches are read ahead of those that are stored: as long as a full block is written, nobody
/// takes any. The entries in memory are not many more.
const AHEAD: usize = 10;
/// From so many rows on, a thread more is worth its while.
const MANY: i64 = 4_096;

impl Writer {
    /// Makes entries of all rows that are staged, and says how many rows it was.
    pub(crate) fn collect_staged(&mut self) -> Result<u64> {
        let mut collected = 0;
        loop {
            let taken = self.collect_chunk()?;
            collected += taken.entries;
            if taken.is_last {
                return Ok(collected);
            }
        }
    }

    /// The same, if somebody else has written since it was last done. Nobody else's rows come
    /// after what is recorded now.
    pub(super) fn collect_what_is_due(&mut self) -> Result<()> {
        if self.connection.is_closed() || self.place.is_none() {
            return Ok(());
        }
        let connection = self.connection.get()?;
        let version = data_version(connection).map_err(during(Phase::Read))?;
        if self.collected_at == Some(version) {
            return Ok(());
        }
        if tracking::has_staged(connection)? {
            self.collect_staged()?;
        }
        self.collected_at = Some(version);
        Ok(())
    }

    fn collect_chunk(&mut self) -> Result<Chunk> {
        let options = self.options.clone();
        let file = self
            .place
            .as_ref()
            .map(|place| (place.path.clone(), place.identity));
        self.transact_only(
            |connection, memory, _| {
                let mut chunk = Chunk::default();
                let prints = memory.prints().clone();
                let mut write = |batch: &Batch| -> Result<()> {
                    let appended = memory.insert_batch(connection, batch)?;
                    let stored = batch
                        .entries()
                        .iter()
                        .zip(appended)
                        .filter(|(_, what)| matches!(what, Appended::Stored { .. }));
                    let mut last = None;
                    for (entry, _) in stored {
                        chunk.entries += 1;
                        last = Some(entry);
                    }
                    if let Some(entry) = last {
                        chunk.witness = Some((entry.tenant.clone(), entry.id));
                    }
                    Ok(())
                };
                chunk.is_last = match &file {
                    Some(file) if tracking::are_many(connection, MANY)? => {
                        let mut write = |batch: &Batch| {
                            write(batch)?;
                            // At once, so that entries go where these were: what is removed is
                            // overwritten, which else would be written as pages of its own.
                            batch
                                .last
                                .map_or(Ok(()), |last| tracking::remove_to(connection, last))
                        };
                        let taken = beside(file, &options, &prints, &mut write)?;
                        taken.remove(connection)?;
                        taken.is_all
                    }
                    _ => {
                        let mut batches = Batches::new(&prints, |batch| {
                            write(batch)?;
                            batch.clear();
                            Ok(())
                        });
                        let each = &mut |entry| batches.add(None, entry);
                        let sanitizer = &options.sanitizer;
                        let taken =
                            tracking::take_unattributed(connection, sanitizer, CHUNK, each)?;
                        batches.end()?;
                        taken < CHUNK
                    }
                };
                memory.settle(connection)?;
                Ok(chunk)
            },
            |connection, chunk| match &chunk.witness {
                Some((tenant, id)) => doubt::has_entry(connection, tenant, *id),
                None => Ok(true),
            },
        )
    }
}

/// Reads staged rows, and makes entries of them, on a thread and a connection of their own, while `write`
/// stores those before. Nobody else adds or removes any: the transaction of the writer is open.
fn beside(
    (path, identity): &(PathBuf, Option<Identity>),
    options: &SqliteOptions,
    prints: &Prints,
    write: &mut dyn FnMut(&Batch) -> Result<()>,
) -> Result<Taken> {
    let (send, receive) = mpsc::sync_channel::<Batch>(AHEAD);
    // What was written goes back, since memory is given back most cheaply where it was taken.
    let (give_back, used) = mpsc::channel::<Batch>();
    thread::scope(|scope| {
        let read = move || {
            let connection = connection::open_sequential_reader(path, options)?;
            if Identity::of(path).ok() != Some(*identity) {
                return Err(of_kind(ErrorKind::FileReplaced, Phase::Read));
            }
            let mut batches = Batches::new(prints, |batch| {
                let mut next = used.try_recv().unwrap_or_default();
                next.clear();
                // Nobody takes what is read if it could not be written, which is told.
                send.send(mem::replace(batch, next))
                    .map_err(|_| of_kind(ErrorKind::Store, Phase::Write))
            });
            let each = &mut |n, entry| batches.add(Some(n), entry);
            let taken = tracking::read_unattributed(&connection, &options.sanitizer, CHUNK, each)?;
            batches.end()?;
            Ok(taken)
        };
        let reading = thread::Builder::new()
            .name("audit-sqlite-read".to_owned())
            .spawn_scoped(scope, read)
            .map_err(|error| error::io(&error, Phase::Read))?;
        let written = receive.into_iter().try_for_each(|batch| {
            write(&batch)?;
            give_back.send(batch).ok();
            Ok(())
        });
        let read = reading.join().unwrap_or_else(|panic| resume_unwind(panic));
        written.and(read)
    })
}

/// Entries as they come, in parts.
struct Batches<'a, F> {
    batch: Batch,
    prints: &'a Prints,
    /// Leaves the batch empty.
    hand_on: F,
}

impl<'a, F: FnMut(&mut Batch) -> Result<()>> Batches<'a, F> {
    fn new(prints: &'a Prints, hand_on: F) -> Self {
        Self {
            batch: Batch::default(),
            prints,
            hand_on,
        }
    }

    fn add(&mut self, n: Option<i64>, entry: AuditEntry) -> Result<()> {
        self.batch.add(self.prints, entry)?;
        self.batch.last = n;
        if self.batch.len() < BATCH {
            return Ok(());
        }
        (self.hand_on)(&mut self.batch)
    }

    fn end(mut self) -> Result<()> {
        (self.hand_on)(&mut self.batch)
    }
}

/// What one transaction has taken.
#[derive(Default)]
struct Chunk {
    entries: u64,
    is_last: bool,
    /// One of the entries.
    witness: Option<(Tenant, Uuid)>,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::super::tests::open;
    use super::*;
    use crate::tracking::TrackedTable;

    const ROWS: u32 = 21_000;

    /// More rows than are taken at a time, written by somebody else.
    fn staged(path: &Path) -> Writer {
        let writer = open(path);
        let other = Connection::open(path).unwrap();
        other
            .execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER)")
            .unwrap();
        let table = TrackedTable::new("t").name("a").tenant("b");
        table.track(&other).unwrap();
        other
            .execute(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                 INSERT INTO t SELECT i, 'row ' || i, i % 7 FROM n",
                [ROWS],
            )
            .unwrap();
        writer
    }

    fn count(writer: &Writer, sql: &str) -> u32 {
        let connection = writer.connection().unwrap();
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn what_is_read_on_the_way_of_another_thread_comes_in_order_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = staged(&folder.path().join("a.db"));
        assert_eq!(writer.collect_staged().unwrap(), u64::from(ROWS));
        assert_eq!(count(&writer, "SELECT count(*) FROM audit_stage"), 0);
        let in_order = count(
            &writer,
            "SELECT count(*) FROM audit_log AS l JOIN audit_entry AS e ON e.seq = l.entity_id
             WHERE e.id = unhex(l.id, '-') AND l.entity_name = 'row ' || e.seq AND l.company = e.seq % 7
             AND l.changes ->> '$.id.new' = e.seq AND l.actor IS NULL",
        );
        assert_eq!(in_order, ROWS);
        assert_eq!(writer.collect_staged().unwrap(), 0);
    }

    #[test]
    fn what_there_is_no_room_for_stays_staged() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = staged(&folder.path().join("a.db"));
        let limit = |writer: &Writer, more: u32| {
            let pages = count(writer, "PRAGMA page_count") + more;
            let connection = writer.connection().unwrap();
            connection
                .pragma_update(None, "max_page_count", pages)
                .unwrap();
        };
        limit(&writer, 300);
        assert_eq!(writer.collect_staged().unwrap_err().kind(), ErrorKind::Full);
        let stored = count(&writer, "SELECT count(*) FROM audit_entry");
        assert!(stored < ROWS);
        let staged = count(&writer, "SELECT count(*) FROM audit_stage");
        assert_eq!(stored + staged, ROWS);
        limit(&writer, 1_000_000);
        assert_eq!(writer.collect_staged().unwrap(), u64::from(staged));
        assert_eq!(count(&writer, "SELECT count(*) FROM audit_entry"), ROWS);
    }

    #[test]
    fn a_reader_of_another_file_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        drop(staged(&path));
        let another = folder.path().join("b.db");
        let identity = Identity::of(&path).unwrap();
        drop(open(&another));
        let mut write = |_: &Batch| -> Result<()> { unreachable!() };
        let file = (another, identity);
        let error = beside(&file, &SqliteOptions::new(), &Prints::new(), &mut write)
            .err()
            .unwrap();
        assert_eq!(error.kind(), ErrorKind::FileReplaced);
    }
}
