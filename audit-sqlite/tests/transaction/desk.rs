//! A business file with the log of a store in it, and what is in both.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use audit_core::{Actor, AuditContext, AuditEntry, Auditor};
use audit_sqlite::rusqlite::Connection;
use audit_sqlite::{SqliteOptions, SqliteStore, Synchronous};
use tempfile::TempDir;

pub(crate) const TENANT: &str = "acme";
/// Long enough for whatever a loaded machine does.
pub(crate) const LONG: Duration = Duration::from_mins(1);

pub(crate) struct Desk {
    pub(crate) store: SqliteStore,
    pub(crate) auditor: Auditor,
    pub(crate) connection: Connection,
    pub(crate) context: AuditContext,
    pub(crate) path: PathBuf,
    pub(crate) folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self::waiting(LONG)
    }

    /// One whose store waits so long for the write lock.
    pub(crate) fn waiting(deadline: Duration) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("desk.db");
        let options = SqliteOptions::new()
            .synchronous(Synchronous::Normal)
            .busy_deadline(deadline);
        let store = SqliteStore::open_with(&path, options).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE incident (id INTEGER PRIMARY KEY, status TEXT NOT NULL DEFAULT 'open')",
            )
            .unwrap();
        let auditor = Auditor::builder(store.clone())
            .deadline(LONG)
            .build()
            .unwrap();
        let context = AuditContext::new(TENANT)
            .actor(Actor::user(7, "ada"))
            .auditor(&auditor);
        Self {
            store,
            auditor,
            connection,
            context,
            path,
            folder,
        }
    }

    /// The committed rows, as another connection sees them.
    pub(crate) fn rows(&self) -> Vec<i64> {
        rows(&self.path)
    }

    /// The entries of the tenant, oldest first; without gaps.
    pub(crate) fn entries(&self) -> Vec<AuditEntry> {
        entries(&self.auditor)
    }

    pub(crate) fn actions(&self) -> Vec<String> {
        let entries = self.entries().into_iter();
        entries.map(|entry| entry.action).collect()
    }
}

pub(crate) fn rows(path: &Path) -> Vec<i64> {
    let connection = Connection::open(path).unwrap();
    let mut rows = connection
        .prepare("SELECT id FROM incident ORDER BY id")
        .unwrap();
    let rows = rows.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

pub(crate) fn entries(auditor: &Auditor) -> Vec<AuditEntry> {
    let log = auditor.tenant(TENANT);
    let entries = log.entries().oldest_first().stream().unwrap();
    let entries: Vec<_> = entries.collect::<Result<_, _>>().unwrap();
    for (entry, index) in entries.iter().zip(0..) {
        assert_eq!(entry.index, index, "the log has a gap");
    }
    entries
}

pub(crate) fn insert(connection: &Connection, id: i64) {
    connection
        .execute("INSERT INTO incident (id) VALUES (?1)", [id])
        .unwrap();
}

/// Waits for a future on this thread.
pub(crate) fn block_on<T>(future: impl IntoFuture<Output = T>) -> T {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future.into_future());
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
