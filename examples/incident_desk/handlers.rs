//! What people can do at the desk: one function each, one attribute each.
//!
//! The attribute records that it was done, by whom, and how it ended; what changed is recorded by
//! the desk, caused by it. None of these functions knows who calls or for which company beyond
//! what it decides on: that is the context's, which the edge enters.

use audit_core::{Actor, Carrier, LateActor, audit_action};
use serde::{Deserialize, Serialize};

use crate::desk::{Desk, DeskError, Edit, Incident, NewIncident, Result, Severity, Status};
use crate::people::{Person, Role};
use crate::siem::Siem;

/// Who it is turns out here, and the entry says so: the actor is asked for when it is written.
#[audit_action(action = "login", entity_type = "account")]
pub(crate) fn login(
    desk: &Desk,
    company: &str,
    visitor: &LateActor,
    name: &str,
    password: &str,
) -> Result<()> {
    match desk.people.authenticate(company, name, password) {
        Ok(person) => visitor.set(person.actor()),
        Err(error) => {
            visitor.set(Actor::anonymous().named(name));
            return Err(error);
        }
    }
    Ok(())
}

#[audit_action(action = "logout", entity_type = "account", entity_id = by.id, entity_name = by.name)]
pub(crate) fn logout(by: &Person) {
    // That somebody left is all there is to tell: sessions live at the edge.
}

#[audit_action(action = "rotate_token", entity_type = "account", entity_id = by.id, entity_name = by.name)]
pub(crate) fn rotate_token(desk: &Desk, by: &Person, token: &str) -> Result<()> {
    let account = desk.people.set_token(by.id, token)?;
    let changes = desk.auditor.updated(&account.before, &account.after);
    changes.record()?;
    Ok(())
}

/// Only an excluded field changes, so this action is the only entry.
#[audit_action(action = "change_password", entity_type = "account", entity_id = by.id, entity_name = by.name)]
pub(crate) fn change_password(desk: &Desk, by: &Person, old: &str, new: &str) -> Result<()> {
    let account = desk.people.set_password(by.id, old, new)?;
    let changes = desk.auditor.updated(&account.before, &account.after);
    changes.record()?;
    Ok(())
}

#[audit_action(action = "report", entity_type = "incident", entity_name = new.title, metadata(severity = new.severity))]
pub(crate) fn report(desk: &Desk, by: &Person, new: &NewIncident) -> Result<Incident> {
    desk.add(by, new)
}

#[audit_action(action = "triage", entity_type = "incident", entity_id = id, metadata(assignee))]
pub(crate) fn triage(desk: &Desk, by: &Person, id: i64, assignee: &str) -> Result<Incident> {
    desk.change(by, id, "", |incident| {
        incident.assignee = Some(assignee.to_owned());
        incident.turn(&[Status::Open], Status::Triaged, "triage")
    })
}

#[audit_action(action = "start", entity_type = "incident", entity_id = id)]
pub(crate) fn start(desk: &Desk, by: &Person, id: i64) -> Result<Incident> {
    desk.change(by, id, "", |incident| {
        incident.turn(&[Status::Triaged], Status::InProgress, "start on")
    })
}

#[audit_action(action = "edit", entity_type = "incident", entity_id = id)]
pub(crate) fn edit(desk: &Desk, by: &Person, id: i64, edit: Edit) -> Result<Incident> {
    desk.change(by, id, "", |incident| {
        incident.still_open("edit")?;
        incident.apply(edit);
        Ok(())
    })
}

#[audit_action(action = "note", entity_type = "incident", entity_id = id)]
pub(crate) fn note(desk: &Desk, by: &Person, id: i64, text: &str) -> Result<Incident> {
    desk.change(by, id, "", |incident| {
        incident.still_open("note something on")?;
        incident.note = Some(text.to_owned());
        Ok(())
    })
}

#[audit_action(action = "escalate", entity_type = "incident", entity_id = id, metadata(reason))]
pub(crate) fn escalate(desk: &Desk, by: &Person, id: i64, reason: &str) -> Result<Incident> {
    desk.change(by, id, reason, |incident| {
        incident.still_open("escalate")?;
        incident.severity = incident.severity.raised()?;
        Ok(())
    })
}

