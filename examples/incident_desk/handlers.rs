//! What people can do at the desk: one function each, one attribute each.
//!
//! The attribute records that it was done, by whom, why, and how it ended; what changed is recorded
//! by the desk, caused by it. None of these functions knows who calls or for which company beyond
//! what it decides on: that is the context's, which the edge enters.

use audit_core::{Actor, Carrier, audit_action};
use serde::{Deserialize, Serialize};
use tokio::task::block_in_place;

use crate::business::Business;
use crate::desk::{Desk, DeskError, Edit, Incident, NewIncident, Result, Severity, Status, Tx};
use crate::people::{Person, Role};
use crate::siem::Siem;

/// What has to do with accounts. The name of a function says what it does: `logout` is a `logout`.
#[audit_action(entity_type = "account")]
impl Desk {
    /// Who it is turns out here. Coming in and being turned away are two actions, which every system has: the
    /// auditor knows them.
    pub(crate) fn login(
        &self,
        company: &str,
        visitor: impl FnOnce(Actor),
        name: &str,
        password: &str,
    ) -> Result<Person> {
        match self.people.authenticate(company, name, password) {
            Ok(person) => {
                visitor(person.actor());
                self.auditor.login(person.actor()).record()?;
                Ok(person)
            }
            Err(error) => {
                visitor(Actor::anonymous());
                self.auditor.login_failed(name).record()?;
                Err(error)
            }
        }
    }

    #[audit_action(entity_id = by.id, entity_name = by.name)]
    pub(crate) fn logout(&self, by: &Person) {
        // That somebody left is all there is to tell: sessions live at the edge.
    }

    #[audit_action(action = "rotate_token", entity_id = by.id, entity_name = by.name)]
    pub(crate) fn rotate_token(&self, by: &Person, token: &str) -> Result<()> {
        let account = self.people.set_token(by.id, token)?;
        let changes = self.auditor.updated(&account.before, &account.after);
        changes.record()?;
        Ok(())
    }

    /// Only an excluded field changes, so this action is the only entry.
    #[audit_action(action = "change_password", severity = "notice", entity_id = by.id, entity_name = by.name)]
    pub(crate) fn change_password(&self, by: &Person, old: &str, new: &str) -> Result<()> {
        let account = self.people.set_password(by.id, old, new)?;
        let changes = self.auditor.updated(&account.before, &account.after);
        changes.record()?;
        Ok(())
    }
}

/// What has to do with incidents.
#[audit_action(entity_type = "incident")]
impl Desk {
    /// The id is known at the end only.
    #[audit_action(metadata(severity = new.severity), result(|incident| entity = incident))]
    pub(crate) fn report(&self, tx: &Tx<'_>, by: &Person, new: &NewIncident) -> Result<Incident> {
        Self::add(tx, by, new)
    }

    #[audit_action(entity_id = id, metadata(assignee), result(|incident| entity = incident))]
    pub(crate) fn triage(
        &self,
        tx: &Tx<'_>,
        by: &Person,
        id: i64,
        assignee: &str,
    ) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.assignee = Some(assignee.to_owned());
            incident.turn(&[Status::Open], Status::Triaged, "triage")
        })
    }

    #[audit_action(entity_id = id, result(|incident| entity = incident))]
    pub(crate) fn start(&self, tx: &Tx<'_>, by: &Person, id: i64) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.turn(&[Status::Triaged], Status::InProgress, "start on")
        })
    }

    #[audit_action(entity_id = id, result(|incident| entity = incident))]
    pub(crate) fn edit(&self, tx: &Tx<'_>, by: &Person, id: i64, edit: Edit) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.still_open("edit")?;
            incident.apply(edit);
            Ok(())
        })
    }

    #[audit_action(entity_id = id, result(|incident| entity = incident))]
    pub(crate) fn note(&self, tx: &Tx<'_>, by: &Person, id: i64, text: &str) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.still_open("note something on")?;
            incident.note = Some(text.to_owned());
            Ok(())
        })
    }

    #[audit_action(entity_id = id, reason = reason, severity = "notice", result(|incident| entity = incident))]
    pub(crate) fn escalate(
        &self,
        tx: &Tx<'_>,
        by: &Person,
        id: i64,
        reason: &str,
    ) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.still_open("escalate")?;
            incident.severity = incident.severity.raised()?;
            Ok(())
        })
    }

    #[audit_action(entity_id = id, reason = resolution, result(|incident| entity = incident))]
    pub(crate) fn resolve(
        &self,
        tx: &Tx<'_>,
        by: &Person,
        id: i64,
        resolution: &str,
    ) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.turn(&[Status::InProgress], Status::Resolved, "resolve")
        })
    }

    #[audit_action(entity_id = id, reason = reason, result(|incident| entity = incident))]
    pub(crate) fn close(
        &self,
        tx: &Tx<'_>,
        by: &Person,
        id: i64,
        reason: &str,
    ) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.turn(&[Status::Resolved], Status::Closed, "close")
        })
    }

    #[audit_action(entity_id = id, reason = reason, result(|incident| entity = incident))]
    pub(crate) fn reopen(
        &self,
        tx: &Tx<'_>,
        by: &Person,
        id: i64,
        reason: &str,
    ) -> Result<Incident> {
        Self::change(tx, by, id, |incident| {
            incident.assignee = None;
            incident.turn(&[Status::Resolved, Status::Closed], Status::Open, "reopen")
        })
    }

    #[audit_action(entity_id = id, reason = reason, severity = "warning", result(|incident| entity = incident))]
    pub(crate) fn remove(
        &self,
        tx: &Tx<'_>,
        by: &Person,
        id: i64,
        reason: &str,
    ) -> Result<Incident> {
        Self::delete(tx, by, id)
    }

    /// Hands an incident to the SIEM; its replies come into the log as error text, masked. That it
    /// was begun is stored before anything leaves the house: if this process dies on the way, the
    /// log says so.
    #[audit_action(entity_id = id, attempt)]
    pub(crate) async fn forward(&self, by: &Person, id: i64, siem: &Siem) -> Result<()> {
        by.must_be(&[Role::Analyst, Role::Lead], "forward incidents")?;
        let incident = block_in_place(|| self.business.read(|rows| Self::find(rows, by, id)))?;
        siem.push(&incident).await
    }
}

