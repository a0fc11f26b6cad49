//! Where an outermost context was entered: what a store's transaction is open for.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::context::frame::Frame;

/// An outermost context, with everything that is nested in it.
///
/// Two tasks that take turns on one thread have two. Code outside of any context has none until it
/// is given one with [`Root::here_or_outside`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Root(u64);

static NEXT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The root of what runs on this thread outside of any context.
    static OUTSIDE: Cell<Option<Root>> = const { Cell::new(None) };
}

impl Root {
    /// The root that this code runs under.
    pub(crate) fn here() -> Option<Self> {
        Frame::current_root().or_else(Self::outside)
    }

    /// The same, where code outside of any context gets one: contexts that this thread enters from
    /// now on belong to it too, until [`Root::leave_outside`].
    pub(crate) fn here_or_outside() -> Self {
        Self::here().unwrap_or_else(|| {
            let root = Self::new();
            // A thread that is being torn down has nobody to tell.
            OUTSIDE.try_with(|outside| outside.set(Some(root))).ok();
            root
        })
    }

    /// Ends what [`Root::here_or_outside`] began, if it began anything.
    pub(crate) fn leave_outside(self) {
        let left = OUTSIDE.try_with(|outside| {
            if outside.get() == Some(self) {
                outside.set(None);
            }
        });
        left.ok();
    }

    /// The root of a context that is entered outside of any other.
    pub(super) fn of_outermost() -> Self {
        Self::outside().unwrap_or_else(Self::new)
    }

    fn outside() -> Option<Self> {
        OUTSIDE.try_with(Cell::get).ok().flatten()
    }

    fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::AuditContext;

    #[test]
    fn nested_contexts_share_a_root_and_others_do_not() {
        let context = AuditContext::new("a");
        assert_eq!(Root::here(), None);
        let (outer, inner) = context.scope(|| {
            let inner = AuditContext::new("b").scope(Root::here);
            (Root::here(), inner)
        });
        assert!(outer.is_some());
        assert_eq!(outer, inner);
        assert_ne!(context.scope(Root::here), outer);
    }

    #[test]
    fn what_runs_outside_of_any_context_has_a_root_for_a_while() {
        let root = Root::here_or_outside();
        assert_eq!(Root::here_or_outside(), root);
        assert_eq!(AuditContext::new("a").scope(Root::here), Some(root));
        assert_eq!(std::thread::spawn(Root::here).join().unwrap(), None);
        root.leave_outside();
        assert_eq!(Root::here(), None);
        assert_ne!(AuditContext::new("a").scope(Root::here), Some(root));
    }

    #[test]
    fn in_a_context_nothing_is_given_to_those_outside() {
        AuditContext::new("a").scope(|| {
            let root = Root::here_or_outside();
            assert_eq!(Root::here(), Some(root));
            assert_eq!(Root::outside(), None);
        });
    }
}
