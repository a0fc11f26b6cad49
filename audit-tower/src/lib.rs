//! Tower layers for [`audit_core`]: who and where of HTTP requests, the log of API access, and
//! background jobs. For axum, apalis, and anything else that is built of tower services.

mod access;
mod context;
mod detached;
mod job;

pub use crate::access::{
    AccessBody, AccessFuture, AccessLayer, AccessPolicy, AccessService, FailClosed, OnUnrecorded,
    Reported, Rule, Statuses,
};
pub use crate::context::{
    ClientIp, ContextBody, ContextFuture, ContextLayer, ContextService, HasExtensions, Identity,
    RequestId, identify,
};
pub use crate::job::{Carried, Job, JobFuture, JobLayer, JobService, run_job, run_job_async};
