//! The edge of the system: what a web framework and a job runner do. It builds the context of each
//! operation, enters it and calls the handler. This is the only place that builds one.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use audit_core::{Actor, AuditContext, Clock, InContext as _, LateActor};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::runtime::Runtime;

use crate::desk::{Desk, Incident, Result, Tx};
use crate::handlers::NightlyJob;
use crate::people::Person;
use crate::siem::Siem;
use crate::work::{Operation, Task};

/// Tells the time of the work that is replayed. A live system needs no clock of its own.
#[derive(Clone, Default)]
pub(crate) struct WorkClock(Arc<AtomicI64>);

impl WorkClock {
    fn set(&self, time: DateTime<Utc>) {
        self.0.store(time.timestamp_micros(), Ordering::Relaxed);
    }
}

impl Clock for WorkClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0.load(Ordering::Relaxed)).unwrap_or_default()
    }
}

pub(crate) struct Edge {
    desk: Desk,
    clock: WorkClock,
    runtime: Runtime,
    /// How much later than in the file the work is done: every run is another day.
    later: TimeDelta,
    /// The id that the desk gave to each incident of the file.
    ids: HashMap<u32, i64>,
}

impl Edge {
    pub(crate) fn new(desk: Desk, clock: WorkClock, runtime: Runtime, later: TimeDelta) -> Self {
        Self {
            desk,
            clock,
            runtime,
            later,
            ids: HashMap::new(),
        }
    }

    /// The id that the desk gave to an incident of the file; none where reporting it was refused.
    pub(crate) fn id(&self, incident: u32) -> Option<i64> {
        self.ids.get(&incident).copied()
    }

    /// Does one operation. A refusal or a failure is an answer, not an error.
    pub(crate) fn serve(&mut self, operation: &Operation) -> Result<()> {
        self.clock.set(operation.at + self.later);
        let context = self.context(operation);
        let person = operation
            .by
            .as_ref()
            .and_then(|login| self.desk.people.find(&operation.company, login));
        let answer = match (&operation.task, person) {
            (Task::Login { name, password }, _) => {
                let visitor = LateActor::new();
                context.late_actor(&visitor).scope(|| {
                    let visitor = |actor| {
                        visitor.set(actor);
                    };
                    self.desk
                        .login(&operation.company, visitor, name, password)
                        .map(drop)
                })
            }
            (Task::NightlyEscalation, _) => self.nightly(&operation.company),
            (_, Some(person)) => {
                let context = context.actor(person.actor());
                self.work(&person, &operation.task, context)
            }
            // Somebody without an account has no business here.
            (_, None) => Ok(()),
        };
        match answer {
            Err(error) if !error.is_an_answer() => Err(error),
            _ => Ok(()),
        }
    }

    /// What is known of a request before anybody looks at who it is.
    fn context(&self, operation: &Operation) -> AuditContext {
        let mut context = AuditContext::new(&operation.company)
            .auditor(&self.desk.auditor)
            .request_id(&operation.request)
            .user_agent(operation.agent.clone().unwrap_or_default());
        if let Some(ip) = operation.ip {
            context = context.ip(ip);
        }
        let about = [("method", &operation.method), ("path", &operation.path)];
        for (name, value) in about {
            if let Some(value) = value {
                context = context.request_data(name, value);
            }
        }
        if let Some(headers) = &operation.headers {
            context = context.request_data("headers", headers);
        }
        context
    }

    fn work(&mut self, by: &Person, task: &Task, context: AuditContext) -> Result<()> {
        let desk = &self.desk;
        let id = task.incident().and_then(|incident| self.id(incident));
        let id = id.unwrap_or_default();
        match task {
            Task::Forward { reply, .. } => {
                let siem = Siem {
                    complaint: reply.clone(),
                    delay: Duration::ZERO,
                };
                let work = desk.forward(by, id, &siem).in_context(context);
                return self.runtime.block_on(work);
            }
            Task::Export { format } => {
                let work = desk.export(by, format).in_context(context);
                return self.runtime.block_on(work).map(drop);
            }
            _ => {}
        }
        let _guard = context.enter();
        // The tasks that change an incident, each in one transaction.
        let change = |work: &dyn Fn(&Tx<'_>) -> Result<Incident>| -> Result<()> {
            desk.business.write(work).map(drop)
        };
        match task.clone() {
            Task::Report { incident, new } => {
                let reported = desk.business.write(|tx| desk.report(tx, by, &new))?;
                self.ids.insert(incident, reported.id);
                Ok(())
            }
            Task::Triage { assignee, .. } => change(&|tx| desk.triage(tx, by, id, &assignee)),
            Task::Start { .. } => change(&|tx| desk.start(tx, by, id)),
            Task::Edit { edit, .. } => change(&|tx| desk.edit(tx, by, id, edit.clone())),
            Task::Note { text, .. } => change(&|tx| desk.note(tx, by, id, &text)),
            Task::Escalate { reason, .. } => change(&|tx| desk.escalate(tx, by, id, &reason)),
            Task::Resolve { resolution, .. } => change(&|tx| desk.resolve(tx, by, id, &resolution)),
            Task::Close { reason, .. } => change(&|tx| desk.close(tx, by, id, &reason)),
            Task::Reopen { reason, .. } => change(&|tx| desk.reopen(tx, by, id, &reason)),
            Task::Remove { reason, .. } => change(&|tx| desk.remove(tx, by, id, &reason)),
            Task::RotateToken { token } => desk.rotate_token(by, &token),
            Task::ChangePassword {
                old_password,
                new_password,
            } => desk.change_password(by, &old_password, &new_password),
            Task::ScheduleNightly { at_least } => desk.schedule_nightly(by, at_least, |job| {
                Ok(desk.business.enqueue(&by.company, &job)?)
            }),
            Task::Logout => {
                desk.logout(by);
                Ok(())
            }
            Task::Login { .. }
            | Task::Forward { .. }
            | Task::Export { .. }
            | Task::NightlyEscalation => Ok(()),
        }
    }

    /// Takes a job out of the queue and does it, on behalf of who put it there.
    fn nightly(&self, company: &str) -> Result<()> {
        let Some(job) = self.desk.business.next_job::<NightlyJob>(company)? else {
            return Ok(());
        };
        let robot = Actor::system().named("nightly escalation");
        let context = job
            .asked_by
            .into_context(robot)?
            .auditor(&self.desk.auditor);
        let work = self.desk.nightly_escalation(company, job.at_least);
        self.runtime.block_on(work.in_context(context)).map(drop)
    }
}
