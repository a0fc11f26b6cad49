//! The record before and after an action.

use audit_core::{Audited, EntityId, InContext, Outcome, audit_action};
use serde_json::{Value, json};

use crate::{audited, entries, one};

#[derive(Audited, Clone, Debug, PartialEq)]
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

fn changes(entry: &audit_core::AuditEntry) -> Value {
    serde_json::to_value(&entry.changes).unwrap()
}

struct Desk {
    incident: Option<Incident>,
}

impl Desk {
    #[audit_action(before = self.incident.clone(), after = self.incident)]
    fn close_incident(&mut self, fails: bool) -> Result<u8, String> {
        if let Some(incident) = &mut self.incident {
            "closed".clone_into(&mut incident.status);
        }
        if fails {
            Err("too late".to_owned())
        } else {
            Ok(1)
        }
    }

    #[audit_action(action = "open", before = self.incident.clone(), after = &self.incident)]
    async fn open(&mut self) {
        tokio::task::yield_now().await;
        self.incident = Some(incident("open"));
    }

    #[audit_action(action = "remove", before = self.load().await, after = self.load().await)]
    async fn remove(&mut self) -> Option<Incident> {
        self.incident.take()
    }

    async fn load(&self) -> Option<Incident> {
        tokio::task::yield_now().await;
        self.incident.clone()
    }

    #[audit_action(action = "touch", before = self.incident.clone(), after = |incident| **incident)]
    fn touch(&mut self) -> Result<&mut Incident, String> {
        let incident = self.incident.as_mut().ok_or("none")?;
        incident.status.push('!');
        Ok(incident)
    }
}

#[test]
fn what_changed_is_the_difference_whatever_the_outcome() {
    let (auditor, context) = audited();
    for fails in [false, true] {
        let mut desk = Desk {
            incident: Some(incident("open")),
        };
        assert_eq!(context.scope(|| desk.close_incident(fails)).is_err(), fails);
    }
    let all = entries(&auditor);
    for entry in &all {
        assert_eq!(entry.action, "close");
        assert_eq!(
            changes(entry),
            json!({"status": {"old": "open", "new": "closed"}})
        );
        assert_eq!(entry.entity_id(), Some(&EntityId::from(7)));
    }
    assert_eq!(all[1].outcome, Outcome::Failure);
}

#[tokio::test]
async fn none_before_is_a_creation_and_none_after_a_deletion() {
    let (auditor, context) = audited();
    let mut desk = Desk { incident: None };
    desk.open().in_context(context.clone()).await;
    desk.remove().in_context(context.clone()).await;
    desk.remove().in_context(context).await;
    let all = entries(&auditor);
    assert_eq!(
        changes(&all[0]),
        json!({"id": {"new": 7}, "status": {"new": "open"}})
    );
    assert_eq!(
        changes(&all[1]),
        json!({"id": {"old": 7}, "status": {"old": "open"}})
    );
    assert_eq!(all[1].entity_id(), Some(&EntityId::from(7)));
    // Recorded although there was nothing.
    assert!(all[2].changes.is_empty() && all[2].entity.is_none());
}

#[test]
fn what_is_returned_may_be_the_record_after() {
    let (auditor, context) = audited();
    let mut desk = Desk {
        incident: Some(incident("open")),
    };
    assert!(context.scope(|| desk.touch().is_ok()));
    assert_eq!(
        changes(&one(&auditor)),
        json!({"status": {"old": "open", "new": "open!"}})
    );
    desk.incident = None;
    assert!(context.scope(|| desk.touch().is_err()));
    assert!(entries(&auditor)[1].changes.is_empty());
}

#[audit_action(action = "keep", entity_type = "box", entity_id = 1, before = incident("open"), after = incident("open"))]
fn keep() {}

#[test]
fn an_action_that_changed_nothing_is_recorded_about_what_its_words_say() {
    let (auditor, context) = audited();
    context.scope(keep);
    let entry = one(&auditor);
    assert!(entry.changes.is_empty());
    assert_eq!(entry.entity_type(), Some("box"));
    assert_eq!(entry.entity_id(), Some(&EntityId::from(1)));
}

#[audit_action(action = "burn", before = incident("open"), after = incident("closed"))]
fn burn() {
    panic!("burnt");
}

#[test]
fn a_panic_leaves_the_record_as_it_was_known() {
    let (auditor, context) = audited();
    let run = std::panic::AssertUnwindSafe(|| context.scope(burn));
    assert!(std::panic::catch_unwind(run).is_err());
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Panicked);
    assert_eq!(entry.entity_id(), Some(&EntityId::from(7)));
    assert!(entry.changes.is_empty());
}
