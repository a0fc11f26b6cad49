//! A job on its way.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use audit_core::Recording;
use pin_project_lite::pin_project;

use super::run::Run;

pin_project! {
    /// A job that runs in its context and leaves its entry; made by [`JobLayer`](crate::JobLayer) and
    /// [`run_job_async`](crate::run_job_async).
    #[must_use = "futures do nothing unless polled"]
    pub struct JobFuture<F, T, E> {
        // An option, so that it is dropped in its context, and before its end is recorded.
        #[pin]
        future: Option<F>,
        run: Option<Run>,
        recording: Option<Recording>,
        // Waits until the entry is recorded.
        answer: Option<Result<T, E>>,
    }

    impl<F, T, E> PinnedDrop for JobFuture<F, T, E> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(run) = this.run {
                run.scope(|| this.future.set(None));
            }
        }
    }
}

impl<F, T, E> JobFuture<F, T, E> {
    pub(super) fn new(future: F, run: Run) -> Self {
        Self {
            future: Some(future),
            run: Some(run),
            recording: None,
            answer: None,
        }
    }
}

impl<F, T, E> Future for JobFuture<F, T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T, E>> {
        let mut this = self.project();
        if let Some(run) = this.run
            && let Some(future) = this.future.as_mut().as_pin_mut()
        {
            let answer = ready!(run.run(|| future.poll(context)));
            run.scope(|| this.future.set(None));
            let draft = this.run.take().and_then(|run| run.end(&answer));
            *this.recording = draft.map(IntoFuture::into_future);
            *this.answer = Some(answer);
        }
        if let Some(recording) = this.recording {
            // What cannot be recorded is reported where it is known.
            drop(ready!(Pin::new(recording).poll(context)));
            *this.recording = None;
        }
        match this.answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        }
    }
}

impl<F, T, E> fmt::Debug for JobFuture<F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFuture").finish_non_exhaustive()
    }
}
