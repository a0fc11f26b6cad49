//! Running the body of an action in a frame of its own.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{ActionCall, Live};
use crate::context::{ContextGuard, Frame, stand_apart};

impl ActionCall {
    /// Runs a body.
    pub fn body<R>(&mut self, body: impl FnOnce() -> R) -> R {
        let guard = self.enter();
        let returned = body();
        drop(guard);
        self.with(Live::body_ended);
        returned
    }

    /// Runs an async body.
    pub fn body_async<F: Future>(&mut self, body: F) -> Body<'_, F> {
        self.with(|live| live.is_async = true);
        Body {
            body: Some(body),
            call: self,
        }
    }

    /// What happens in the body is caused by this call.
    #[inline]
    fn enter(&mut self) -> Option<ContextGuard> {
        match &mut self.live {
            Some(live) => Some(live.enter()),
            None if self.apart => Some(stand_apart()),
            None => None,
        }
    }
}

impl Live {
    fn enter(&mut self) -> ContextGuard {
        self.frame().clone().enter()
    }

    fn frame(&mut self) -> &Frame {
        let parts = &self.parts;
        let recorder = &mut self.recorder;
        self.body.get_or_insert_with(|| {
            let tenant = parts.tenant.clone();
            Frame::of_body(parts.frame.as_ref(), recorder.take(), tenant, parts.id)
        })
    }

    fn body_ended(&mut self) {
        self.duration = Some(self.started.elapsed());
    }
}

pin_project! {
    /// An async body.
    #[must_use = "futures do nothing unless polled"]
    pub struct Body<'a, F> {
        // An option, so that it can be dropped inside its frame.
        #[pin]
        body: Option<F>,
        call: &'a mut ActionCall,
    }

    impl<F> PinnedDrop for Body<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _guard = this.call.enter();
            this.body.set(None);
        }
    }
}

impl<F: Future> Future for Body<'_, F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let Some(body) = this.body.as_pin_mut() else {
            // Only a drop empties it.
            return Poll::Pending;
        };
        let guard = this.call.enter();
        this.call.with(|live| live.is_polling = true);
        let polled = body.poll(context);
        drop(guard);
        this.call.with(|live| {
            live.is_polling = false;
            if polled.is_ready() {
                live.body_ended();
            }
        });
        polled
    }
}

impl<F> fmt::Debug for Body<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Body").field(&self.call).finish()
    }
}
