//! A service as the state of an axum router: handlers say what they did in one line.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use audit_core::testing::Captured;
use audit_core::{
    Actor, Audited, AuditedService, Auditor, InContext, assert_audited, assert_nothing_else_audited,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tower::ServiceExt as _;

#[derive(Audited)]
struct Incident {
    #[audit(id)]
    id: u32,
    #[audit(name)]
    title: String,
}

#[derive(Clone)]
struct Desk {
    auditor: Auditor,
}

impl AuditedService for Desk {
    const ENTITY_TYPE: &'static str = "incident";

    fn auditor(&self) -> &Auditor {
        &self.auditor
    }
}

fn find(id: u32) -> Result<Incident, ApiError> {
    let title = "port scan".to_owned();
    (id == 7)
        .then_some(Incident { id, title })
        .ok_or(ApiError::NotFound)
}

enum ApiError {
    NotFound,
    Audit(audit_core::Error),
}

impl From<audit_core::Error> for ApiError {
    fn from(error: audit_core::Error) -> Self {
        Self::Audit(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND.into_response(),
            Self::Audit(error) => {
                (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response()
            }
        }
    }
}

async fn close(State(desk): State<Desk>, Path(id): Path<u32>) -> Result<StatusCode, ApiError> {
    let incident = find(id)?;
    desk.log_action("close", &incident).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn export(State(desk): State<Desk>, Path(id): Path<u32>) -> Result<StatusCode, ApiError> {
    desk.log_action_on("export", id)
        .metadata("format", "csv")
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn router(desk: Desk) -> Router {
    Router::new()
        .route("/incidents/{id}/close", post(close))
        .route("/incidents/{id}/export", post(export))
        .with_state(desk)
}

#[tokio::test]
async fn handlers_log_through_the_state() {
    let log = Captured::new();
    let desk = router(Desk {
        auditor: log.auditor().clone(),
    });
    let ada = log.context("acme").actor(Actor::user(17, "ada"));
    for (path, status) in [
        ("/incidents/7/close", StatusCode::NO_CONTENT),
        ("/incidents/8/export", StatusCode::NO_CONTENT),
        ("/incidents/8/close", StatusCode::NOT_FOUND),
    ] {
        let request = Request::post(path).body(Body::empty()).unwrap();
        let answer = desk.clone().oneshot(request).in_context(ada.clone()).await;
        assert_eq!(answer.unwrap().status(), status, "{path}");
    }
    assert_audited!(
        log,
        action = "close",
        entity = 7,
        entity_name = "port scan",
        actor = "ada"
    );
    assert_audited!(log, action = "export", entity_type = "incident", entity = 8, metadata "format" = "csv");
    assert_nothing_else_audited!(log);
}

#[tokio::test]
async fn what_cannot_be_logged_is_an_error_of_the_handler() {
    let desk = router(Desk {
        auditor: Captured::new().auditor().clone(),
    });
    let request = Request::post("/incidents/7/close")
        .body(Body::empty())
        .unwrap();
    // Nobody has said whose log it is.
    let answer = desk.oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
}
