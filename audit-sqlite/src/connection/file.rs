//! The file itself: creating it with the right rights, and telling whether it is still the same.
//!
//! The file and its `-shm` are never opened by ordinary file calls while a connection may be open:
//! POSIX drops all locks of a process on a file as soon as any descriptor of it is closed
//! (<https://www.sqlite.org/howtocorrupt.html>).

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use audit_core::Result;

use crate::error::{self, Phase};

/// Creates an empty file that only its owner may read and write, and says whether there was none.
///
/// Created here rather than by SQLite, so that there is no moment with wider rights; SQLite gives
/// `-wal` and `-shm` the rights of the file. Closing the descriptor is safe, since nobody can have
/// had a connection to a file that did not exist.
pub(crate) fn create(path: &Path) -> Result<bool> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    owner_only(&mut options);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        // An existing file in a folder without write rights.
        Err(_) if path.exists() => Ok(false),
        Err(error) => Err(error::io(&error, Phase::Open)),
    }
}

/// Makes a file that is created through these options its owner's alone.
pub(crate) fn restrict(options: &mut OpenOptions) {
    owner_only(options);
}

#[cfg(unix)]
fn owner_only(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn owner_only(_: &mut OpenOptions) {}

/// Makes the names of new files durable. SQLite ignores a failure of this; we do not.
#[cfg(unix)]
pub(crate) fn sync_parent(path: &Path) -> Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::File::open(parent)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| error::io(&error, Phase::Open))
}

/// Makes the names of new files durable; elsewhere the file system does so by itself.
#[cfg(not(unix))]
#[allow(
    clippy::unnecessary_wraps,
    reason = "the same signature on every system"
)]
pub(crate) fn sync_parent(_: &Path) -> Result<()> {
    Ok(())
}

/// Where the fair lock of a database lies.
pub(crate) fn lock_path(path: &Path) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push("-audit-lock");
    PathBuf::from(name)
}

/// Which file a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    /// The file that a path leads to now; nothing where the system cannot say.
    #[cfg(unix)]
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path)?;
        Ok(Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        }))
    }

    /// The file that a path leads to now; nothing where the system cannot say.
    #[cfg(not(unix))]
    pub(crate) fn of(path: &Path) -> io::Result<Option<Self>> {
        fs::metadata(path).map(|_| None)
    }
}
