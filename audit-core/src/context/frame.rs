//! A context as entered.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use crate::context::AuditContext;
use crate::context::late::TenantSource;
use crate::context::root::Root;
use crate::context::running::Running;
use crate::context::stack::{ContextGuard, enter};
use crate::entry::Tenant;

/// A context as entered: with its operation, which begins when the outermost one is entered and
/// gets its id when first asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Frame(Arc<FrameParts>);

#[derive(Debug)]
struct FrameParts {
    /// None where an action runs that nobody gave a context.
    context: Option<AuditContext>,
    /// The auditor that goes before the one of the context.
    recorder: Option<Recorder>,
    /// None where the context was only named, not entered: that begins no unit of work.
    operation: Option<Arc<OnceLock<Uuid>>>,
    /// The entry that causes what is recorded here, and whose log it stands in: in another log it
    /// would mean nothing.
    cause: Option<(TenantSource, Uuid)>,
    action: Action,
    /// None where the context was only named.
    root: Option<Root>,
}

/// An auditor. Its type belongs to a higher room.
#[derive(Clone, Debug)]
pub(crate) struct Recorder {
    pub(crate) auditor: Arc<dyn Any + Send + Sync>,
    /// The auditor's own, which is never zero.
    pub(crate) number: u64,
}

/// The action that runs in a frame.
#[derive(Debug)]
enum Action {
    None,
    Own(Running),
    /// That of a frame further out, whose own it is. Frames in between are not held: work that goes on
    /// by spawning itself would make an endless chain of them.
    Outer(Frame),
}

impl Frame {
    /// The outermost context that the frame of this thread is nested in.
    pub(crate) fn current_root() -> Option<Root> {
        Self::look(|frame| frame?.0.root)
    }

    /// A context as it is inside the current one.
    pub(crate) fn nested(context: AuditContext) -> Self {
        Self::within(context, Self::current())
    }

    /// A context as the outermost one, whatever the current one is.
    pub(crate) fn outermost(context: AuditContext) -> Self {
        Self::within(context, None)
    }

    fn within(context: AuditContext, outer: Option<Self>) -> Self {
        let root = outer.as_ref().and_then(|outer| outer.0.root);
        let own_cause = context.parts_cause();
        let own_cause = own_cause.map(|cause| (context.tenant_source().clone(), cause));
        let mut parts = FrameParts {
            context: None,
            recorder: None,
            operation: None,
            cause: own_cause,
            action: Action::None,
            root: Some(root.unwrap_or_else(Root::of_outermost)),
        };
        let mut operation = Arc::default();
        let mut context = context;
        if let Some(outer) = outer {
            let is_one_tenant = outer.tenant() == Some(context.tenant());
            if is_one_tenant && let Some(outer) = &outer.0.operation {
                operation = Arc::clone(outer);
            }
            if !context.brings_recorder() {
                parts.recorder.clone_from(&outer.0.recorder);
            }
            if parts.cause.is_none() {
                parts.cause.clone_from(&outer.0.cause);
            }
            if let Some(outer) = &outer.0.context {
                context = context.within(outer);
            }
            parts.action = outer.action_within();
        }
        parts.operation = Some(match context.parts_operation() {
            Some(own) if operation.get() != Some(&own) => Arc::new(OnceLock::from(own)),
            _ => operation,
        });
        parts.context = Some(context);
        Self(Arc::new(parts))
    }

    /// A context by itself, whatever the current one is.
    pub(crate) fn alone(context: AuditContext) -> Self {
        let operation = context.parts_operation();
        let cause = context.parts_cause();
        Self(Arc::new(FrameParts {
            operation: operation.map(|own| Arc::new(OnceLock::from(own))),
            cause: cause.map(|cause| (context.tenant_source().clone(), cause)),
            context: Some(context),
            recorder: None,
            action: Action::None,
            root: None,
        }))
    }

    /// What the body of an action runs in: the same, and everything is caused by its entry, which
    /// stands in the log of this tenant or else of the context's.
    pub(crate) fn of_body(
        outer: Option<&Self>,
        recorder: Option<Recorder>,
        tenant: Option<Tenant>,
        entry: Uuid,
    ) -> Self {
        let outer = outer.map(|outer| &*outer.0);
        let context = outer.and_then(|outer| outer.context.as_ref());
        let source = tenant.map(TenantSource::Known);
        let source = source.or_else(|| context.map(|context| context.tenant_source().clone()));
        Self(Arc::new(FrameParts {
            context: context.cloned(),
            recorder: recorder.or_else(|| outer.and_then(|outer| outer.recorder.clone())),
            operation: outer.and_then(|outer| outer.operation.clone()),
            cause: source.map(|source| (source, entry)),
            action: Action::Own(Running::new(entry)),
            // A transaction that begins in the body is for the body, and not for whatever else takes
            // turns on the thread outside of any context.
            root: outer
                .and_then(|outer| outer.root)
                .or_else(|| Some(Root::of_outermost())),
        }))
    }

