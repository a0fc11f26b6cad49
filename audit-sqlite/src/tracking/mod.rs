//! Tracked tables: every row change of a business table, captured by triggers in the transaction
//! that makes it.
//!
//! `options` and `shape` (what the user said, what the table is) → `plan` and `layout` (what is
//! captured, and where it stands) → `capture` and `triggers` (the SQL) → `install`. At commit, or when the
//! store next writes: `take` → `read` → `change` → an entry.

mod admit;
mod affinity;
mod atomic;
mod baseline;
mod capture;
mod change;
mod check;
mod departed;
mod displaced;
mod here;
mod identity;
mod install;
mod layout;
mod of_type;
mod options;
mod pause;
mod plan;
mod read;
mod registry;
mod schema_sql;
mod secrets;
mod shape;
mod side;
mod sql;
mod staging;
mod suggest;
mod table;
mod take;
mod tenant;
#[cfg(test)]
mod tests;
mod triggers;
mod unique;

use audit_core::{Error, ErrorKind, Result, Sanitizer};
use rusqlite::Connection;

pub(crate) use self::admit::Admitted;
pub use self::baseline::Baseline;
pub(crate) use self::change::RowChange;
pub use self::change::UNKNOWN_TENANT;
pub(crate) use self::check::check_since;
pub(crate) use self::here::tracked_here;
pub use self::options::RowOperation;
pub use self::table::TrackedTable;
pub(crate) use self::take::{
    Taken, are_many, has_staged, read_unattributed, remove_to, take_staged, take_unattributed,
};

/// Tracks every table of the file that can be tracked and is not yet, as [`TrackedTable::new`] does, but for
/// `except`; says which are new. Tables that are tracked keep their options. A table whose name begins with
/// `audit_` is taken for one of the log's.
///
/// It knows no types: where a type says what is to be left out or hidden, track its table before, with
/// [`TrackedTable::of`].
///
/// ```
/// use audit_sqlite::{SqliteStore, rusqlite::Connection, track_all_tables};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("desk.db");
/// # let store = SqliteStore::open(&path)?;
/// let connection = Connection::open(&path)?;
/// connection.execute_batch("CREATE TABLE notes (id INTEGER PRIMARY KEY, text);
///     CREATE TABLE jobs (id INTEGER PRIMARY KEY)")?;
/// assert_eq!(track_all_tables(&connection, &["jobs"])?, ["notes"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of [`TrackedTable::track`]: a table that cannot be tracked without being told more, such as
/// one whose primary key has the name of a secret, has to be tracked by itself or named in
/// `except`, and so has an exception that there is not. Then nothing is tracked.
pub fn track_all_tables(connection: &Connection, except: &[&str]) -> Result<Vec<String>> {
    crate::schema::check(connection)?;
    let sanitizer = Sanitizer::default();
    atomic::atomically(connection, || {
        let tables = shape::tables(connection)?;
        let is = |name: &str, table: &String| name.eq_ignore_ascii_case(table);
        for name in except {
            if !tables.iter().any(|table| is(name, table)) {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!(
                        "there is no table `{name}` to leave out; there is {}",
                        suggest::there_is(name, tables.iter().map(String::as_str))
                    ),
                ));
            }
        }
        let mut tracked = Vec::new();
        for table in tables {
            if except.iter().any(|name| is(name, &table))
                || install::find(connection, &table)?.is_some()
            {
                continue;
            }
            install::track(
                connection,
                &table,
                options::Options::default(),
                &[],
                &secrets::Names::Said(&sanitizer),
            )?;
            tracked.push(table);
        }
        Ok(tracked)
    })
}

/// Says whether every capture is still what its table is.
///
/// An audited transaction asks this when it begins. A table that was altered goes on being captured as
/// it was when it was tracked, as far as that goes: new columns are not told of.
///
/// # Errors
///
/// [`ErrorKind::StaleCapture`] if columns, unique indexes or triggers of a tracked table are others than
/// they were, or the foreign keys by which rows of other tables are deleted or changed with its rows;
/// creating a table with such a key is enough. [`TrackedTable::retrack`] mends it. The same where a table
/// was renamed, also if another one has its former name now; the error names both.
pub fn check_tracking(connection: &Connection) -> Result<()> {
    crate::schema::check(connection)?;
    check_since(connection, &mut None)
}

/// Stops capturing, for a migration: an entry `capture_paused` of each table says why. Until
/// [`resume_tracking`] nothing is told of, and histories that reach into this time are incomplete,
/// unless a [`baseline`](TrackedTable::baseline) follows. Tables that are paused stay so, whoever
/// tracks them meanwhile.
///
/// The entry goes to each tenant that has rows in the table, or entries of its entity type: the log of
/// each no longer tells all. Where rows name no tenant, or the column that names it is gone, those
/// that have entries are all that is known, and the tenant of the context, or without one
/// [`UNKNOWN_TENANT`], is told besides. Of a table with a constant tenant only that one is told.
///
/// SQLite refuses to drop a column that a trigger names, so that a migration has to pause first.
///
/// # Errors
///
/// Any failure to write; then nothing is paused.
pub fn pause_tracking(connection: &Connection, reason: &str) -> Result<()> {
    pause::pause_all(connection, reason)
}

/// Goes on capturing what was paused, as the tables are now, and tells of it: an entry
/// `capture_resumed` of each table, for each tenant that was told of the pause or has rows in it now.
///
/// # Errors
///
/// Those of [`TrackedTable::retrack`]; then all stays paused. A table that was dropped or renamed since it
/// was paused has to be untracked first; it may then be tracked under its new name.
pub fn resume_tracking(connection: &Connection) -> Result<()> {
    pause::resume_all(connection)
}
