//! Layers around a router, and again around all of it.

use audit_core::testing::{Fault, FaultyStore};
use audit_core::{Actor, AuditEntry, Auditor, ErrorKind, MemoryStore};
use audit_tower::{AccessLayer, AccessPolicy, ClientIp, ContextLayer, FailClosed, Rule, identify};
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use axum::routing::get;

use crate::client::ask;
use crate::server::{auditor, entries, entries_of, serve};

async fn work(State(auditor): State<Auditor>, request: Request) {
    auditor.log("before").await.unwrap();
    assert!(identify(&request, "umbrella", Actor::user(7, "ada")));
    auditor.log("after").await.unwrap();
}

fn inner(auditor: &Auditor) -> Router<Auditor> {
    Router::new()
        .route("/work", get(work))
        .layer(AccessLayer::new(auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"))
}

fn app(auditor: &Auditor, policy: AccessPolicy) -> Router {
    Router::new()
        .nest("/api", inner(auditor))
        .layer(AccessLayer::new(auditor, policy))
        .layer(ContextLayer::new("platform"))
        .with_state(auditor.clone())
}

#[tokio::test]
async fn a_request_has_one_id_one_identity_and_one_entry() {
    let auditor = auditor();
    let server = serve(app(&auditor, AccessPolicy::new())).await;
    let answer = ask(server, "GET /api/work", &[]).await;
    assert_eq!(answer.status, 200);
    let [before] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    let [after, access] = &entries(&auditor, "umbrella")[..] else {
        panic!()
    };
    assert!(entries(&auditor, "platform").is_empty());
    assert_eq!(access.action, "access");
    for entry in [before, after, access] {
        assert_eq!(entry.request_id.as_deref(), answer.header("x-request-id"));
    }
    for entry in [after, access] {
        assert_eq!(entry.actor, Actor::user(7, "ada"));
    }
}

#[tokio::test]
async fn what_is_off_outside_is_recorded_inside() {
    let auditor = auditor();
    let policy = AccessPolicy::new().rule(Rule::off().path("/api/*"));
    let server = serve(app(&auditor, policy)).await;
    ask(server, "GET /api/work", &[]).await;
    let actions: Vec<_> = entries(&auditor, "umbrella")
        .into_iter()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(actions, ["after", "access"]);
}

#[tokio::test]
async fn one_that_fails_closed_takes_over() {
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = Auditor::new(store.clone());
    let app = Router::new()
        .route("/", get(async || "paid"))
        .layer(strict(&auditor, AccessPolicy::new()))
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"));
    let server = serve(app).await;
    store.fault(Fault::Fail(ErrorKind::Full));
    assert_eq!(ask(server, "GET /", &[]).await.status, 500);
    store.heal();
    assert_eq!(ask(server, "GET /", &[]).await.body, "paid");
    let entries = entries_of(&auditor, "acme", 1).await;
    let statuses: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action == "access")
        .map(|entry| &entry.metadata["status"])
        .collect();
    assert_eq!(statuses, [StatusCode::OK.as_u16()]);
}

fn strict(
    auditor: &Auditor,
    policy: AccessPolicy,
) -> AccessLayer<FailClosed<impl Fn(&audit_core::Error) -> Response<Body> + Clone + use<>>> {
    AccessLayer::new(auditor, policy)
        .fail_closed(|_| Response::builder().status(500).body(Body::empty()).unwrap())
}

/// What is recorded where one that fails closed stands inside of another one, and each has its policy.
async fn both(inside: AccessPolicy, outside: AccessPolicy) -> Vec<AuditEntry> {
    let auditor = auditor();
    let app = Router::new()
        .route("/", get(async || "paid"))
        .layer(strict(&auditor, inside))
        .layer(AccessLayer::new(&auditor, outside))
        .layer(ContextLayer::new("acme"));
    let server = serve(app).await;
    for _ in 0..2 {
        assert_eq!(ask(server, "GET /", &[]).await.body, "paid");
    }
    entries(&auditor, "acme")
}

fn all() -> AccessPolicy {
    AccessPolicy::new().rule(Rule::request(["host"]).unwrap())
}

#[tokio::test]
async fn what_one_that_fails_closed_does_not_want_is_recorded_outside() {
    for off in [
        Rule::off(),
        Rule::off().status(200),
        Rule::off().tenant("acme"),
    ] {
        let entries = both(AccessPolicy::new().rule(off), all()).await;
        assert_eq!(entries.len(), 2);
        for entry in entries {
            assert_eq!(entry.metadata["request"]["headers"]["host"], "desk");
        }
    }
}

#[tokio::test]
async fn what_one_that_fails_closed_leaves_out_is_counted_and_not_recorded_outside() {
    let sampled = AccessPolicy::new().rule(Rule::metadata().sample(2));
    let entries = both(sampled, all()).await;
    let [entry] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!(entry.metadata["sampled"], 2);
}

#[tokio::test]
async fn of_three_layers_the_innermost_that_fails_closed_records() {
    let auditor = auditor();
    let app = Router::new()
        .route("/", get(async || "paid"))
        .layer(strict(&auditor, all()))
        .layer(strict(&auditor, AccessPolicy::new()))
        .layer(AccessLayer::new(&auditor, AccessPolicy::new()))
        .layer(ContextLayer::new("acme"));
    assert_eq!(ask(serve(app).await, "GET /", &[]).await.body, "paid");
    let entries = entries(&auditor, "acme");
    let [entry] = &entries[..] else {
        panic!("{entries:?}")
    };
    assert_eq!(entry.metadata["request"]["headers"]["host"], "desk");
}

async fn log(State(auditor): State<Auditor>) {
    auditor.log("work").await.unwrap();
}

/// What a handler records inside of two context layers.
async fn worked(inside: ContextLayer, outside: ContextLayer, headers: &[&str]) -> AuditEntry {
    let auditor = auditor();
    let app = Router::new()
        .route("/", get(log))
        .layer(inside)
        .layer(outside)
        .with_state(auditor.clone());
    assert_eq!(ask(serve(app).await, "GET /", headers).await.status, 200);
    let mut entries = entries(&auditor, "acme");
    assert_eq!(entries.len(), 1);
    entries.remove(0)
}

#[tokio::test]
async fn nobody_of_one_tenant_acts_in_the_log_of_another() {
    let bob = || Actor::user(7, "bob");
    let of = |company: &'static str| {
        ContextLayer::new("platform")
            .tenant(move |_| Some(company))
            .actor(move |_| Some(bob()))
    };
    let acme = || ContextLayer::new("platform").tenant(|_| Some("acme"));
    for (inside, actor) in [
        (of("acme"), bob()),
        (of("umbrella"), Actor::anonymous()),
        // This can be no tenant.
        (of(""), Actor::anonymous()),
        (
            ContextLayer::new("platform").actor(move |_| Some(bob())),
            bob(),
        ),
    ] {
        assert_eq!(worked(inside, acme(), &[]).await.actor, actor);
    }
}

#[tokio::test]
async fn an_address_that_is_not_found_inside_is_that_of_outside() {
    let behind = || {
        let source = ClientIp::forwarded_for(["127.0.0.0/8"]).unwrap();
        ContextLayer::new("acme").client_ip(source)
    };
    for (outside, header, ip) in [
        (
            ContextLayer::new("acme"),
            "x-forwarded-for: 192.0.2.7",
            "192.0.2.7",
        ),
        (
            ContextLayer::new("acme"),
            "x-forwarded-for: garbage",
            "127.0.0.1",
        ),
        (behind(), "x-forwarded-for: garbage", ""),
    ] {
        let entry = worked(behind(), outside, &[header]).await;
        let found = entry.ip_address.map(|ip| ip.to_string());
        assert_eq!(found.unwrap_or_default(), ip, "{header}");
    }
}
