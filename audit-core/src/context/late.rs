//! A tenant and an actor that become known while the work runs.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use crate::context::AuditContext;
use crate::entry::{Actor, Tenant};

#[derive(Clone)]
pub(super) enum ActorSource {
    Known(Arc<Actor>),
    Slot(LateActor),
    Late(Arc<dyn Fn() -> Option<Actor> + Send + Sync>),
}

/// The code that says who acts panicked.
#[derive(Debug)]
pub(super) struct Panicked;

thread_local! {
    /// Code of the user is being asked who acts.
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

impl ActorSource {
    pub(super) fn resolve(&self) -> Result<Option<Actor>, Panicked> {
        match self {
            Self::Known(actor) => Ok(Some(Actor::clone(actor))),
            Self::Slot(slot) => Ok(slot.get().cloned()),
            Self::Late(resolve) => ask(&**resolve),
        }
    }
}

/// Asks code of the user who acts. What that code records is done by nobody: it would be asked for
/// ever. A panic in it must cost neither the entry nor the work that is recorded.
fn ask(resolve: &dyn Fn() -> Option<Actor>) -> Result<Option<Actor>, Panicked> {
    if ASKING.replace(true) {
        return Ok(None);
    }
    let found = catch_unwind(AssertUnwindSafe(resolve));
    ASKING.set(false);
    found.map_err(|_| Panicked)
}

/// Whose log a context writes to: known at once, or later.
#[derive(Clone, Debug)]
pub(super) enum TenantSource {
    Known(Tenant),
    Late {
        until_then: Tenant,
        slot: LateTenant,
    },
}

impl TenantSource {
    pub(super) fn get(&self) -> &Tenant {
        match self {
            Self::Known(tenant) => tenant,
            Self::Late { until_then, slot } => slot.get().unwrap_or(until_then),
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

    /// Says who it is. The first word stands: a second one changes nothing. Returns whether this was
    /// the first.
    #[expect(
        clippy::must_use_candidate,
        reason = "mostly, the first word is the only one"
    )]
    pub fn set(&self, actor: Actor) -> bool {
        self.0.set(actor).is_ok()
    }

    /// Who it is, if anybody was named.
    #[must_use]
    pub fn get(&self) -> Option<&Actor> {
        self.0.get()
    }
}

/// A slot for a tenant that becomes known after the context is entered.
///
/// The outermost layer of a service does not know whose request it is before a session is looked
/// up. Until then, what is recorded goes to the log of the tenant that the context was made with.
///
/// ```
/// use audit_core::{AuditContext, LateTenant};
///
/// let slot = LateTenant::new();
/// let context = AuditContext::new("platform").late_tenant(&slot);
/// context.scope(|| {
///     assert_eq!(AuditContext::current().unwrap().tenant().as_str(), "platform");
///     slot.set("acme");
///     assert_eq!(AuditContext::current().unwrap().tenant().as_str(), "acme");
/// });
/// ```
#[derive(Clone, Debug, Default)]
pub struct LateTenant(Arc<OnceLock<Tenant>>);

impl LateTenant {
    /// An empty slot.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says whose log it is. The first word stands: a second one changes nothing. Returns whether this
    /// was the first.
    pub fn set(&self, tenant: impl Into<Tenant>) -> bool {
        self.0.set(tenant.into()).is_ok()
    }

    /// Whose log it is, if anybody has said so.
    #[must_use]
    pub fn get(&self) -> Option<&Tenant> {
        self.0.get()
    }
}

impl AuditContext {
    /// Says that the tenant will be told through a slot; until then it is the one that this context
    /// was made with. See [`LateTenant`].
    #[must_use]
    pub fn late_tenant(self, slot: &LateTenant) -> Self {
        self.with(|parts| {
            let until_then = parts.tenant.get().clone();
            let slot = slot.clone();
            parts.tenant = TenantSource::Late { until_then, slot };
        })
    }

    /// Says that who acts will be told through a slot; see [`LateActor`].
    #[must_use]
    pub fn late_actor(self, slot: &LateActor) -> Self {
        self.with(|parts| parts.actor = Some(ActorSource::Slot(slot.clone())))
    }

    /// The slot that the tenant is told through, if there is one: for code that finds out whose work it
    /// is and has nothing else in hand.
    #[must_use]
    pub fn tenant_slot(&self) -> Option<&LateTenant> {
        match &self.0.tenant {
            TenantSource::Late { slot, .. } => Some(slot),
            TenantSource::Known(_) => None,
        }
    }

    /// The slot that who acts is told through, if there is one.
    #[must_use]
    pub fn actor_slot(&self) -> Option<&LateActor> {
        match &self.0.actor {
            Some(ActorSource::Slot(slot)) => Some(slot),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::PANICKED;
    use crate::entry::AuditEntry;
    use crate::record::Auditor;
    use crate::store::MemoryStore;

    #[test]
    fn the_first_word_stands() {
        let slot = LateTenant::new();
        assert!(slot.set("acme"));
        assert!(!slot.set("umbrella"));
        assert_eq!(slot.get(), Some(&Tenant::from("acme")));
    }

    #[test]
    fn slots_are_found_in_the_context() {
        let (tenant, actor) = (LateTenant::new(), LateActor::new());
        let context = AuditContext::new("platform").late_tenant(&tenant);
        assert!(AuditContext::new("acme").tenant_slot().is_none());
        assert!(context.actor_slot().is_none());
        context.late_actor(&actor).request_id("r-1").scope(|| {
            let current = AuditContext::current().unwrap();
            assert!(current.tenant_slot().unwrap().set("acme"));
            assert!(current.actor_slot().unwrap().set(Actor::system()));
            // Whoever enters another tenant's log knows whose it is.
            AuditContext::new("umbrella").scope(|| {
                assert!(AuditContext::current().unwrap().tenant_slot().is_none());
            });
        });
        assert_eq!(tenant.get().unwrap().as_str(), "acme");
        assert_eq!(actor.get(), Some(&Actor::system()));
    }

    #[test]
    fn a_draft_goes_to_the_tenant_that_is_known_when_it_is_recorded() {
        let auditor = Auditor::new(MemoryStore::new());
        let slot = LateTenant::new();
        AuditContext::new("platform").late_tenant(&slot).scope(|| {
            auditor.log("first").record().unwrap();
            let second = auditor.log("second");
            slot.set("acme");
            second.record().unwrap();
        });
        let actions = |tenant| {
            let page = auditor.tenant(tenant).entries().page().unwrap();
            let entries = page.entries.into_iter();
            entries.map(|entry| entry.action).collect::<Vec<_>>()
        };
        assert_eq!(actions("platform"), ["first"]);
        assert_eq!(actions("acme"), ["second"]);
    }

    #[test]
    fn a_cause_stays_one_where_the_tenant_turns_out_later() {
        let auditor = Auditor::new(MemoryStore::new());
        let cause = auditor.log("enqueue").tenant("acme").record().unwrap();
        let cause = cause.entry_id().unwrap();
        let slot = LateTenant::new();
        let context = AuditContext::new("platform").late_tenant(&slot);
        context.caused_by(cause).scope(|| {
            slot.set("acme");
            auditor.log("effect").record().unwrap();
        });
        let page = auditor.tenant("acme").entries().action("effect").page();
        assert_eq!(page.unwrap().entries[0].cause, Some(cause));
    }

    /// The entry of an action that is recorded in a context.
    fn recorded(context: &AuditContext, auditor: &Auditor, action: &str) -> AuditEntry {
        context.scope(|| auditor.log(action).metadata("kept", 1).record().unwrap());
        let page = auditor.tenant("acme").entries().action(action).page();
        page.unwrap().entries.remove(0)
    }

    #[test]
    fn an_actor_whose_code_panics_is_anonymous_and_the_entry_says_so() {
        let auditor = Auditor::new(MemoryStore::new());
        let context = AuditContext::new("acme").actor_with(|| panic!("no session store"));
        for action in ["first", "second"] {
            let entry = recorded(&context, &auditor, action);
            assert_eq!(entry.actor, Actor::anonymous());
            let why = &entry.metadata["actor"]["$unrecordable"];
            assert_eq!(
                (why, &entry.metadata["kept"]),
                (&PANICKED.into(), &1.into())
            );
        }
        assert_eq!(context.resolve_actor(), Actor::anonymous());
        let mut entry = recorded(&AuditContext::new("acme"), &auditor, "third");
        assert!(!entry.metadata.contains_key("actor"));
        context.describe(&mut entry);
        assert!(entry.metadata.contains_key("actor"));
        // Who is known is not asked for.
        let known = auditor
            .log("known")
            .context(&context)
            .actor(Actor::system());
        known.record().unwrap();
        let page = auditor.tenant("acme").entries().action("known").page();
        assert!(page.unwrap().entries[0].metadata.is_empty());
    }

    #[test]
    fn what_is_recorded_while_it_is_found_out_who_acts_is_done_by_nobody() {
        let auditor = Auditor::new(MemoryStore::new());
        let asking = auditor.clone();
        let context = AuditContext::new("acme").actor_with(move || {
            asking.log("look_up").record().unwrap();
            Some(Actor::user(7, "ada"))
        });
        let entry = recorded(&context, &auditor, "export");
        assert_eq!(entry.actor, Actor::user(7, "ada"));
        let look_up = auditor.tenant("acme").entries().action("look_up").page();
        let look_ups = look_up.unwrap().entries;
        assert_eq!(look_ups.len(), 1);
        assert_eq!(look_ups[0].actor, Actor::anonymous());
    }
}
