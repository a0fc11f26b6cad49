//! Background jobs.

#[cfg(feature = "apalis")]
pub(crate) mod apalis;
mod by_hand;
mod carried;
mod future;
mod layer;
mod retries;
mod run;
mod service;

use std::fmt;

use audit_core::{EntityId, Tenant, ToEntityId};

pub use self::by_hand::{run_job, run_job_async};
pub use self::carried::Carried;
pub use self::future::JobFuture;
pub use self::layer::JobLayer;
pub use self::service::JobService;

/// What is known of a job before it runs: its name, and where they are known its id, which attempt it
/// is, who works on it, and whose log it goes to if nobody says.
///
/// ```
/// use audit_tower::Job;
///
/// let job = Job::new("nightly").id(2026).attempt(2).worker("worker-3").tenant("acme");
/// ```
#[derive(Clone)]
#[must_use = "a job is recorded by `run_job` or `run_job_async`"]
pub struct Job {
    name: String,
    id: Option<EntityId>,
    attempt: Option<u64>,
    worker: Option<String>,
    tenant: Option<Tenant>,
}

impl Job {
    /// A job by its name: what it does, not what it does it to.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            id: None,
            attempt: None,
            worker: None,
            tenant: None,
        }
    }

    /// Says which job it is. All attempts at one job have one id: this is how they are found.
    pub fn id(mut self, id: impl ToEntityId) -> Self {
        self.id = Some(id.to_entity_id());
        self
    }

    /// Says which attempt it is; the first one is 1.
    pub fn attempt(mut self, attempt: u64) -> Self {
        self.attempt = Some(attempt);
        self
    }

    /// Says who works on it: the actor is the system by this name, or else by that of the job.
    pub fn worker(mut self, name: impl Into<String>) -> Self {
        self.worker = Some(name.into());
        self
    }

    /// Says whose log the entry goes to where no carrier does: for jobs that nobody has enqueued.
    pub fn tenant(mut self, tenant: impl Into<Tenant>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("name", &self.name)
            .field("id", &self.id)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
