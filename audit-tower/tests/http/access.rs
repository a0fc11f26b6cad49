//! One entry per request.

use std::future::pending;
use std::time::Duration;

use audit_core::{Actor, Auditor, ErrorDetail, Outcome};
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer, Identity, Rule};
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::{get, post};
use axum::{Extension, Router};
use tower_http::catch_panic::CatchPanicLayer;

use crate::client::{ask, send};
use crate::server::{auditor, entries, entries_of, serve};

async fn answer(Extension(identity): Extension<Identity>, Path(status): Path<u16>) -> StatusCode {
    identity.set("acme", Actor::user(7, "ada"));
    StatusCode::from_u16(status).unwrap()
}

async fn panics() {
    panic!("the handler has a bug")
}

/// Records when it is dropped, as an annotated function does.
struct Work(Auditor);

impl Drop for Work {
    fn drop(&mut self) {
        self.0.log("dropped").record().unwrap();
    }
}

async fn never(State(auditor): State<Auditor>) {
    auditor.log("began").await.unwrap();
    let _work = Work(auditor);
    pending::<()>().await;
}

fn routes(auditor: &Auditor) -> Router {
    Router::new()
        .route("/answer/{status}", get(answer).post(answer))
        .route("/panics", get(panics))
        .route("/never", post(never))
        .route("/health", get(async || "well"))
        .with_state(auditor.clone())
}

fn app(auditor: &Auditor, policy: AccessPolicy) -> Router {
    routes(auditor)
        .layer(AccessLayer::new(auditor, policy))
        .layer(ContextLayer::new("platform"))
}

#[tokio::test]
async fn a_request_leaves_one_entry() {
    let auditor = auditor();
    let server = serve(app(&auditor, AccessPolicy::new())).await;
    for status in [200, 204, 302, 403, 404, 503] {
        let request = format!("GET /answer/{status}?q=1");
        assert_eq!(ask(server, &request, &[]).await.status, status);
    }
    let entries = entries(&auditor, "acme");
    let ended: Vec<_> = entries
        .iter()
        .map(|entry| (entry.metadata["status"].as_u64().unwrap(), entry.outcome))
        .collect();
    assert_eq!(
        ended,
        [
            (200, Outcome::Success),
            (204, Outcome::Success),
            (302, Outcome::Success),
            (403, Outcome::Denied),
            (404, Outcome::Failure),
            (503, Outcome::Failure),
        ]
    );
    for entry in &entries {
        assert_eq!(entry.action, "access");
        assert_eq!(entry.entity_type(), Some("http"));
        assert_eq!(entry.entity_name(), Some("GET /answer/{status}"));
        assert_eq!(entry.actor.name(), Some("ada"));
        assert!(entry.duration.is_some());
    }
    let not_found = ErrorDetail::new("http_404", "Not Found");
    assert_eq!(entries[4].error, Some(not_found));
    assert_eq!(entries[0].error, None);
}

#[tokio::test]
async fn a_stray_request_is_recorded_without_its_path() {
    let auditor = auditor();
    let server = serve(app(&auditor, AccessPolicy::new())).await;
    assert_eq!(ask(server, "GET /reset/hunter2", &[]).await.status, 404);
    let [entry] = &entries(&auditor, "platform")[..] else {
        panic!()
    };
    assert_eq!(entry.entity_name(), Some("GET"));
    assert!(!serde_json::to_string(entry).unwrap().contains("hunter2"));
}

#[tokio::test]
async fn the_policy_says_what_is_recorded() {
    let policy = AccessPolicy::new()
        .rule(Rule::off().path("/health"))
        .rule(Rule::request(["x-client"]).unwrap().method(Method::POST))
        .rule(Rule::off().tenant("acme").status(200..=299));
    let auditor = auditor();
    let server = serve(app(&auditor, policy)).await;
    let headers = [
        "x-client: desk/2",
        "x-client: forged",
        "x-other: y",
        "authorization: Bearer hunter2",
        "content-type: text/plain",
        "content-length: 0",
    ];
    for request in [
        "GET /health",
        "GET /answer/200",
        "GET /answer/404",
        "POST /answer/200",
    ] {
        ask(server, request, &headers).await;
    }
    assert!(entries(&auditor, "platform").is_empty());
    let [missing, posted] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(missing.metadata["status"], 404);
    assert!(!missing.metadata.contains_key("request"));
    assert_eq!(
        posted.metadata["request"],
        serde_json::json!({
            "content_type": "text/plain",
            "content_length": "0",
            "headers": { "x-client": "desk/2, forged" },
        })
    );
}

#[tokio::test]
async fn a_client_that_does_not_wait_has_cancelled() {
    let auditor = auditor();
    let server = serve(app(&auditor, AccessPolicy::new())).await;
    let connection = send(server, "POST /never", &[]).await;
    entries_of(&auditor, "platform", 1).await;
    drop(connection);
    let entries = entries_of(&auditor, "platform", 3).await;
    let [began, dropped, access] = &entries[..] else {
        panic!("{}", entries.len())
    };
    assert_eq!(
        (began.action.as_str(), dropped.action.as_str()),
        ("began", "dropped")
    );
    assert_eq!(access.outcome, Outcome::Cancelled);
    assert_eq!(access.entity_name(), Some("POST /never"));
    assert!(!access.metadata.contains_key("status"));
    assert_eq!(began.operation, access.operation);
    assert_eq!(began.operation, dropped.operation);
}

#[tokio::test]
async fn a_panic_goes_on_and_is_told_of() {
    let policy = AccessPolicy::new;
    let auditor_of_none = auditor();
    let alone = serve(app(&auditor_of_none, policy())).await;
    // Nobody catches it: the connection breaks.
    assert_eq!(ask(alone, "GET /panics", &[]).await.status, 0);
    let entries = entries_of(&auditor_of_none, "platform", 1).await;
    assert_eq!(entries[0].outcome, Outcome::Panicked);

    let auditor_outside = auditor();
    let outside = app(&auditor_outside, policy()).layer(CatchPanicLayer::new());
    assert_eq!(
        ask(serve(outside).await, "GET /panics", &[]).await.status,
        500
    );
    let entries = entries_of(&auditor_outside, "platform", 1).await;
    assert_eq!((entries.len(), entries[0].outcome), (1, Outcome::Panicked));

    // Caught inside, it is an answer like others.
    let auditor_inside = auditor();
    let inside = routes(&auditor_inside)
        .layer(CatchPanicLayer::new())
        .layer(AccessLayer::new(&auditor_inside, policy()))
        .layer(ContextLayer::new("platform"));
    assert_eq!(
        ask(serve(inside).await, "GET /panics", &[]).await.status,
        500
    );
    let entries = entries_of(&auditor_inside, "platform", 1).await;
    assert_eq!((entries.len(), entries[0].outcome), (1, Outcome::Failure));
}

#[tokio::test]
async fn a_context_by_other_means_does_as_well() {
    use audit_core::{AuditContext, InContext as _};
    use axum::extract::Request;
    use axum::middleware::{Next, from_fn};

    let auditor = auditor();
    let app = routes(&auditor)
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .layer(from_fn(async |request: Request, next: Next| {
            next.run(request)
                .in_context(AuditContext::new("acme"))
                .await
        }));
    assert_eq!(ask(serve(app).await, "GET /health", &[]).await.status, 200);
    let entries = entries_of(&auditor, "acme", 1).await;
    assert_eq!((entries.len(), entries[0].outcome), (1, Outcome::Success));
    auditor.close(Duration::from_secs(5)).unwrap();
}
