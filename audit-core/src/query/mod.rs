//! The way out: one tenant's log, its filters and its pages.

mod all;
mod causes;
mod cursor;
mod entries;
mod filter;
mod history;
mod log;
mod plan;
mod stream;
#[cfg(test)]
mod tests;

pub use self::all::AllTenants;
pub use self::causes::{CauseTree, Caused, Operation};
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::causes::{consequences, tree, why};
pub use self::cursor::Cursor;
pub use self::entries::{Entries, Page};
pub use self::filter::{ActionFilter, Count, Filter, Group, GroupBy, Order, name_contains, tally};
pub use self::history::{
    Family, FamilyStream, History, LossyState, Missing, MissingReason, Moment, Relation,
};
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::history::{Record, state_at};
pub use self::log::TenantLog;
pub(crate) use self::plan::Reverts;
pub use self::plan::{Refusal, RefusalReason, RevertPlan};
pub use self::stream::EntryStream;
#[cfg(any(test, feature = "testing"))]
pub(crate) use self::stream::Source;
