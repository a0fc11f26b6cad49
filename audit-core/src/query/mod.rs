//! The way out: one tenant's log, its filters and its pages.

mod all;
mod cursor;
mod entries;
mod filter;
mod log;

pub use self::all::AllTenants;
pub use self::cursor::Cursor;
pub use self::entries::{Entries, EntryStream, Page};
pub use self::filter::{ActionFilter, Count, Filter, Group, GroupBy, Order, name_contains, tally};
pub use self::log::TenantLog;
