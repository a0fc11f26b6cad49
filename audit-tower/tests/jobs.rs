//! Jobs of a real worker, and of workers that are written by hand.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use apalis::layers::WorkerBuilderExt as _;
use apalis::layers::retry::RetryPolicy;
use apalis_core::backend::TaskSink as _;
use apalis_core::backend::memory::MemoryStorage;
use apalis_core::error::BoxDynError;
use apalis_core::task::Task;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::data::Data;
use apalis_core::worker::builder::WorkerBuilder;
use apalis_core::worker::context::WorkerContext;
use audit_core::{
    Actor, ActorKind, AuditContext, AuditEntry, Auditor, Carrier, MemoryStore, Outcome,
};
use audit_tower::{Carried, Job, JobLayer, run_job, run_job_async};

fn auditor() -> Auditor {
    Auditor::new(MemoryStore::new())
}

fn entries(auditor: &Auditor, tenant: &str) -> Vec<AuditEntry> {
    auditor.flush(Duration::from_secs(5)).unwrap();
    let log = auditor.tenant(tenant);
    log.entries().oldest_first().page().unwrap().entries
}

fn ada() -> AuditContext {
    AuditContext::new("acme")
        .actor(Actor::user(7, "ada"))
        .request_id("r-1")
}

#[derive(Clone)]
struct Escalate {
    succeeds_at: u32,
}

async fn escalate(
    job: Escalate,
    attempts: Data<Arc<AtomicU32>>,
    auditor: Data<Auditor>,
    worker: WorkerContext,
) -> Result<(), BoxDynError> {
    let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
    auditor.log("step").metadata("attempt", attempt).await?;
    if attempt < job.succeeds_at {
        return Err("the other end is down".into());
    }
    worker.stop()?;
    Ok(())
}

/// Works until a job has succeeded.
async fn work(auditor: &Auditor, task: Task<Escalate>) {
    let mut storage = MemoryStorage::new();
    storage.push_task(task).await.unwrap();
    let worker = WorkerBuilder::new("night-shift")
        .backend(storage)
        .retry(RetryPolicy::retries(5))
        .layer(JobLayer::apalis(auditor, "platform"))
        .data(Arc::new(AtomicU32::new(0)))
        .data(auditor.clone())
        .build(escalate);
    tokio::time::timeout(Duration::from_secs(20), worker.run())
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_job_that_fails_twice_and_then_succeeds_leaves_three_entries() {
    let auditor = auditor();
    let (task, enqueued) = ada().scope(|| {
        let receipt = auditor.log("enqueue").record().unwrap();
        let carrier = Carrier::current().unwrap();
        let carrier = carrier.caused_by(receipt.entry_id().unwrap());
        let task = TaskBuilder::new(Escalate { succeeds_at: 3 }).metadata(&Carried::from(carrier));
        (task.build(), receipt.entry_id())
    });
    work(&auditor, task).await;
    let entries = entries(&auditor, "acme");
    let jobs: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action == "run_job")
        .collect();
    let steps: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action == "step")
        .collect();
    let outcomes: Vec<_> = jobs.iter().map(|job| job.outcome).collect();
    assert_eq!(
        outcomes,
        [Outcome::Failure, Outcome::Failure, Outcome::Success]
    );
    for (number, job) in jobs.iter().enumerate() {
        assert_eq!(job.metadata["attempt"], number + 1);
        assert_eq!(job.entity_type(), Some("job"));
        assert_eq!(job.entity_name(), Some("Escalate"));
        assert!(job.entity_id().is_some());
        assert_eq!(job.entity_id(), jobs[0].entity_id());
        assert_eq!(job.actor.kind(), ActorKind::System);
        assert_eq!(job.actor.name(), Some("night-shift"));
        assert_eq!(job.actor.principal(), Some(&Actor::user(7, "ada")));
        assert_eq!(job.cause, enqueued);
        assert_eq!(job.request_id.as_deref(), Some("r-1"));
        assert!(job.duration.is_some());
        assert!(!job.metadata.contains_key("carrier"));
        assert_eq!(steps[number].cause, Some(job.id));
        assert_eq!(steps[number].operation, job.operation);
    }
    assert_ne!(jobs[0].operation, jobs[1].operation);
    let retry_of = |job: &AuditEntry| Some(job.metadata.get("retry_of")?.as_str()?.to_owned());
    assert_eq!(retry_of(jobs[0]), None);
    assert_eq!(retry_of(jobs[1]), Some(jobs[0].id.to_string()));
    assert_eq!(retry_of(jobs[2]), Some(jobs[1].id.to_string()));
    assert!(
        jobs[0]
            .error
            .as_ref()
            .unwrap()
            .text
            .contains("the other end is down")
    );
}

