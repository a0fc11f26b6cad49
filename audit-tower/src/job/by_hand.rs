//! Jobs of workers that are written by hand.

use std::fmt::Display;

use audit_core::Auditor;

use super::run::Run;
use super::{Carried, Job, JobFuture};

/// Runs a job in the context that it brings along, and records how it ended: for threads, timers, and
/// queues that know nothing of tower.
///
/// The actor is the system by the name of the worker, on behalf of whoever enqueued the job; what the
/// job does is caused by its entry, which is caused by the entry that the carrier names. A carrier that
/// is missing or broken does not stop the job: the entry says so, and goes to the log of [`Job::tenant`].
/// The entry has the action `run_job` and the entity type `job`; it is written without failing the job.
///
/// ```
/// use audit_core::{AuditContext, Actor, Auditor, Carrier, MemoryStore};
/// use audit_tower::{Job, run_job};
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let carrier = AuditContext::new("acme")
///     .actor(Actor::user(7, "ada"))
///     .scope(Carrier::current);
///
/// let job = Job::new("nightly").id(2026).attempt(1).worker("worker-3").tenant("platform");
/// let mended = run_job(&auditor, carrier, job, || {
///     auditor.log("mend").record()?;
///     Ok::<_, audit_core::Error>(1)
/// })?;
///
/// let entries = auditor.tenant("acme").entries().page()?.entries;
/// let (job, mend) = (&entries[0], &entries[1]);
/// assert_eq!(job.action, "run_job");
/// assert_eq!(job.actor.name(), Some("worker-3"));
/// assert_eq!(job.actor.principal().unwrap().name(), Some("ada"));
/// assert_eq!(mend.cause, Some(job.id));
/// # assert_eq!(mended, 1);
/// # Ok::<(), audit_core::Error>(())
/// ```
///
/// # Errors
///
/// That of the job.
pub fn run_job<T, E: Display>(
    auditor: &Auditor,
    carried: impl Into<Carried>,
    job: Job,
    work: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let mut run = Run::begin(auditor, carried.into(), job, None);
    let answer = run.run(work);
    if let Some(draft) = run.end(&answer) {
        // What cannot be recorded is reported where it is known.
        drop(draft.record());
    }
    answer
}

/// [`run_job`] for async code, on any runtime. A future that is dropped before its end is recorded as
/// `cancelled`.
///
/// ```
/// use audit_core::{Auditor, MemoryStore};
/// use audit_tower::{Carried, Job, run_job_async};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let auditor = Auditor::new(MemoryStore::new());
/// let job = Job::new("tidy").tenant("platform");
/// let answer = run_job_async(&auditor, Carried::Nothing, job, async {
///     Err::<(), _>("the disk is full")
/// });
/// assert!(answer.await.is_err());
/// let entries = auditor.tenant("platform").entries().page()?.entries;
/// assert_eq!(entries[0].outcome, audit_core::Outcome::Failure);
/// # Ok::<(), audit_core::Error>(())
/// # }).unwrap();
/// ```
pub fn run_job_async<F, T, E>(
    auditor: &Auditor,
    carried: impl Into<Carried>,
    job: Job,
    work: F,
) -> JobFuture<F, T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Display,
{
    JobFuture::new(work, Run::begin(auditor, carried.into(), job, None))
}
