//! The way in, end to end: from a draft to a store that may fail.

mod callbacks;
mod choke;
mod delivery;
mod drafts;
mod failures;
mod panics;
mod pauses;
mod picky;
mod ready;
mod refusals;
mod room;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::testing::FaultyStore;
use crate::{Actor, AuditContext, AuditEntry, Auditor, AuditorBuilder, MemoryStore};

const SOON: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(20);

fn context() -> AuditContext {
    AuditContext::new("acme").actor(Actor::user(7, "ada"))
}

fn faulty(build: impl FnOnce(AuditorBuilder) -> AuditorBuilder) -> (FaultyStore, Auditor) {
    let store = FaultyStore::new(MemoryStore::new());
    let auditor = build(Auditor::builder(store.clone())).build().unwrap();
    (store, auditor)
}

fn entries(auditor: &Auditor) -> Vec<AuditEntry> {
    let log = auditor.tenant("acme");
    let stream = log.entries().oldest_first().stream().unwrap();
    stream.collect::<Result<_, _>>().unwrap()
}

fn actions(auditor: &Auditor) -> Vec<String> {
    entries(auditor)
        .into_iter()
        .map(|entry| entry.action)
        .collect()
}

/// Collects the problems that an auditor reports.
#[derive(Clone, Default)]
struct Problems(Arc<Mutex<Vec<String>>>);

impl Problems {
    fn listen(&self, builder: AuditorBuilder) -> AuditorBuilder {
        let seen = Arc::clone(&self.0);
        builder.on_problem(move |problem| seen.lock().unwrap().push(problem.to_string()))
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}
