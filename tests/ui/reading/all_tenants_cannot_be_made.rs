//! Only an auditor gives all tenants, for a reason.

use audit_core::{AllTenants, MemoryStore};

fn main() {
    let _ = AllTenants(std::sync::Arc::new(MemoryStore::new()));
}
