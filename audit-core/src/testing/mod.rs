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
mod catalogue;
pub mod contract;
mod faulty;
mod fixed;

pub use self::assertion::{EntryRef, Wanted};
pub use self::captured::{AuditedLog, Captured};
pub use self::catalogue::{ActionCatalogue, ListedAction};
pub use self::faulty::{Fault, FaultyStore};
pub use self::fixed::{FixedClock, SequentialIds};

/// Lists every `#[audit_action]` of the crate that calls it, as an [`ActionCatalogue`].
///
/// A test that compares it with a text shows in each diff what the crate begins or ceases to audit.
/// The macro reads the sources when the crate is compiled: nothing runs before `main`, and nothing
/// of it is in the program. It follows the modules from `src/lib.rs`, `src/main.rs` and `src/bin`, or
/// from the folders and files that are named, relative to `Cargo.toml`:
/// `action_catalogue!("examples/desk", "tests/it/main.rs")`. The crate is compiled again when one of
/// the files changes. `crate = path` says where audit-core is, if not at `::audit_core`.
///
/// Names are those that are recorded, with what `impl` blocks hand down. Functions inside of
/// functions are found, and what stands under `#[cfg]`, or in a file or module that begins with
/// `#![cfg]`, is listed with its condition. Types are written without path and parameters, as `Desk::close`,
/// unless that means several: then as `shop::Desk<u8>::close`.
///
/// It does not see what is made by other macros or passed to one, an attribute that is imported under
/// another name, and a file in `src/bin` that was added since the last change of any other file.
///
/// ```
/// use audit_core::testing::action_catalogue;
///
/// // `action_catalogue!()` in a crate whose sources are in `src`.
/// let catalogue = action_catalogue!("docs/catalogue/desk.rs");
/// assert_eq!(
///     catalogue.to_string(),
///     "\
/// action  entity    severity  function     records
/// close   incident  notice    Desk::close  entity_id = id; reason = why
/// open    incident  info      Desk::open   result entity_id = id; metadata(title)
/// "
/// );
/// assert_eq!(serde_json::to_value(catalogue).unwrap()[0]["severity"], "notice");
/// ```
#[cfg(feature = "macros")]
pub use audit_macros::action_catalogue;
