//! Bodies that are still written when the handler has returned.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use audit_core::{AuditContext, AuditEntry, Auditor, Outcome};
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRAILER};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use http_body::Frame;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Sleep, sleep};

use crate::client::{ask, send};
use crate::server::{auditor, entries, entries_of, serve};

/// Says a line at a time, and records each.
struct Lines {
    auditor: Auditor,
    left: u32,
    pause: Pin<Box<Sleep>>,
}

fn pause() -> Pin<Box<Sleep>> {
    Box::pin(sleep(Duration::from_millis(2)))
}

impl http_body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        std::task::ready!(self.pause.as_mut().poll(context));
        self.pause = pause();
        self.left -= 1;
        self.auditor.log("line").record().unwrap();
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"line\n")))))
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let context = AuditContext::current().expect("dropped in its context");
        let draft = self.auditor.log("dropped");
        draft.metadata("tenant", context.tenant()).record().unwrap();
    }
}

fn lines(auditor: &Auditor, left: u32) -> Lines {
    Lines {
        auditor: auditor.clone(),
        left,
        pause: pause(),
    }
}

async fn endless(State(auditor): State<Auditor>) -> Body {
    Body::new(lines(&auditor, u32::MAX))
}

async fn two(State(auditor): State<Auditor>) -> Body {
    Body::new(lines(&auditor, 2))
}

/// Says a line, and ends with a trailer. Nobody asks such a body whether there is more.
struct Trailed(Option<Frame<Bytes>>, Option<Frame<Bytes>>);

impl http_body::Body for Trailed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.take().or_else(|| self.1.take());
        Poll::Ready(next.map(Ok))
    }
}

async fn trailed() -> Response {
    let trailers = [(TRAILER, HeaderValue::from_static("x-sum"))];
    let sum = HeaderMap::from_iter([(HeaderName::from_static("x-sum"), 5.into())]);
    let line = Frame::data(Bytes::from_static(b"line\n"));
    let body = Trailed(Some(line), Some(Frame::trailers(sum)));
    (trailers, Body::new(body)).into_response()
}

/// Nobody asks such a body whether there is more once it has given what was promised.
async fn measured(State(auditor): State<Auditor>) -> Response {
    ([(CONTENT_LENGTH, "10")], Body::new(lines(&auditor, 2))).into_response()
}

/// Such a body breaks the connection when it ends too early.
async fn too_short(State(auditor): State<Auditor>, Path(length): Path<String>) -> Response {
    let body = match length.as_str() {
        "none" => Body::empty(),
        "known" => Body::from("line\n"),
        _ => Body::new(lines(&auditor, 1)),
    };
    ([(CONTENT_LENGTH, "10")], body).into_response()
}

async fn unchanged() -> Response {
    (StatusCode::NOT_MODIFIED, [(CONTENT_LENGTH, "10")]).into_response()
}

fn app(auditor: &Auditor) -> Router {
    Router::new()
        .route("/short/{length}", get(too_short))
        .route("/unchanged", get(unchanged))
        .route("/trailed", get(trailed))
        .route("/two", get(two))
        .route("/measured", get(measured))
        .route("/endless", get(endless))
        .layer(AccessLayer::new(auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"))
        .with_state(auditor.clone())
}

/// The one entry of its kind, as soon as it is there.
async fn access(auditor: &Auditor) -> AuditEntry {
    let log = auditor.tenant("acme");
    for _ in 0..500 {
        if log.entries().action("access").count().unwrap() > 0 {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    entries(auditor, "acme");
    let mut access = log.entries().action("access").page().unwrap().entries;
    assert_eq!(access.len(), 1);
    access.remove(0)
}

#[tokio::test]
async fn what_a_body_records_belongs_to_its_request() {
    for path in ["/two", "/measured"] {
        let auditor = auditor();
        let answer = ask(serve(app(&auditor)).await, &format!("GET {path}"), &[]).await;
        assert_eq!(answer.status, 200);
        let entries = entries_of(&auditor, "acme", 4).await;
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["line", "line", "access", "dropped"], "{path}");
        assert_eq!(entries[2].outcome, Outcome::Success);
        assert!(entries[2].duration.unwrap() >= Duration::from_millis(4));
        for entry in &entries {
            assert!(entry.operation.is_some());
            assert_eq!(entry.operation, entries[0].operation);
            assert_eq!(entry.request_id, entries[0].request_id);
        }
    }
}

#[tokio::test]
async fn a_client_that_goes_away_half_way_is_told_of() {
    let auditor = auditor();
    let server = serve(app(&auditor)).await;
    let mut connection = send(server, "GET /endless", &[]).await;
    let mut some = [0; 256];
    assert!(connection.read(&mut some).await.unwrap() > 0);
    drop(connection);
    let entry = access(&auditor).await;
    assert_eq!(entry.outcome, Outcome::Cancelled);
    assert_eq!(entry.metadata["status"], 200);
    let log = auditor.tenant("acme");
    let dropped = log.entries().action("dropped").page().unwrap().entries;
    assert_eq!(dropped[0].metadata["tenant"], "acme");
}

#[tokio::test]
async fn a_body_ends_with_its_trailers_also_where_the_client_wants_none() {
    for (wants, sent) in [(["te: trailers"], true), (["te: deflate"], false)] {
        let auditor = auditor();
        let answer = ask(serve(app(&auditor)).await, "GET /trailed", &wants).await;
        assert_eq!(answer.body.contains("x-sum: 5"), sent, "{}", answer.body);
        assert_eq!(access(&auditor).await.outcome, Outcome::Success, "{sent}");
    }
}

#[tokio::test]
async fn a_head_request_has_no_body_to_end() {
    let auditor = auditor();
    let answer = ask(serve(app(&auditor)).await, "HEAD /two", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
    let entry = access(&auditor).await;
    assert_eq!(entry.outcome, Outcome::Success);
    assert_eq!(entry.entity_name(), Some("HEAD /two"));
}

#[tokio::test]
async fn a_body_that_ends_before_its_length_has_failed() {
    use tower::ServiceExt as _;

    for length in ["none", "known", "unknown"] {
        let auditor = auditor();
        let request = axum::extract::Request::get(format!("/short/{length}"));
        let answer = app(&auditor).oneshot(request.body(Body::empty()).unwrap());
        let body = answer.await.unwrap().into_body();
        axum::body::to_bytes(body, 100).await.unwrap();
        let entry = access(&auditor).await;
        assert_eq!(entry.outcome, Outcome::Failure, "{length}");
        assert_eq!(entry.metadata["status"], 200);
        let error = entry.error.as_ref().unwrap();
        assert_eq!(error.text, "the body ended before its length");
    }
}

#[tokio::test]
async fn over_a_socket_too_and_not_where_no_body_is_sent() {
    for (request, outcome) in [
        ("GET /short/unknown", Outcome::Failure),
        ("HEAD /short/unknown", Outcome::Success),
        ("HEAD /short/none", Outcome::Success),
        ("GET /unchanged", Outcome::Success),
    ] {
        let auditor = auditor();
        let server = serve(app(&auditor)).await;
        ask(server, request, &[]).await;
        assert_eq!(access(&auditor).await.outcome, outcome, "{request}");
    }
}
