//! A body that is watched until it ends.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::Recording;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::ending::Ending;
use super::watch::Watch;

type Piece<B> = Option<Result<Frame<<B as Body>::Data>, <B as Body>::Error>>;

pin_project! {
    /// The body of a response of an [`AccessService`](crate::AccessService). Its last piece waits until
    /// the entry of its request is recorded.
    pub struct AccessBody<B>
    where
        B: Body,
    {
        // An option, so that it is dropped before its end is recorded.
        #[pin]
        body: Option<B>,
        watch: Option<Watch>,
        recording: Option<Recording>,
        // The last piece, or that there is none, until the entry is recorded.
        held: Option<Piece<B>>,
        // What is still to come, where the response has said how long it is: then nobody asks whether
        // there is more.
        remaining: Option<u64>,
    }

    impl<B> PinnedDrop for AccessBody<B>
    where
        B: Body,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.body.set(None);
        }
    }
}

impl<B: Body> AccessBody<B> {
    pub(super) fn new(body: B, watch: Option<Watch>, remaining: Option<u64>) -> Self {
        Self {
            body: Some(body),
            watch,
            recording: None,
            held: None,
            remaining,
        }
    }

    pub(super) fn length_of(headers: &HeaderMap) -> Option<u64> {
        headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }
}

impl<B> Body for AccessBody<B>
where
    B: Body,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Piece<B>> {
        let mut this = self.project();
        if this.held.is_none() {
            let Some(mut body) = this.body.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            let piece = ready!(Watch::run(this.watch, || body.as_mut().poll_frame(context)));
            let ending = match &piece {
                None => Some(Ending::of_body(*this.remaining)),
                Some(Err(error)) => Some(Ending::failed(error)),
                Some(Ok(frame)) => {
                    let length = frame.data_ref().map_or(0, bytes::Buf::remaining);
                    let length = u64::try_from(length).unwrap_or(u64::MAX);
                    *this.remaining = this.remaining.map(|before| before.saturating_sub(length));
                    // Behind trailers comes nothing, and servers do not ask.
                    let is_last = frame.is_trailers()
                        || *this.remaining == Some(0)
                        || body.is_end_stream()
                        || body.size_hint().exact() == Some(0);
                    is_last.then(|| Ending::of_body(*this.remaining))
                }
            };
            let watch = this.watch.take_if(|_| ending.is_some());
            let draft = watch
                .zip(ending)
                .and_then(|(watch, ending)| watch.end(ending));
            let Some(draft) = draft else {
                return Poll::Ready(piece);
            };
            *this.held = Some(piece);
            *this.recording = Some(draft.best_effort().into_future());
        }
        if let Some(recording) = this.recording {
            // What cannot be recorded is reported where it is known.
            drop(ready!(Pin::new(recording).poll(context)));
            *this.recording = None;
        }
        Poll::Ready(this.held.take().flatten())
    }

    fn is_end_stream(&self) -> bool {
        // Whoever asks polls once more as long as the entry is not written: without that, a body
        // whose end has come meanwhile would look left.
        self.watch.is_none()
            && self.held.is_none()
            && self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = match &self.body {
            Some(body) => body.size_hint(),
            None => SizeHint::with_exact(0),
        };
        if let Some(Some(Ok(frame))) = &self.held {
            let length = frame.data_ref().map_or(0, bytes::Buf::remaining);
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            let upper = hint.upper().map(|upper| upper.saturating_add(length));
            if let Some(upper) = upper {
                hint.set_upper(upper);
            }
            hint.set_lower(hint.lower().saturating_add(length));
        }
        hint
    }
}

impl<B: Body> fmt::Debug for AccessBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessBody").finish_non_exhaustive()
    }
}
