use serde_json::json;

use super::*;
use crate::{Change, Changes, ErrorDetail};

/// Something that a detector knows, and something that only its name gives away.
const TOKEN: &str = concat!(
    "eyJhbGciOiJIUzI1NiJ9",
    ".eyJzdWIiOiJjYW5hcnkifQ.",
    "c2lnbmF0dXJlLWNhbmFyeQ"
);
const PLAIN: &str = "canary-in-plain-sight";

#[test]
fn no_way_in_lets_a_secret_through() {
    let auditor = Auditor::new(MemoryStore::new());
    let text = format!("before {TOKEN} after");
    let mut changes = Changes::new();
    changes.insert(
        "api_token",
        Change::replaced(json!(PLAIN), json!({"deep": [PLAIN]})),
    );
    changes.insert("note", Change::added(json!(text)));
    changes.insert("list[3].password", Change::removed(json!(PLAIN)));
    let context = AuditContext::new("acme")
        .actor(
            Actor::user(text.clone(), text.clone())
                .on_behalf_of(Actor::service(text.clone(), text.clone())),
        )
        .user_agent(text.clone())
        .request_id(text.clone())
        .request_data(
            "headers",
            json!({"Authorization": PLAIN, "X-Api-Key": [PLAIN]}),
        )
        .request_data("url", format!("https://u:{PLAIN}@host/?token={PLAIN}"));
    context.scope(|| {
        auditor
            .log("a")
            .entity("t", text.clone())
            .entity_name(text.clone())
            .changes(changes)
            .metadata("session", PLAIN)
            .metadata("message", format!("login failed: password={PLAIN}"))
            .metadata("nested", json!([{"client_secret": {"value": PLAIN}}]))
            .reason(text.clone())
            .error(ErrorDetail::new(
                text.clone(),
                format!("{text}: pwd={PLAIN}"),
            ))
            .record()
            .unwrap()
    });
    let entry = &entries(&auditor)[0];
    let seen = format!("{} {entry:?}", serde_json::to_string(entry).unwrap());
    assert!(!seen.contains("c2lnbmF0dXJl"), "{seen}");
    assert!(!seen.contains("canary"), "{seen}");
    assert!(seen.contains("before ******** after"));
    assert!(entry.changes.touches("api_token"));
}

#[test]
fn debug_texts_of_what_has_not_passed_yet_show_no_values() {
    let auditor = Auditor::new(MemoryStore::new());
    let context = AuditContext::new("acme")
        .user_agent(PLAIN)
        .request_data("a", PLAIN);
    let draft = context.scope(|| {
        auditor
            .log("a")
            .metadata("b", PLAIN)
            .reason(PLAIN)
            .denied(PLAIN)
    });
    let seen = format!(
        "{context:?} {draft:?} {:?}",
        ErrorDetail::new("class", PLAIN)
    );
    assert!(!seen.contains(PLAIN), "{seen}");
}
