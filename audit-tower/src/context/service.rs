//! The service that gives requests their context.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use super::{ContextBody, ContextFuture, Settings, request};

/// A service whose requests have an audit context; made by [`ContextLayer`](crate::ContextLayer).
#[derive(Clone)]
pub struct ContextService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> ContextService<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S, B, R> Service<Request<B>> for ContextService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ContextBody<R>>;
    type Error = S::Error;
    type Future = ContextFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let (scope, id) = request::begin(&self.settings, &mut parts);
        let request = Request::from_parts(parts, body);
        let future = scope.scope(|| self.inner.call(request));
        ContextFuture::new(future, scope, id)
    }
}

impl<S: fmt::Debug> fmt::Debug for ContextService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
