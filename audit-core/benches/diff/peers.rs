//! Other libraries at the same task, each from the record as it is in memory.

use serde::Serialize;
use serde_json::Value;
use structdiff::StructDiff as _;

use crate::data::{Incident, Status};

/// What the others see: the audited fields, as `serde` writes them.
#[derive(Serialize)]
struct Visible<'a> {
    id: &'a uuid::Uuid,
    company: &'a uuid::Uuid,
    title: &'a str,
    description: &'a str,
    status: Status,
    severity: u8,
    assignee: &'a Option<uuid::Uuid>,
    tags: &'a [String],
    source_ip: &'a str,
    created_at: &'a chrono::DateTime<chrono::Utc>,
    updated_at: &'a chrono::DateTime<chrono::Utc>,
}

fn value(incident: &Incident) -> Value {
    let Incident {
        id,
        company,
        title,
        description,
        status,
        severity,
        assignee,
        tags,
        source_ip,
        created_at,
        updated_at,
        password: _,
    } = incident;
    let visible = Visible {
        id,
        company,
        title,
        description,
        status: *status,
        severity: *severity,
        assignee,
        tags,
        source_ip,
        created_at,
        updated_at,
    };
    serde_json::to_value(visible).unwrap()
}

pub(crate) fn json_patch(before: &Incident, after: &Incident) -> json_patch::Patch {
    json_patch::diff(&value(before), &value(after))
}

pub(crate) fn treediff(before: &Incident, after: &Incident) -> usize {
    let (before, after) = (value(before), value(after));
    let mut recorder = treediff::tools::Recorder::default();
    treediff::diff(&before, &after, &mut recorder);
    recorder.calls.len()
}

/// Tells only what the new values are.
pub(crate) fn structdiff(before: &Incident, after: &Incident) -> usize {
    before.diff_ref(after).len()
}
