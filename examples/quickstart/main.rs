//! The quick start of the README: one record, one handler, one context, one read.

use audit_core::{Actor, AuditContext, Audited, Auditor, Receipt, audit_action};
use audit_sqlite::SqliteStore;

#[derive(Clone, Audited)]
struct Incident {
    #[audit(id)]
    id: u32,
    open: bool,
}

#[audit_action(action = "close", entity_type = "incident", entity_id = incident.id, metadata(reason))]
fn close(auditor: &Auditor, incident: &mut Incident, reason: &str) -> audit_core::Result<Receipt> {
    let before = incident.clone();
    incident.open = false;
    auditor.updated(&before, incident).record()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let auditor = Auditor::new(SqliteStore::open(folder.path().join("audit.db"))?);
    let ada = AuditContext::new("acme").actor(Actor::user(1, "ada"));
    let mut incident = Incident { id: 7, open: true };
    ada.auditor(&auditor)
        .scope(|| close(&auditor, &mut incident, "password=hunter2"))?;
    let page = auditor.tenant("acme").entries().action("close").page()?;
    serde_json::to_writer_pretty(std::io::stdout(), &page.entries)?;
    Ok(())
}
