//! What happens when an entry cannot be recorded.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{AuditEntry, Auditor, Delivery, ErrorKind, MemoryStore};
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer};
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;

use crate::client::ask;
use crate::server::{entries, serve};

type Problems = Arc<Mutex<Vec<String>>>;

fn faulty() -> (Auditor, FaultyStore, Problems) {
    let store = FaultyStore::new(MemoryStore::new());
    let problems = Problems::default();
    let told = Arc::clone(&problems);
    let auditor = Auditor::builder(store.clone())
        .on_problem(move |problem| told.lock().unwrap().push(problem.to_string()))
        .build()
        .unwrap();
    (auditor, store, problems)
}

/// What is stored, without waiting for the rest.
fn entries_now(auditor: &Auditor) -> Vec<AuditEntry> {
    auditor.tenant("acme").entries().page().unwrap().entries
}

fn routes() -> Router {
    Router::new().route("/", get(async || "done"))
}

#[tokio::test]
async fn usually_the_request_is_answered_and_the_entry_comes_later() {
    let (auditor, store, problems) = faulty();
    let app = routes()
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"));
    let server = serve(app).await;
    store.fault(Fault::Fail(ErrorKind::Full));
    let answer = ask(server, "GET /", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
    assert!(entries_now(&auditor).is_empty());
    store.heal();
    assert_eq!(entries(&auditor, "acme").len(), 1);
    assert!(problems.lock().unwrap()[0].contains("1 entry delayed"));
}

#[tokio::test]
async fn the_last_byte_waits_until_the_entry_is_stored() {
    let (auditor, store, _) = faulty();
    let app = routes()
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"));
    let server = serve(app).await;
    store.fault(Fault::Slow(Duration::from_millis(50)));
    assert_eq!(ask(server, "GET /", &[]).await.body, "done");
    assert_eq!(entries_now(&auditor).len(), 1);
}

#[tokio::test]
async fn where_delivery_is_buffered_nothing_waits_for_the_store() {
    let store = FaultyStore::new(MemoryStore::new());
    let buffered = Auditor::builder(store.clone()).delivery(Delivery::Buffered);
    let auditor = buffered.build().unwrap();
    let app = routes()
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"));
    let server = serve(app).await;
    store.fault(Fault::Block);
    assert_eq!(ask(server, "GET /", &[]).await.body, "done");
    assert!(entries_now(&auditor).is_empty());
    store.heal();
    assert_eq!(entries(&auditor, "acme").len(), 1);
}

#[tokio::test]
async fn a_layer_that_fails_closed_refuses_the_answer() {
    let (auditor, store, _) = faulty();
    let layer = AccessLayer::new(&auditor, AccessPolicy::new()).fail_closed(|error| {
        let body = Body::from(format!("{:?}", error.kind()));
        Response::builder().status(500).body(body).unwrap()
    });
    let app = routes().layer(layer).layer(ContextLayer::new("acme"));
    let server = serve(app).await;
    store.fault(Fault::Fail(ErrorKind::Full));
    let answer = ask(server, "GET /", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (500, "Full"));
    assert!(answer.header("x-request-id").is_some());
    store.heal();
    let answer = ask(server, "GET /", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
    // It was stored before the answer came.
    assert_eq!(auditor.tenant("acme").entries().count().unwrap(), 1);
}

#[tokio::test]
async fn a_layer_outside_of_the_context_is_reported() {
    let (auditor, _, problems) = faulty();
    let app = routes()
        .layer(ContextLayer::new("acme"))
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()));
    assert_eq!(ask(serve(app).await, "GET /", &[]).await.status, 200);
    auditor.flush(Duration::from_secs(5)).unwrap();
    let problems = problems.lock().unwrap();
    let [problem] = &problems[..] else {
        panic!("{problems:?}")
    };
    assert!(problem.contains("there is no audit context"), "{problem}");
    assert_eq!(auditor.statistics().lost, 1);
}
