//! Layers around a router, and again around all of it.

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{Actor, Auditor, ErrorKind, MemoryStore};
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer, Rule, identify};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;

use crate::client::ask;
use crate::server::{auditor, entries, entries_of, serve};

async fn work(State(auditor): State<Auditor>, request: Request) {
    auditor.log("before").await.unwrap();
    assert!(identify(&request, "umbrella", Actor::user(7, "ada")));
    auditor.log("after").await.unwrap();
}

fn inner(auditor: &Auditor) -> Router<Auditor> {
    Router::new()
        .route("/work", get(work))
        .layer(AccessLayer::new(auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"))
}

fn app(auditor: &Auditor, policy: AccessPolicy) -> Router {
    Router::new()
        .nest("/api", inner(auditor))
        .layer(AccessLayer::new(auditor, policy))
        .layer(ContextLayer::new("platform"))
        .with_state(auditor.clone())
}

#[tokio::test]
async fn a_request_has_one_id_one_identity_and_one_entry() {
    let auditor = auditor();
    let server = serve(app(&auditor, AccessPolicy::new())).await;
    let answer = ask(server, "GET /api/work", &[]).await;
    assert_eq!(answer.status, 200);
    let [before] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    let [after, access] = &entries(&auditor, "umbrella")[..] else {
        panic!()
    };
    assert!(entries(&auditor, "platform").is_empty());
    assert_eq!(access.action, "access");
    for entry in [before, after, access] {
        assert_eq!(entry.request_id.as_deref(), answer.header("x-request-id"));
    }
    for entry in [after, access] {
        assert_eq!(entry.actor, Actor::user(7, "ada"));
    }
}

#[tokio::test]
async fn what_is_off_outside_is_recorded_inside() {
    let auditor = auditor();
    let policy = AccessPolicy::new().rule(Rule::off().path("/api/*"));
    let server = serve(app(&auditor, policy)).await;
    ask(server, "GET /api/work", &[]).await;
    let actions: Vec<_> = entries(&auditor, "umbrella")
        .into_iter()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(actions, ["after", "access"]);
}

#[tokio::test]
async fn one_that_fails_closed_takes_over() {
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = Auditor::new(store.clone());
    let strict = AccessLayer::new(&auditor, AccessPolicy::new())
        .fail_closed(|_| Response::builder().status(500).body(Body::empty()).unwrap());
    let app = Router::new()
        .route("/", get(async || "paid"))
        .layer(strict)
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"));
    let server = serve(app).await;
    store.fault(Fault::Fail(ErrorKind::Full));
    assert_eq!(ask(server, "GET /", &[]).await.status, 500);
    store.heal();
    assert_eq!(ask(server, "GET /", &[]).await.body, "paid");
    let entries = entries_of(&auditor, "acme", 1).await;
    let statuses: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action == "access")
        .map(|entry| &entry.metadata["status"])
        .collect();
    assert_eq!(statuses, [StatusCode::OK.as_u16()]);
}
