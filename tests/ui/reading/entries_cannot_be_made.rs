//! Entries are asked of a tenant's log.

use audit_core::Entries;

fn main() {
    let _ = Entries::default();
}
