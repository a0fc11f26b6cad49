//! The log of API access.

mod body;
mod ending;
mod failure;
mod future;
mod policy;
mod sampling;
mod service;
mod watch;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use audit_core::{Auditor, Error};
use http::Response;
use tower_layer::Layer;

pub use self::body::AccessBody;
pub use self::failure::{FailClosed, OnUnrecorded, Reported};
pub use self::future::AccessFuture;
pub use self::policy::{AccessPolicy, Rule, Statuses};
use self::sampling::Tally;
pub use self::service::AccessService;

/// The action of the entries.
const ACCESS: &str = audit_core::action::ACCESS;
/// The action of the entries that tell how many were left out.
const SUMMARY: &str = "access_summary";
/// The type of what was accessed; its name is `GET /incidents/{id}`.
const ENTITY_TYPE: &str = "http";

/// Records each request as one entry, as a policy says.
///
/// Stands inside of a [`ContextLayer`](crate::ContextLayer), which says who and where: in axum it is
/// added before it. Outside, each request that the policy wants is reported as lost, since it has no
/// context.
///
/// The entry has the action `access`, the entity type `http`, the entity name `GET /incidents/{id}`
/// (only the method where the path has no template), the outcome that the status means, the duration, and
/// the status in its metadata. It is written when the body of the response has ended: then it also tells
/// of a client that went away half-way (`cancelled`), of a body that failed or ended before its
/// `Content-Length`, and of a handler that panicked.
/// A layer outside of this one that throws the response away, as one that answers `304` in its place does,
/// makes it look cancelled: put it inside.
///
/// A request is one entry: a layer inside of another one stands aside, whatever its auditor, where that one
/// watches the request. Only one that [fails closed](AccessLayer::fail_closed) takes over from it, unless its
/// own policy switches the request off.
///
/// The last piece of the body waits until the auditor has recorded the entry as its delivery says, without
/// blocking a thread. What cannot be recorded is queued or reported; see [`AccessLayer::fail_closed`] for
/// the opposite.
///
/// The head of a response goes out before that, in a packet of its own. Set `TCP_NODELAY` on the connections
/// of the server (`tap_io` in axum): without it the body is held back until the client has confirmed the
/// head, which most do after 40 ms only.
///
/// ```
/// use audit_core::{Auditor, MemoryStore};
/// use audit_tower::{AccessLayer, AccessPolicy, Rule};
/// use http::Method;
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let policy = AccessPolicy::new()
///     .rule(Rule::off().path("/health"))
///     .rule(Rule::request(["x-client-version"])?.status(400..=599))
///     .rule(Rule::metadata().method(Method::GET).path("/feed/*").sample(100))
///     .rule(Rule::metadata());
/// let layer = AccessLayer::new(&auditor, policy);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct AccessLayer<R = Reported> {
    shared: Arc<Shared>,
    on_unrecorded: R,
}

/// What all clones of a layer and its services share. Dropped with the last of them, it tells what
/// was left out.
struct Shared {
    auditor: Auditor,
    policy: AccessPolicy,
    tally: Tally,
}

impl AccessLayer {
    /// A layer that records through this auditor what this policy says.
    pub fn new(auditor: &Auditor, policy: AccessPolicy) -> Self {
        let shared = Arc::new(Shared {
            auditor: auditor.clone(),
            tally: Tally::new(policy.interval()),
            policy,
        });
        if shared.policy.samples() {
            // A server may let go of its last service when its auditor is closed already.
            let shared = Arc::downgrade(&shared);
            auditor.on_close(move || {
                if let Some(shared) = shared.upgrade() {
                    shared.tell_left_out(true);
                }
            });
        }
        Self {
            shared,
            on_unrecorded: Reported,
        }
    }

    /// Refuses the answer of a request whose entry cannot be stored; the closure makes the response
    /// that is given in its place, such as a 500.
    ///
    /// The entry is recorded, and waited for as the auditor's delivery says, before the first byte of the
    /// response: what becomes of its body is not in it. The handler has done its work by then.
    pub fn fail_closed<F, B>(self, respond: F) -> AccessLayer<FailClosed<F>>
    where
        F: Fn(&Error) -> Response<B> + Clone,
    {
        AccessLayer {
            shared: self.shared,
            on_unrecorded: FailClosed::new(respond),
        }
    }
}

impl<R> AccessLayer<R> {
    /// Records now how many requests were left out by sampling; without this that happens with the next
    /// request after the interval of the policy, when the auditor is closed, and when the last clone of
    /// the layer and its services is dropped. Does not wait: [`Auditor::flush`] does.
    pub fn flush(&self) {
        self.shared.tell_left_out(true);
    }
}

impl Shared {
    fn tell_left_out(&self, all: bool) {
        if !self.policy.samples() {
            return;
        }
        for left_out in self.tally.take(all) {
            left_out.record(&self.auditor, &self.policy);
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.tell_left_out(true);
    }
}

impl<S, R: Clone> Layer<S> for AccessLayer<R> {
    type Service = AccessService<S, R>;

    fn layer(&self, inner: S) -> AccessService<S, R> {
        AccessService::new(inner, Arc::clone(&self.shared), self.on_unrecorded.clone())
    }
}

impl<R: Clone> Clone for AccessLayer<R> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            on_unrecorded: self.on_unrecorded.clone(),
        }
    }
}

impl<R> fmt::Debug for AccessLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLayer")
            .field("policy", &self.shared.policy)
            .finish_non_exhaustive()
    }
}

/// How long requests are left out before it is told, unless the policy says otherwise.
const INTERVAL: Duration = Duration::from_mins(1);
