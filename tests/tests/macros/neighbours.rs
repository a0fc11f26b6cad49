//! Together with the attributes of others, in either order.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use audit_core::{
    AuditContext, AuditEntry, Auditor, EntityId, InContext, MemoryStore, Outcome, ToOutcome,
    audit_action,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::ServiceExt;
use tracing::instrument;

use crate::{audited, entries, one};

/// What the tests below share that run before any context can be made around them.
fn own() -> AuditContext {
    static STORE: Mutex<Option<(Auditor, AuditContext)>> = Mutex::new(None);
    let mut own = STORE.lock().unwrap();
    own.get_or_insert_with(audited).1.clone()
}

fn recorded(action: &str) -> Vec<AuditEntry> {
    let auditor = own().scope(Auditor::current).unwrap();
    let mut all = entries(&auditor);
    all.retain(|entry| entry.action == action);
    all
}

mod main_above {
    use super::*;

    #[tokio::main(flavor = "current_thread")]
    #[audit_action(action = "main_above", context = own(), metadata(number))]
    pub(super) async fn run(number: u8) -> Result<u8, String> {
        tokio::task::yield_now().await;
        Err(format!("no {number}"))
    }
}

mod main_below {
    use super::*;

    async fn later() -> u8 {
        tokio::task::yield_now().await;
        4
    }

    #[audit_action(action = "main_below", context = own(), metadata(later = later().await))]
    #[tokio::main(flavor = "current_thread")]
    pub(super) async fn run(number: u8) -> Result<u8, String> {
        tokio::task::yield_now().await;
        Err(format!("no {number}"))
    }
}

#[test]
fn tokio_main() {
    assert!(main_above::run(3).is_err() && main_below::run(3).is_err());
    for (action, metadata) in [("main_above", ("number", 3)), ("main_below", ("later", 4))] {
        let all = recorded(action);
        assert_eq!(all.len(), 1, "{action}");
        assert_eq!(all[0].outcome, Outcome::Failure);
        assert_eq!(all[0].metadata[metadata.0], metadata.1);
    }
}

#[tokio::test]
#[audit_action(action = "tokio_test", context = own())]
async fn tokio_test_above() {
    tokio::task::yield_now().await;
    assert_eq!(AuditContext::current().unwrap().tenant().as_str(), "t");
}

#[audit_action(action = "tokio_test", context = own())]
#[tokio::test]
async fn tokio_test_below() -> Result<(), String> {
    tokio::task::yield_now().await;
    assert_eq!(AuditContext::current().unwrap().tenant().as_str(), "t");
    Ok(())
}

#[test]
#[audit_action(action = "plain_test", context = own())]
fn test_above() {
    assert_eq!(AuditContext::current().unwrap().tenant().as_str(), "t");
}

#[audit_action(action = "plain_test", context = own())]
#[test]
fn test_below() -> Result<(), String> {
    assert_eq!(AuditContext::current().unwrap().tenant().as_str(), "t");
    Ok(())
}

#[instrument(skip_all)]
#[audit_action(action = "traced", metadata(id))]
async fn instrument_above(id: u8) -> Result<u8, String> {
    tokio::task::yield_now().await;
    Err(format!("no {id}"))
}

#[audit_action(action = "traced", metadata(id))]
#[instrument(skip_all, err)]
async fn instrument_below(id: u8) -> Result<u8, String> {
    tokio::task::yield_now().await;
    Err(format!("no {id}"))
}

#[instrument]
#[audit_action(action = "traced", metadata(id))]
fn instrument_above_sync(id: u8) -> Option<u8> {
    id.checked_add(1)
}

#[audit_action(action = "traced", metadata(id))]
#[instrument]
fn instrument_below_sync(id: u8) -> Option<u8> {
    id.checked_add(1)
}

#[tokio::test]
async fn tracing_instrument() {
    let (auditor, context) = audited();
    assert!(
        instrument_above(1)
            .in_context(context.clone())
            .await
            .is_err()
    );
    assert!(
        instrument_below(2)
            .in_context(context.clone())
            .await
            .is_err()
    );
    context.scope(|| {
        instrument_above_sync(3);
        instrument_below_sync(4);
    });
    let all = entries(&auditor);
    let ids: Vec<_> = all
        .iter()
        .map(|entry| entry.metadata["id"].clone())
        .collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(all[1].outcome, Outcome::Failure);
    assert_eq!(all[3].outcome, Outcome::Success);
}

#[async_trait]
trait Close: Sync {
    async fn close(&self, id: u8) -> Result<u8, String>;
    async fn count(&mut self) -> usize;

