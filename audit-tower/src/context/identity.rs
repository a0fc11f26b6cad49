//! Who a request turns out to be from.

use audit_core::{Actor, AuditContext, LateActor, LateTenant, Tenant};
use http::request::Parts;
use http::{Extensions, Request};

/// Whose a request is and who acts, as soon as somebody has said so; in the extensions of each request
/// that came through a [`ContextLayer`](crate::ContextLayer).
///
/// From the moment it is set, everything that is recorded in this request has it, in the same poll too.
/// [`identify`] sets it where the request is at hand; elsewhere it is found by [`Identity::current`], and in
/// an axum handler as `Extension<Identity>`.
///
/// ```
/// use audit_core::Actor;
/// use audit_tower::Identity;
///
/// # let identity = Identity::default();
/// assert!(identity.set("acme", Actor::user(7, "ada")));
/// assert!(!identity.set("umbrella", Actor::user(8, "bob")));
/// assert_eq!(identity.tenant().unwrap().as_str(), "acme");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Identity {
    tenant: LateTenant,
    actor: LateActor,
}

impl Identity {
    /// That of the request that this code works on, wherever its context is: for code that has no
    /// request in hand.
    #[must_use]
    pub fn current() -> Option<Self> {
        let context = AuditContext::current()?;
        Some(Self {
            tenant: context.tenant_slot()?.clone(),
            actor: context.actor_slot()?.clone(),
        })
    }

    /// Says whose request it is and who acts. The first word stands. Returns whether this was it: false
    /// where somebody has said something else before, and where the tenant can be none
    /// ([`Tenant::check`]): its entries would be refused.
    pub fn set(&self, tenant: impl Into<Tenant>, actor: Actor) -> bool {
        let tenant: Tenant = tenant.into();
        if tenant.check().is_err() {
            return false;
        }
        if self.tenant.get().is_some_and(|known| *known != tenant) {
            // An id of one tenant's means somebody else in another's log.
            return false;
        }
        // Two who speak at once are not mixed: only who has named the actor names the tenant.
        let actor_stands = match self.actor.get() {
            Some(known) => *known == actor,
            None => self.actor.set(actor),
        };
        if actor_stands {
            self.tenant.set(&tenant);
        }
        actor_stands && self.tenant.get() == Some(&tenant)
    }

    /// Whose request it is, if anybody has said so.
    #[must_use]
    pub fn tenant(&self) -> Option<&Tenant> {
        self.tenant.get()
    }

    /// Who acts, if anybody has said so.
    #[must_use]
    pub fn actor(&self) -> Option<&Actor> {
        self.actor.get()
    }

    /// Returns whether it is this tenant's now.
    pub(super) fn set_tenant(&self, tenant: &Tenant) -> bool {
        if tenant.check().is_err() {
            return false;
        }
        self.tenant.set(tenant);
        self.tenant.get() == Some(tenant)
    }

    pub(super) fn set_actor(&self, actor: Actor) {
        self.actor.set(actor);
    }

    /// A context that takes from here what turns out.
    pub(super) fn late(&self, context: AuditContext) -> AuditContext {
        context.late_tenant(&self.tenant).late_actor(&self.actor)
    }
}

/// Says whose request it is and who acts, for authentication that runs inside of a
/// [`ContextLayer`](crate::ContextLayer).
///
/// Returns whether these words stand, as [`Identity::set`] does; false also where no such layer stands
/// around. Then what follows would be told of somebody else, or of nobody: let nobody in.
///
/// ```
/// use audit_core::Actor;
/// use http::Request;
///
/// let request = Request::new(());
/// assert!(!audit_tower::identify(&request, "acme", Actor::user(7, "ada")));
/// ```
#[must_use = "where it is false the log does not know who it is: refuse the request"]
pub fn identify<R: HasExtensions>(request: &R, tenant: impl Into<Tenant>, actor: Actor) -> bool {
    let identity = request.extensions().get::<Identity>();
    identity.is_some_and(|identity| identity.set(tenant, actor))
}

/// What has the extensions of a request: the request, its parts, or they themselves.
pub trait HasExtensions: sealed::Sealed {
    /// The extensions.
    fn extensions(&self) -> &Extensions;
}

impl<B> HasExtensions for Request<B> {
    fn extensions(&self) -> &Extensions {
        self.extensions()
    }
}

impl HasExtensions for Parts {
    fn extensions(&self) -> &Extensions {
        &self.extensions
    }
}

impl HasExtensions for Extensions {
    fn extensions(&self) -> &Extensions {
        self
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else may implement it")]
    pub trait Sealed {}
    impl<B> Sealed for http::Request<B> {}
    impl Sealed for http::request::Parts {}
    impl Sealed for http::Extensions {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_known_before_stays_and_is_filled_up() {
        let identity = Identity::default();
        assert!(identity.set_tenant(&"acme".into()));
        assert!(identity.set("acme", Actor::user(7, "ada")));
        assert_eq!(identity.actor(), Some(&Actor::user(7, "ada")));
        let identity = Identity::default();
        assert!(identity.set_tenant(&"acme".into()));
        assert!(!identity.set_tenant(&"umbrella".into()));
        assert!(!identity.set("umbrella", Actor::user(7, "ada")));
        assert_eq!(identity.tenant().unwrap().as_str(), "acme");
        assert_eq!(identity.actor(), None);
    }

    #[test]
    fn two_who_speak_at_once_are_not_mixed() {
        for _ in 0..200 {
            let identity = Identity::default();
            std::thread::scope(|scope| {
                for company in ["acme", "umbrella"] {
                    let identity = &identity;
                    scope.spawn(move || identity.set(company, Actor::system().named(company)));
                }
            });
            let tenant = identity.tenant().map(Tenant::as_str);
            assert_eq!(tenant, identity.actor().and_then(Actor::name));
        }
    }

    #[test]
    fn what_can_be_no_tenant_claims_nothing() {
        let identity = Identity::default();
        assert!(!identity.set_tenant(&"".into()));
        assert!(!identity.set("x".repeat(256), Actor::user(7, "ada")));
        assert_eq!((identity.tenant(), identity.actor()), (None, None));
        assert!(identity.set("acme", Actor::user(7, "ada")));
    }

    #[test]
    fn it_is_found_in_requests_parts_and_extensions() {
        let mut request = Request::new(());
        request.extensions_mut().insert(Identity::default());
        let ada = || Actor::user(7, "ada");
        assert!(identify(&request, "acme", ada()));
        assert!(identify(request.extensions(), "acme", ada()));
        let (parts, ()) = request.into_parts();
        assert!(!identify(&parts, "umbrella", ada()));
    }
}
