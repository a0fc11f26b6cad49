//! How a transaction begins: which connections may hold one, and how long it waits.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use audit_core::{Error, ErrorKind, Result};
use rusqlite::{Connection, MAIN_DB, OptionalExtension as _, Transaction, TransactionBehavior};

use super::desk::{Desks, Turn};
use super::traces::Traces;
use crate::error::{Phase, during, kind_of, of_kind};
use crate::schema;
use crate::store::SqliteStore;
use crate::tracking::{self, Admitted};
use crate::writer::{Newest, id_from};

/// How long to sleep before the next look at a lock that nobody waits for in order.
const PAUSE: Duration = Duration::from_millis(5);
/// How many rows of others are made entries of at a time.
const BATCH: usize = 256;

macro_rules! look {
    ($newest:literal) => {
        concat!(
            "SELECT (SELECT value FROM audit_meta WHERE key = 'schema'), EXISTS (SELECT 1 FROM audit_attempt), (SELECT max(refuses AND state <> 3) FROM audit_tracked), ",
            $newest
        )
    };
}

const LOOK: &str = look!("seq, id FROM audit_entry ORDER BY seq DESC LIMIT 1");
/// The same where the log is empty.
const LOOK_WITHOUT_ENTRIES: &str = look!("0, zeroblob(16)");
const CURSOR_KEY: &str = "SELECT value FROM audit_meta WHERE key = 'cursor_key'";

/// Begins a write transaction on the connection of a caller, to the file of a store.
pub(super) fn begin<'c>(store: &SqliteStore, connection: &'c Connection) -> Result<Begun<'c>> {
    let desks = store.desks()?;
    desks.check_process()?;
    check(connection)?;
    if !is_file(connection, &desks.path) {
        return Err(Error::new(
            ErrorKind::WrongConnection,
            "the connection is to another file than the store's, so that rows and entries cannot commit together; open it on the file of the store, or use an `Outbox` in its own",
        ));
    }
    let deadline = desks.deadline();
    let mut turn = desks.turn(store, deadline)?;
    let transaction = match begin_until(connection, deadline) {
        Ok(transaction) => transaction,
        Err(error) => {
            turn.end(true);
            return Err(error);
        }
    };
    match meet(connection, &mut turn, desks) {
        Ok((seen, admitted)) => Ok(Begun {
            transaction,
            turn,
            newest: seen.newest,
            is_tracking: seen.is_tracking,
            admitted,
        }),
        Err(error) => {
            // Before the next one takes a turn.
            drop(transaction);
            turn.end(false);
            Err(error)
        }
    }
}

/// Finds out what the log is now, and what others have left to be done.
fn meet<'c>(
    connection: &'c Connection,
    turn: &mut Turn,
    desks: &Desks,
) -> Result<(Seen, Option<Admitted<'c>>)> {
    let seen = look(connection)?;
    // A log that ends with the entry that is known is known.
    if !turn.memory.knows(seen.newest) {
        check_log(connection, desks)?;
    }
    turn.memory
        .meet(connection, seen.newest, seen.has_attempts)?;
    if !seen.is_tracking {
        return Ok((seen, None));
    }
    tracking::check_since(connection, &mut turn.desk.checked_schema)?;
    let seen = match collect(connection, turn, desks)? {
        0 => seen,
        _ => look(connection)?,
    };
    let admitted = seen.refuses.then(|| Admitted::new(connection));
    Ok((seen, admitted.transpose()?))
}

/// A transaction that has begun.
pub(super) struct Begun<'c> {
    pub(super) transaction: Transaction<'c>,
    pub(super) turn: Turn,
    /// The newest entry of the log.
    pub(super) newest: Newest,
    pub(super) is_tracking: bool,
    pub(super) admitted: Option<Admitted<'c>>,
}

/// Makes entries of rows that others have changed, unseen by the caller: what is staged from now on is
/// of this transaction.
fn collect(connection: &Connection, turn: &mut Turn, desks: &Desks) -> Result<usize> {
    if !tracking::has_staged(connection)? {
        return Ok(0);
    }
    let mut traces = Traces::default();
    traces.note(connection);
    let collected = collect_all(connection, turn, desks);
    traces.leave(connection);
    let restored = traces.restore(connection);
    collected.and_then(|collected| restored.map(|()| collected))
}

