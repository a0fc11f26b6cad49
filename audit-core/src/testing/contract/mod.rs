//! The contract of [`AuditStore`]: what every store has to keep, as checks that panic where one
//! does not.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "these are tests: they panic where a store breaks the contract"
)]

mod attempts;
mod causes;
mod conditions;
mod entries;
mod history;
mod reading;
mod sample;
mod writing;

pub use self::attempts::attempts;
pub use self::causes::causes;
pub use self::history::history;
pub use self::reading::{counts, cursors, filters, isolation};
pub use self::sample::Sample;
pub use self::writing::{concurrency, idempotency, order, round_trip, sizes, unicode};
use crate::entry::Tenant;
use crate::query::{Filter, Order};
use crate::store::{Appended, AuditStore, Query};

/// Writes one test for each check of the contract, on a fresh store each.
///
/// Takes an expression that makes a store and something to keep alive as long as it is used, such
/// as a temporary directory.
///
/// ```
/// mod memory_store_keeps_the_contract {
///     audit_core::store_contract!((audit_core::MemoryStore::new(), ()));
/// }
/// ```
#[macro_export]
macro_rules! store_contract {
    ($store_and_guard:expr) => {
        $crate::store_contract!(@each $store_and_guard;
            order round_trip sizes unicode idempotency concurrency attempts
            isolation filters cursors counts history causes);
    };
    (@each $store_and_guard:expr; $($check:ident)*) => {$(
        #[test]
        fn $check() {
            let (store, _guard) = $store_and_guard;
            $crate::testing::contract::$check(&store);
        }
    )*};
}

/// Everything of a tenant, oldest first.
fn all(store: &dyn AuditStore, tenant: &Tenant) -> Vec<crate::AuditEntry> {
    let filter = Filter::default();
    let query = Query::new(&filter, usize::MAX >> 1).from(Order::OldestFirst, None);
    store.entries(tenant, &query).expect("entries can be read")
}

fn stored(appended: &[Appended]) -> Vec<u64> {
    let indexes = appended.iter().map(|appended| match appended {
        Appended::Stored { index } => *index,
        other => unreachable!("expected a stored entry, got {other:?}"),
    });
    indexes.collect()
}
