//! The service whose requests are jobs.

use std::fmt::{self, Display};
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::JobFuture;
use super::layer::Settings;
use super::run::Run;

/// A service whose jobs are recorded; made by [`JobLayer`](crate::JobLayer).
pub struct JobService<S, R> {
    inner: S,
    settings: Arc<Settings<R>>,
}

impl<S, R> JobService<S, R> {
    pub(super) fn new(inner: S, settings: Arc<Settings<R>>) -> Self {
        Self { inner, settings }
    }
}

impl<S, R> Service<R> for JobService<S, R>
where
    S: Service<R>,
    S::Error: Display,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = JobFuture<S::Future, S::Response, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: R) -> Self::Future {
        let settings = &self.settings;
        let (carried, job) = (settings.carried(&request), settings.job(&request));
        let mut run = Run::begin(settings.auditor(), carried, job, Some(settings.retries()));
        let future = run.run(|| self.inner.call(request));
        JobFuture::new(future, run)
    }
}

// By hand: a derive would ask the request to be `Clone`.
impl<S: Clone, R> Clone for JobService<S, R> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            settings: Arc::clone(&self.settings),
        }
    }
}

impl<S: fmt::Debug, R> fmt::Debug for JobService<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
