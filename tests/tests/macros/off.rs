//! Actions that are switched off.

use audit_core::{AuditContext, Auditor, InContext, MemoryStore, audit_action, current_action};

use crate::{entries, one};

fn off(actions: &[&str]) -> (Auditor, AuditContext) {
    let builder = Auditor::builder(MemoryStore::new()).off(actions.iter().copied());
    let auditor = builder.build().unwrap();
    let context = AuditContext::new("t").auditor(&auditor);
    (auditor, context)
}

fn not_to_be_looked_at() -> u8 {
    panic!("a value of an action that is off")
}

#[audit_action(action = "read", metadata(never = not_to_be_looked_at()), skip_if = not_to_be_looked_at() == 1 || not_to_be_looked_at() == 2)]
fn read(fails: bool) -> Result<u8, String> {
    assert_eq!(current_action().id(), None);
    if fails { Err("x".to_owned()) } else { Ok(1) }
}

#[audit_action(action = "read", before = not_to_be_audited(), after = not_to_be_audited())]
async fn read_later() -> u8 {
    tokio::task::yield_now().await;
    current_action().denied("nothing hears it");
    2
}

fn not_to_be_audited() -> Option<Record> {
    panic!("a value of an action that is off")
}

#[derive(audit_core::Audited)]
struct Record {
    #[audit(id)]
    id: u8,
}

#[tokio::test]
async fn a_function_that_is_off_runs_and_looks_at_nothing() {
    assert_eq!(Record { id: 1 }.id, 1);
    let (auditor, context) = off(&["read"]);
    context.scope(|| {
        assert_eq!(read(false), Ok(1));
        assert!(read(true).is_err());
        assert!(!auditor.log("read").record().unwrap().is_recorded());
    });
    assert_eq!(read_later().in_context(context.clone()).await, 2);
    drop(read_later().in_context(context));
    assert!(entries(&auditor).is_empty());
    assert_eq!(auditor.statistics().lost, 0);
}

#[audit_action(action = "around")]
fn around() {
    assert_eq!(read(false), Ok(1));
    current_action().metadata("after", true);
}

#[audit_action(action = "around")]
async fn around_later() {
    assert_eq!(read_later().await, 2);
    current_action().metadata("after", true);
}

#[tokio::test]
async fn what_a_silent_action_says_about_itself_is_not_said_about_the_one_around_it() {
    let (auditor, context) = off(&["read"]);
    context.scope(around);
    around_later().in_context(context).await;
    for entry in entries(&auditor) {
        assert_eq!(entry.action, "around");
        assert_eq!(entry.outcome, audit_core::Outcome::Success);
        assert_eq!(entry.metadata["after"], true);
    }
}

#[test]
fn one_function_is_off_for_one_auditor_and_on_for_another() {
    #[audit_action(action = "step")]
    fn step() {}
    let (silent, quiet) = off(&["step", "other"]);
    let (talking, loud) = off(&["other"]);
    for _ in 0..3 {
        quiet.scope(step);
        loud.scope(step);
    }
    assert!(entries(&silent).is_empty());
    assert_eq!(entries(&talking).len(), 3);
}

#[test]
fn reading_across_tenants_cannot_be_switched_off() {
    let (auditor, context) = off(&["access"]);
    context.scope(|| auditor.all_tenants("yearly review").unwrap());
    assert_eq!(one(&auditor).action, "access");
}
