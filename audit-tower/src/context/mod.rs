//! The context of HTTP requests.

mod body;
mod future;
mod identity;
mod proxy;
mod request;
mod request_id;
mod service;
mod trace;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use audit_core::{Actor, Auditor, Sanitizer, Tenant};
use http::request::Parts;
use tower_layer::Layer;

pub use self::body::ContextBody;
pub use self::future::ContextFuture;
pub use self::identity::{HasExtensions, Identity, identify};
pub use self::proxy::ClientIp;
pub(crate) use self::request::{Template, name_of};
pub use self::request_id::RequestId;
pub use self::service::ContextService;

/// Gives each request its audit context: tenant, actor, address, program, request id, trace, method
/// and path template.
///
/// The outermost of the audit layers. The context is live while the handler runs and while the body of
/// its response is written; what is spawned carries it only with
/// [`in_current_context`](audit_core::InContext::in_current_context). Never taken: query string,
/// cookies, authorization, bodies.
///
/// A layer inside of another one, as of a nested router, goes on with the id and the identity of the request:
/// what one of them is told of who it is, both know. The first word stands: a layer whose tenant comes too
/// late names no actor either. What else the inner one does not find, it takes from the outer one.
///
/// A layer that calls what is inside of it in a task of its own, as `Buffer` does, leaves the context
/// behind. An [`AccessLayer`](crate::AccessLayer) inside of it finds it in the extensions of the request,
/// and `call` of what stands inside of that one runs in it. Without an access layer in between, what a
/// service does in `call`, before it returns its future, has no context: such a service takes the
/// [`ContextScope`](audit_core::ContextScope) from the extensions and enters it, or does it in the future.
///
/// Who it is may turn out inside, by [`identify`]; until then entries go to the log of the tenant
/// that the layer was made with, and their actor is anonymous.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore};
/// use audit_tower::{ClientIp, ContextLayer};
/// use http::{Request, Response};
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let auditor = Auditor::new(MemoryStore::new());
/// let service = ServiceBuilder::new()
///     .layer(
///         ContextLayer::new("platform")
///             .auditor(&auditor)
///             .client_ip(ClientIp::forwarded_for(["10.0.0.0/8"])?)
///             .tenant(|parts| Some(parts.headers.get("x-company")?.to_str().ok()?.to_owned())),
///     )
///     .service(service_fn(async |_: Request<String>| {
///         let context = AuditContext::current().unwrap();
///         Ok::<_, std::io::Error>(Response::new(context.tenant().to_string()))
///     }));
///
/// let request = Request::get("/").header("x-company", "acme").body(String::new()).unwrap();
/// let response = service.oneshot(request).await.unwrap();
/// assert!(response.headers().contains_key("x-request-id"));
/// # Ok::<(), audit_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct ContextLayer(Arc<Settings>);

type Ask<T> = Arc<dyn Fn(&Parts) -> Option<T> + Send + Sync>;

#[derive(Clone)]
struct Settings {
    unclaimed: Tenant,
    auditor: Option<Auditor>,
    /// That of the auditor, if it is known.
    sanitizer: Sanitizer,
    tenant: Option<Ask<Tenant>>,
    actor: Option<Ask<Actor>>,
    peer: Option<Ask<IpAddr>>,
    template: Option<Ask<String>>,
    client_ip: ClientIp,
    takes_raw_path: bool,
}

impl ContextLayer {
    /// A layer whose requests belong to this tenant as long as nobody has claimed them: the log where
    /// failed logins and stray requests go.
    pub fn new(unclaimed: impl Into<Tenant>) -> Self {
        Self(Arc::new(Settings {
            unclaimed: unclaimed.into(),
            auditor: None,
            sanitizer: Sanitizer::default(),
            tenant: None,
            actor: None,
            peer: None,
            template: None,
            client_ip: ClientIp::connection(),
            takes_raw_path: false,
        }))
    }

    /// Brings an auditor along, for annotated functions; without it they use the installed one. Its
    /// sanitizer also says which ids of requests are kept ([`RequestId`]); without it, the usual one does.
    pub fn auditor(self, auditor: &Auditor) -> Self {
        self.with(|settings| {
            settings.auditor = Some(auditor.clone());
            settings.sanitizer = auditor.sanitizer().clone();
        })
    }

    /// Says whose request it is, where that is known before the request comes here: authentication has
    /// run outside, or the host name tells. What can be no tenant names none, and [`actor`](Self::actor) is
    /// not asked then.
    pub fn tenant<T: Into<Tenant>>(
        self,
        ask: impl Fn(&Parts) -> Option<T> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| {
            settings.tenant = Some(Arc::new(move |parts| ask(parts).map(Into::into)));
        })
    }

    /// Says who acts, where that is known before the request comes here. Not asked where this layer
    /// names a tenant that does not stand.
    pub fn actor(self, ask: impl Fn(&Parts) -> Option<Actor> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.actor = Some(Arc::new(ask)))
    }

    /// Says where the connection comes from.
    ///
    /// With feature `axum` this is `ConnectInfo<SocketAddr>`, where the service is made by
    /// `into_make_service_with_connect_info`; without a word and without that feature, it is unknown.
    pub fn peer(self, ask: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.peer = Some(Arc::new(ask)))
    }

    /// Says how the address of the client is found out; without this, it is the other end of the
    /// connection.
    ///
    /// A layer inside of another one takes the address from that one where it finds none itself, also where
    /// its header makes no sense: give both the same rule.
    pub fn client_ip(self, source: ClientIp) -> Self {
        self.with(|settings| settings.client_ip = source)
    }

    /// Says what the path looks like with names in place of ids: `/incidents/{id}`.
    ///
    /// With feature `axum` this is `MatchedPath`, where the layer is applied by `Router::layer`.
    pub fn path_template(
        self,
        ask: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.template = Some(Arc::new(ask)))
    }

    /// Notes the path as it was asked for where there is no template. Paths hold ids, and in some
    /// systems secrets: by default nothing is noted then. The query string never is.
    pub fn raw_path(self) -> Self {
        self.with(|settings| settings.takes_raw_path = true)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl<S> Layer<S> for ContextLayer {
    type Service = ContextService<S>;

    fn layer(&self, inner: S) -> ContextService<S> {
        ContextService::new(inner, Arc::clone(&self.0))
    }
}

impl fmt::Debug for ContextLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextLayer")
            .field("unclaimed", &self.0.unclaimed)
            .field("client_ip", &self.0.client_ip)
            .finish_non_exhaustive()
    }
}
