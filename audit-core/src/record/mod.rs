//! The way in: drafts, the auditor, and the queue to the store.

pub(crate) mod action;
mod auditor;
mod batch;
mod builder;
mod clock;
mod closing;
mod delivery;
mod digests;
mod draft;
mod guarded;
pub(crate) mod outcome;
mod parts;
mod policy;
mod ready;
mod receipt;
mod recording;
mod refused;
mod report;
mod reverts;
mod service;
mod statistics;
#[cfg(test)]
mod tests;
mod transaction;

pub use self::action::{
    Behind, CurrentAction, Itself, MaybeNone, Refusable, StrictError, Subject, ToAuditor,
    ToContext, ToReason, ToTenant, Version, current_action,
};
pub use self::auditor::Auditor;
pub use self::batch::{Drafts, RecordingAll};
pub use self::builder::AuditorBuilder;
pub use self::clock::{Clock, IdSource, SystemClock, TimeOrderedIds};
pub use self::draft::Draft;
pub use self::outcome::ToOutcome;
pub use self::policy::{Delivery, FailurePolicy};
pub use self::ready::ToTarget;
pub use self::receipt::Receipt;
pub use self::recording::Recording;
pub use self::report::{Problem, ProblemKind, on_unrecorded, unrecorded};
pub use self::service::AuditedService;
pub use self::statistics::{Health, LastError, Statistics};
pub use self::transaction::TransactionScope;
