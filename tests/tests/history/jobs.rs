//! Actions that tell again what their entries have told, and causes across jobs.

use audit_core::{
    Actor, AuditContext, Audited, Auditor, Carrier, Error, MemoryStore, TenantLog, audit_action,
    diff,
};
use audit_sqlite::SqliteStore;
use serde_json::json;

#[derive(Clone, Audited)]
#[audit(entity_type = "incident")]
struct Incident {
    #[audit(id)]
    id: u32,
    status: String,
}

fn incident(status: &str) -> Incident {
    Incident {
        id: 7,
        status: status.to_owned(),
    }
}

fn actions(entries: impl IntoIterator<Item = audit_core::AuditEntry>) -> Vec<String> {
    entries.into_iter().map(|entry| entry.action).collect()
}

/// Tells of the change by itself, and once more as a whole.
fn triage_and_close(auditor: &Auditor) -> Result<(), Error> {
    let [open, triaged, closed] = ["open", "triaged", "closed"].map(incident);
    auditor.updated(&open, &triaged).record()?;
    auditor.updated(&triaged, &closed).record()?;
    let all = diff(&open, &closed)?;
    auditor.log("close").about(&closed).changes(all).record()?;
    Ok(())
}

#[test]
fn a_change_that_its_action_tells_again_is_one_change() {
    let auditor = Auditor::new(SqliteStore::in_memory().unwrap());
    AuditContext::new("acme")
        .scope(|| {
            auditor.created(&incident("open")).record()?;
            triage_and_close(&auditor)
        })
        .unwrap();
    let history = auditor.tenant("acme").history("incident", 7);
    let state = history.state_at(u64::MAX).unwrap();
    assert_eq!(state, Some(json!({"id": 7, "status": "closed"})));
}

#[audit_action(action = "mail", entity_type = "mail")]
fn mail(auditor: &Auditor) -> Result<(), Error> {
    auditor.log("render").record()?;
    Ok(())
}

#[audit_action(action = "close", entity_type = "incident", entity_id = 7)]
fn close(auditor: &Auditor) -> Result<String, Error> {
    auditor
        .updated(&incident("open"), &incident("closed"))
        .record()?;
    let carrier = Carrier::current()
        .ok_or_else(|| Error::new(audit_core::ErrorKind::MissingContext, "there is no context"))?;
    Ok(serde_json::to_string(&carrier).unwrap())
}

#[test]
fn causes_lead_through_a_queue_and_back() {
    let auditor = Auditor::new(SqliteStore::in_memory().unwrap());
    let context = AuditContext::new("acme").auditor(&auditor);
    let job = context.scope(|| close(&auditor)).unwrap();
    let carrier: Carrier = serde_json::from_str(&job).unwrap();
    let context = carrier
        .into_context(Actor::service("mailer", "worker"))
        .unwrap()
        .auditor(&auditor);
    context.scope(|| mail(&auditor)).unwrap();

    let log = auditor.tenant("acme");
    let find = |action: &str| {
        log.entries()
            .action(action)
            .page()
            .unwrap()
            .entries
            .remove(0)
    };
    let (close, render) = (find("close"), find("render"));
    assert_ne!(close.operation, render.operation);
    assert_eq!(actions(log.why(render.id).unwrap()), ["mail", "close"]);
    let tree = log.consequences(close.id).unwrap();
    let shape: Vec<_> = tree
        .entries
        .iter()
        .map(|caused| (caused.depth, caused.entry.action.as_str()))
        .collect();
    assert_eq!(shape, [(0, "update"), (0, "mail"), (1, "render")]);
    let tree = log.operation(close.operation.unwrap()).tree().unwrap();
    assert_eq!(
        actions(tree.entries.into_iter().map(|caused| caused.entry)),
        ["close", "update"]
    );
}

#[test]
fn nothing_of_another_tenant_is_told() {
    let store = MemoryStore::new();
    let auditor = Auditor::new(store.clone());
    let receipt = AuditContext::new("acme").scope(|| {
        let cause = auditor.created(&incident("open")).record().unwrap();
        let cause = cause.entry_id().unwrap();
        auditor.log("notify").caused_by(cause).record().unwrap();
        cause
    });
    let other = TenantLog::new(std::sync::Arc::new(store), "globex");
    assert!(other.why(receipt).is_err());
    assert!(other.consequences(receipt).unwrap().entries.is_empty());
    let history = other.history("incident", 7);
    assert_eq!(history.entries().count().unwrap(), 0);
    assert_eq!(history.state_at(u64::MAX).unwrap(), None);
    assert_eq!(history.last_change_of("status").unwrap(), None);
    assert!(history.next(receipt).is_err() && history.revert_plan(receipt).is_err());
    assert!(
        other
            .entries()
            .caused_by(receipt)
            .page()
            .unwrap()
            .entries
            .is_empty()
    );
}
