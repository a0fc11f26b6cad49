//! The stack of contexts that a thread is in.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;

use crate::context::frame::Frame;

thread_local! {
    static STACK: RefCell<Stack> = const { RefCell::new(Stack { next: 0, slots: Vec::new() }) };
    /// What the top of the stack says, for calls that have no time to look.
    static HERE: Cell<Here> = const { Cell::new(Here::NOWHERE) };
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

/// What a call has to know of where it is before it knows that it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Here {
    /// The number of the auditor that is meant here; zero if none is.
    pub(crate) auditor: u64,
    /// Whether an action runs that is meant here.
    pub(crate) in_action: bool,
}

impl Here {
    const NOWHERE: Self = Self {
        auditor: 0,
        in_action: false,
    };

    /// Costs a read: it is kept up to date wherever a frame is entered or left.
    #[inline]
    pub(crate) fn now() -> Self {
        HERE.get()
    }
}

impl Stack {
    fn frame(&self) -> Option<&Frame> {
        let entered = self.slots.iter().rev().find_map(|slot| match &slot.state {
            State::Entered(frame) => Some(frame.as_ref()),
            State::Apart | State::Left => None,
        });
        entered.flatten()
    }

    /// The frame, unless the action that runs there is not meant or there is none.
    fn of_action(&self) -> Option<&Frame> {
        let last = self.slots.iter().rev();
        let last = last
            .map(|slot| &slot.state)
            .find(|state| !matches!(state, State::Left));
        match last {
            Some(State::Entered(Some(frame))) if frame.action().is_some() => Some(frame),
            _ => None,
        }
    }

    fn note(&self) {
        let recorder = self.frame().and_then(Frame::recorder);
        HERE.set(Here {
            auditor: recorder.map_or(0, |recorder| recorder.number),
            in_action: self.of_action().is_some(),
        });
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        HERE.set(Here::NOWHERE);
    }
}

impl Frame {
    /// The frame that this thread is in.
    pub(crate) fn current() -> Option<Self> {
        Self::look(|frame| Some(Self::clone(frame?)))
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

    /// The frame of the innermost action that runs on this thread.
    pub(crate) fn of_action() -> Option<Self> {
        let found = STACK.try_with(|stack| stack.try_borrow().ok()?.of_action().cloned());
        found.ok().flatten()
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
            stack.note();
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
            let mut stack = stack.try_borrow_mut().ok()?;
            let slot = stack.slots.iter_mut().rev().find(|slot| slot.id == id)?;
            let removed = std::mem::replace(&mut slot.state, State::Left);
            while let Some(Slot {
                state: State::Left, ..
            }) = stack.slots.last()
            {
                stack.slots.pop();
            }
            stack.note();
            Some(removed)
        });
        drop(removed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::context::{AuditContext, Recorder};

    fn tenant() -> Option<String> {
        AuditContext::current().map(|context| context.tenant().to_string())
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
    fn what_is_noted_is_what_the_stack_says() {
        let brings = |number| {
            let auditor = Arc::new(());
            AuditContext::new("a").with_recorder(Recorder { auditor, number })
        };
        let body = || Frame::of_body(Frame::current().as_ref(), None, None, uuid::Uuid::nil());
        let here = |auditor, in_action| Here { auditor, in_action };
        assert_eq!(Here::now(), Here::NOWHERE);
        let first = brings(1).enter();
        assert_eq!(Here::now(), here(1, false));
        let action = body().enter();
        assert_eq!(Here::now(), here(1, true));
        let second = brings(2).enter();
        assert_eq!(Here::now(), here(2, true));
        let apart = stand_apart();
        assert_eq!(Here::now(), here(2, false));
        drop(second);
        assert_eq!(Here::now(), here(1, false));
        let nowhere = enter(None);
        assert_eq!(Here::now(), Here::NOWHERE);
        drop(apart);
        drop(nowhere);
        assert_eq!(Here::now(), here(1, true));
        drop(action);
        assert_eq!(Here::now(), here(1, false));
        drop(first);
        assert_eq!(Here::now(), Here::NOWHERE);
    }
}
