//! A response on its way, and the entry of its request.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::Recording;
use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use super::ending::Ending;
use super::watch::Watch;
use super::{AccessBody, OnUnrecorded};

pin_project! {
    /// The response of an [`AccessService`](crate::AccessService).
    #[must_use = "futures do nothing unless polled"]
    pub struct AccessFuture<F, B, E, R> {
        // An option, so that it is dropped before its end is recorded.
        #[pin]
        future: Option<F>,
        watch: Option<Watch>,
        recording: Option<Recording>,
        // Waits until the entry is recorded.
        answer: Option<Result<Response<B>, E>>,
        on_unrecorded: R,
    }

    impl<F, B, E, R> PinnedDrop for AccessFuture<F, B, E, R> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.future.set(None);
        }
    }
}

impl<F, B, E, R> AccessFuture<F, B, E, R> {
    pub(super) fn new(future: F, watch: Option<Watch>, on_unrecorded: R) -> Self {
        Self {
            future: Some(future),
            watch,
            recording: None,
            answer: None,
            on_unrecorded,
        }
    }
}

impl<F, B, E, R> Future for AccessFuture<F, B, E, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Error: Display,
    E: Display,
    R: OnUnrecorded<B>,
{
    type Output = Result<Response<AccessBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(future) = this.future.as_mut().as_pin_mut() {
            let answer = ready!(Watch::run(this.watch, || future.poll(context)));
            this.future.set(None);
            let ending = match &answer {
                Ok(response) => this.watch.as_mut().and_then(|watch| {
                    watch.answered(response.status());
                    if R::IS_STRICT {
                        return Some(Ending::Answered);
                    }
                    without_body(watch, response)
                }),
                Err(error) => Some(Ending::failed(error)),
            };
            let watch = this.watch.take_if(|_| ending.is_some());
            let draft = watch.zip(ending);
            let draft = draft.and_then(|(watch, ending)| watch.end(ending));
            *this.recording = draft.map(|draft| {
                let draft = if R::IS_STRICT {
                    draft.strict()
                } else {
                    draft.best_effort()
                };
                draft.into_future()
            });
            *this.answer = Some(answer);
        }
        let mut refused = None;
        if let Some(recording) = this.recording {
            let recorded = ready!(Pin::new(recording).poll(context));
            *this.recording = None;
            refused = recorded
                .err()
                .and_then(|error| this.on_unrecorded.respond(&error));
        }
        let Some(answer) = this.answer.take() else {
            return Poll::Pending;
        };
        Poll::Ready(answer.map(|response| {
            let response = refused.unwrap_or(response);
            let watch = this.watch.take();
            let length = AccessBody::<B>::length_of(response.headers());
            response.map(|body| AccessBody::new(body, watch, length))
        }))
    }
}

/// How a response ends whose body nobody will read to its end, since there is nothing in it.
fn without_body<B: Body>(watch: &Watch, response: &Response<B>) -> Option<Ending> {
    let status = response.status();
    // Their length is that of a body which is not sent.
    if watch.is_head()
        || status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED
    {
        return Some(Ending::Answered);
    }
    let length = AccessBody::<B>::length_of(response.headers());
    let body = response.body();
    let is_empty = body.is_end_stream() || body.size_hint().exact() == Some(0);
    (is_empty || length == Some(0)).then(|| Ending::of_body(length))
}

impl<F, B, E, R> fmt::Debug for AccessFuture<F, B, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessFuture").finish_non_exhaustive()
    }
}
