//! A company's own audit log over HTTP.

use std::str::FromStr;

use audit_core::{AuditEntry, Cursor, EntityId, ErrorKind, Outcome};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::App;
use super::answer::Refused;
use crate::desk::DeskError;
use crate::people::{Person, Role};

/// How many entries a page has at most.
const MOST: usize = 200;

/// What is asked for; what is left out does not matter.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    entity_type: Option<String>,
    /// With `entity_type`.
    entity_id: Option<String>,
    actor: Option<String>,
    action: Option<String>,
    outcome: Option<Outcome>,
    /// A path that changed.
    changed: Option<String>,
    request_id: Option<String>,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    limit: Option<usize>,
    /// `next` of the page before.
    after: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    entries: Vec<AuditEntry>,
    next: Option<String>,
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/audit", get(audit))
}

/// The log of the company of who asks: there is no way to name another.
async fn audit(
    State(app): State<App>,
    by: Person,
    question: Result<Query<Question>, QueryRejection>,
) -> Result<Json<Answer>, Response> {
    let Query(question) = question.map_err(|bad| refused(bad.body_text()))?;
    let after = question.after.as_deref().map(Cursor::from_str).transpose();
    let after = after.map_err(|bad| refused(bad.to_string()))?;
    if question.entity_id.is_some() && question.entity_type.is_none() {
        // An id alone would find everything, as if nothing had been asked for.
        return Err(refused(
            "`entity_id` needs `entity_type` beside it".to_owned(),
        ));
    }
    let limit = question.limit.unwrap_or(50);
    if !(1..=MOST).contains(&limit) {
        return Err(refused(format!("`limit` is a number from 1 to {MOST}")));
    }
    let answer = app.work(move |desk| {
        by.must_be(&[Role::Lead], "read the audit log")?;
        let log = desk.auditor.tenant(by.company.as_str());
        let mut entries = log.entries().limit(limit).after(after);
        match (question.entity_type, question.entity_id) {
            (Some(kind), Some(id)) => entries = entries.entity(kind, id_of(&id)),
            (Some(kind), None) => entries = entries.entity_type(kind),
            (None, _) => {}
        }
        if let Some(actor) = question.actor {
            entries = entries.actor(id_of(&actor));
        }
        if let Some(action) = question.action {
            entries = entries.action(action);
        }
        if let Some(outcome) = question.outcome {
            entries = entries.outcome(outcome);
        }
        if let Some(path) = question.changed {
            entries = entries.changed(path);
        }
        if let Some(id) = question.request_id {
            entries = entries.request_id(id);
        }
        if let Some(time) = question.since {
            entries = entries.since(time);
        }
        if let Some(time) = question.until {
            entries = entries.until(time);
        }
        let page = entries.page()?;
        Ok(Answer {
            entries: page.entries,
            next: page.next.map(|cursor| cursor.to_string()),
        })
    });
    match answer.await {
        Ok(answer) => Ok(Json(answer)),
        Err(DeskError::Audit(error)) if is_of_question(error.kind()) => {
            Err(refused(error.to_string()))
        }
        Err(error) => Err(error.into_response()),
    }
}

/// An id as it is written in a URL: a UUID, a number, or else a text.
fn id_of(id: &str) -> EntityId {
    if let Ok(uuid) = id.parse::<uuid::Uuid>() {
        return uuid.into();
    }
    id.parse::<i64>().map_or_else(|_| id.into(), EntityId::from)
}

fn is_of_question(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Invalid | ErrorKind::InvalidCursor)
}

fn refused(why: String) -> Response {
    Refused::BadQuestion(why).into_response()
}
