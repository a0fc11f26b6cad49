//! Futures that run in a context, on any runtime.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::context::AuditContext;
use crate::context::frame::Frame;
use crate::context::stack::enter;

/// Attaches an audit context to futures.
///
/// ```
/// use audit_core::{AuditContext, InContext};
///
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// async fn tenant() -> String {
///     AuditContext::current().unwrap().tenant().to_string()
/// }
/// assert_eq!(tenant().in_context(AuditContext::new("acme")).await, "acme");
/// # });
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no future that could run in an audit context",
    label = "`{Self}` is not a `Future`",
    note = "call it on the future before `.await`; for closures there is `AuditContext::scope`"
)]
pub trait InContext: Future + Sized {
    /// Runs this future in a context: entered on each poll and on drop, left in between.
    ///
    /// What the context leaves out is taken from the context of here and now. What this future polls
    /// on its thread is in the context too, unless it has one of its own: other tasks, if it is a
    /// `LocalSet` or blocks on a runtime.
    fn in_context(self, context: AuditContext) -> WithContext<Self> {
        WithContext::new(self, Some(Frame::nested(context)))
    }

    /// Runs this future in the context of here and now, for what is spawned.
    fn in_current_context(self) -> WithContext<Self> {
        WithContext::new(self, Frame::current())
    }
}

impl<F: Future> InContext for F {}

pin_project! {
    /// A future that runs in a context; made by [`InContext`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct WithContext<F> {
        // An option, so that it can be dropped inside the context.
        #[pin]
        future: Option<F>,
        frame: Option<Frame>,
    }

    impl<F> PinnedDrop for WithContext<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _guard = enter(this.frame.take());
            this.future.set(None);
        }
    }
}

impl<F: Future> WithContext<F> {
    pub(crate) fn new(future: F, frame: Option<Frame>) -> Self {
        Self {
            future: Some(future),
            frame,
        }
    }
}

impl<F: Future> Future for WithContext<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _guard = enter(this.frame.clone());
        match this.future.as_pin_mut() {
            Some(future) => future.poll(context),
            // Only a drop empties it.
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::entry::Actor;

    fn tenant() -> Option<String> {
        AuditContext::current().map(|context| context.tenant().to_string())
    }

    /// Gives way once, so that another task runs in between.
    async fn give_way() {
        let mut given = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut given, true) {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[tokio::test(flavor = "current_thread")]
    async fn interleaved_tasks_keep_their_own_context() {
        async fn work(name: &'static str) {
            for _ in 0..50 {
                assert_eq!(tenant().as_deref(), Some(name));
                give_way().await;
            }
        }
        let local = tokio::task::LocalSet::new();
        let first = local.spawn_local(work("a").in_context(AuditContext::new("a")));
        let second = local.spawn_local(work("b").in_context(AuditContext::new("b")));
        local.await;
        first.await.unwrap();
        second.await.unwrap();
        assert_eq!(tenant(), None);
    }

    struct SeesOnDrop(Arc<Mutex<Option<String>>>);
    impl Drop for SeesOnDrop {
        fn drop(&mut self) {
            *self.0.lock().unwrap() = tenant();
        }
    }

    #[tokio::test]
    async fn an_early_drop_happens_inside_the_context() {
        let seen = Arc::new(Mutex::new(None));
        let witness = SeesOnDrop(Arc::clone(&seen));
        let mut future = Box::pin(
            async move {
                let _witness = witness;
                std::future::pending::<()>().await;
            }
            .in_context(AuditContext::new("a")),
        );
        assert!(
            std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending()))
                .await
        );
        assert_eq!(tenant(), None);
        drop(future);
        assert_eq!(seen.lock().unwrap().as_deref(), Some("a"));
        assert_eq!(tenant(), None);
    }

    #[tokio::test]
    async fn a_panicking_poll_leaves_no_context_behind() {
        let task = tokio::spawn(
            async {
                give_way().await;
                panic!("boom");
            }
            .in_context(AuditContext::new("a")),
        );
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(tenant(), None);
    }

    #[tokio::test]
    async fn spawned_tasks_carry_context_only_when_told_to() {
        async {
            assert_eq!(tokio::spawn(async { tenant() }).await.unwrap(), None);
            let carried = tokio::spawn(async { tenant() }.in_current_context());
            assert_eq!(carried.await.unwrap().as_deref(), Some("a"));
            // The inner context takes the actor from the outer one, on another task too.
            let inner = async { AuditContext::current().unwrap().resolve_actor() }
                .in_context(AuditContext::new("b"));
            assert_eq!(tokio::spawn(inner).await.unwrap().name(), Some("ada"));
        }
        .in_context(AuditContext::new("a").actor(Actor::user(1, "ada")))
        .await;
    }
}
