//! Tower layers for [`audit_core`]: who and where of HTTP requests, the log of API access, and
//! background jobs. For axum, apalis, and anything else that is built of tower services.
//!
//! | layer | what it does |
//! |---|---|
//! | [`ContextLayer`] | gives each request its context: tenant, actor, address, request id, trace |
//! | [`AccessLayer`] | records each request as one entry, as an [`AccessPolicy`] says |
//! | [`JobLayer`] | runs jobs in the context that they were enqueued in, and records each attempt |
//! | [`run_job`] | the same for workers that are written by hand |
//!
//! In axum the layer that is added last is the outermost. The order is: routes, authentication,
//! [`AccessLayer`], [`ContextLayer`]; all of them by `Router::layer`, behind the routes, so that the
//! template of the path is known.
//!
//! ```
//! use audit_core::{Actor, Auditor, MemoryStore};
//! use audit_tower::{AccessLayer, AccessPolicy, ClientIp, ContextLayer, Rule, identify};
//! use axum::Router;
//! use axum::extract::{Path, Request, State};
//! use axum::http::StatusCode;
//! use axum::middleware::{Next, from_fn};
//! use axum::response::{IntoResponse as _, Response};
//! use axum::routing::post;
//!
//! async fn close(State(auditor): State<Auditor>, Path(id): Path<u64>) -> StatusCode {
//!     // Nothing is said of who and where: the context knows.
//!     match auditor.log("close").entity("incident", id).await {
//!         Ok(_) => StatusCode::NO_CONTENT,
//!         Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
//!     }
//! }
//!
//! async fn authenticate(request: Request, next: Next) -> Response {
//!     // A real one looks the session up.
//!     if request.headers().contains_key("authorization")
//!         && !identify(&request, "acme", Actor::user(7, "ada"))
//!     {
//!         // The log would not know who it is.
//!         return StatusCode::INTERNAL_SERVER_ERROR.into_response();
//!     }
//!     next.run(request).await
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let auditor = Auditor::new(MemoryStore::new());
//! let policy = AccessPolicy::new().rule(Rule::off().path("/health"));
//! let app = Router::new()
//!     .route("/incidents/{id}/close", post(close))
//!     .layer(from_fn(authenticate))
//!     .layer(AccessLayer::new(&auditor, policy))
//!     .layer(
//!         ContextLayer::new("platform") // the tenant of requests that nobody has claimed
//!             .auditor(&auditor)
//!             .client_ip(ClientIp::forwarded_for(["10.0.0.0/8"])?),
//!     )
//!     .with_state(auditor.clone());
//! // axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
//!
//! # use tower::ServiceExt as _;
//! # let request = Request::post("/incidents/4/close").header("authorization", "x");
//! # let response = app.oneshot(request.body(axum::body::Body::empty()).unwrap()).await.unwrap();
//! # assert_eq!(response.status(), StatusCode::NO_CONTENT);
//! // After `POST /incidents/4/close` with a session:
//! let entries = auditor.tenant("acme").entries().oldest_first().page()?.entries;
//! assert_eq!(entries[0].action, "close");
//! assert_eq!(entries[0].actor, Actor::user(7, "ada"));
//! assert_eq!(entries[1].action, "access");
//! assert_eq!(entries[1].entity_name(), Some("POST /incidents/{id}/close"));
//! assert_eq!(entries[0].operation, entries[1].operation);
//! # Ok::<(), audit_core::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `axum` | no | the peer from `ConnectInfo`, the path template from `MatchedPath` |
//! | `apalis` | no | `JobLayer::apalis`, and [`Carried`] as metadata of a task |
//!
//! Without them the same is said by closures. No runtime is asked for.

#![forbid(unsafe_code)]

mod access;
mod context;
mod detached;
mod job;

pub use crate::access::{
    AccessBody, AccessFuture, AccessLayer, AccessPolicy, AccessService, FailClosed, OnUnrecorded,
    Reported, Rule, Statuses,
};
pub use crate::context::{
    ClientIp, ContextBody, ContextFuture, ContextLayer, ContextService, HasExtensions, Identity,
    RequestId, identify,
};
pub use crate::job::{Carried, Job, JobFuture, JobLayer, JobService, run_job, run_job_async};
