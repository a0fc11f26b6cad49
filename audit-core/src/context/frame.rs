//! The stack of contexts that a thread is in.

use std::any::Any;
use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use crate::context::AuditContext;
use crate::context::root::Root;
use crate::context::running::Running;
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
    cause: Option<(Tenant, Uuid)>,
    action: Action,
    /// None where the context was only named.
    root: Option<Root>,
}

/// The type of an auditor belongs to a higher room.
type Recorder = Arc<dyn Any + Send + Sync>;

/// The action that runs in a frame.
#[derive(Debug)]
enum Action {
    None,
    Own(Running),
    /// That of a frame further out.
    Outer(Frame),
}

thread_local! {
    static STACK: RefCell<Stack> = const { RefCell::new(Stack { next: 0, slots: Vec::new() }) };
}

struct Stack {
    next: u64,
    slots: Vec<Slot>,
}

struct Slot {
    id: u64,
    state: State,
}

enum State {
    /// Entered: in this frame, or explicitly in none.
    Entered(Option<Frame>),
    /// In the frame below, but the action that runs there is not meant.
    Apart,
    /// Left while a later one was still entered: guards may be dropped in any order.
    Left,
}

impl Stack {
    fn frame(&self) -> Option<&Frame> {
        let entered = self.slots.iter().rev().find_map(|slot| match &slot.state {
            State::Entered(frame) => Some(frame.as_ref()),
            State::Apart | State::Left => None,
        });
        entered.flatten()
    }
}

impl Frame {
    /// The frame that this thread is in.
    pub(crate) fn current() -> Option<Self> {
        Self::look(|frame| Some(Self(Arc::clone(&frame?.0))))
    }

    /// Looks at the frame that this thread is in, without taking it. The closure must run no code
    /// of the user: the stack is borrowed.
    pub(crate) fn look<R>(look: impl Fn(Option<&Self>) -> R) -> R {
        // A thread that is being torn down is in no context.
        let seen = STACK.try_with(|stack| {
            let stack = stack.try_borrow().ok()?;
            Some(look(stack.frame()))
        });
        seen.ok().flatten().unwrap_or_else(|| look(None))
    }

    /// The outermost context that the frame of this thread is nested in.
    pub(crate) fn current_root() -> Option<Root> {
        Self::look(|frame| frame?.0.root)
    }

    /// The frame of the innermost action that runs on this thread.
    pub(crate) fn of_action() -> Option<Self> {
        let found = STACK.try_with(|stack| {
            let stack = stack.try_borrow().ok()?;
            let states = stack.slots.iter().rev().map(|slot| &slot.state);
            for state in states {
                match state {
                    State::Entered(frame) => return frame.clone(),
                    State::Apart => return None,
                    State::Left => {}
                }
            }
            None
        });
        found
            .ok()
            .flatten()
            .filter(|frame| frame.action().is_some())
    }

