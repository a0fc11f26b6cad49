//! The stack of contexts that a thread is in.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

use uuid::Uuid;

use crate::context::AuditContext;

/// A context as entered: with its operation, which begins when the outermost one is entered and
/// gets its id when first asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Frame(Arc<FrameParts>);

#[derive(Clone, Debug)]
struct FrameParts {
    context: AuditContext,
    /// None where the context was only named, not entered: that begins no unit of work.
    operation: Option<Arc<OnceLock<Uuid>>>,
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
    /// Left while a later one was still entered: guards may be dropped in any order.
    Left,
}

impl Frame {
    /// The frame that this thread is in.
    pub(crate) fn current() -> Option<Self> {
        // A thread that is being torn down is in no context.
        STACK
            .try_with(|stack| {
                let stack = stack.try_borrow().ok()?;
                stack
                    .slots
                    .iter()
                    .rev()
                    .find_map(|slot| match &slot.state {
                        State::Entered(frame) => Some(frame.clone()),
                        State::Left => None,
                    })?
            })
            .ok()
            .flatten()
    }

    /// A context as it is inside the current one.
    pub(crate) fn nested(context: AuditContext) -> Self {
        let outer = Self::current();
        let (context, operation) = match &outer {
            Some(outer) => {
                let is_one_tenant = context.tenant() == outer.0.context.tenant();
                let operation = outer.0.operation.clone().filter(|_| is_one_tenant);
                (
                    context.within(&outer.0.context),
                    operation.unwrap_or_default(),
                )
            }
            None => (context, Arc::default()),
        };
        let operation = match context.parts_operation() {
            Some(own) if operation.get() != Some(&own) => Arc::new(OnceLock::from(own)),
            _ => operation,
        };
        Self(Arc::new(FrameParts {
            context,
            operation: Some(operation),
        }))
    }

    /// A context by itself, whatever the current one is.
    pub(crate) fn alone(context: AuditContext) -> Self {
        let operation = context.parts_operation();
        Self(Arc::new(FrameParts {
            context,
            operation: operation.map(|own| Arc::new(OnceLock::from(own))),
        }))
    }

    /// The same frame, in which everything is caused by an entry.
    pub(crate) fn caused_by(&self, entry: Uuid) -> Self {
        Self(Arc::new(FrameParts {
            context: self.0.context.clone().caused_by(entry),
            operation: self.0.operation.clone(),
        }))
    }

    pub(crate) fn context(&self) -> &AuditContext {
        &self.0.context
    }

    pub(crate) fn operation(&self, next_id: impl FnOnce() -> Uuid) -> Option<Uuid> {
        let operation = self.0.operation.as_ref()?;
        Some(*operation.get_or_init(next_id))
    }

    pub(crate) fn enter(self) -> ContextGuard {
        enter(Some(self))
    }
}

pub(super) fn enter(frame: Option<Frame>) -> ContextGuard {
    let id = STACK
        .try_with(|stack| {
            let mut stack = stack.try_borrow_mut().ok()?;
            let id = stack.next;
            stack.next = stack.next.wrapping_add(1);
            stack.slots.push(Slot {
                id,
                state: State::Entered(frame),
            });
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
