//! The embedded store of [`audit_core`]: an append-only, multi-tenant audit log in an SQLite file.
//!
//! ```
//! use audit_core::{Actor, AuditContext, Auditor};
//! use audit_sqlite::SqliteStore;
//!
//! let auditor = Auditor::new(SqliteStore::in_memory()?);
//! AuditContext::new("acme")
//!     .actor(Actor::user(7, "ada"))
//!     .scope(|| auditor.log("export").entity("report", 1).record())?;
//!
//! let page = auditor.tenant("acme").entries().action("export").page()?;
//! assert_eq!(page.entries[0].actor.name(), Some("ada"));
//! # Ok::<(), audit_core::Error>(())
//! ```
//!
//! # The file
//!
//! Values that repeat (tenants, actors, actions, records, user agents) are rows of small side
//! tables with numbers per tenant; an entry and its indexes hold the numbers. For people and other
//! tools there is the view `audit_log`, which shows entries as text and JSON:
//!
//! ```text
//! $ sqlite3 audit.db "SELECT timestamp, actor_name, action, entity_name FROM audit_log WHERE company = 'acme' ORDER BY \"index\""
//! ```
//!
//! # Actions that had begun
//!
//! What [`AuditStore::open_attempt`](audit_core::AuditStore::open_attempt) has noted stands in the
//! table `audit_attempt`, which no reader looks at, until its entry is appended. If the process
//! dies first, the next [`SqliteStore::open`] appends what was noted as `interrupted`; a process
//! that is already running does so when it calls [`SqliteStore::recover_attempts`]. Attempts of
//! processes that live are left alone, however many share the file.
//!
//! # Tracked tables
//!
//! In a file that holds business tables, too, a [`TrackedTable`] has every change of its rows captured
//! by triggers, in the transaction that makes it and whoever makes it. What is staged so becomes
//! entries when an audited transaction commits or the store next writes, or by
//! [`SqliteStore::collect_row_changes`]. [`check_tracking`] says whether a table was altered since,
//! [`pause_tracking`] and [`resume_tracking`] are for migrations.
//!
//! `rusqlite` is re-exported as [`rusqlite`], so that an application and this crate name one
//! version of it.

mod backup;
mod bounded;
mod codec;
mod connection;
mod error;
mod gate;
mod lock;
mod options;
mod outbox;
mod presence;
mod reader;
mod rowid;
mod schema;
mod store;
mod tracking;
mod transaction;
mod writer;

pub use rusqlite;

pub use crate::options::{SqliteOptions, Synchronous};
pub use crate::outbox::Outbox;
pub use crate::store::SqliteStore;
pub use crate::tracking::{
    Baseline, RowOperation, TrackedTable, UNKNOWN_TENANT, check_tracking, pause_tracking,
    resume_tracking, track_all_tables,
};
pub use crate::transaction::{AuditedSavepoint, AuditedTransaction, Committed, TransactionDraft};
