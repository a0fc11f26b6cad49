//! What jobs of apalis say about themselves.

use std::any::type_name;
use std::convert::Infallible;

use apalis_core::task::Task;
use apalis_core::task::metadata::{Metadata, MetadataStore};
use apalis_core::worker::context::WorkerContext;
use audit_core::{Auditor, Tenant};

use super::{Carried, JobLayer};

/// The name in the metadata of a task.
const KEY: &str = "audit_carrier";

impl<Args> JobLayer<Task<Args>> {
    /// A layer for a worker of apalis: the carrier is taken from the metadata of the task, where
    /// [`Carried`] puts it, and id, attempt and worker are those of the task. A job is called like the type
    /// of its arguments, unless [`JobLayer::name`] says otherwise.
    ///
    /// ```
    /// use apalis_core::task::Task;
    /// use apalis_core::task::builder::TaskBuilder;
    /// use audit_core::{AuditContext, Auditor, MemoryStore};
    /// use audit_tower::{Carried, JobLayer};
    ///
    /// #[derive(Clone)]
    /// struct SendMail { to: String }
    ///
    /// let auditor = Auditor::new(MemoryStore::new());
    /// // WorkerBuilder::new("mailer").backend(…).retry(…).layer(layer).build(send_mail)
    /// let layer: JobLayer<Task<SendMail>> = JobLayer::apalis(&auditor, "platform");
    ///
    /// // In a request, or wherever else there is a context:
    /// AuditContext::new("acme").scope(|| {
    ///     TaskBuilder::new(SendMail { to: "ada".to_owned() })
    ///         .metadata(&Carried::current())
    ///         .build()
    /// });
    /// ```
    pub fn apalis(auditor: &Auditor, unclaimed: impl Into<Tenant>) -> Self {
        Self::new(auditor, unclaimed)
            .carrier(|task: &Task<Args>| Carried::from_json(task.metadata().get(KEY)))
            .name(|_| short(type_name::<Args>()))
            .id(|task: &Task<Args>| task.task_id().map(ToString::to_string))
            // Apalis counts those that have begun, and this one has not.
            .attempt(|task: &Task<Args>| {
                u64::try_from(task.attempt())
                    .unwrap_or(u64::MAX)
                    .saturating_add(1)
            })
            .worker(|task: &Task<Args>| {
                let worker = task.data().get::<WorkerContext>();
                worker.map_or_else(String::new, |worker| worker.name().to_owned())
            })
    }
}

/// `desk::SendMail` as `SendMail`.
fn short(name: &str) -> String {
    let outer = name.split('<').next().unwrap_or(name);
    outer.rsplit("::").next().unwrap_or(outer).to_owned()
}

/// Puts the carrier into a task, and takes it out again. What is missing is left out.
impl Metadata for Carried {
    type Error = Infallible;

    fn extract(store: &MetadataStore) -> Result<Self, Infallible> {
        Ok(Self::from_json(store.get(KEY)))
    }

    fn inject(&self, store: &mut MetadataStore) -> Result<(), Infallible> {
        if let Some(json) = self.to_json() {
            store.replace(KEY, json);
        }
        Ok(())
    }
}
