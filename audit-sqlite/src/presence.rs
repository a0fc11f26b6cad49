//! Which stores are still there, told by locks that end with their process.
//!
//! The number of a process says little: it is given again, and means nothing in another container.
//! A lock of the operating system ends with its holder, however that dies. So a store that has
//! opened an attempt holds the lock of an empty file, named after a fresh id, in a folder beside
//! the database. Whoever gets that lock, or finds no such file, knows that the store is gone.
//!
//! Files are made, locked and tried under the write lock of the database only. Else one that is
//! made and not locked yet would look like one that was left behind.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use audit_core::{ErrorKind, Result};
use uuid::Uuid;

use crate::connection::{Process, restrict};
use crate::error::{self, Phase, of_kind};

/// How often to make the folder anew when somebody else removes it, being done with it.
const TRIES: u32 = 8;

/// One store, and where it tells others that it is there.
pub(crate) struct Presence {
    id: Uuid,
    /// Nothing in memory, where there are no others.
    folder: Option<PathBuf>,
    /// Locked as long as it is open.
    file: Option<File>,
    process: Process,
}

impl Presence {
    /// A store of a file, or of a database in memory. Nobody is told of it yet.
    pub(crate) fn new(database: Option<&Path>) -> Self {
        let folder = database.map(|path| {
            let mut name: OsString = path.as_os_str().to_owned();
            name.push("-audit-attempts");
            PathBuf::from(name)
        });
        Self {
            id: Uuid::new_v4(),
            folder,
            file: None,
            process: Process::current(),
        }
    }

    /// What attempts of this store are marked with.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Tells others that this store is there, for as long as it is.
    pub(crate) fn announce(&mut self) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let path = folder.join(self.id.to_string());
        // Asked each time: old files are tidied away on many systems, and this one looks old.
        if self.file.is_some() && path.exists() {
            return Ok(());
        }
        let file = make(folder, &path).map_err(|error| error::io(&error, Phase::Begin))?;
        match file.try_lock() {
            Ok(()) => self.file = Some(file),
            Err(TryLockError::WouldBlock) => return Err(of_kind(ErrorKind::Busy, Phase::Begin)),
            Err(TryLockError::Error(error)) => return Err(error::io(&error, Phase::Begin)),
        }
        Ok(())
    }

    /// Whether a store is gone, in which case its file goes too. In doubt it is there.
    pub(crate) fn is_gone(&self, store: Uuid) -> bool {
        let Some(folder) = &self.folder else {
            return false;
        };
        if store == self.id {
            return false;
        }
        let path = folder.join(store.to_string());
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) if file.try_lock().is_ok() => {
                // No file says the same, so that nothing is lost if what follows fails.
                let _removed = fs::remove_file(&path);
                true
            }
            Ok(_) => false,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        }
    }

    /// Whether there are files of other stores, dead or alive.
    pub(crate) fn has_company(&self) -> bool {
        self.others().next().is_some()
    }

    /// Removes what dead stores have left and no attempt tells of.
    pub(crate) fn sweep(&self) {
        for store in self.others() {
            self.is_gone(store);
        }
        if let Some(folder) = &self.folder {
            // Only removed if it is empty.
            let _removed = fs::remove_dir(folder);
        }
    }

    fn others(&self) -> impl Iterator<Item = Uuid> {
        let files = self.folder.iter().flat_map(fs::read_dir).flatten();
        let ids = files
            .flatten()
            .filter_map(|file| file.file_name().to_str()?.parse().ok());
        ids.filter(|id| *id != self.id)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        // A child of `fork` must not say that its parent is gone.
        if let (Some(folder), true) = (&self.folder, self.process.check().is_ok())
            && let Some(file) = self.file.take()
        {
            let _removed = fs::remove_file(folder.join(self.id.to_string()));
            drop(file);
            let _removed = fs::remove_dir(folder);
        }
    }
}

fn make(folder: &Path, path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    restrict(&mut options);
    let mut tries = 0;
    loop {
        tries += 1;
        match make_folder(folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && tries < TRIES => {}
            made => return made,
        }
    }
}

/// A folder that is its owner's alone, as the database is.
fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    owner_only(&mut builder);
    builder.create(folder)
}

#[cfg(unix)]
fn owner_only(builder: &mut DirBuilder) {
    use std::os::unix::fs::DirBuilderExt;
    builder.mode(0o700);
}

#[cfg(not(unix))]
fn owner_only(_: &mut DirBuilder) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).map_or(0, Iterator::count)
    }

    #[test]
    fn a_store_is_there_until_it_is_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let side = folder.path().join("a.db-audit-attempts");
        let mut first = Presence::new(Some(&database));
        let second = Presence::new(Some(&database));
        assert!(!side.exists());
        first.announce().unwrap();
        first.announce().unwrap();
        assert_eq!(names(&side), 1);
        assert!(second.has_company() && !first.has_company());
        assert!(!first.is_gone(first.id()) && !second.is_gone(first.id()));
        second.sweep();
        assert_eq!(names(&side), 1);
        let id = first.id();
        drop(first);
        assert!(second.is_gone(id));
        assert!(!side.exists());
    }

    #[test]
    fn a_file_that_nobody_holds_is_left_behind_and_swept() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let side = folder.path().join("a.db-audit-attempts");
        let store = Presence::new(Some(&database));
        fs::create_dir(&side).unwrap();
        let dead = [Uuid::new_v4(), Uuid::new_v4()];
        for id in dead {
            fs::write(side.join(id.to_string()), "").unwrap();
        }
        fs::write(side.join("not ours"), "").unwrap();
        assert!(store.has_company());
        assert!(store.is_gone(dead[0]));
        store.sweep();
        assert_eq!(names(&side), 1);
        assert!(!store.has_company());
        fs::remove_file(side.join("not ours")).unwrap();
        store.sweep();
        assert!(!side.exists());
    }

    #[test]
    fn what_was_tidied_away_is_made_anew_under_the_same_name() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let mut first = Presence::new(Some(&database));
        first.announce().unwrap();
        fs::remove_dir_all(folder.path().join("a.db-audit-attempts")).unwrap();
        first.announce().unwrap();
        assert!(!Presence::new(Some(&database)).is_gone(first.id()));
    }

    #[test]
    fn a_child_of_fork_leaves_the_file_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("a.db");
        let mut first = Presence::new(Some(&database));
        first.announce().unwrap();
        first.process = Process::another();
        drop(first);
        assert_eq!(names(&folder.path().join("a.db-audit-attempts")), 1);
    }
}
