//! What a request says about itself.

use std::net::IpAddr;
use std::sync::Arc;

use audit_core::{AuditContext, ContextScope};
use http::Method;
use http::header::USER_AGENT;
use http::request::Parts;

use super::trace::TraceParent;
use super::{Identity, RequestId, Settings};

/// The path with names in place of ids, for the layers inside.
#[derive(Clone, Debug)]
pub(crate) struct Template(pub(crate) Arc<str>);

/// The context of a request, which finds its identity and its id in its extensions.
pub(super) fn begin(settings: &Settings, parts: &mut Parts) -> (ContextScope, RequestId) {
    // Where another layer stands around this one, it is one request all the same.
    let identity: Identity = parts.extensions.get().cloned().unwrap_or_default();
    let tenant = settings.tenant.as_ref().and_then(|ask| ask(parts));
    let tenant_stands = tenant.is_none_or(|tenant| identity.set_tenant(&tenant));
    // An id of one tenant's means somebody else in another's log.
    if tenant_stands && let Some(actor) = settings.actor.as_ref().and_then(|ask| ask(parts)) {
        identity.set_actor(actor);
    }
    let known = parts.extensions.get().cloned();
    let id = known.unwrap_or_else(|| RequestId::of(&parts.headers, &settings.sanitizer));
    let mut context = identity
        .late(AuditContext::new(&settings.unclaimed))
        .request_id(id.as_str())
        .request_data("method", name_of(&parts.method));
    if let Some(auditor) = &settings.auditor {
        context = context.auditor(auditor);
    }
    if let Some(ip) = settings
        .client_ip
        .find(peer(settings, parts), &parts.headers)
    {
        context = context.ip(ip);
    }
    if let Some(agent) = parts.headers.get(USER_AGENT) {
        context = context.user_agent(String::from_utf8_lossy(agent.as_bytes()));
    }
    if let Some(trace) = TraceParent::of(&parts.headers) {
        context = context
            .request_data("trace_id", trace.trace_id)
            .request_data("parent_id", trace.parent_id);
    }
    if let Some(template) = template(settings, parts) {
        context = context.request_data("path", &*template);
        parts.extensions.insert(Template(template));
    } else if settings.takes_raw_path {
        context = context.request_data("path", parts.uri.path());
    }
    let scope = context.begin();
    parts.extensions.insert(identity);
    parts.extensions.insert(id.clone());
    parts.extensions.insert(scope.clone());
    (scope, id)
}

/// A method as it is recorded. Any token is one, of any length, so that others than those of
/// <https://www.rfc-editor.org/rfc/rfc9110#section-9> and PATCH are only that.
pub(crate) fn name_of(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    let known = KNOWN.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or("other")
}

fn peer(settings: &Settings, parts: &Parts) -> Option<IpAddr> {
    match &settings.peer {
        Some(ask) => ask(parts),
        None => connected(parts),
    }
}

fn template(settings: &Settings, parts: &Parts) -> Option<Arc<str>> {
    match &settings.template {
        Some(ask) => ask(parts).map(Into::into),
        None => matched(parts),
    }
}

#[cfg(feature = "axum")]
fn connected(parts: &Parts) -> Option<IpAddr> {
    use std::net::SocketAddr;

    use axum::extract::ConnectInfo;

    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map(|ConnectInfo(peer)| peer.ip())
}

#[cfg(not(feature = "axum"))]
fn connected(_: &Parts) -> Option<IpAddr> {
    None
}

#[cfg(feature = "axum")]
fn matched(parts: &Parts) -> Option<Arc<str>> {
    let path = parts.extensions.get::<axum::extract::MatchedPath>();
    path.map(|path| path.as_str().into())
}

#[cfg(not(feature = "axum"))]
fn matched(_: &Parts) -> Option<Arc<str>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_that_nobody_knows_is_not_repeated() {
        assert_eq!(name_of(&Method::PATCH), "PATCH");
        for token in ["get", "PROPFIND", &"A".repeat(60_000)] {
            let method = Method::from_bytes(token.as_bytes()).unwrap();
            assert_eq!(name_of(&method), "other");
        }
    }
}
