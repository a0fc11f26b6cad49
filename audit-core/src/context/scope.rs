//! A context that is entered again and again, as one unit of work.

use crate::context::AuditContext;
use crate::context::frame::Frame;
use crate::context::stack::ContextGuard;

/// A context that is entered piece by piece, while everything in it is one operation.
///
/// For work that is neither one closure nor one future: a response whose body is still written
/// after its handler has returned. Entering an [`AuditContext`] twice begins two operations;
/// entering this twice goes on with the one.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let request = AuditContext::new("acme").begin();
/// request.scope(|| auditor.log("export").record())?;
/// request.scope(|| auditor.log("stream").record())?;
///
/// let entries = auditor.tenant("acme").entries().page()?.entries;
/// assert_eq!(entries[0].operation, entries[1].operation);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ContextScope(Frame);

impl AuditContext {
    /// Begins a unit of work in this context, without entering it yet. What the context leaves out
    /// is taken from the context of here and now.
    #[must_use]
    pub fn begin(&self) -> ContextScope {
        ContextScope(Frame::nested(self.clone()))
    }

    /// The same, where nothing is taken from the context of here and now: for a job that brings its own,
    /// wherever it happens to run.
    #[must_use]
    pub fn begin_apart(&self) -> ContextScope {
        ContextScope(Frame::outermost(self.clone()))
    }
}

impl ContextScope {
    /// The scope that this code runs in, to come back to it later.
    #[must_use]
    pub fn current() -> Option<Self> {
        Frame::current().map(Self)
    }

    /// Runs a closure in it.
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _guard = self.enter();
        work()
    }

    /// Whether both act for the same tenant as the same actor.
    ///
    /// ```
    /// use audit_core::{Actor, AuditContext};
    ///
    /// let ada = AuditContext::new("acme").actor(Actor::user(7, "ada"));
    /// let request = ada.begin();
    /// assert!(request.acts_as(&ada.request_id("r-1").begin()));
    /// assert!(!request.acts_as(&AuditContext::new("globex").begin()));
    /// ```
    #[must_use]
    pub fn acts_as(&self, other: &Self) -> bool {
        let who = |scope: &Self| {
            let context = scope.0.context()?;
            Some((context.tenant().clone(), context.resolve_actor()))
        };
        self.0.is(&other.0) || who(self) == who(other)
    }

    /// Enters it until the guard is dropped. Never hold the guard across an `.await`.
    pub fn enter(&self) -> ContextGuard {
        self.0.clone().enter()
    }
}