fn collect_all(connection: &Connection, turn: &mut Turn, desks: &Desks) -> Result<usize> {
    let mut collected = 0;
    loop {
        let mut batch = Vec::with_capacity(BATCH);
        tracking::take_unattributed(connection, &desks.sanitizer, BATCH, &mut |entry| {
            batch.push(entry);
            Ok(())
        })?;
        turn.memory.insert(connection, &batch)?;
        collected += batch.len();
        if !tracking::has_staged(connection)? {
            return Ok(collected);
        }
    }
}

/// Says whether a connection can hold a write transaction of ours at all.
pub(super) fn check(connection: &Connection) -> Result<()> {
    if !connection.is_autocommit() {
        return Err(Error::new(
            ErrorKind::WrongConnection,
            "a transaction is open on the connection already; end it first, or begin it as an audited one",
        ));
    }
    if connection
        .is_readonly(MAIN_DB)
        .map_err(during(Phase::Begin))?
    {
        return Err(Error::new(
            ErrorKind::ReadOnly,
            "the connection was opened for reading only; open it for reading and writing",
        ));
    }
    Ok(())
}

/// Whether the main database of a connection is this file.
fn is_file(connection: &Connection, file: &Path) -> bool {
    // SQLite has resolved links already, as a rule.
    match connection.path().map(Path::new) {
        Some(path) if path == file => true,
        Some(path) if !path.as_os_str().is_empty() => {
            path.canonicalize().is_ok_and(|path| path == file)
        }
        _ => false,
    }
}

/// Waits for SQLite's own lock, which those may hold who do not know ours: as long as the connection
/// waits by itself, which cannot be shortened without losing a handler of the caller's, and at
/// least until the deadline.
fn begin_until(connection: &Connection, deadline: Instant) -> Result<Transaction<'_>> {
    loop {
        match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(error) if is_busy(&error) && Instant::now() < deadline => {
                thread::sleep(PAUSE);
            }
            begun => return begun.map_err(during(Phase::Begin)),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error
        .sqlite_error()
        .is_some_and(|failure| kind_of(failure.extended_code, Phase::Begin) == ErrorKind::Busy)
}

/// What a transaction has to know of the file, in one statement.
fn look(connection: &Connection) -> Result<Seen> {
    let look = |sql: &str| {
        connection.prepare_cached(sql)?.query_row([], |row| {
            let schema: i64 = row.get(0)?;
            let refuses: Option<bool> = row.get(2)?;
            let seen = Seen {
                has_attempts: row.get(1)?,
                is_tracking: refuses.is_some(),
                refuses: refuses == Some(true),
                newest: Newest {
                    seq: row.get(3)?,
                    id: id_from(row.get_ref(4)?),
                },
            };
            Ok((schema, seen))
        })
    };
    let looked = match look(LOOK).optional() {
        Ok(None) => look(LOOK_WITHOUT_ENTRIES),
        Ok(Some(looked)) => Ok(looked),
        Err(error) => Err(error),
    };
    let (schema, seen) = looked.map_err(during(Phase::Begin))?;
    schema::expect_newest(schema)?;
    Ok(seen)
}

struct Seen {
    /// How far the log goes.
    newest: Newest,
    has_attempts: bool,
    is_tracking: bool,
    /// Whether a table takes writes only from transactions of ours, or will when it is resumed.
    refuses: bool,
}

/// Sees that the file holds the log of the store.
fn check_log(connection: &Connection, desks: &Desks) -> Result<()> {
    let key: Vec<u8> = connection
        .query_row(CURSOR_KEY, [], |row| row.get(0))
        .map_err(during(Phase::Begin))?;
    if key == desks.cursor_key {
        return Ok(());
    }
    Err(of_kind(ErrorKind::FileReplaced, Phase::Begin))
}
