//! What the words of the attribute do, one by one.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use audit_core::{
    Actor, AuditContext, Audited, Auditor, EntityId, InContext, MemoryStore, Outcome, Severity,
    Tenant, ToOutcome, audit_action,
};

use crate::{audited, entries, entries_of, one};

#[derive(Audited, Clone)]
struct Incident {
    #[audit(id)]
    id: u32,
    #[audit(name)]
    title: String,
    notes: Vec<String>,
}

fn incident() -> Incident {
    Incident {
        id: 7,
        title: "scan".to_owned(),
        notes: vec!["seen".to_owned()],
    }
}

#[audit_action(action = "pin", entity = incident)]
fn pin(incident: &Incident) {
    let _ = incident;
}

#[audit_action(action = "pin", entity = incident.as_ref())]
fn pin_if(incident: Option<Incident>) {
    drop(incident);
}

#[audit_action(action = "pin", entity = incident)]
fn pin_boxed(incident: Box<Incident>) {
    drop(incident);
}

#[test]
fn an_entity_is_taken_from_a_record_and_from_what_points_to_one() {
    let (auditor, context) = audited();
    context.scope(|| {
        pin(&incident());
        pin_if(Some(incident()));
        pin_boxed(Box::new(incident()));
        pin_if(None);
    });
    let all = entries(&auditor);
    for entry in &all[..3] {
        assert_eq!(entry.entity_type(), Some("incident"));
        assert_eq!(entry.entity_id(), Some(&EntityId::from(7)));
        assert_eq!(entry.entity_name(), Some("scan"));
    }
    assert_eq!(all[3].entity, None);
}

#[audit_action(action = "suspend", tenant = company)]
fn suspend(company: &str) {
    let _ = company;
}

#[audit_action(action = "suspend", tenant = company)]
async fn suspend_later(company: Tenant) {
    tokio::task::yield_now().await;
    drop(company);
    suspend("third");
}

#[test]
fn a_tenant_of_its_own_goes_before_that_of_the_context() {
    let (auditor, context) = audited();
    let context = context.actor(Actor::user(1, "ada")).request_id("r-1");
    context.scope(|| suspend("acme"));
    assert!(entries(&auditor).is_empty());
    let entry = &entries_of(&auditor, "acme")[0];
    assert_eq!(entry.actor.name(), Some("ada"));
    assert_eq!(entry.request_id.as_deref(), Some("r-1"));
    // An operation of one tenant means nothing in another's log.
    assert_eq!(entry.operation, None);
}

#[tokio::test]
async fn a_cause_stays_in_its_own_log() {
    let (auditor, context) = audited();
    suspend_later("acme".into()).in_context(context).await;
    assert_eq!(entries_of(&auditor, "acme").len(), 1);
    assert_eq!(entries_of(&auditor, "third")[0].cause, None);
}

#[audit_action(action = "purge", auditor = auditor, tenant = "acme")]
fn purge(auditor: &Auditor) {
    // The body records through the same auditor.
    Auditor::current()
        .unwrap()
        .log("inner")
        .tenant("acme")
        .record()
        .unwrap();
}

#[test]
fn an_auditor_and_a_tenant_are_enough() {
    let auditor = Auditor::new(MemoryStore::new());
    purge(&auditor);
    let all = entries_of(&auditor, "acme");
    assert_eq!((&*all[0].action, &*all[1].action), ("inner", "purge"));
    assert_eq!(all[0].cause, Some(all[1].id));
    assert_eq!(all[1].actor, Actor::anonymous());
    assert!(Auditor::current().is_none());
}

struct Job {
    context: AuditContext,
    auditor: Auditor,
}

impl Job {
    #[audit_action(action = "run", context = self.context, metadata(inside = tenant()))]
    fn run(&self) -> String {
        tenant()
    }

    #[audit_action(action = "run", context = &self.context, auditor = self.auditor)]
    async fn run_later(&mut self) -> &mut AuditContext {
        tokio::task::yield_now().await;
        assert_eq!(tenant(), "t");
        &mut self.context
    }
}

fn tenant() -> String {
    AuditContext::current().map_or_else(String::new, |context| context.tenant().to_string())
}

#[tokio::test]
async fn a_body_runs_in_the_context_that_is_named() {
    let (auditor, context) = audited();
    let mut job = Job {
        context: context.actor(Actor::system().named("nightly")),
        auditor: auditor.clone(),
    };
    assert_eq!(job.run(), "t");
    job.run_later().await;
    assert_eq!(tenant(), "");
    let all = entries(&auditor);
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].metadata["inside"], "t");
    assert!(
        all.iter()
            .all(|entry| entry.actor.name() == Some("nightly"))
    );
}

#[audit_action(action = "close", reason = why)]
fn close_for(why: Option<&str>) {
    let _ = why;
}

#[audit_action(action = "close", reason = format!("{why}!"))]
fn close_with(why: Cow<'_, str>) {
    drop(why);
}

#[test]
fn a_reason_is_text_or_none() {
    let (auditor, context) = audited();
    context.scope(|| {
        close_for(Some("duplicate"));
        close_for(None);
        close_for(Some(""));
        close_with("late".into());
    });
    let all = entries(&auditor);
    let reasons: Vec<_> = all.iter().map(|entry| entry.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("duplicate"), None, None, Some("late!")]);
}

#[audit_action(action = "wipe", severity = "critical")]
fn wipe() {}

#[audit_action(action = "wipe", severity = if all { Severity::Warning } else { Severity::Notice })]
fn wipe_some(all: bool) {
    let _ = all;
}