#[audit_action(action = "resolve", entity_type = "incident", entity_id = id, metadata(resolution))]
pub(crate) fn resolve(desk: &Desk, by: &Person, id: i64, resolution: &str) -> Result<Incident> {
    desk.change(by, id, resolution, |incident| {
        incident.turn(&[Status::InProgress], Status::Resolved, "resolve")
    })
}

#[audit_action(action = "close", entity_type = "incident", entity_id = id, metadata(reason))]
pub(crate) fn close(desk: &Desk, by: &Person, id: i64, reason: &str) -> Result<Incident> {
    desk.change(by, id, reason, |incident| {
        incident.turn(&[Status::Resolved], Status::Closed, "close")
    })
}

#[audit_action(action = "reopen", entity_type = "incident", entity_id = id, metadata(reason))]
pub(crate) fn reopen(desk: &Desk, by: &Person, id: i64, reason: &str) -> Result<Incident> {
    desk.change(by, id, reason, |incident| {
        incident.assignee = None;
        incident.turn(&[Status::Resolved, Status::Closed], Status::Open, "reopen")
    })
}

#[audit_action(action = "remove", entity_type = "incident", entity_id = id, metadata(reason))]
pub(crate) fn remove(desk: &Desk, by: &Person, id: i64, reason: &str) -> Result<()> {
    desk.remove(by, id, reason)
}

/// Hands an incident to the SIEM; its replies come into the log as error text, masked.
#[audit_action(action = "forward", entity_type = "incident", entity_id = id)]
pub(crate) async fn forward(desk: &Desk, by: &Person, id: i64, siem: &Siem) -> Result<()> {
    by.must_be(&[Role::Analyst, Role::Lead], "forward incidents")?;
    let incident = desk.find(by, id)?;
    siem.push(&incident).await
}

#[audit_action(
    action = "export",
    entity_type = "report",
    entity_name = "all incidents",
    metadata(format)
)]
pub(crate) async fn export(desk: &Desk, by: &Person, format: &str) -> Result<usize> {
    by.must_be(&[Role::Analyst, Role::Lead], "export incidents")?;
    let incidents = desk.business.list(&by.company)?;
    tokio::task::yield_now().await; // Here the rows would be sent.
    Ok(incidents.len())
}

/// What waits in the queue until the night: the work, and who asked for it.
#[derive(Serialize, Deserialize)]
pub(crate) struct NightlyJob {
    pub(crate) asked_by: Carrier,
    pub(crate) at_least: Severity,
}

#[audit_action(action = "schedule_nightly", entity_type = "job", metadata(at_least))]
pub(crate) fn schedule_nightly(desk: &Desk, by: &Person, at_least: Severity) -> Result<()> {
    by.must_be(&[Role::Lead], "schedule jobs")?;
    if let Some(asked_by) = Carrier::current() {
        let job = NightlyJob { asked_by, at_least };
        desk.business.enqueue(&by.company, &job)?;
    }
    Ok(())
}

/// Makes critical what nobody looked at all day; doing it twice does no harm. Runs as the system,
/// on behalf of who scheduled it.
#[audit_action(action = "nightly_escalation", entity_type = "job", metadata(at_least))]
pub(crate) async fn nightly_escalation(
    desk: &Desk,
    company: &str,
    at_least: Severity,
) -> Result<usize> {
    let waiting = desk.business.list(company)?.into_iter().filter(|incident| {
        let raisable = at_least..Severity::Critical;
        incident.status == Status::Open && raisable.contains(&incident.severity)
    });
    let mut raised = 0;
    for before in waiting {
        let mut after = before.clone();
        after.severity = Severity::Critical;
        desk.business.update(&after)?;
        desk.auditor
            .updated(&before, &after)
            .reason("nobody looked at it all day")
            .await?;
        raised += 1;
    }
    Ok(raised)
}

impl DeskError {
    /// What a visitor can be told; anything else is the desk's own trouble and stops it.
    pub(crate) fn is_an_answer(&self) -> bool {
        !matches!(self, Self::Storage(_) | Self::Audit(_))
    }
}
