//! Who and where: the context that recording takes its tenant and actor from.

mod carrier;
mod frame;
mod future;
mod late;
mod root;
mod running;
mod scope;
mod stack;
mod unrecordable;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

pub use self::carrier::Carrier;
pub use self::frame::in_current_context;
pub(crate) use self::frame::{Frame, Recorder};
pub use self::future::{InContext, WithContext};
use self::late::{ActorSource, Panicked, TenantSource};
pub use self::late::{LateActor, LateTenant};
pub(crate) use self::root::Root;
pub(crate) use self::running::{Running, Said};
pub use self::scope::ContextScope;
pub use self::stack::ContextGuard;
pub(crate) use self::stack::{Here, stand_apart};
pub(crate) use self::unrecordable::{PANICKED, unrecordable};
use crate::entry::{Actor, AuditEntry, Tenant};
use crate::error::{Error, Result};

/// Who acts, for which tenant, from where, and as a part of what.
///
/// A context is a value: build it once per request or job, then enter it around the work. Inside
/// another context, what the inner one leaves out is taken from the outer one; each scope ends on
/// return, panic and drop. Nothing is inherited by what is spawned, unless told to with
/// [`InContext::in_current_context`] or [`in_current_context`].
///
/// ```
/// use audit_core::{Actor, AuditContext};
///
/// let context = AuditContext::new("acme").actor(Actor::user(7, "ada"));
/// context.scope(|| {
///     let inner = AuditContext::current().unwrap().request_id("r-1");
///     inner.scope(|| {
///         let now = AuditContext::current().unwrap();
///         assert_eq!(now.tenant().as_str(), "acme");
///         assert_eq!(now.resolve_actor().name(), Some("ada"));
///     });
/// });
/// assert!(AuditContext::current().is_none());
/// ```
#[derive(Clone)]
pub struct AuditContext(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    tenant: TenantSource,
    actor: Option<ActorSource>,
    ip: Option<IpAddr>,
    user_agent: Option<Arc<str>>,
    request_id: Option<Arc<str>>,
    request_data: Option<Arc<Map<String, Value>>>,
    operation: Option<Uuid>,
    cause: Option<Uuid>,
    /// The auditor that this context brings along.
    recorder: Option<Recorder>,
    /// The first mistake made while building; recording reports it.
    invalid: Option<&'static str>,
}

impl AuditContext {
    /// A context for a tenant. Tenant first: there is no entry without one.
    #[must_use]
    pub fn new(tenant: impl Into<Tenant>) -> Self {
        Self(Arc::new(Parts {
            tenant: TenantSource::Known(tenant.into()),
            actor: None,
            ip: None,
            user_agent: None,
            request_id: None,
            request_data: None,
            operation: None,
            cause: None,
            recorder: None,
            invalid: None,
        }))
    }

    /// The context that this code runs in, with all that it inherits.
    #[must_use]
    pub fn current() -> Option<Self> {
        let frame = Frame::current()?;
        let context = frame.context()?.clone();
        Some(match frame.cause(context.tenant()) {
            Some(cause) if context.parts_cause() != Some(cause) => context.caused_by(cause),
            _ => context,
        })
    }

    /// Says who acts.
    #[must_use]
    pub fn actor(self, actor: Actor) -> Self {
        self.with(|parts| parts.actor = Some(ActorSource::Known(Arc::new(actor))))
    }

    /// Says who acts as soon as it is known: the closure is asked when an entry is written, so
    /// authentication may run inside the context. While it gives `None`, the actor is
    /// [`Actor::anonymous`].
    ///
    /// Where it panics, the actor is anonymous too, and the entry says so in its metadata. What it
    /// records itself is done by [`Actor::anonymous`]: nobody is known yet.
    ///
    /// See [`LateActor`] for a slot to fill.
    #[must_use]
    pub fn actor_with(self, resolve: impl Fn() -> Option<Actor> + Send + Sync + 'static) -> Self {
        self.with(|parts| parts.actor = Some(ActorSource::Late(Arc::new(resolve))))
    }

