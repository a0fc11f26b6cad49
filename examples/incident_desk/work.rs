//! The work of a day, as it stands in the shipped file: one operation a line.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::IpAddr;
use std::path::Path;

use audit_core::Outcome;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::desk::{Edit, NewIncident, Severity};
use crate::people::Person;

/// One operation: a request with what it asks for, and what the log must say about it.
#[derive(Deserialize)]
pub(crate) struct Operation {
    pub(crate) at: DateTime<Utc>,
    pub(crate) company: String,
    /// The login name of who asks; nobody before the login, and at night.
    pub(crate) by: Option<String>,
    pub(crate) ip: Option<IpAddr>,
    pub(crate) agent: Option<String>,
    pub(crate) request: String,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) headers: Option<Map<String, Value>>,
    #[serde(flatten)]
    pub(crate) task: Task,
    /// How its action must have ended.
    pub(crate) outcome: Outcome,
    /// How many changes of records it must have caused.
    pub(crate) records: u64,
    /// The secrets in it, none of which may reach the log.
    #[serde(default)]
    pub(crate) secrets: Vec<String>,
}

/// What is asked for. `incident` is a number within the file; the desk gives ids of its own.
#[derive(Clone, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(crate) enum Task {
    Login {
        name: String,
        password: String,
    },
    Logout,
    RotateToken {
        token: String,
    },
    ChangePassword {
        old_password: String,
        new_password: String,
    },
    Report {
        incident: u32,
        #[serde(flatten)]
        new: NewIncident,
    },
    Triage {
        incident: u32,
        assignee: String,
    },
    Start {
        incident: u32,
    },
    Edit {
        incident: u32,
        #[serde(flatten)]
        edit: Edit,
    },
    Note {
        incident: u32,
        text: String,
    },
    Escalate {
        incident: u32,
        reason: String,
    },
    Resolve {
        incident: u32,
        resolution: String,
    },
    Close {
        incident: u32,
        reason: String,
    },
    Reopen {
        incident: u32,
        reason: String,
    },
    Remove {
        incident: u32,
        reason: String,
    },
    Forward {
        incident: u32,
        reply: Option<String>,
    },
    Export {
        format: String,
    },
    ScheduleNightly {
        at_least: Severity,
    },
    NightlyEscalation,
}

impl Operation {
    /// The action that its handler records.
    pub(crate) fn action(&self) -> &'static str {
        match (&self.task, self.outcome) {
            (Task::Login { .. }, Outcome::Denied) => "login_failed",
            (task, _) => task.action(),
        }
    }
}

impl Task {
    fn action(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::Logout => "logout",
            Self::RotateToken { .. } => "rotate_token",
            Self::ChangePassword { .. } => "change_password",
            Self::Report { .. } => "report",
            Self::Triage { .. } => "triage",
            Self::Start { .. } => "start",
            Self::Edit { .. } => "edit",
            Self::Note { .. } => "note",
            Self::Escalate { .. } => "escalate",
            Self::Resolve { .. } => "resolve",
            Self::Close { .. } => "close",
            Self::Reopen { .. } => "reopen",
            Self::Remove { .. } => "remove",
            Self::Forward { .. } => "forward",
            Self::Export { .. } => "export",
            Self::ScheduleNightly { .. } => "schedule_nightly",
            Self::NightlyEscalation => "nightly_escalation",
        }
    }

    /// The incident that it is about, by its number within the file.
    pub(crate) fn incident(&self) -> Option<u32> {
        match self {
            Self::Report { incident, .. }
            | Self::Triage { incident, .. }
            | Self::Start { incident }
            | Self::Edit { incident, .. }
            | Self::Note { incident, .. }
            | Self::Escalate { incident, .. }
            | Self::Resolve { incident, .. }
            | Self::Close { incident, .. }
            | Self::Reopen { incident, .. }
            | Self::Remove { incident, .. }
            | Self::Forward { incident, .. } => Some(*incident),
            _ => None,
        }
    }
}

/// The operations of a file, one a line.
pub(crate) fn operations(path: &Path) -> Result<Vec<Operation>, String> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines = BufReader::new(file).lines().enumerate();
    lines
        .map(|(index, line)| {
            line.map_err(|error| error.to_string())
                .and_then(|line| operation(&line))
                .map_err(|error| format!("{} line {}: {error}", path.display(), index + 1))
        })
        .collect()
}

/// Who works at the desk.
pub(crate) fn people(path: &Path) -> Result<Vec<Person>, String> {
    let text = fs::read_to_string(path).map_err(|error| error.to_string());
    text.and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// Every secret of the input.
pub(crate) fn secrets(operations: &[Operation], people: &[Person]) -> BTreeSet<String> {
    let of_people = people
        .iter()
        .flat_map(|person| [&person.password, &person.api_token]);
    let of_work = operations.iter().flat_map(|operation| &operation.secrets);
    of_work.chain(of_people).cloned().collect()
}

fn operation(line: &str) -> Result<Operation, String> {
    let mut value: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let operation = Operation::deserialize(&value).map_err(|error| error.to_string())?;
    // A secret that is listed but not planted would make the check at the end say nothing.
    if let Some(fields) = value.as_object_mut() {
        fields.remove("secrets");
    }
    let mut listed = operation.secrets.iter();
    match listed.find(|secret| secret.len() < 8 || !holds(&value, secret)) {
        Some(secret) => Err(format!(
            "lists a secret that is too short or not in it: {secret}"
        )),
        None => Ok(operation),
    }
}

fn holds(value: &Value, secret: &str) -> bool {
    match value {
        Value::String(text) => text.contains(secret),
        Value::Array(items) => items.iter().any(|item| holds(item, secret)),
        Value::Object(fields) => fields.values().any(|field| holds(field, secret)),
        _ => false,
    }
}
