//! Services on the loopback, and the log that they leave.

use std::net::SocketAddr;
use std::time::Duration;

use audit_core::{AuditEntry, Auditor, MemoryStore};
use axum::Router;
use tokio::net::TcpListener;

pub(crate) fn auditor() -> Auditor {
    Auditor::new(MemoryStore::new())
}

/// Serves until the test ends.
pub(crate) async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    address
}

/// The entries of a tenant, oldest first.
pub(crate) fn entries(auditor: &Auditor, tenant: &str) -> Vec<AuditEntry> {
    auditor.flush(Duration::from_secs(5)).unwrap();
    let log = auditor.tenant(tenant);
    log.entries().oldest_first().page().unwrap().entries
}

/// The same, as soon as there are so many: what a connection leaves when it breaks is left after that.
pub(crate) async fn entries_of(auditor: &Auditor, tenant: &str, count: usize) -> Vec<AuditEntry> {
    for _ in 0..500 {
        let entries = entries(auditor, tenant);
        if entries.len() >= count {
            return entries;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    entries(auditor, tenant)
}