    #[audit_action(action = "provided")]
    async fn provided(&self) -> Result<u8, String> {
        self.close(9).await
    }
}

struct Above(Vec<u8>);
struct Below(Vec<u8>);

#[async_trait]
#[audit_action(entity_type = "desk")]
impl Close for Above {
    #[audit_action(entity_id = self.0.len(), metadata(id))]
    async fn close(&self, id: u8) -> Result<u8, String> {
        tokio::task::yield_now().await;
        if id > 9 {
            return Err("no".to_owned());
        }
        Ok(id)
    }

    #[audit_action]
    async fn count(&mut self) -> usize {
        self.0.push(1);
        self.0.len()
    }
}

#[audit_action(entity_type = "desk")]
#[async_trait]
impl Close for Below {
    #[instrument(skip_all)]
    #[audit_action(entity_id = self.0.len(), metadata(id))]
    async fn close(&self, id: u8) -> Result<u8, String> {
        tokio::task::yield_now().await;
        if id > 9 {
            return Err("no".to_owned());
        }
        Ok(id)
    }

    #[audit_action(result(|count| entity_id = count))]
    #[instrument(skip_all)]
    async fn count(&mut self) -> usize {
        self.0.push(1);
        self.0.len()
    }
}

#[tokio::test]
async fn async_traits() {
    for (mut desk, counts) in [
        (Box::new(Above(vec![])) as Box<dyn Close + Send>, None),
        (Box::new(Below(vec![])) as Box<dyn Close + Send>, Some(1)),
    ] {
        let (auditor, context) = audited();
        async {
            assert_eq!(desk.count().await, 1);
            assert!(desk.close(10).await.is_err());
            assert_eq!(desk.provided().await, Ok(9));
        }
        .in_context(context)
        .await;
        let all = entries(&auditor);
        assert_eq!(all.len(), 4);
        assert_eq!(all[0].entity_type(), Some("desk"));
        assert_eq!(all[0].entity_id().and_then(EntityId::as_i64), counts);
        assert_eq!(all[1].outcome, Outcome::Failure);
        assert_eq!(all[1].entity_id().unwrap().as_i64(), Some(1));
        assert_eq!(all[2].cause, Some(all[3].id));
    }
}

struct Reply(Response);

impl ToOutcome for Reply {
    fn to_outcome(&self) -> Outcome {
        Outcome::of_http_status(self.0.status().as_u16())
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0
    }
}

#[axum::debug_handler]
#[audit_action(action = "show", entity_type = "incident", entity_id = id, auditor = auditor, tenant = "t")]
async fn handler_above(State(auditor): State<Arc<Auditor>>, Path(id): Path<u32>) -> Reply {
    let status = if id == 7 {
        StatusCode::OK
    } else {
        StatusCode::FORBIDDEN
    };
    Reply((status, auditor.statistics().lost.to_string()).into_response())
}

#[audit_action(action = "show", entity_type = "incident", entity_id = id, auditor = auditor, tenant = "t")]
#[axum::debug_handler]
async fn handler_below(
    State(auditor): State<Arc<Auditor>>,
    Path(id): Path<u32>,
) -> Result<String, StatusCode> {
    if id == 7 {
        Ok(auditor.statistics().lost.to_string())
    } else {
        Err(StatusCode::NOT_FOUND)
    }
}

#[audit_action(action = "plain", auditor = auditor, tenant = "t")]
async fn handler(State(auditor): State<Arc<Auditor>>) -> impl IntoResponse {
    drop(auditor);
    "fine"
}

#[tokio::test]
async fn axum_handlers() {
    let auditor = Arc::new(Auditor::new(MemoryStore::new()));
    let router = Router::new()
        .route("/above/{id}", get(handler_above))
        .route("/below/{id}", get(handler_below))
        .route("/plain", get(handler))
        .with_state(Arc::clone(&auditor));
    for (path, status) in [
        ("/above/7", 200),
        ("/above/8", 403),
        ("/below/7", 200),
        ("/below/8", 404),
        ("/plain", 200),
    ] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    let outcomes: Vec<_> = entries(&auditor).iter().map(|e| e.outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Success,
            Outcome::Denied,
            Outcome::Success,
            Outcome::Failure,
            Outcome::Success
        ]
    );
}

#[test]
fn one_action_of_each_plain_test_is_one_entry() {
    let (auditor, context) = audited();
    context.scope(|| instrument_below_sync(255));
    assert_eq!(one(&auditor).outcome, Outcome::Success);
}
