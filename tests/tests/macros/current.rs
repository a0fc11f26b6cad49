//! What a body says about its own action.

use audit_core::{
    AuditContext, Audited, Change, Changes, EntityId, InContext, Outcome, Severity, audit_action,
    current_action, in_current_context,
};
use serde_json::json;

use crate::{audited, entries, one};

#[derive(Audited)]
struct Note {
    #[audit(id)]
    id: u32,
    #[audit(name)]
    title: &'static str,
}

#[audit_action(
    action = "note",
    entity_type = "incident",
    entity_id = 1,
    entity_name = "scan",
    severity = "notice",
    reason = "by the attribute",
    metadata(from = "attribute", other = 1)
)]
fn note() -> Result<(), String> {
    let mut changes = Changes::new();
    changes.insert("text", Change::added(json!("seen")));
    current_action()
        .about(&Note { id: 9, title: "n" })
        .metadata("from", "body")
        .reason("by the body")
        .severity(Severity::Warning)
        .changes(changes)
        .outcome(Outcome::Success);
    Err("which the body does not call a failure".to_owned())
}

#[test]
fn what_the_body_says_goes_before_what_the_attribute_says() {
    let (auditor, context) = audited();
    assert!(context.scope(note).is_err());
    let entry = one(&auditor);
    assert_eq!(entry.entity_type(), Some("note"));
    assert_eq!(entry.entity_id(), Some(&EntityId::from(9)));
    assert_eq!(entry.entity_name(), Some("n"));
    assert_eq!(entry.metadata["from"], "body");
    assert_eq!(entry.metadata["other"], 1);
    assert_eq!(entry.reason.as_deref(), Some("by the body"));
    assert_eq!(entry.severity, Severity::Warning);
    assert_eq!(entry.outcome, Outcome::Success);
    assert!(entry.changes.get("text").is_some());
}

#[audit_action(action = "inner")]
async fn inner() {
    tokio::task::yield_now().await;
    current_action().denied("not yours").metadata("at", "inner");
}

#[audit_action(action = "outer")]
async fn outer() {
    let id = current_action().id();
    inner().await;
    tokio::task::yield_now().await;
    assert_eq!(current_action().id(), id);
    // A context that is entered inside is still inside the action.
    AuditContext::new("elsewhere").scope(|| {
        current_action().entity("desk", 5).entity_name("first");
    });
}

#[tokio::test]
async fn the_innermost_action_is_meant() {
    assert_eq!(current_action().id(), None);
    let (auditor, context) = audited();
    outer().in_context(context).await;
    let all = entries(&auditor);
    assert_eq!(all[0].outcome, Outcome::Denied);
    let error = all[0].error.as_ref().unwrap();
    assert_eq!((&*error.class, &*error.text), ("denied", "not yours"));
    assert_eq!(all[0].metadata["at"], "inner");
    assert_eq!(all[1].outcome, Outcome::Success);
    assert!(all[1].metadata.is_empty());
    assert_eq!(all[1].entity_id(), Some(&EntityId::from(5)));
    assert_eq!(all[1].entity_name(), Some("first"));
}

#[audit_action(action = "spread")]
async fn spread() {
    tokio::spawn(async { current_action().metadata("spawned", 1).id() })
        .await
        .unwrap();
    let carried = async { current_action().metadata("carried", 1).id() }.in_current_context();
    assert_eq!(tokio::spawn(carried).await.unwrap(), current_action().id());
    let thread = in_current_context(|| {
        current_action().metadata("thread", 1);
    });
    std::thread::spawn(thread).join().unwrap();
}

#[tokio::test]
async fn another_task_reaches_it_only_when_told_to() {
    let (auditor, context) = audited();
    spread().in_context(context).await;
    let entry = one(&auditor);
    let names: Vec<_> = entry.metadata.keys().map(String::as_str).collect();
    assert_eq!(names, ["carried", "thread"]);
}

#[audit_action(action = "leak")]
fn leak() -> audit_core::CurrentAction {
    current_action()
}

#[test]
fn a_handle_that_outlives_its_action_says_nothing() {
    let (auditor, context) = audited();
    let late = context.scope(leak);
    assert!(late.id().is_some());
    late.metadata("late", 1).denied("too late");
    let entry = one(&auditor);
    assert!(entry.metadata.is_empty());
    assert_eq!(entry.outcome, Outcome::Success);
    assert_eq!(late.id(), Some(entry.id));
}

#[audit_action(action = "burn", result(|()| metadata(never = 1)))]
fn burn(burns: bool) {
    current_action()
        .metadata("step", 2)
        .denied("before it burnt");
    assert!(!burns, "burnt");
}

#[test]
fn how_a_panic_ends_is_not_for_the_body_to_say() {
    let (auditor, context) = audited();
    let run = std::panic::AssertUnwindSafe(|| context.scope(|| burn(true)));
    assert!(std::panic::catch_unwind(run).is_err());
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Panicked);
    assert_eq!(entry.metadata["step"], 2);
    // And what the body denies is no success, so nothing is taken from the value.
    context.scope(|| burn(false));
    let entry = &entries(&auditor)[1];
    assert_eq!(entry.outcome, Outcome::Denied);
    assert!(!entry.metadata.contains_key("never"));
}

#[audit_action(action = "odd", entity_type = "thing")]
fn odd() {
    let by_pair = std::collections::HashMap::from([((1, 2), 3)]);
    current_action()
        .metadata("by_pair", by_pair)
        .entity("thing", "x".repeat(2000));
}

#[test]
fn what_cannot_be_recorded_is_named_and_costs_nothing_else() {
    let (auditor, context) = audited();
    context.scope(odd);
    let entry = one(&auditor);
    assert_eq!(
        entry.metadata["by_pair"]["$unrecordable"],
        "cannot be written as JSON"
    );
    assert!(entry.metadata["entity_id"]["$unrecordable"].is_string());
    assert_eq!(entry.entity_type(), Some("thing"));
}