    /// A context as it is inside the current one.
    pub(crate) fn nested(context: AuditContext) -> Self {
        let outer = Self::current();
        let root = outer.as_ref().and_then(|outer| outer.0.root);
        let own_cause = context.parts_cause();
        let own_cause = own_cause.map(|cause| (context.tenant().clone(), cause));
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
            if outer.action().is_some() {
                parts.action = Action::Outer(outer);
            }
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
            cause: cause.map(|cause| (context.tenant().clone(), cause)),
            context: Some(context),
            recorder: None,
            action: Action::None,
            root: None,
        }))
    }

    /// What the body of an action runs in: the same, and everything is caused by its entry.
    pub(crate) fn of_body(
        outer: Option<&Self>,
        recorder: Option<Recorder>,
        tenant: Option<Tenant>,
        entry: Uuid,
    ) -> Self {
        let outer = outer.map(|outer| &*outer.0);
        Self(Arc::new(FrameParts {
            context: outer.and_then(|outer| outer.context.clone()),
            recorder: recorder.or_else(|| outer.and_then(|outer| outer.recorder.clone())),
            operation: outer.and_then(|outer| outer.operation.clone()),
            cause: tenant.map(|tenant| (tenant, entry)),
            action: Action::Own(Running::new(entry)),
            root: outer.and_then(|outer| outer.root),
        }))
    }

    pub(crate) fn context(&self) -> Option<&AuditContext> {
        self.0.context.as_ref()
    }

    pub(crate) fn tenant(&self) -> Option<&Tenant> {
        self.context().map(AuditContext::tenant)
    }

    pub(crate) fn recorder<T: Any>(&self) -> Option<&T> {
        let own = self.0.recorder.as_deref();
        own.or_else(|| self.context()?.recorder())?.downcast_ref()
    }

    pub(crate) fn operation(&self, next_id: impl FnOnce() -> Uuid) -> Option<Uuid> {
        let operation = self.0.operation.as_ref()?;
        Some(*operation.get_or_init(next_id))
    }

    /// The entry that causes what is recorded here, in a tenant's log.
    pub(crate) fn cause(&self, tenant: &Tenant) -> Option<Uuid> {
        let (stands_in, cause) = self.0.cause.as_ref()?;
        (stands_in == tenant).then_some(*cause)
    }

    /// The action that runs here.
    pub(crate) fn action(&self) -> Option<&Running> {
        match &self.0.action {
            Action::None => None,
            Action::Own(action) => Some(action),
            Action::Outer(frame) => frame.action(),
        }
    }

    pub(crate) fn enter(self) -> ContextGuard {
        enter(Some(self))
    }
}

pub(crate) fn enter(frame: Option<Frame>) -> ContextGuard {
    push(State::Entered(frame))
}

/// Stays in the same frame, but apart from the action that runs there.
pub(crate) fn stand_apart() -> ContextGuard {
    push(State::Apart)
}

fn push(state: State) -> ContextGuard {
    let mut state = Some(state);
    let id = STACK
        .try_with(|stack| {
            let mut stack = stack.try_borrow_mut().ok()?;
            let id = stack.next;
            stack.next = stack.next.wrapping_add(1);
            let state = state.take()?;
            stack.slots.push(Slot { id, state });
            Some(id)
        })
        .ok()
        .flatten();
    ContextGuard {
        id,
        stays_on_its_thread: PhantomData,
    }
}

/// Leaves the context when dropped.
///
/// Guards are best dropped in reverse order; in another order each still ends its own context
/// only.
#[must_use = "the context ends when the guard is dropped; bind it to a name such as `_guard`"]
#[derive(Debug)]
pub struct ContextGuard {
    id: Option<u64>,
    stays_on_its_thread: PhantomData<*const ()>,
}

impl Drop for ContextGuard {
    fn drop(&mut self) {
        let Some(id) = self.id else { return };
        // What is taken off the stack is dropped after the borrow ends: dropping a context may
        // run code of the user, who may ask for the current one.
        let removed = STACK.try_with(|stack| {
            let mut removed = Vec::new();
            if let Ok(mut stack) = stack.try_borrow_mut() {
                if let Some(slot) = stack.slots.iter_mut().rev().find(|slot| slot.id == id) {
                    removed.push(std::mem::replace(&mut slot.state, State::Left));
                }
                while let Some(Slot {
                    state: State::Left, ..
                }) = stack.slots.last()
                {
                    stack.slots.pop();
                }
            }
            removed
        });
        drop(removed);
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
    fn guards_may_be_dropped_in_any_order() {
        let first = AuditContext::new("a").enter();
        let second = AuditContext::new("b").enter();
        drop(first);
        assert_eq!(tenant().as_deref(), Some("b"));
        let third = AuditContext::new("c").enter();
        drop(second);
        assert_eq!(tenant().as_deref(), Some("c"));
        drop(third);
        assert_eq!(tenant(), None);
        STACK.with(|stack| assert!(stack.borrow().slots.is_empty()));
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
