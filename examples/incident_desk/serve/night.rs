//! The nightly job: who asked for it travels with it, and each attempt is an entry.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use apalis::layers::WorkerBuilderExt as _;
use apalis::layers::retry::RetryPolicy;
use apalis_core::error::{BoxDynError, WorkerError};
use apalis_core::task::Task;
use apalis_core::task::data::Data;
use apalis_core::worker::builder::WorkerBuilder;
use audit_tower::JobLayer;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::channel::oneshot;
use futures::{FutureExt as _, StreamExt as _, stream};
use serde::Deserialize;

use super::{App, PLATFORM};
use crate::desk::{Desk, DeskError, Severity};
use crate::handlers::NightlyJob;
use crate::people::Person;

/// How often a job that failed is tried again.
const RETRIES: usize = 3;

/// The work, and for which company.
#[derive(Clone)]
struct Nightly {
    company: String,
    job: NightlyJob,
    /// Keeps the queue open until the job is done, retries and all: a worker that has been told to end
    /// tries nothing again.
    _queue: Queue,
}

/// Where jobs wait. In memory: what waits when the process dies is gone, but for the entry that
/// says who asked for it.
#[derive(Clone)]
pub(super) struct Queue(UnboundedSender<Nightly>);

/// The worker, before it works.
pub(super) struct Night {
    queue: Queue,
    waiting: UnboundedReceiver<Nightly>,
    /// How many attempts are to fail.
    drills: u32,
}

#[derive(Deserialize)]
struct Ask {
    at_least: Severity,
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/nightly", post(schedule))
}

async fn schedule(
    State(app): State<App>,
    by: Person,
    Json(ask): Json<Ask>,
) -> Result<StatusCode, DeskError> {
    let queue = app.queue.clone();
    let schedule = app.work(move |desk| {
        desk.schedule_nightly(&by, ask.at_least, |job| {
            let company = by.company.clone();
            queue.put(company, job);
            Ok(())
        })
    });
    schedule.await.map(|()| StatusCode::ACCEPTED)
}

async fn nightly(
    work: Nightly,
    desk: Data<Arc<Desk>>,
    drills: Data<Arc<AtomicU32>>,
) -> Result<(), BoxDynError> {
    if drills
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            left.checked_sub(1)
        })
        .is_ok()
    {
        return Err("this is a drill".into());
    }
    desk.nightly_escalation(&work.company, work.job.at_least)
        .await?;
    Ok(())
}

impl Night {
    pub(super) fn new(is_drill: bool) -> Self {
        let (queue, waiting) = unbounded();
        Self {
            queue: Queue(queue),
            waiting,
            drills: if is_drill { 2 } else { 0 },
        }
    }

    pub(super) fn queue(&self) -> Queue {
        self.queue.clone()
    }

    /// Works until the last queue is gone and all that was in it is done.
    pub(super) async fn work(self, desk: Arc<Desk>) -> Result<(), WorkerError> {
        let layer = JobLayer::apalis(&desk.auditor, PLATFORM)
            .name(|_| "nightly".to_owned())
            .carrier(|task: &Task<Nightly>| task.args.job.asked_by.clone());
        // A worker does not end with its jobs; it is told to when the last of them is done.
        let (no_more, is_over) = oneshot::channel::<()>();
        let end = stream::once(async move { drop(no_more) }).filter_map(async |()| None);
        let jobs = self.waiting.map(Ok::<_, Infallible>).chain(end);
        let worker = WorkerBuilder::new("night shift")
            .backend(jobs.boxed())
            .retry(RetryPolicy::retries(RETRIES))
            .layer(layer)
            .data(Arc::new(AtomicU32::new(self.drills)))
            .data(desk)
            .build(nightly);
        drop(self.queue);
        let is_over = is_over.map(|_| Ok::<_, WorkerError>(()));
        worker.run_until(is_over).await
    }
}

impl Queue {
    fn put(&self, company: String, job: NightlyJob) {
        let work = Nightly {
            company,
            job,
            _queue: self.clone(),
        };
        // The worker outlives every route.
        self.0.unbounded_send(work).ok();
    }
}
