//! Requests that are left out are told of.

use std::time::Duration;

use audit_core::{ActorKind, Auditor, Outcome};
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

#[tokio::test]
async fn an_auditor_that_is_closed_asks_first() {
    let auditor = auditor();
    let server = serve(app(layer(&auditor))).await;
    for _ in 0..3 {
        assert_eq!(ask(server, "GET /feed", &[]).await.status, 200);
    }
    // The server still holds the layer.
    auditor.close(Duration::from_secs(5)).unwrap();
    let log = auditor.tenant("platform");
    let summaries = log.entries().action("access_summary").page().unwrap();
    let [summary] = &summaries.entries[..] else {
        panic!("{} summaries", summaries.entries.len())
    };
    assert_eq!(summary.metadata["left_out"], 2);
    assert_eq!(auditor.statistics().lost, 0);
}

#[tokio::test]
async fn what_has_no_answer_is_not_left_out() {
    use axum::body::Body;
    use axum::extract::Request;
    use tower::ServiceExt as _;
    use tower_http::catch_panic::CatchPanicLayer;

    /// What answers as a success, and then breaks.
    struct Broken;

    impl http_body::Body for Broken {
        type Data = bytes::Bytes;
        type Error = std::io::Error;

        fn poll_frame(
            self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>>
        {
            let error = std::io::Error::other("the disk is gone");
            std::task::Poll::Ready(Some(Err(error)))
        }
    }

    async fn panics() {
        panic!("a bug")
    }

    let auditor = auditor();
    let policy = AccessPolicy::new()
        .rule(Rule::metadata().status(400..=599))
        .rule(Rule::metadata().named("success").sample(20));
    let layer = AccessLayer::new(&auditor, policy);
    let app = Router::new()
        .route("/panics", get(panics))
        .route("/never", get(std::future::pending::<()>))
        .route("/breaks", get(async || Body::new(Broken)))
        .layer(layer.clone())
        .layer(CatchPanicLayer::new())
        .layer(ContextLayer::new("acme"));
    let begin = |path: &str| {
        let request = Request::get(path).body(Body::empty()).unwrap();
        app.clone().oneshot(request)
    };
    for _ in 0..3 {
        assert_eq!(begin("/panics").await.unwrap().status(), 500);
        let mut never = Box::pin(begin("/never"));
        assert!(poll_once(&mut never).is_pending());
        drop(never);
        let answer = begin("/breaks").await.unwrap();
        assert!(axum::body::to_bytes(answer.into_body(), 100).await.is_err());
    }
    layer.flush();
    let outcomes: Vec<_> = entries(&auditor, "acme")
        .iter()
        .map(|entry| (entry.action == "access_summary", entry.outcome))
        .collect();
    let each = [Outcome::Panicked, Outcome::Cancelled, Outcome::Failure];
    assert_eq!(outcomes, each.map(|outcome| (false, outcome)).repeat(3));
}

/// Begins it without waiting for it.
fn poll_once<F: Future + Unpin>(future: &mut F) -> std::task::Poll<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    std::pin::Pin::new(future).poll(&mut context)
}
