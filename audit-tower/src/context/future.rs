//! A response on its way, in the context of its request.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::ContextScope;
use http::Response;
use pin_project_lite::pin_project;

use super::ContextBody;
use super::request_id::{RequestId, X_REQUEST_ID};

pin_project! {
    /// The response of a [`ContextService`](crate::ContextService).
    #[must_use = "futures do nothing unless polled"]
    pub struct ContextFuture<F> {
        // An option, so that it can be dropped inside the context.
        #[pin]
        future: Option<F>,
        scope: ContextScope,
        id: RequestId,
    }

    impl<F> PinnedDrop for ContextFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _guard = this.scope.enter();
            this.future.set(None);
        }
    }
}

impl<F> ContextFuture<F> {
    pub(super) fn new(future: F, scope: ContextScope, id: RequestId) -> Self {
        Self {
            future: Some(future),
            scope,
            id,
        }
    }
}

impl<F, B, E> Future for ContextFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<ContextBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let _guard = this.scope.enter();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let response = ready!(future.poll(context));
        this.future.set(None);
        Poll::Ready(response.map(|mut response| {
            if let Some(id) = this.id.to_header() {
                response.headers_mut().insert(X_REQUEST_ID, id);
            }
            response.map(|body| ContextBody::new(body, this.scope.clone()))
        }))
    }
}

impl<F> fmt::Debug for ContextFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextFuture")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
