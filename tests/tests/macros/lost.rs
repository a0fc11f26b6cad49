//! An entry that cannot be written is counted and reported, and the work goes on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use audit_core::{
    AuditContext, Auditor, ErrorKind, InContext, MemoryStore, ProblemKind, audit_action,
};

use crate::entries;

type Problems = Arc<Mutex<Vec<(ProblemKind, u64, Option<String>, ErrorKind)>>>;

fn reporting() -> (Auditor, Problems) {
    let problems = Problems::default();
    let seen = Arc::clone(&problems);
    let auditor = Auditor::builder(MemoryStore::new())
        .on_problem(move |problem| {
            let action = problem.action.map(str::to_owned);
            let told = (problem.kind, problem.entries, action, problem.error.kind());
            seen.lock().unwrap().push(told);
        })
        .build()
        .unwrap();
    (auditor, problems)
}

#[audit_action(action = "count", metadata(by_pair))]
fn count(by_pair: &HashMap<(u8, u8), u8>) -> usize {
    by_pair.len()
}

#[test]
fn a_value_that_is_no_json_is_named_and_costs_nothing_else() {
    let (auditor, problems) = reporting();
    let context = AuditContext::new("t").auditor(&auditor);
    let bad = HashMap::from([((1, 2), 3)]);
    assert_eq!(context.scope(|| count(&bad)), 1);
    let entry = &entries(&auditor)[0];
    assert_eq!(
        entry.metadata["by_pair"],
        serde_json::json!({"$unrecordable": "cannot be written as JSON"})
    );
    assert!(problems.lock().unwrap().is_empty());
}

#[audit_action(action = "open", entity_type = "file", entity_id = name)]
fn open(name: &str) -> usize {
    name.len()
}

#[test]
fn an_id_that_is_too_long_is_said_to_be_and_costs_nothing_else() {
    let (auditor, problems) = reporting();
    let context = AuditContext::new("t").auditor(&auditor);
    assert_eq!(context.scope(|| open(&"x".repeat(2000))), 2000);
    let entry = &entries(&auditor)[0];
    assert_eq!(
        (entry.entity_type(), entry.entity_id()),
        (Some("file"), None)
    );
    let why = entry.metadata["entity_id"]["$unrecordable"]
        .as_str()
        .unwrap();
    assert!(why.contains("2000 bytes"), "{why}");
    assert!(problems.lock().unwrap().is_empty());
}

#[audit_action(action = "close")]
fn close() -> u8 {
    1
}

#[audit_action(action = "close_later")]
async fn close_later() -> u8 {
    2
}

#[tokio::test]
async fn a_closed_auditor_loses_entries_loudly_and_the_work_goes_on() {
    let (auditor, problems) = reporting();
    let context = AuditContext::new("t").auditor(&auditor);
    auditor.close(std::time::Duration::from_secs(5)).unwrap();
    assert_eq!(context.scope(close), 1);
    assert_eq!(close_later().in_context(context).await, 2);
    assert_eq!(auditor.statistics().lost, 2);
    let told = problems.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            (
                ProblemKind::Lost,
                1,
                Some("close".to_owned()),
                ErrorKind::Closed
            ),
            (
                ProblemKind::Lost,
                1,
                Some("close_later".to_owned()),
                ErrorKind::Closed
            ),
        ]
    );
}
