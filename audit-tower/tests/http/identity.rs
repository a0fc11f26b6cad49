//! Whose request it is.

use std::future::poll_fn;
use std::task::Poll;

use audit_core::{Actor, ActorKind, AuditContext, Auditor, InContext as _};
use audit_tower::{ContextLayer, Identity, identify};
use axum::extract::{Path, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};

use crate::client::ask;
use crate::server::{auditor, entries, serve};

/// Who it is stands in a header, as it would in a session.
async fn authenticate(request: Request, next: Next) -> Response {
    if let Some((company, user)) = session(&request) {
        assert!(identify(
            &request,
            company,
            Actor::user(user.as_str(), &user)
        ));
    }
    next.run(request).await
}

fn session(request: &Request) -> Option<(String, String)> {
    let text = |name: &str| Some(request.headers().get(name)?.to_str().ok()?.to_owned());
    Some((text("x-company")?, text("x-user")?))
}

/// Gives way, so that other requests run in between on the same thread.
async fn give_way() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "current_thread")]
async fn tenants_at_once_do_not_mix() {
    async fn work(State(auditor): State<Auditor>, Path(step): Path<String>) {
        for _ in 0..3 {
            auditor.log("work").metadata("step", &step).await.unwrap();
            give_way().await;
        }
    }
    let auditor = auditor();
    let app = Router::new()
        .route("/work/{step}", post(work))
        .layer(from_fn(authenticate))
        .layer(ContextLayer::new("platform").auditor(&auditor))
        .with_state(auditor.clone());
    let server = serve(app).await;
    let requests: Vec<_> = (0..30)
        .map(|number| {
            tokio::spawn(async move {
                let company = format!("x-company: company-{}", number % 3);
                let user = format!("x-user: user-{number}");
                let request = format!("POST /work/{number}");
                ask(server, &request, &[&company, &user]).await.status
            })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert!(entries(&auditor, "platform").is_empty());
    for company in 0..3 {
        let entries = entries(&auditor, &format!("company-{company}"));
        assert_eq!(entries.len(), 30);
        for entry in entries {
            let number: u64 = entry.metadata["step"].as_str().unwrap().parse().unwrap();
            assert_eq!(number % 3, company);
            assert_eq!(entry.actor.name(), Some(&*format!("user-{number}")));
            assert_eq!(entry.request_data["path"], "/work/{step}");
        }
    }
}

#[tokio::test]
async fn who_it_is_holds_from_the_same_poll_on() {
    async fn login(State(auditor): State<Auditor>, Extension(identity): Extension<Identity>) {
        let before = auditor.log("login_failed").best_effort();
        // Nothing is waited for in between: all of it is one poll.
        poll_fn(|_| {
            let context = AuditContext::current().unwrap();
            assert_eq!(context.tenant().as_str(), "platform");
            assert_eq!(context.resolve_actor(), Actor::anonymous());
            before.clone().record().unwrap();
            assert!(identity.set("acme", Actor::user(7, "ada")));
            assert!(!identity.set("umbrella", Actor::user(8, "bob")));
            let context = AuditContext::current().unwrap();
            assert_eq!(context.tenant().as_str(), "acme");
            auditor.log("login").record().unwrap();
            Poll::Ready(())
        })
        .await;
    }
    let auditor = auditor();
    let app = Router::new()
        .route("/login", post(login))
        .layer(ContextLayer::new("platform"))
        .with_state(auditor.clone());
    assert_eq!(ask(serve(app).await, "POST /login", &[]).await.status, 200);
    let [before] = &entries(&auditor, "platform")[..] else {
        panic!()
    };
    let [after] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(
        (before.action.as_str(), before.actor.kind()),
        ("login_failed", ActorKind::Anonymous)
    );
    assert_eq!(
        (after.action.as_str(), after.actor.name()),
        ("login", Some("ada"))
    );
    assert_eq!(before.request_id, after.request_id);
    assert!(entries(&auditor, "umbrella").is_empty());
}

#[tokio::test]
async fn who_it_is_may_be_known_outside() {
    #[derive(Clone)]
    struct Session(&'static str, u32);

    async fn read(State(auditor): State<Auditor>) {
        auditor.log("read").await.unwrap();
    }
    async fn with_session(mut request: Request, next: Next) -> Response {
        request.extensions_mut().insert(Session("acme", 7));
        next.run(request).await
    }
    let auditor = auditor();
    let app = Router::new()
        .route("/", get(read))
        .layer(
            ContextLayer::new("platform")
                .tenant(|parts| Some(parts.extensions.get::<Session>()?.0))
                .actor(|parts| Some(Actor::user(parts.extensions.get::<Session>()?.1, "ada"))),
        )
        .layer(from_fn(with_session))
        .with_state(auditor.clone());
    ask(serve(app).await, "GET /", &[]).await;
    let [entry] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(entry.actor, Actor::user(7, "ada"));
}

#[tokio::test]
async fn who_it_is_may_be_said_without_the_request() {
    async fn login(State(auditor): State<Auditor>) {
        tokio::spawn(async { found_out() }.in_current_context())
            .await
            .unwrap();
        auditor.log("login").await.unwrap();
    }
    fn found_out() {
        let identity = Identity::current().unwrap();
        assert!(identity.set("acme", Actor::user(7, "ada")));
    }
    let auditor = auditor();
    let app = Router::new()
        .route("/login", post(login))
        .layer(ContextLayer::new("platform"))
        .with_state(auditor.clone());
    ask(serve(app).await, "POST /login", &[]).await;
    let [entry] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(entry.actor, Actor::user(7, "ada"));
    assert!(Identity::current().is_none());
}

#[tokio::test]
async fn what_is_spawned_carries_the_context_only_when_told_to() {
    async fn spawn() -> String {
        let tenant = || async {
            let context = AuditContext::current();
            context.map_or("none".to_owned(), |context| context.tenant().to_string())
        };
        let plain = tokio::spawn(tenant()).await.unwrap();
        let carried = tokio::spawn(tenant().in_current_context()).await.unwrap();
        format!("{plain} {carried}")
    }
    let app = Router::new()
        .route("/", get(spawn))
        .layer(ContextLayer::new("acme"));
    assert_eq!(ask(serve(app).await, "GET /", &[]).await.body, "none acme");
}
