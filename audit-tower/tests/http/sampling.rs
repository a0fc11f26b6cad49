//! Requests that are left out are told of.

use audit_core::{ActorKind, Auditor};
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer, Rule};
use axum::Router;
use axum::routing::get;

use crate::client::ask;
use crate::server::{auditor, entries, serve};

fn layer(auditor: &Auditor) -> AccessLayer {
    let policy = AccessPolicy::new()
        .rule(Rule::metadata().status(400..=599))
        .rule(Rule::metadata().path("/feed").named("feed").sample(5));
    AccessLayer::new(auditor, policy)
}

fn app(layer: AccessLayer) -> Router {
    let context = ContextLayer::new("platform")
        .tenant(|parts| Some(parts.headers.get("x-company")?.to_str().ok()?.to_owned()));
    Router::new()
        .route("/feed", get(async || "news"))
        .layer(layer)
        .layer(context)
}

#[tokio::test]
async fn a_summary_tells_how_many_were_left_out() {
    let auditor = auditor();
    let layer = layer(&auditor);
    let server = serve(app(layer.clone())).await;
    for (company, times) in [("x-company: acme", 7), ("x-company: umbrella", 1)] {
        for _ in 0..times {
            assert_eq!(ask(server, "GET /feed", &[company]).await.status, 200);
        }
    }
    // An error is not left out.
    assert_eq!(
        ask(server, "POST /feed", &["x-company: acme"]).await.status,
        405
    );
    layer.flush();
    let entries_of_acme = entries(&auditor, "acme");
    let (summaries, requests): (Vec<_>, Vec<_>) = entries_of_acme
        .iter()
        .partition(|entry| entry.action == "access_summary");
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].metadata["sampled"], 5);
    let [summary] = &summaries[..] else {
        panic!("{} summaries", summaries.len())
    };
    assert_eq!(summary.metadata["left_out"], 5);
    assert_eq!(summary.entity_name(), Some("feed"));
    assert_eq!(summary.actor.kind(), ActorKind::System);
    let time = |name: &str| summary.metadata[name].as_str().unwrap().to_owned();
    assert!(time("first") <= time("last"));
    // Of what was not left out there is nothing to tell, and nothing is told twice.
    layer.flush();
    assert_eq!(entries(&auditor, "umbrella").len(), 1);
    assert_eq!(entries(&auditor, "acme").len(), 4);
}

#[tokio::test]
async fn the_last_clone_tells_before_it_goes() {
    use tower::ServiceExt as _;

    let auditor = auditor();
    let app = app(layer(&auditor));
    for _ in 0..3 {
        let request = axum::extract::Request::get("/feed").body(axum::body::Body::empty());
        let response = app.clone().oneshot(request.unwrap()).await.unwrap();
        axum::body::to_bytes(response.into_body(), 100)
            .await
            .unwrap();
    }
    drop(app);
    let entries = entries(&auditor, "platform");
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1].metadata["left_out"], 2);
}