/// What has to do with all of them.
impl Desk {
    /// The incidents of a company, for work that others on the runtime need not wait for.
    fn incidents(&self, company: &str) -> Result<Vec<Incident>> {
        block_in_place(|| {
            self.business
                .read(|rows| Ok(Business::list(rows, company)?))
        })
    }

    #[audit_action(
        entity_type = "report",
        entity_name = "all incidents",
        metadata(format),
        result(|rows| metadata(rows)),
        strict
    )]
    pub(crate) async fn export(&self, by: &Person, format: &str) -> Result<usize> {
        by.must_be(&[Role::Analyst, Role::Lead], "export incidents")?;
        let incidents = self.incidents(&by.company)?;
        tokio::task::yield_now().await; // Here the rows would be sent.
        Ok(incidents.len())
    }

    /// The job carries who asked for it, and this action as its cause.
    #[audit_action(action = "schedule_nightly", entity_type = "job", metadata(at_least))]
    pub(crate) fn schedule_nightly(
        &self,
        by: &Person,
        at_least: Severity,
        enqueue: impl FnOnce(NightlyJob) -> Result<()>,
    ) -> Result<()> {
        by.must_be(&[Role::Lead], "schedule jobs")?;
        match Carrier::current() {
            Some(asked_by) => enqueue(NightlyJob { asked_by, at_least }),
            None => Ok(()),
        }
    }

    /// Makes critical what nobody looked at all day; doing it twice does no harm. Runs as the
    /// system, on behalf of who scheduled it.
    #[audit_action(
        action = "nightly_escalation",
        entity_type = "job",
        metadata(at_least),
        result(|raised| metadata(raised))
    )]
    pub(crate) async fn nightly_escalation(
        &self,
        company: &str,
        at_least: Severity,
    ) -> Result<usize> {
        let waiting = self.incidents(company)?.into_iter().filter(|incident| {
            let raisable = at_least..Severity::Critical;
            incident.status == Status::Open && raisable.contains(&incident.severity)
        });
        let mut raised = 0;
        for before in waiting {
            let mut after = before.clone();
            after.severity = Severity::Critical;
            block_in_place(|| {
                self.business.write(|tx| {
                    Business::update(tx, &after)?;
                    tx.updated(&before, &after)
                        .reason("nobody looked at it all day")
                        .record()?;
                    Ok(())
                })
            })?;
            raised += 1;
        }
        Ok(raised)
    }
}

/// What waits in the queue until the night: the work, and who asked for it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct NightlyJob {
    pub(crate) asked_by: Carrier,
    pub(crate) at_least: Severity,
}

impl DeskError {
    /// What a visitor can be told; anything else is the desk's own trouble and stops it.
    pub(crate) fn is_an_answer(&self) -> bool {
        !matches!(self, Self::Storage(_) | Self::Audit(_))
    }
}
