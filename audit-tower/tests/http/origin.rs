//! Where a request came from, and what it is called.

use audit_core::{AuditEntry, Auditor};
use audit_tower::{ClientIp, ContextLayer, RequestId};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Extension, Router};

use crate::client::{Answer, ask};
use crate::server::{auditor, entries, serve};

async fn read(
    State(auditor): State<Auditor>,
    Extension(id): Extension<RequestId>,
    Path(status): Path<u16>,
) -> (StatusCode, String) {
    auditor.log("read").await.unwrap();
    (
        StatusCode::from_u16(status).unwrap(),
        id.as_str().to_owned(),
    )
}

async fn visit(layer: ContextLayer, request: &str, headers: &[&str]) -> (AuditEntry, Answer) {
    let auditor = auditor();
    let app = Router::new()
        .route("/answer/{status}", get(read))
        .layer(layer)
        .with_state(auditor.clone());
    let answer = ask(serve(app).await, request, headers).await;
    let mut entries = entries(&auditor, "acme");
    (entries.pop().unwrap(), answer)
}

fn layer() -> ContextLayer {
    ContextLayer::new("acme")
}

async fn ip(layer: ContextLayer, headers: &[&str]) -> Option<String> {
    let (entry, _) = visit(layer, "GET /answer/200", headers).await;
    entry.ip_address.map(|ip| ip.to_string())
}

const FORGED: [&str; 3] = [
    "x-forwarded-for: 6.6.6.6",
    "forwarded: for=6.6.6.6",
    "x-real-ip: 6.6.6.6",
];

#[tokio::test]
async fn the_address_is_that_of_the_connection() {
    assert_eq!(ip(layer(), &FORGED).await.as_deref(), Some("127.0.0.1"));
    // The connection does not come from that proxy.
    let behind = layer().client_ip(ClientIp::forwarded_for(["10.0.0.0/8"]).unwrap());
    assert_eq!(ip(behind, &FORGED).await.as_deref(), Some("127.0.0.1"));
}

#[tokio::test]
async fn behind_a_trusted_proxy_its_own_word_counts() {
    let behind = || layer().client_ip(ClientIp::forwarded_for(["127.0.0.0/8"]).unwrap());
    let lines = [FORGED[0], "x-forwarded-for: 192.0.2.7", FORGED[1]];
    assert_eq!(ip(behind(), &lines).await.as_deref(), Some("192.0.2.7"));
    let hidden = [FORGED[0], "x-forwarded-for: unknown"];
    assert_eq!(ip(behind(), &hidden).await, None);
    let behind = layer().client_ip(ClientIp::forwarded(["127.0.0.1", "10.0.0.1"]).unwrap());
    let lines = [
        FORGED[0],
        FORGED[1],
        "forwarded: for=\"[2001:db8::7]:4711\", for=10.0.0.1",
    ];
    assert_eq!(ip(behind, &lines).await.as_deref(), Some("2001:db8::7"));
}

#[tokio::test]
async fn a_peer_of_your_own_is_asked() {
    let peer = layer().peer(|_| "::ffff:192.0.2.1".parse().ok());
    assert_eq!(ip(peer, &[]).await.as_deref(), Some("192.0.2.1"));
    assert_eq!(ip(layer().peer(|_| None), &FORGED).await, None);
}

#[tokio::test]
async fn the_request_has_one_id_in_the_log_and_in_the_answer() {
    let sent = ["x-request-id: r-1"];
    let (entry, answer) = visit(layer(), "GET /answer/200", &sent).await;
    assert_eq!(entry.request_id.as_deref(), Some("r-1"));
    assert_eq!(answer.header("x-request-id"), Some("r-1"));
    assert_eq!(answer.body, "r-1");
    // Also where the answer is an error, and where what was sent is no id.
    for status in [500, 404] {
        let request = format!("GET /answer/{status}");
        let (entry, answer) = visit(layer(), &request, &["x-request-id: \"<b>\""]).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-request-id"), entry.request_id.as_deref());
        assert_eq!(answer.header("x-request-id").unwrap().len(), 36);
    }
}

#[tokio::test]
async fn an_id_that_the_log_would_mask_is_replaced() {
    use audit_core::{MemoryStore, Sanitizer};

    let sent = ["x-request-id: 4111111111111111"];
    let (entry, answer) = visit(layer(), "GET /answer/200", &sent).await;
    assert_eq!(answer.header("x-request-id"), entry.request_id.as_deref());
    assert_eq!(entry.request_id.as_deref(), Some(answer.body.as_str()));
    assert_eq!(answer.body.len(), 36);
    // What is masked, the auditor says: to this one it is an id like others.
    let sanitizer = Sanitizer::builder().allow("key").build();
    let builder = Auditor::builder(MemoryStore::new()).sanitizer(sanitizer);
    let lenient = layer().auditor(&builder.build().unwrap());
    for (layer, length) in [(layer(), 36), (lenient, 10)] {
        let sent = ["x-request-id: key=abc123"];
        let (_, answer) = visit(layer, "GET /answer/200", &sent).await;
        assert_eq!(answer.body.len(), length, "{}", answer.body);
    }
}

#[tokio::test]
async fn what_is_noted_of_a_request_holds_no_secrets() {
    let headers = [
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "user-agent: curl/8.5 \u{e4}",
        "cookie: session=hunter2",
        "authorization: Basic aHVudGVyMg==",
    ];
    let (entry, _) = visit(layer(), "GET /answer/200?token=hunter2", &headers).await;
    let data = serde_json::to_value(&entry.request_data).unwrap();
    assert_eq!(
        data,
        serde_json::json!({
            "method": "GET",
            "path": "/answer/{status}",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "parent_id": "00f067aa0ba902b7",
        })
    );
    assert!(
        entry
            .user_agent
            .as_deref()
            .unwrap()
            .starts_with("curl/8.5 ")
    );
    let json = serde_json::to_string(&entry).unwrap();
    assert!(
        !json.contains("hunter2") && !json.contains("aHVudGVyMg"),
        "{json}"
    );
}

#[tokio::test]
async fn a_path_of_a_nested_router_is_whole() {
    let auditor = auditor();
    let inner = Router::new().route(
        "/answer",
        get(async |State(auditor): State<Auditor>| {
            auditor.log("read").await.unwrap();
        }),
    );
    let app = Router::new()
        .nest("/companies/{company}", inner)
        .layer(layer())
        .with_state(auditor.clone());
    ask(serve(app).await, "GET /companies/4/answer", &[]).await;
    let [entry] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(entry.request_data["path"], "/companies/{company}/answer");
}

#[tokio::test]
async fn a_path_without_a_template_is_noted_only_when_asked_for() {
    async fn stray(State(auditor): State<Auditor>) {
        auditor.log("read").await.unwrap();
    }
    for (layer, path) in [
        (layer(), None),
        (layer().raw_path(), Some("/reset/hunter2")),
        (
            layer().path_template(|_| Some("/reset/{token}".to_owned())),
            Some("/reset/{token}"),
        ),
    ] {
        let auditor = auditor();
        let app = Router::new()
            .fallback(stray)
            .layer(layer)
            .with_state(auditor.clone());
        ask(
            serve(app).await,
            "GET /reset/hunter2?x=1",
            &["traceparent: 00-0-0-00"],
        )
        .await;
        let [entry] = &entries(&auditor, "acme")[..] else {
            panic!()
        };
        let noted = entry
            .request_data
            .get("path")
            .and_then(|path| path.as_str());
        assert_eq!(noted, path);
        assert!(!entry.request_data.contains_key("trace_id"));
    }
}
