//! A job that runs, and the entry that it will leave.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Instant;

use audit_core::{Actor, AuditContext, Auditor, ContextScope, Draft, ErrorDetail, Outcome};

use super::retries::{Key, Retries};
use super::{Carried, Job};
use crate::detached;

/// The action of the entries.
const ACTION: &str = "run_job";
/// The type of what is run; its name is that of the job.
const ENTITY_TYPE: &str = "job";

/// A job that leaves its entry when it has ended, or else when this is dropped.
pub(super) struct Run {
    /// None once it has ended.
    draft: Option<Draft>,
    /// What it does is caused by its entry. None where nobody knows whose log it goes to.
    scope: Option<ContextScope>,
    started: Instant,
    /// Still set when dropped: the job has panicked.
    is_running: bool,
    /// Where another attempt finds this one.
    retries: Option<(Arc<Retries>, Key)>,
}

impl Run {
    pub(super) fn begin(
        auditor: &Auditor,
        carried: Carried,
        job: Job,
        retries: Option<&Arc<Retries>>,
    ) -> Self {
        let actor = Actor::system().named(job.worker.as_ref().unwrap_or(&job.name));
        let (context, trouble) = carried.into_context(actor.clone());
        let named = || Some(AuditContext::new(job.tenant.as_ref()?).actor(actor.clone()));
        let context = context.or_else(named);
        // Only where nobody says whose log it is is the job a part of what goes on here.
        let is_apart = context.is_some();
        let here = || AuditContext::current().map(|here| here.actor(actor));
        let context = context.or_else(here);
        let context = context.map(|context| context.auditor(auditor));
        let around = context.as_ref().map(|context| {
            if is_apart {
                context.begin_apart()
            } else {
                context.begin()
            }
        });
        let retries = retries.zip(context).zip(job.id.clone());
        let retries = retries.map(|((retries, context), id)| {
            let (tenant, name) = (context.tenant().clone(), job.name.clone());
            (Arc::clone(retries), Key { tenant, name, id })
        });
        let before = retries
            .as_ref()
            .and_then(|(retries, key)| retries.before(key));
        let draft = || describe(auditor.log(ACTION), job, trouble);
        let mut draft = in_scope(around.as_ref(), draft);
        if let Some(before) = before {
            draft = draft.metadata("retry_of", before);
        }
        let entry = draft.entry_id();
        let scope = around.map(|around| {
            around.scope(|| match AuditContext::current() {
                Some(context) => context.caused_by(entry).begin(),
                None => around.clone(),
            })
        });
        Self {
            draft: Some(draft),
            scope,
            started: Instant::now(),
            is_running: false,
            retries,
        }
    }

    /// Runs a piece of the job.
    pub(super) fn run<T>(&mut self, piece: impl FnOnce() -> T) -> T {
        self.is_running = true;
        let result = in_scope(self.scope.as_ref(), piece);
        self.is_running = false;
        result
    }

    /// Runs something in the context of the job that is no piece of it.
    pub(super) fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        in_scope(self.scope.as_ref(), work)
    }

    /// The entry to record.
    pub(super) fn end<T, E: Display>(mut self, answer: &Result<T, E>) -> Option<Draft> {
        let draft = match answer {
            Ok(_) => self.take(Outcome::Success),
            Err(error) => {
                let draft = self.take(Outcome::Failure);
                draft.map(|draft| draft.error(ErrorDetail::of(error)))
            }
        };
        draft.map(Draft::best_effort)
    }

    fn take(&mut self, outcome: Outcome) -> Option<Draft> {
        let draft = self.draft.take()?;
        if let Some((retries, key)) = self.retries.take() {
            match outcome {
                Outcome::Success => retries.succeeded(&key),
                _ => retries.failed(key, draft.entry_id()),
            }
        }
        Some(draft.duration(self.started.elapsed()).outcome(outcome))
    }
}

fn in_scope<T>(scope: Option<&ContextScope>, work: impl FnOnce() -> T) -> T {
    let _guard = scope.map(ContextScope::enter);
    work()
}

fn describe(draft: Draft, job: Job, trouble: Option<&'static str>) -> Draft {
    let draft = match job.id {
        Some(id) => draft.entity(ENTITY_TYPE, id),
        None => draft.entity_type(ENTITY_TYPE),
    };
    let mut draft = draft.entity_name(job.name);
    if let Some(attempt) = job.attempt {
        draft = draft.metadata("attempt", attempt);
    }
    if let Some(trouble) = trouble {
        draft = draft.metadata("carrier", trouble);
    }
    draft
}

impl Drop for Run {
    fn drop(&mut self) {
        let outcome = if self.is_running {
            Outcome::Panicked
        } else {
            Outcome::Cancelled
        };
        if let Some(draft) = self.take(outcome) {
            detached::record(draft);
        }
    }
}