#[test]
fn a_job_that_runs_inside_of_a_request_takes_nothing_from_it() {
    let auditor = auditor();
    let carrier = ada().scope(|| Carrier::current().unwrap());
    let request = AuditContext::new("umbrella")
        .actor(Actor::user(8, "bob"))
        .ip([203, 0, 113, 7])
        .user_agent("curl")
        .request_data("path", "/drain");
    request.scope(|| {
        let step = || auditor.log("step").record().map(drop);
        run_job(&auditor, carrier, Job::new("drain"), step).unwrap();
    });
    let entries = entries(&auditor, "acme");
    assert_eq!(entries.len(), 2);
    for entry in entries {
        assert_eq!(entry.ip_address, None);
        assert_eq!(entry.user_agent, None);
        assert!(entry.request_data.is_empty());
        assert_eq!(entry.actor.principal(), Some(&Actor::user(7, "ada")));
    }
}

#[test]
fn nor_does_a_job_that_brings_nothing_but_a_tenant() {
    let auditor = auditor();
    let request = AuditContext::new("umbrella").ip([203, 0, 113, 7]);
    request.request_data("path", "/drain").scope(|| {
        let job = Job::new("tidy").tenant("platform");
        run_job(&auditor, Carried::Nothing, job, || Ok::<_, String>(())).unwrap();
    });
    let entries = entries(&auditor, "platform");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].ip_address, None);
    assert!(entries[0].request_data.is_empty());
}

#[tokio::test]
async fn a_job_without_a_context_runs_and_says_so() {
    use apalis_core::task::metadata::MetadataStore;

    let newer = r#"{"v":99,"tenant":"acme","actor":{"kind":"system"}}"#;
    // As an actor in an entry, it would be refused.
    let id = "x".repeat(2_000_000);
    let endless =
        format!(r#"{{"v":1,"tenant":"acme","actor":{{"kind":"user","id":{{"text":"{id}"}}}}}}"#);
    for (carrier, trouble) in [
        (None, "missing"),
        (Some("{"), "broken"),
        (Some(newer), "broken"),
        (Some(&endless), "broken"),
    ] {
        let auditor = auditor();
        let carrier = carrier.map(|text| ("audit_carrier", text));
        let task = TaskBuilder::new(Escalate { succeeds_at: 1 })
            .with_metadata(MetadataStore::from_iter(carrier))
            .build();
        work(&auditor, task).await;
        let entries = entries(&auditor, "platform");
        let job = entries
            .iter()
            .find(|entry| entry.action == "run_job")
            .unwrap();
        assert_eq!(job.metadata["carrier"], trouble);
        assert_eq!(job.outcome, Outcome::Success);
        assert_eq!(job.actor, Actor::system().named("night-shift"));
    }
}

#[test]
fn a_job_by_hand_that_panics_is_told_of() {
    let auditor = auditor();
    let carrier = ada().scope(Carrier::current);
    let job = Job::new("nightly").attempt(2).worker("thread-1");
    let caught = catch_unwind(AssertUnwindSafe(|| {
        run_job(&auditor, carrier, job, || -> Result<(), String> {
            panic!("a bug")
        })
    }));
    assert!(caught.is_err());
    assert!(AuditContext::current().is_none());
    let [entry] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(entry.outcome, Outcome::Panicked);
    assert_eq!(entry.metadata["attempt"], 2);
    assert_eq!(entry.actor.name(), Some("thread-1"));
}

#[test]
fn a_job_that_nobody_has_enqueued_has_a_log_of_its_own() {
    let auditor = auditor();
    let job = || Job::new("tidy").id(4);
    let ok = || Ok::<_, String>(AuditContext::current().is_some());
    let nobody = Carried::Nothing;
    assert_eq!(
        run_job(&auditor, nobody.clone(), job().tenant("platform"), ok),
        Ok(true)
    );
    // Where nobody says whose log it is, that of here and now is meant.
    assert_eq!(
        ada().scope(|| run_job(&auditor, nobody.clone(), job(), ok)),
        Ok(true)
    );
    let [entry] = &entries(&auditor, "platform")[..] else {
        panic!()
    };
    assert_eq!(entry.actor, Actor::system().named("tidy"));
    assert!(!entry.metadata.contains_key("carrier"));
    assert_eq!(entries(&auditor, "acme").len(), 1);
    // And without any, it runs and is reported.
    assert_eq!(run_job(&auditor, nobody, job(), ok), Ok(false));
    assert_eq!(auditor.statistics().lost, 1);
}

#[tokio::test]
async fn a_job_that_is_dropped_half_way_is_cancelled() {
    struct SeesItsContext(Auditor);
    impl Drop for SeesItsContext {
        fn drop(&mut self) {
            self.0.log("dropped").record().unwrap();
        }
    }
    let auditor = auditor();
    let witness = SeesItsContext(auditor.clone());
    let work = async move {
        let _witness = witness;
        pending::<Result<(), String>>().await
    };
    let job = Job::new("slow");
    let carrier = ada().scope(Carrier::current);
    let mut future = Box::pin(run_job_async(&auditor, carrier, job, work));
    let polled = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    drop(future);
    let [dropped, job] = &entries(&auditor, "acme")[..] else {
        panic!()
    };
    assert_eq!(
        (dropped.action.as_str(), dropped.cause),
        ("dropped", Some(job.id))
    );
    assert_eq!(job.outcome, Outcome::Cancelled);
}
