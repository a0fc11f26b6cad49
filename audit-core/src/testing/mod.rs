//! For tests: a log that is captured and matched, a fixed clock, ids in sequence, a store that fails on
//! demand, and the contract that every store has to keep.
//!
//! ```
//! use audit_core::testing::{FixedClock, SequentialIds};
//! use audit_core::{AuditContext, Auditor, MemoryStore};
//!
//! let auditor = Auditor::builder(MemoryStore::new())
//!     .clock(FixedClock::at("2026-01-31T12:00:00Z".parse().unwrap()))
//!     .ids(SequentialIds::new())
//!     .build()?;
//! AuditContext::new("acme").scope(|| auditor.log("export").record())?;
//! let entry = &auditor.tenant("acme").entries().page()?.entries[0];
//! assert_eq!(entry.id.as_u128(), 1);
//! assert_eq!(entry.timestamp.to_rfc3339(), "2026-01-31T12:00:00+00:00");
//! # Ok::<(), audit_core::Error>(())
//! ```

mod assertion;
mod captured;
pub mod contract;
mod faulty;
mod fixed;

pub use self::assertion::{EntryRef, Wanted};
pub use self::captured::{AuditedLog, Captured};
pub use self::faulty::{Fault, FaultyStore};
pub use self::fixed::{FixedClock, SequentialIds};
