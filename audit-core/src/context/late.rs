//! An actor that becomes known while the work runs.

use std::sync::{Arc, OnceLock};

use crate::context::AuditContext;
use crate::entry::Actor;

#[derive(Clone)]
pub(super) enum ActorSource {
    Known(Arc<Actor>),
    Late(Arc<dyn Fn() -> Option<Actor> + Send + Sync>),
}

impl ActorSource {
    pub(super) fn resolve(&self) -> Option<Actor> {
        match self {
            Self::Known(actor) => Some(Actor::clone(actor)),
            Self::Late(resolve) => resolve(),
        }
    }
}

/// A slot for an actor who becomes known after the context is entered.
///
/// The outermost layer of a service knows tenant and address; who it is turns out later, when
/// authentication has run. Hand one clone of the slot to the context and fill another.
///
/// ```
/// use audit_core::{Actor, AuditContext, LateActor};
///
/// let slot = LateActor::new();
/// let context = AuditContext::new("acme").late_actor(&slot);
/// context.scope(|| {
///     assert_eq!(AuditContext::current().unwrap().resolve_actor(), Actor::anonymous());
///     slot.set(Actor::user(7, "ada"));
///     assert_eq!(AuditContext::current().unwrap().resolve_actor(), Actor::user(7, "ada"));
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct LateActor(Arc<OnceLock<Actor>>);

impl LateActor {
    /// An empty slot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says who it is. The first word stands: a second one changes nothing.
    pub fn set(&self, actor: Actor) {
        self.0.get_or_init(|| actor);
    }

    /// Who it is, if anybody was named.
    #[must_use]
    pub fn get(&self) -> Option<&Actor> {
        self.0.get()
    }
}

impl AuditContext {
    /// Says that who acts will be told through a slot; see [`LateActor`].
    #[must_use]
    pub fn late_actor(self, slot: &LateActor) -> Self {
        let slot = Arc::clone(&slot.0);
        self.actor_with(move || slot.get().cloned())
    }
}
