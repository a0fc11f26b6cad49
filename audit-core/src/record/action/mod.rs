//! What `#[audit_action]` expands to: a call that records how it ended.

mod attempt;
mod body;
mod current;
mod finish;
mod strict;
mod values;
mod versions;
mod words;

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

pub use self::body::Body;
pub use self::current::{CurrentAction, current_action};
pub use self::strict::{Refusable, StrictError, refuse};
pub use self::values::{
    Behind, Itself, MaybeNone, Subject, ToAuditor, ToContext, ToReason, ToTenant, context, enter,
    within,
};
pub use self::versions::Version;
use crate::context::{Frame, Here, PANICKED, Recorder, unrecordable};
use crate::diff::Recordable;
use crate::entry::{Entity, EntityId, Tenant};
use crate::record::auditor::Auditor;
use crate::record::guarded::guarded;
use crate::record::parts::Parts;
use crate::record::policy::FailurePolicy;

/// An annotated function: what is known of it before it is called.
pub struct Action {
    name: &'static str,
    entity_type: Option<&'static str>,
    /// The auditor that was last asked, and whether it has switched this action off in the lowest
    /// bit. Auditors are never confused: a number is given once.
    asked: AtomicU64,
}

impl Action {
    /// An annotated function.
    #[must_use]
    pub const fn new(name: &'static str, entity_type: Option<&'static str>) -> Self {
        Self {
            name,
            entity_type,
            asked: AtomicU64::new(0),
        }
    }

    /// A call: notes who calls, and begins to count the time.
    #[must_use]
    #[inline]
    pub fn start(&'static self) -> ActionCall {
        let here = Here::now();
        let number = Auditor::number_here(here);
        // An action that is off may be called in the innermost of loops.
        if self.asked.load(Ordering::Relaxed) == answer(number, true) {
            return ActionCall::off(here);
        }
        self.start_slowly(here)
    }

    #[inline(never)]
    fn start_slowly(&'static self, here: Here) -> ActionCall {
        let (auditor, frame) =
            Frame::look(|frame| (Auditor::of_frame(frame).cloned(), frame.cloned()));
        if auditor.as_ref().is_some_and(|auditor| self.is_off(auditor)) {
            return ActionCall::off(here);
        }
        self.start_in(auditor, frame)
    }

    /// A call that records through this auditor, whatever the current one is.
    #[must_use]
    pub fn start_through(&'static self, auditor: &dyn ToAuditor) -> ActionCall {
        let auditor = auditor.auditor();
        if self.is_off(auditor) {
            return ActionCall::off(Here::now());
        }
        let mut call = self.start_in(Some(auditor.clone()), Frame::current());
        if let Some(live) = &mut call.live {
            live.recorder = Some(auditor.to_recorder());
        }
        call
    }

    fn start_in(&'static self, auditor: Option<Auditor>, frame: Option<Frame>) -> ActionCall {
        let name = Cow::Borrowed(self.name);
        let mut parts = Parts::new(auditor.as_ref(), name, frame);
        // The function's own error type cannot carry ours, so the work goes on.
        parts.policy = Some(FailurePolicy::BestEffort);
        parts.entity = self.entity_type.map(Entity::new);
        let live = Live {
            auditor,
            parts,
            id: None,
            name: None,
            is_named: false,
            recorder: None,
            body: None,
            is_async: false,
            is_polling: false,
            attempt: None,
            started: Instant::now(),
            duration: None,
        };
        ActionCall {
            live: Some(Box::new(live)),
            apart: false,
        }
    }

    fn is_off(&self, auditor: &Auditor) -> bool {
        if !auditor.is_any_off() {
            return false;
        }
        let asked = self.asked.load(Ordering::Relaxed);
        if asked >> 1 == auditor.number() {
            return asked & 1 == 1;
        }
        let is_off = auditor.is_off(self.name);
        self.asked
            .store(answer(auditor.number(), is_off), Ordering::Relaxed);
        is_off
    }
}

/// What is remembered of an auditor.
fn answer(auditor: u64, is_off: bool) -> u64 {
    (auditor << 1) | u64::from(is_off)
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Action").field(&self.name).finish()
    }
}

/// A call of an annotated function. Dropped before it is finished, it records that.
pub struct ActionCall {
    /// None where nothing is recorded.
    live: Option<Box<Live>>,
    /// Nothing is recorded, but another action runs around, and what the body says about its own
    /// is not said about that one.
    apart: bool,
}

/// A call that will leave an entry.
struct Live {
    auditor: Option<Auditor>,
    parts: Parts,
    /// Kept apart from the draft's entity, which may still become another.
    id: Option<EntityId>,
    name: Option<String>,
    /// A word says which record it is, so that what changed does not.
    is_named: bool,
    /// The auditor that the body records through, if it is not that of its context.
    recorder: Option<Recorder>,
    /// What the body runs in.
    body: Option<Frame>,
    is_async: bool,
    /// Still set when dropped: the body panicked.
    is_polling: bool,
    /// Whose log the attempt is noted for.
    attempt: Option<Tenant>,
    started: Instant,
    /// How long the body took.
    duration: Option<Duration>,
}

// Every method takes `&mut self` and is called on a `&mut ActionCall`: so it is found before any
// method of that name which a blanket trait of the user may have.
impl ActionCall {
    #[inline]
    fn off(here: Here) -> Self {
        Self {
            live: None,
            apart: here.in_action,
        }
    }

    /// Whether an entry will be left.
    #[must_use]
    #[inline]
    pub fn is_on(&mut self) -> bool {
        self.live.is_some()
    }

    /// Leaves no entry.
    pub fn skip(&mut self) {
        if self.live.take().is_some() {
            self.apart = Here::now().in_action;
        }
    }
}

impl Live {
    /// Puts together what was said about the record.
    fn name(&mut self) {
        let (id, name) = (self.id.take(), self.name.take());
        if let Some(entity) = &mut self.parts.entity {
            entity.id = id.or(entity.id.take());
            let name = name.filter(|name| !name.is_empty());
            entity.name = name.map(Into::into).or(entity.name.take());
            return;
        }
        // It turned out that there is no record; what was said of it is kept all the same.
        if let Some(id) = id {
            self.remember("entity_id", || id.to_json());
        }
        if let Some(name) = name {
            self.remember("entity_name", || name.to_json());
        }
    }

    fn remember(
        &mut self,
        name: impl Into<String>,
        value: impl FnOnce() -> serde_json::Result<Value>,
    ) {
        self.parts.metadata.insert(name.into(), recordable(value));
    }

    /// Says in the entry what could not be taken into it: the action is recorded all the same.
    fn miss(&mut self, name: &str, why: &str) {
        let metadata = &mut self.parts.metadata;
        metadata.insert(name.to_owned(), unrecordable(why));
    }
}

/// Runs code of the user's types. A panic in it is told of in the entry: it must cost neither the
/// entry nor what the function returns.
fn recordable(value: impl FnOnce() -> serde_json::Result<Value>) -> Value {
    match guarded(value) {
        Some(Ok(value)) => value,
        Some(Err(_)) => unrecordable("cannot be written as JSON"),
        None => unrecordable(PANICKED),
    }
}

impl fmt::Debug for ActionCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.live.as_ref().map(|live| live.parts.id);
        f.debug_tuple("ActionCall").field(&id).finish()
    }
}
