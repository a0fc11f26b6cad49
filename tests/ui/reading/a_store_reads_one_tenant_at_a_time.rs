//! The port asks for the tenant too.

use audit_core::{AuditStore, Filter, MemoryStore, Query};

fn main() {
    let filter = Filter::default();
    let _ = MemoryStore::new().entries(&Query::new(&filter, 10));
}
