//! The service whose requests are recorded.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::task::{Context, Poll};

use audit_core::ContextScope;
use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use super::watch::Watch;
use super::{AccessBody, AccessFuture, OnUnrecorded, Shared};

/// A service whose requests are recorded; made by [`AccessLayer`](crate::AccessLayer).
#[derive(Clone)]
pub struct AccessService<S, R> {
    inner: S,
    shared: Arc<Shared>,
    on_unrecorded: R,
}

impl<S, R> AccessService<S, R> {
    pub(super) fn new(inner: S, shared: Arc<Shared>, on_unrecorded: R) -> Self {
        Self {
            inner,
            shared,
            on_unrecorded,
        }
    }
}

impl<S, R, B, A> Service<Request<B>> for AccessService<S, R>
where
    S: Service<Request<B>, Response = Response<A>>,
    S::Error: Display,
    A: Body,
    A::Error: Display,
    R: OnUnrecorded<A> + Clone,
{
    type Response = Response<AccessBody<A>>;
    type Error = S::Error;
    type Future = AccessFuture<S::Future, A, S::Error, R>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let _guard = brought(&parts).map(ContextScope::enter);
        let mut watch = Watch::begin(&self.shared, &mut parts, R::IS_STRICT);
        let request = Request::from_parts(parts, body);
        let future = Watch::run(&mut watch, || self.inner.call(request));
        AccessFuture::new(future, watch, self.on_unrecorded.clone())
    }
}

/// The context that the request brings along, where this is called without one: in the task of a
/// `Buffer`.
fn brought(parts: &Parts) -> Option<&ContextScope> {
    match ContextScope::current() {
        Some(_) => None,
        None => parts.extensions.get(),
    }
}

impl<S: fmt::Debug, R> fmt::Debug for AccessService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
