//! There is no log of nobody.

use audit_core::{MemoryStore, TenantLog};

fn main() {
    let _ = TenantLog::new(std::sync::Arc::new(MemoryStore::new()));
}
