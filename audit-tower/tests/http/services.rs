//! Services that are not axum's.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, poll_fn, ready};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{AuditContext, Auditor, ErrorDetail, MemoryStore, Outcome};
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as _, Frame, SizeHint};
use tower::{Layer as _, Service, ServiceBuilder, ServiceExt as _, service_fn};

use crate::server::{auditor, entries};

#[derive(Debug)]
struct Down;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the other end is down")
    }
}

fn layers(
    auditor: &Auditor,
) -> ServiceBuilder<
    tower::layer::util::Stack<
        AccessLayer,
        tower::layer::util::Stack<ContextLayer, tower::layer::util::Identity>,
    >,
> {
    ServiceBuilder::new()
        .layer(ContextLayer::new("acme").path_template(|_| Some("/".to_owned())))
        .layer(AccessLayer::new(auditor, AccessPolicy::new()))
}

#[tokio::test]
async fn an_error_of_the_service_is_passed_on_and_recorded() {
    let auditor = auditor();
    let service = layers(&auditor).service(service_fn(|_: Request<()>| async move {
        Err::<Response<String>, _>(Down)
    }));
    let Err(Down) = service.oneshot(Request::new(())).await else {
        panic!()
    };
    let [entry] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(entry.outcome, Outcome::Failure);
    assert_eq!(
        entry.error,
        Some(ErrorDetail::new("Down", "the other end is down"))
    );
    assert_eq!(entry.entity_name(), Some("GET /"));
}

/// Gives two pieces, and then fails or not.
struct Pieces(Vec<Result<&'static str, Down>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Down;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Down>>> {
        let piece = self.0.pop();
        Poll::Ready(piece.map(|piece| piece.map(|text| Frame::data(Bytes::from(text)))))
    }

    fn size_hint(&self) -> SizeHint {
        let lengths = self
            .0
            .iter()
            .map(|piece| piece.as_ref().ok().map(|text| text.len() as u64));
        let length: Option<u64> = lengths.sum();
        length.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

async fn read<B>(body: B) -> (String, Option<B::Error>)
where
    B: http_body::Body<Data = Bytes>,
{
    let mut body = Box::pin(body);
    let mut read = String::new();
    while let Some(piece) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        match piece {
            Ok(frame) => read.push_str(str::from_utf8(frame.data_ref().unwrap()).unwrap()),
            Err(error) => return (read, Some(error)),
        }
    }
    assert!(body.is_end_stream() || body.size_hint().exact() == Some(0));
    (read, None)
}

#[tokio::test]
async fn a_body_is_passed_on_as_it_is_and_its_failure_is_recorded() {
    for (last, whole, outcome) in [
        (Ok("c"), "abc", Outcome::Success),
        (Err(()), "ab", Outcome::Failure),
    ] {
        let auditor = auditor();
        let service = layers(&auditor).service(service_fn(|_: Request<()>| async move {
            let pieces = vec![last.map_err(|()| Down), Ok("b"), Ok("a")];
            Ok::<_, Infallible>(Response::new(Pieces(pieces)))
        }));
        let response = service.oneshot(Request::new(())).await.unwrap();
        assert_eq!(response.size_hint().exact(), last.ok().map(|_| 3));
        let (text, error) = read(response.into_body()).await;
        assert_eq!((text.as_str(), error.is_some()), (whole, last.is_err()));
        let [entry] = &entries(&auditor, "acme")[..] else {
            panic!()
        };
        assert_eq!(entry.outcome, outcome);
    }
}

#[tokio::test]
async fn a_piece_that_waits_for_its_entry_is_still_to_come() {
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = Auditor::new(store.clone());
    let service = layers(&auditor).service(service_fn(|_: Request<()>| async move {
        Ok::<_, Infallible>(Response::new(Pieces(vec![Ok("b"), Ok("a")])))
    }));
    store.fault(Fault::Block);
    let response = service.oneshot(Request::new(())).await.unwrap();
    let mut body = Box::pin(response.into_body());
    let mut poll = || {
        body.as_mut()
            .poll_frame(&mut Context::from_waker(Waker::noop()))
    };
    assert!(matches!(poll(), Poll::Ready(Some(Ok(_)))));
    assert!(poll().is_pending());
    assert!(!body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(1));
    store.heal();
    assert_eq!(read(body).await.0, "b");
}

/// Answers only where it has been asked whether it is ready; a clone has not been.
#[derive(Default)]
struct OnceReady(bool);

impl Clone for OnceReady {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<()>> for OnceReady {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0 = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.0), "called before it was ready");
        let context = AuditContext::current().unwrap();
        ready(Ok(Response::new(context.tenant().to_string())))
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let auditor = auditor();
    let access = AccessLayer::new(&auditor, AccessPolicy::new());
    let mut service = ContextLayer::new("acme").layer(access.layer(OnceReady::default()));
    for _ in 0..2 {
        let response = service.ready().await.unwrap().call(Request::new(()));
        assert_eq!(read(response.await.unwrap().into_body()).await.0, "acme");
    }
    assert_eq!(entries(&auditor, "acme").len(), 2);
}

#[tokio::test]
async fn a_service_that_is_called_in_another_task_has_its_context() {
    let auditor = auditor();
    let inside = auditor.clone();
    let handler = service_fn(move |_: Request<()>| {
        // Both pieces: the one that is run by `call`, and the one that is polled.
        inside.log("called").record().unwrap();
        let inside = inside.clone();
        async move {
            inside.log("polled").record().unwrap();
            Ok::<_, Infallible>(Response::new("done".to_owned()))
        }
    });
    let service = ServiceBuilder::new()
        .layer(ContextLayer::new("acme"))
        .buffer(4)
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .service(handler);
    let response = service.oneshot(Request::new(())).await.unwrap();
    assert_eq!(read(response.into_body()).await.0, "done");
    let entries = entries(&auditor, "acme");
    let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(actions, ["called", "polled", "access"]);
    for entry in &entries {
        assert_eq!(entry.operation, entries[0].operation);
    }
    assert_eq!(auditor.statistics().lost, 0);
}

#[tokio::test]
async fn a_context_that_is_entered_inside_counts_for_more_than_the_one_that_is_brought() {
    let auditor = auditor();
    let mut access =
        AccessLayer::new(&auditor, AccessPolicy::new()).layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new("done".to_owned()))
        }));
    let around = service_fn(move |request: Request<()>| {
        AuditContext::new("umbrella").scope(|| access.call(request))
    });
    let service = ContextLayer::new("acme").layer(around);
    let response = service.oneshot(Request::new(())).await.unwrap();
    read(response.into_body()).await;
    assert_eq!(entries(&auditor, "umbrella").len(), 1);
    assert!(entries(&auditor, "acme").is_empty());
}