#[test]
fn a_severity_is_a_literal_or_a_value() {
    let (auditor, context) = audited();
    context.scope(|| {
        wipe();
        wipe_some(true);
        wipe_some(false);
    });
    let all: Vec<_> = entries(&auditor).iter().map(|e| e.severity).collect();
    assert_eq!(
        all,
        [Severity::Critical, Severity::Warning, Severity::Notice]
    );
}

#[audit_action(action = "open", entity_type = "incident", metadata(title),
    result(|made| entity = made, metadata(notes = made.notes.len()), reason = made.title))]
fn open(title: &str) -> Result<Incident, String> {
    if title.is_empty() {
        return Err("a title is needed".to_owned());
    }
    Ok(incident())
}

#[audit_action(action = "find", entity_type = "incident",
    result(|(id, _)| entity_id = id, entity_name = "found", metadata(id)))]
async fn find(id: u32) -> Option<(u32, u8)> {
    (id > 0).then_some((id, 0))
}

#[tokio::test]
async fn words_are_taken_from_what_was_returned_and_only_on_success() {
    let (auditor, context) = audited();
    context.scope(|| assert!(open("x").is_ok() && open("").is_err()));
    assert!(find(3).in_context(context.clone()).await.is_some());
    assert!(find(0).in_context(context).await.is_none());
    let all = entries(&auditor);
    assert_eq!(all[0].entity_id(), Some(&EntityId::from(7)));
    assert_eq!(all[0].entity_name(), Some("scan"));
    assert_eq!(all[0].metadata["notes"], 1);
    assert_eq!(all[0].metadata["title"], "x");
    assert_eq!(all[0].reason.as_deref(), Some("scan"));
    assert_eq!(
        (all[1].entity_type(), all[1].entity_id()),
        (Some("incident"), None)
    );
    assert_eq!(all[1].outcome, Outcome::Failure);
    assert_eq!(all[2].entity_id(), Some(&EntityId::from(3)));
    assert_eq!(all[2].entity_name(), Some("found"));
    assert_eq!(all[2].metadata["id"], 3);
    assert_eq!(all[3].entity_id(), None);
}

#[audit_action(action = "sync", skip_if = dry_run, metadata(at = panics_if(dry_run)))]
fn sync(dry_run: bool) -> u8 {
    5
}

fn panics_if(evaluated: bool) -> u8 {
    assert!(!evaluated, "not to be looked at");
    1
}

async fn is_quiet(quiet: bool) -> bool {
    tokio::task::yield_now().await;
    quiet
}

#[audit_action(action = "sync", skip_if = is_quiet(quiet).await)]
async fn sync_later(quiet: bool) {
    assert!(!quiet, "also where it panics");
}

#[tokio::test]
async fn what_is_skipped_runs_and_leaves_no_entry() {
    let (auditor, context) = audited();
    assert_eq!(context.scope(|| (sync(true), sync(false))), (5, 5));
    let quiet = tokio::spawn(sync_later(true).in_context(context.clone()));
    assert!(quiet.await.is_err());
    sync_later(false).in_context(context).await;
    assert_eq!(entries(&auditor).len(), 2);
}

#[audit_action(action = "see", none = denied)]
fn see(id: u8) -> Option<u8> {
    (id > 0).then_some(id)
}

#[audit_action(action = "see", none = failure)]
async fn see_later(id: u8) -> Result<Option<u8>, String> {
    match id {
        0 => Ok(None),
        9 => Err("broken".to_owned()),
        id => Ok(Some(id)),
    }
}

#[tokio::test]
async fn none_means_what_is_said() {
    let (auditor, context) = audited();
    context.scope(|| (see(0), see(1)));
    for id in [0, 1, 9] {
        drop(see_later(id).in_context(context.clone()).await);
    }
    let all: Vec<_> = entries(&auditor).iter().map(|e| e.outcome).collect();
    let (success, failure) = (Outcome::Success, Outcome::Failure);
    assert_eq!(all, [Outcome::Denied, success, failure, success, failure]);
}

struct Reply(u16);

impl ToOutcome for Reply {
    fn to_outcome(&self) -> Outcome {
        Outcome::of_http_status(self.0)
    }
}

#[audit_action(action = "get", result(|reply| metadata(status = reply.0)))]
fn get(status: u16) -> Reply {
    Reply(status)
}

#[audit_action(action = "get")]
async fn get_later(status: u16) -> Result<Reply, String> {
    Ok(Reply(status))
}

#[tokio::test]
async fn a_returned_value_may_say_its_outcome() {
    let (auditor, context) = audited();
    context.scope(|| (get(200), get(403), get(500)));
    let reply = get_later(404).in_context(context).await;
    assert_eq!(reply.map(|reply| reply.0), Ok(404));
    let all = entries(&auditor);
    let outcomes: Vec<_> = all.iter().map(|entry| entry.outcome).collect();
    assert_eq!(
        outcomes,
        [
            Outcome::Success,
            Outcome::Denied,
            Outcome::Failure,
            Outcome::Failure
        ]
    );
    assert!(all[0].metadata.contains_key("status"));
    assert!(all[1].metadata.is_empty());
}

#[derive(Debug)]
struct Outer(std::num::ParseIntError);

impl fmt::Display for Outer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no number")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[audit_action(action = "parse", sources)]
fn parse(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> {
    Ok(text.parse().map_err(Outer)?)
}

#[test]
fn the_sources_of_an_error_are_told_on_demand() {
    let (auditor, context) = audited();
    assert!(context.scope(|| parse("x")).is_err());
    let error = one(&auditor).error.unwrap();
    assert_eq!(error.text, "no number: invalid digit found in string");
}