    /// Whether both were entered as one.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn context(&self) -> Option<&AuditContext> {
        self.0.context.as_ref()
    }

    pub(crate) fn tenant(&self) -> Option<&Tenant> {
        self.context().map(AuditContext::tenant)
    }

    pub(crate) fn recorder(&self) -> Option<&Recorder> {
        let own = self.0.recorder.as_ref();
        own.or_else(|| self.context()?.recorder())
    }

    pub(crate) fn operation(&self, next_id: impl FnOnce() -> Uuid) -> Option<Uuid> {
        let operation = self.0.operation.as_ref()?;
        Some(*operation.get_or_init(next_id))
    }

    /// The entry that causes what is recorded here, in a tenant's log.
    pub(crate) fn cause(&self, tenant: &Tenant) -> Option<Uuid> {
        let (stands_in, cause) = self.0.cause.as_ref()?;
        (stands_in.get() == tenant).then_some(*cause)
    }

    /// The action that runs here.
    pub(crate) fn action(&self) -> Option<&Running> {
        match &self.0.action {
            Action::None => None,
            Action::Own(action) => Some(action),
            Action::Outer(frame) => frame.action(),
        }
    }

    /// The action that runs here, for a frame inside of this one.
    fn action_within(&self) -> Action {
        match &self.0.action {
            Action::None => Action::None,
            Action::Own(_) => Action::Outer(self.clone()),
            Action::Outer(owner) => Action::Outer(owner.clone()),
        }
    }

    pub(crate) fn enter(self) -> ContextGuard {
        enter(Some(self))
    }
}

/// A closure that runs in the context of here and now, on whatever thread it is called.
///
/// For what is spawned: threads, thread pools, `spawn_blocking`. For futures there is
/// [`InContext::in_current_context`](crate::InContext::in_current_context).
///
/// ```
/// use audit_core::{AuditContext, in_current_context};
///
/// let tenant = AuditContext::new("acme").scope(|| {
///     let work = in_current_context(|| AuditContext::current().unwrap().tenant().clone());
///     std::thread::spawn(work).join().unwrap()
/// });
/// assert_eq!(tenant.as_str(), "acme");
/// ```
pub fn in_current_context<R>(work: impl FnOnce() -> R) -> impl FnOnce() -> R {
    let frame = Frame::current();
    move || {
        let _guard = enter(frame);
        work()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::entry::Actor;

    fn tenant() -> Option<String> {
        AuditContext::current().map(|context| context.tenant().to_string())
    }

    #[test]
    fn nested_scopes_merge_and_end() {
        let outer = AuditContext::new("a")
            .actor(Actor::user(1, "ada"))
            .request_data("path", "/x")
            .request_data("method", "GET");
        outer.scope(|| {
            AuditContext::new("b")
                .request_data("method", "POST")
                .scope(|| {
                    let inner = AuditContext::current().unwrap();
                    assert_eq!(inner.tenant().as_str(), "b");
                    assert_eq!(inner.resolve_actor().name(), Some("ada"));
                    let data = inner.parts_request_data().unwrap();
                    assert_eq!(
                        (&data["path"], &data["method"]),
                        (&"/x".into(), &"POST".into())
                    );
                });
            assert_eq!(tenant().as_deref(), Some("a"));
        });
        assert_eq!(tenant(), None);
    }

    #[test]
    fn a_panic_ends_the_scope() {
        let context = AuditContext::new("a");
        let result = catch_unwind(AssertUnwindSafe(|| context.scope(|| panic!("boom"))));
        assert!(result.is_err());
        assert_eq!(tenant(), None);
    }

    #[test]
    fn an_operation_spans_nested_scopes_and_no_others() {
        let operation = || Frame::current().unwrap().operation(Uuid::now_v7).unwrap();
        let context = AuditContext::new("a");
        let (outer, inner) =
            context.scope(|| (operation(), AuditContext::new("a").scope(operation)));
        assert_eq!(outer, inner);
        let foreign = context.scope(|| (operation(), AuditContext::new("b").scope(operation)));
        assert_ne!(foreign.0, foreign.1);
        assert_ne!(outer, context.scope(operation));
        let own = Uuid::from_u128(5);
        let named = context.scope(|| AuditContext::new("a").operation(own).scope(operation));
        assert_eq!(named, own);
    }

    #[test]
    fn contexts_that_are_nested_for_ever_hold_the_action_and_nothing_in_between() {
        let id = Uuid::from_u128(1);
        let body = Frame::of_body(None, None, None, id);
        let mut frame = body.clone();
        let first = {
            let _guard = frame.clone().enter();
            Frame::nested(AuditContext::new("a"))
        };
        let in_between = Arc::downgrade(&first.0);
        frame = first;
        for _ in 0..100_000 {
            let _guard = frame.clone().enter();
            frame = Frame::nested(AuditContext::new("a"));
        }
        assert_eq!(frame.action().unwrap().entry(), id);
        assert!(in_between.upgrade().is_none());
        drop(body);
        assert_eq!(frame.action().unwrap().entry(), id);
    }

    #[test]
    fn what_is_spawned_carries_the_context_only_when_told_to() {
        AuditContext::new("a").scope(|| {
            let plain = std::thread::spawn(tenant).join().unwrap();
            assert_eq!(plain, None);
            let carried = std::thread::spawn(in_current_context(tenant))
                .join()
                .unwrap();
            assert_eq!(carried.as_deref(), Some("a"));
        });
        let work = in_current_context(tenant);
        AuditContext::new("b").scope(|| assert_eq!(work(), None));
    }
}