    /// Says where the request came from.
    #[must_use]
    pub fn ip(self, ip: impl Into<IpAddr>) -> Self {
        // One host, one address: `::ffff:10.0.0.1` is 10.0.0.1.
        self.with(|parts| parts.ip = Some(ip.into().to_canonical()))
    }

    /// Notes the program that the request says it came from.
    #[must_use]
    pub fn user_agent(self, agent: impl Into<String>) -> Self {
        let agent: String = agent.into();
        self.with(|parts| parts.user_agent = (!agent.is_empty()).then(|| agent.into()))
    }

    /// Names the request as the edge of the system does.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "reads better without a `&`")]
    pub fn request_id(self, id: impl ToString) -> Self {
        let id = id.to_string();
        self.with(|parts| parts.request_id = (!id.is_empty()).then(|| id.into()))
    }

    /// Notes something about the request: its method, its path template.
    ///
    /// The value passes the sanitizer when an entry is written. Keep query strings, cookies and
    /// bodies out all the same.
    #[must_use]
    pub fn request_data(self, name: impl Into<String>, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value);
        self.with(|parts| match value {
            Ok(value) => {
                let data = parts.request_data.get_or_insert_default();
                Arc::make_mut(data).insert(name.into(), value);
            }
            Err(_) => parts.invalid = Some("a value of the request data cannot be written as JSON"),
        })
    }

    /// Notes what a JSON object says about the request.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the text is not a JSON object that
    /// can be kept exactly; an unpaired surrogate such as `"\ud800"` cannot.
    pub fn request_json(self, json: &str) -> Result<Self> {
        let object: Map<String, Value> = serde_json::from_str(json).map_err(|error| {
            Error::invalid(format!(
                "the request data is not a JSON object that can be kept exactly (line {}, column {}); send an object of valid Unicode",
                error.line(),
                error.column()
            ))
        })?;
        Ok(self.with(|parts| {
            let data = parts.request_data.get_or_insert_default();
            Arc::make_mut(data).extend(object);
        }))
    }

    /// Names the unit of work. Left out, entering the outermost context starts a new one.
    #[must_use]
    pub fn operation(self, operation: Uuid) -> Self {
        self.with(|parts| parts.operation = Some(operation))
    }

    /// Names the entry that caused what happens in this context.
    #[must_use]
    pub fn caused_by(self, entry: Uuid) -> Self {
        self.with(|parts| parts.cause = Some(entry))
    }

    /// Whose log this context writes to, as far as is known now.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        self.0.tenant.get()
    }

    fn tenant_source(&self) -> &TenantSource {
        &self.0.tenant
    }

    /// Who acts, as far as is known now.
    #[must_use]
    pub fn resolve_actor(&self) -> Actor {
        self.find_actor().unwrap_or_else(|_| Actor::anonymous())
    }

    /// Who acts, unless the code that says it panics.
    fn find_actor(&self) -> std::result::Result<Actor, Panicked> {
        let found = self.0.actor.as_ref().map(ActorSource::resolve);
        let found = found.transpose()?.flatten();
        Ok(found.unwrap_or_else(Actor::anonymous))
    }

    /// Where the request came from.
    #[must_use]
    pub fn ip_address(&self) -> Option<IpAddr> {
        self.0.ip
    }

    /// Runs a closure in this context.
    ///
    /// All that runs on this thread meanwhile is in it, unless it has a context of its own: also the
    /// tasks of a runtime that is polled inside, with `block_on` or as a `LocalSet`, whoever spawned
    /// them. Give tasks their own with [`InContext::in_context`].
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _guard = self.enter();
        work()
    }

    /// Enters this context until the guard is dropped. Never hold the guard across an `.await`:
    /// use [`InContext::in_context`] there.
    ///
    /// Until then all that runs on this thread is in it, as with [`AuditContext::scope`].
    pub fn enter(&self) -> ContextGuard {
        Frame::nested(self.clone()).enter()
    }

    /// Says in an entry who acts in this context, and from where: actor, address, user agent and
    /// request.
    ///
    /// For stores that make entries of what they see themselves; [`pass`](crate::store::pass)
    /// comes after it.
    ///
    /// ```
    /// use audit_core::{Actor, AuditContext, AuditEntry};
    /// use uuid::Uuid;
    ///
    /// let context = AuditContext::new("acme").actor(Actor::user(7, "ada")).request_id("r-1");
    /// let mut entry = AuditEntry::new(
    ///     Uuid::now_v7(), chrono::Utc::now(), "acme".into(), Actor::anonymous(), "import",
    /// );
    /// context.describe(&mut entry);
    /// assert_eq!(entry.actor.name(), Some("ada"));
    /// assert_eq!(entry.request_id.as_deref(), Some("r-1"));
    /// ```
    pub fn describe(&self, entry: &mut AuditEntry) {
        self.describe_actor(entry);
        self.describe_request(entry);
    }

    /// Says who acts. Where the code that knows it panics, the entry tells of that.
    pub(crate) fn describe_actor(&self, entry: &mut AuditEntry) {
        entry.actor = self.find_actor().unwrap_or_else(|Panicked| {
            let metadata = entry.metadata.entry("actor");
            metadata.or_insert_with(|| unrecordable(PANICKED));
            Actor::anonymous()
        });
    }

    pub(crate) fn describe_request(&self, entry: &mut AuditEntry) {
        entry.ip_address = self.ip_address();
        entry.user_agent = self.0.user_agent.as_deref().map(ToOwned::to_owned);
        if let Some(data) = self.parts_request_data() {
            entry.request_data.clone_from(data);
        }
        entry.request_id = self.parts_request_id().map(ToString::to_string);
    }

    pub(crate) fn parts_request_id(&self) -> Option<&Arc<str>> {
        self.0.request_id.as_ref()
    }

    pub(crate) fn parts_request_data(&self) -> Option<&Map<String, Value>> {
        self.0.request_data.as_deref()
    }

    pub(crate) fn parts_operation(&self) -> Option<Uuid> {
        self.0.operation
    }

    pub(crate) fn parts_cause(&self) -> Option<Uuid> {
        self.0.cause
    }

    fn recorder(&self) -> Option<&Recorder> {
        self.0.recorder.as_ref()
    }

    fn brings_recorder(&self) -> bool {
        self.0.recorder.is_some()
    }

    pub(crate) fn with_recorder(self, recorder: Recorder) -> Self {
        self.with(|parts| parts.recorder = Some(recorder))
    }

    pub(crate) fn check(&self) -> Result<()> {
        match self.0.invalid {
            Some(message) => Err(Error::invalid(message)),
            None => Ok(()),
        }
    }

    /// This context, with what it leaves out taken from `outer`. Request data is merged by name.
    fn within(self, outer: &Self) -> Self {
        let from = &outer.0;
        self.with(|parts| {
            fill(&mut parts.actor, from.actor.as_ref());
            fill(&mut parts.ip, from.ip.as_ref());
            fill(&mut parts.user_agent, from.user_agent.as_ref());
            fill(&mut parts.request_id, from.request_id.as_ref());
            // Entries and operations of one tenant mean nothing in another's log.
            if parts.tenant.get() == from.tenant.get() {
                fill(&mut parts.operation, from.operation.as_ref());
                fill(&mut parts.cause, from.cause.as_ref());
            }
            fill(&mut parts.recorder, from.recorder.as_ref());
            fill(&mut parts.invalid, from.invalid.as_ref());
            match (&mut parts.request_data, &from.request_data) {
                (Some(inner), Some(outer)) if !Arc::ptr_eq(inner, outer) => {
                    let inner = Arc::make_mut(inner);
                    for (name, value) in outer.iter() {
                        if !inner.contains_key(name) {
                            inner.insert(name.clone(), value.clone());
                        }
                    }
                }
                (inner, outer) => fill(inner, outer.as_ref()),
            }
        })
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

fn fill<T: Clone>(inner: &mut Option<T>, outer: Option<&T>) {
    if inner.is_none() {
        *inner = outer.cloned();
    }
}

/// Shows no request data and no user agent: they have not passed the sanitizer.
impl fmt::Debug for AuditContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditContext")
            .field("tenant", self.tenant())
            .field("ip", &self.0.ip)
            .field("operation", &self.0.operation)
            .field("cause", &self.0.cause)
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn shareable<T: Send + Sync + 'static>() {}
    shareable::<AuditContext>();
};
