//! A body that is written in the context of its request.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use audit_core::ContextScope;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a response of a [`ContextService`](crate::ContextService): what makes it runs in the
    /// context of the request.
    pub struct ContextBody<B> {
        // An option, so that it can be dropped inside the context.
        #[pin]
        body: Option<B>,
        scope: ContextScope,
    }

    impl<B> PinnedDrop for ContextBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _guard = this.scope.enter();
            this.body.set(None);
        }
    }
}

impl<B> ContextBody<B> {
    pub(super) fn new(body: B, scope: ContextScope) -> Self {
        Self {
            body: Some(body),
            scope,
        }
    }
}

impl<B: Body> Body for ContextBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let _guard = this.scope.enter();
        match this.body.as_pin_mut() {
            Some(body) => body.poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let hint = self.body.as_ref().map(Body::size_hint);
        hint.unwrap_or_else(|| SizeHint::with_exact(0))
    }
}

impl<B> fmt::Debug for ContextBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBody").finish_non_exhaustive()
    }
}
