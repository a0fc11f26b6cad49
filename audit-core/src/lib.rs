//! The runtime of an audit log that applications can trust: who did what, to which record, for
//! which tenant, from where, what exactly changed, and did it succeed.
//!
//! An [`Auditor`] records into an [`AuditStore`]; an [`AuditContext`] says who and where; a
//! [`TenantLog`] reads. `#[derive(Audited)]` finds what changed, `#[audit_action]` records how a
//! function ended.
//!
//! ```
//! use audit_core::{Actor, AuditContext, Audited, Auditor, MemoryStore};
//!
//! #[derive(Audited)]
//! #[audit(entity_type = "incident")]
//! struct Incident {
//!     #[audit(id)]
//!     id: u32,
//!     status: String,
//!     #[audit(exclude)]
//!     password: String,
//! }
//!
//! # let incident = |status: &str| Incident { id: 7, status: status.to_owned(), password: "x".to_owned() };
//! # let (before, after) = (incident("open"), incident("closed"));
//! let auditor = Auditor::new(MemoryStore::new());
//! let context = AuditContext::new("acme").actor(Actor::user(1, "ada"));
//! context.scope(|| auditor.updated(&before, &after).reason("duplicate").record())?;
//!
//! let entry = &auditor.tenant("acme").entries().changed("status").page()?.entries[0];
//! assert_eq!(entry.changes.get("status").unwrap().new, Some("closed".into()));
//! # Ok::<(), audit_core::Error>(())
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `macros` | yes | `#[derive(Audited)]` and `#[audit_action]` |
//! | `testing` | no | captured logs and assertions, the catalogue of actions, fixed clock and ids, a store that fails on demand, the contract suite for stores |
//! | `tracing` | no | what could not be recorded is told through `tracing` |

#![forbid(unsafe_code)]

// So that the macros' paths, `::audit_core::…`, hold in this crate's own tests.
#[cfg(test)]
extern crate self as audit_core;

mod context;
mod diff;
mod entry;
mod error;
#[cfg(any(doc, doctest))]
pub mod guide;
pub mod query;
mod record;
mod sanitize;
pub mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

#[cfg(feature = "macros")]
pub use audit_macros::{Audited, audit_action};

pub use crate::context::{
    AuditContext, Carrier, ContextGuard, ContextScope, InContext, LateActor, LateTenant,
    WithContext, in_current_context,
};
pub use crate::diff::{
    Audited, ColumnValue, Digestible, FieldDiff, FieldSnapshot, Nested, RowDiff, diff,
    record_fields,
};
// Not in `__private`: rustc names them to the user.
#[doc(hidden)]
pub use crate::diff::Recordable;
pub use crate::entry::{
    Actor, ActorId, ActorKind, AuditEntry, AuditedField, Change, Changes, DEFAULT_ENTRY_BYTES,
    Entity, EntityId, ErrorDetail, FieldCapture, IdRef, LengthUnit, MAX_ID_BYTES, MAX_NAME_CHARS,
    MAX_TEXT_CHARS, MAX_WORD_CHARS, Move, Obscured, Outcome, Severity, Tenant, ToEntityId,
    Truncation, action,
};
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::query::{
    ActionFilter, AllTenants, CauseTree, Caused, Count, Cursor, Entries, EntryStream, Family,
    FamilyStream, Filter, Group, GroupBy, History, LossyState, Missing, MissingReason, Moment,
    Operation, Order, Page, Refusal, RefusalReason, Relation, RevertPlan, TenantLog,
};
pub use crate::record::{
    AuditedService, Auditor, AuditorBuilder, Clock, CurrentAction, Delivery, Draft, Drafts,
    FailurePolicy, Health, IdSource, LastError, Problem, ProblemKind, Receipt, Recording,
    RecordingAll, Statistics, SystemClock, TimeOrderedIds, ToOutcome, ToTarget, TransactionScope,
    current_action, on_unrecorded, unrecorded,
};
#[doc(hidden)]
pub use crate::record::{
    Behind, Itself, MaybeNone, Refusable, StrictError, Subject, ToAuditor, ToContext, ToReason,
    ToTenant, Version,
};
pub use crate::sanitize::{Detector, MASK, Sanitizer, SanitizerBuilder, Secret};
pub use crate::store::{Appended, AuditStore, Durability, MemoryStore, Query};

/// What generated code calls. Not a part of the public surface: it may change in any release.
#[doc(hidden)]
pub mod __private {
    pub use std::string::String;

    use crate::diff::{FieldDiff, Nested};
    use crate::entry::{EntityId, Tenant, ToEntityId};
    pub use crate::entry::{Outcome, Severity};
    pub use crate::record::action::{Action, ActionCall, Body, context, enter, refuse, within};
    pub use crate::{__audit_outcome as outcome, __audit_success as success};

    pub mod outcome {
        pub use crate::record::outcome::{
            Ended, Failed, Reading, Returned, Sources, SplitAny, SplitOption, SplitResult, Value,
            ViaAnyError, ViaAsRef, ViaDisplay, ViaError, ViaErrorOutcome, ViaNoSource, ViaOutcome,
            ViaSendAsRef, ViaSuccess,
        };
    }

    /// Lists whose items have a key.
    pub mod keyed {
        pub use crate::diff::keyed::{
            ByFields, ByValue, ItemKey, ItemKind, ItemProbe, Items, Lent, List, ViaNested,
            ViaValue, list,
        };
    }

    pub use crate::diff::{Mark, SnapshotMark};
    pub use crate::{__audit_keyed as keyed, __audit_keyed_snapshot as keyed_snapshot};

    pub fn other_variant<T: Nested + ?Sized>(fields: &mut FieldDiff, before: &T, after: &T) {
        fields.other_variant(before, after);
    }

    pub fn tenant(tenant: &dyn std::fmt::Display) -> Tenant {
        Tenant::from(tenant.to_string())
    }

    pub fn entity_id(id: &dyn ToEntityId) -> EntityId {
        id.to_entity_id()
    }

    pub fn display_name(name: &dyn std::fmt::Display) -> String {
        name.to_string()
    }
}

/// Compares two lists whose items have a key.
#[doc(hidden)]
#[macro_export]
macro_rules! __audit_keyed {
    ($fields:expr, $name:expr, $member:expr, $before:expr, $after:expr, $key:expr $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::__private::keyed::{ViaNested as _, ViaValue as _};
        let before = $crate::__private::keyed::list($before);
        let after = $crate::__private::keyed::list($after);
        let kind = (&&after.probe()).__audit_kind();
        after.compare(before, &kind, $member, $key, $fields, $name)
    }};
}

/// Takes down a list whose items have a key.
#[doc(hidden)]
#[macro_export]
macro_rules! __audit_keyed_snapshot {
    ($fields:expr, $name:expr, $value:expr $(,)?) => {{
        #[allow(unused_imports)]
        use $crate::__private::keyed::{ViaNested as _, ViaValue as _};
        let list = $crate::__private::keyed::list($value);
        let kind = (&&list.probe()).__audit_kind();
        list.take(&kind, $fields, $name)
    }};
}
