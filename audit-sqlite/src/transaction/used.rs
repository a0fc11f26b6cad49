//! Where the caller last used the connection: rows that are changed are changed there.

use audit_core::ContextScope;

#[derive(Default)]
pub(super) enum Used {
    /// Nowhere yet, or nothing is tracked.
    #[default]
    NotYet,
    OutsideOfContexts,
    In(ContextScope),
}

impl Used {
    /// Here and now.
    pub(super) fn here() -> Self {
        ContextScope::current().map_or(Self::OutsideOfContexts, Self::In)
    }

    /// Where that was, if whoever acts now is somebody else: what was changed until here is not theirs.
    pub(super) fn take_left(&mut self) -> Option<Self> {
        let is_left = match (&*self, Self::here()) {
            (Self::NotYet, _) | (Self::OutsideOfContexts, Self::OutsideOfContexts) => false,
            (Self::In(left), Self::In(now)) => !left.acts_as(&now),
            _ => true,
        };
        is_left.then(|| std::mem::take(self))
    }
}
