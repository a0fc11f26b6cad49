//! The layer around a worker.

use std::fmt;
use std::sync::Arc;

use audit_core::{Auditor, EntityId, Tenant, ToEntityId};
use tower_layer::Layer;

use super::retries::Retries;
use super::{Carried, Job, JobService};

/// Runs each job of a worker in the context that it brings along, and records how each attempt ended.
///
/// `R` is the request of the service: the job as the queue has it. For apalis there is
/// `JobLayer::apalis` (feature `apalis`).
///
/// Each attempt is one entry with the action `run_job`: entity type `job`, the id and the name of the
/// job, `attempt` in the metadata, outcome and duration. The actor is the system by the name of the
/// worker, on behalf of whoever enqueued the job; the cause is the entry that the carrier names. What the
/// job does is caused by its entry. All attempts are found by the id of the job; one that follows a failed
/// one in this process also names that one's entry as `retry_of`.
///
/// A layer that repeats jobs belongs outside of this one, so that each attempt is seen.
///
/// ```
/// use audit_core::{Auditor, Carrier, MemoryStore};
/// use audit_tower::JobLayer;
/// use tower::{ServiceBuilder, ServiceExt, service_fn};
///
/// struct Mail { number: u64, to: String, carrier: Option<Carrier> }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let auditor = Auditor::new(MemoryStore::new());
/// let worker = ServiceBuilder::new()
///     .layer(
///         JobLayer::new(&auditor, "platform")
///             .worker(|_| "mailer".to_owned())
///             .name(|_: &Mail| "send_mail".to_owned())
///             .id(|mail| Some(mail.number))
///             .carrier(|mail| mail.carrier.clone()),
///     )
///     .service(service_fn(async |mail: Mail| Ok::<_, std::io::Error>(mail.to.len())));
///
/// let mail = Mail { number: 1, to: "ada".to_owned(), carrier: None };
/// assert_eq!(worker.oneshot(mail).await.unwrap(), 3);
/// let entry = &auditor.tenant("platform").entries().page()?.entries[0];
/// assert_eq!(entry.entity_name(), Some("send_mail"));
/// assert_eq!(entry.metadata["carrier"], "missing");
/// # Ok::<(), audit_core::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct JobLayer<R>(Arc<Settings<R>>);

type Ask<R, T> = Arc<dyn Fn(&R) -> T + Send + Sync>;

pub(super) struct Settings<R> {
    auditor: Auditor,
    unclaimed: Tenant,
    carrier: Option<Ask<R, Carried>>,
    name: Option<Ask<R, String>>,
    id: Option<Ask<R, Option<EntityId>>>,
    attempt: Option<Ask<R, u64>>,
    worker: Option<Ask<R, String>>,
    retries: Arc<Retries>,
}

impl<R> JobLayer<R> {
    /// A layer that records through this auditor, and whose jobs belong to this tenant where no carrier
    /// names another.
    pub fn new(auditor: &Auditor, unclaimed: impl Into<Tenant>) -> Self {
        Self(Arc::new(Settings {
            auditor: auditor.clone(),
            unclaimed: unclaimed.into(),
            carrier: None,
            name: None,
            id: None,
            attempt: None,
            worker: None,
            retries: Arc::default(),
        }))
    }

    /// Says what a job brings along: a [`Carrier`](audit_core::Carrier), an option or a result of one, or
    /// what [`Carried::from_json`] makes of a text.
    pub fn carrier<C: Into<Carried>>(self, ask: impl Fn(&R) -> C + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.carrier = Some(Arc::new(move |job| ask(job).into())))
    }

    /// Says what a job is called; without this, `job`.
    pub fn name(self, ask: impl Fn(&R) -> String + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.name = Some(Arc::new(ask)))
    }

    /// Says which job it is: the same for all attempts at it.
    pub fn id<I: ToEntityId>(self, ask: impl Fn(&R) -> Option<I> + Send + Sync + 'static) -> Self {
        let ask = move |job: &R| ask(job).map(|id| id.to_entity_id());
        self.with(|settings| settings.id = Some(Arc::new(ask)))
    }

    /// Says which attempt it is; the first one is 1.
    pub fn attempt(self, ask: impl Fn(&R) -> u64 + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.attempt = Some(Arc::new(ask)))
    }

    /// Says who works on it; without this, the actor is named after the job.
    pub fn worker(self, ask: impl Fn(&R) -> String + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.worker = Some(Arc::new(ask)))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings<R>)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

impl<R> Settings<R> {
    pub(super) fn auditor(&self) -> &Auditor {
        &self.auditor
    }

    pub(super) fn retries(&self) -> &Arc<Retries> {
        &self.retries
    }

    pub(super) fn carried(&self, request: &R) -> Carried {
        let carrier = self.carrier.as_ref();
        carrier.map_or(Carried::Nothing, |ask| ask(request))
    }

    pub(super) fn job(&self, request: &R) -> Job {
        let name = self.name.as_ref().map(|ask| ask(request));
        Job {
            name: name.unwrap_or_else(|| "job".to_owned()),
            id: self.id.as_ref().and_then(|ask| ask(request)),
            attempt: self.attempt.as_ref().map(|ask| ask(request)),
            worker: self.worker.as_ref().map(|ask| ask(request)),
            tenant: Some(self.unclaimed.clone()),
        }
    }
}

impl<S, R> Layer<S> for JobLayer<R> {
    type Service = JobService<S, R>;

    fn layer(&self, inner: S) -> JobService<S, R> {
        JobService::new(inner, Arc::clone(&self.0))
    }
}

// By hand: a derive would ask the request to be `Clone`.
impl<R> Clone for JobLayer<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Clone for Settings<R> {
    fn clone(&self) -> Self {
        Self {
            auditor: self.auditor.clone(),
            unclaimed: self.unclaimed.clone(),
            carrier: self.carrier.clone(),
            name: self.name.clone(),
            id: self.id.clone(),
            attempt: self.attempt.clone(),
            worker: self.worker.clone(),
            retries: Arc::clone(&self.retries),
        }
    }
}

impl<R> fmt::Debug for JobLayer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobLayer")
            .field("unclaimed", &self.0.unclaimed)
            .finish_non_exhaustive()
    }
}
