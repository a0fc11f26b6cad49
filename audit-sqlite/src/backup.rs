//! Copying a database that is in use.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audit_core::{Error, ErrorKind, Result};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::connection;
use crate::error::{Phase, during, of_kind};

/// Pages per step. Between steps nothing is held that a writer needs, since the source is read
/// in one snapshot; steps keep the copy from taking the disk for itself.
const PAGES: i32 = 1024;
/// How long to wait when a step finds the source locked.
const PAUSE: Duration = Duration::from_millis(10);
const MAX_PAUSES: usize = 1000;

/// Copies a database to a new file and checks the copy. A copy that fails is removed.
pub(crate) fn copy(source: &Connection, path: &Path) -> Result<()> {
    if !connection::create(path)? {
        return Err(Error::new(
            ErrorKind::Invalid,
            "there is a file at the path of the backup; a backup overwrites nothing, name another path",
        ));
    }
    let copied = steps(source, path)
        .and_then(|()| check(path))
        .and_then(|()| connection::sync_parent(path));
    if copied.is_err() {
        for name in ["", "-wal", "-shm", "-journal"] {
            // The failure itself says more than a failure to clean up.
            let _removed = fs::remove_file(beside(path, name));
        }
    }
    copied
}

fn steps(source: &Connection, path: &Path) -> Result<()> {
    let reading = during(Phase::Read);
    let writing = during(Phase::Write);
    let mut target = connection::open_writer(path)?;
    target
        .pragma_update(None, "synchronous", 2)
        .map_err(writing)?;
    // One snapshot for all steps: a write in between would make the copy begin anew, for ever if
    // the log is busy.
    let is_own = source.is_autocommit();
    if is_own {
        source.execute_batch("BEGIN").map_err(reading)?;
    }
    let copied = source
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
        .map_err(reading)
        .and_then(|_| run(source, &mut target));
    if is_own {
        source.execute_batch("ROLLBACK").map_err(reading)?;
    }
    copied
}

fn run(source: &Connection, target: &mut Connection) -> Result<()> {
    let failed = during(Phase::Write);
    let backup = Backup::new(source, target).map_err(failed)?;
    let mut pauses = 0;
    loop {
        match backup.step(PAGES).map_err(failed)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ if pauses == MAX_PAUSES => return Err(of_kind(ErrorKind::Busy, Phase::Read)),
            _ => {
                pauses += 1;
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// Reads the whole copy.
fn check(path: &Path) -> Result<()> {
    let failed = during(Phase::Read);
    let copy = connection::open_writer(path)?;
    let verdict: String = copy
        .pragma_query_value(None, "integrity_check", |row| row.get(0))
        .map_err(failed)?;
    if verdict == "ok" {
        return Ok(());
    }
    Err(of_kind(ErrorKind::Corrupt, Phase::Read))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
