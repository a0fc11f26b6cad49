//! The desk: incidents, what may be done to them, and the one place where their changes are audited.

use std::fmt;

use audit_core::{Audited, Auditor, Outcome, ToOutcome};
pub(crate) use audit_sqlite::AuditedTransaction as Tx;
use audit_sqlite::rusqlite::{self, Connection};
use serde::{Deserialize, Serialize};

use crate::business::Business;
use crate::people::{People, Person, Role};

/// What the desk is about.
#[derive(Clone, PartialEq, Serialize, Audited)]
#[audit(entity_type = "incident")]
pub(crate) struct Incident {
    #[audit(id)]
    pub(crate) id: i64,
    #[audit(name)]
    pub(crate) title: String,
    /// Every entry names the tenant already.
    #[audit(exclude)]
    pub(crate) company: String,
    pub(crate) status: Status,
    pub(crate) severity: Severity,
    pub(crate) assignee: Option<String>,
    pub(crate) note: Option<String>,
    /// The token of the sensor that raised it: that it changed is recorded, its values are not.
    #[audit(redact)]
    #[serde(skip_serializing)]
    pub(crate) sensor_token: String,
    /// Opens the archive with the malware sample: nobody needs to know that there is one.
    #[audit(exclude)]
    #[serde(skip_serializing)]
    pub(crate) sample_password: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Open,
    Triaged,
    InProgress,
    Resolved,
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

/// What somebody reports; the desk gives it an id.
#[derive(Clone, Deserialize)]
pub(crate) struct NewIncident {
    pub(crate) title: String,
    pub(crate) severity: Severity,
    pub(crate) summary: String,
    pub(crate) sensor_token: String,
    pub(crate) sample_password: Option<String>,
}

/// What an edit may change; what it leaves out stays.
#[derive(Clone, Deserialize)]
pub(crate) struct Edit {
    pub(crate) title: Option<String>,
    pub(crate) severity: Option<Severity>,
    pub(crate) assignee: Option<String>,
}

pub(crate) type Result<T, E = DeskError> = std::result::Result<T, E>;

#[derive(Debug)]
pub(crate) enum DeskError {
    NotAllowed(Role, &'static str),
    OtherCompany(i64),
    NotFound(i64),
    Impossible(Status, &'static str),
    AlreadyCritical,
    WrongPassword,
    Siem(String),
    Storage(rusqlite::Error),
    Audit(audit_core::Error),
}

/// A refusal is not a failure: `denied` is what a reviewer looks for.
impl ToOutcome for DeskError {
    fn to_outcome(&self) -> Outcome {
        match self {
            Self::NotAllowed(..) | Self::OtherCompany(_) | Self::NotFound(_) => Outcome::Denied,
            _ => Outcome::Failure,
        }
    }
}

impl Incident {
    pub(crate) fn turn(&mut self, from: &[Status], to: Status, how: &'static str) -> Result<()> {
        if !from.contains(&self.status) {
            return Err(DeskError::Impossible(self.status, how));
        }
        self.status = to;
        Ok(())
    }

    pub(crate) fn still_open(&self, how: &'static str) -> Result<()> {
        match self.status {
            Status::Closed => Err(DeskError::Impossible(self.status, how)),
            _ => Ok(()),
        }
    }

    pub(crate) fn apply(&mut self, edit: Edit) {
        self.title = edit.title.unwrap_or_else(|| self.title.clone());
        self.severity = edit.severity.unwrap_or(self.severity);
        self.assignee = edit.assignee.or_else(|| self.assignee.take());
    }
}

impl Severity {
    pub(crate) fn raised(self) -> Result<Self> {
        match self {
            Self::Low => Ok(Self::Medium),
            Self::Medium => Ok(Self::High),
            Self::High => Ok(Self::Critical),
            Self::Critical => Err(DeskError::AlreadyCritical),
        }
    }
}

/// What handlers work with.
pub(crate) struct Desk {
    pub(crate) auditor: Auditor,
    pub(crate) business: Business,
    pub(crate) people: People,
}

impl Desk {
    /// The incident, if it belongs to the company of whoever asks.
    pub(crate) fn find(connection: &Connection, by: &Person, id: i64) -> Result<Incident> {
        let incident = Business::find(connection, id)?.ok_or(DeskError::NotFound(id))?;
        if incident.company == by.company {
            Ok(incident)
        } else {
            Err(DeskError::OtherCompany(id))
        }
    }

    pub(crate) fn add(tx: &Tx<'_>, by: &Person, new: &NewIncident) -> Result<Incident> {
        by.must_be(&[Role::Analyst, Role::Lead], "report incidents")?;
        let incident = Business::insert(tx, &by.company, new)?;
        tx.created(&incident).record()?;
        Ok(incident)
    }

    /// Changes an incident. Every handler that changes one comes through here, so that no change
    /// can be forgotten.
    pub(crate) fn change(
        tx: &Tx<'_>,
        by: &Person,
        id: i64,
        edit: impl FnOnce(&mut Incident) -> Result<()>,
    ) -> Result<Incident> {
        by.must_be(&[Role::Analyst, Role::Lead], "change incidents")?;
        let before = Self::find(tx, by, id)?;
        let mut after = before.clone();
        edit(&mut after)?;
        Business::update(tx, &after)?;
        tx.updated(&before, &after).record()?;
        Ok(after)
    }

    pub(crate) fn delete(tx: &Tx<'_>, by: &Person, id: i64) -> Result<Incident> {
        by.must_be(&[Role::Lead], "remove incidents")?;
        let incident = Self::find(tx, by, id)?;
        Business::delete(tx, id)?;
        tx.deleted(&incident).record()?;
        Ok(incident)
    }
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed(role, what) => write!(f, "the role {role} may not {what}"),
            // One text and one outcome: that it exists is nothing that an answer, or their log, may tell.
            Self::OtherCompany(id) | Self::NotFound(id) => write!(f, "you have no incident {id}"),
            Self::Impossible(status, how) => write!(f, "cannot {how} an incident that is {status}"),
            Self::AlreadyCritical => write!(f, "cannot escalate beyond critical"),
            Self::WrongPassword => write!(f, "unknown name or wrong password"),
            Self::Siem(reply) => write!(f, "the SIEM did not take it: {reply}"),
            Self::Storage(error) => write!(f, "the business database failed: {error}"),
            Self::Audit(error) => write!(f, "the change could not be audited: {error}"),
        }
    }
}

impl std::error::Error for DeskError {}

impl From<rusqlite::Error> for DeskError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error)
    }
}

impl From<audit_core::Error> for DeskError {
    fn from(error: audit_core::Error) -> Self {
        Self::Audit(error)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Triaged => "triaged",
            Self::InProgress => "in progress",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        })
    }
}
