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

/// `desk::SendMail` as `SendMail`, and `(u32, desk::Batch<desk::SendMail>)` as `(u32, Batch<SendMail>)`.
fn short(name: &str) -> String {
    let mut short = String::with_capacity(name.len());
    let mut word = 0;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == ':' && letters.next_if_eq(&':').is_some() {
            short.truncate(word);
            continue;
        }
        short.push(letter);
        if !(letter.is_alphanumeric() || matches!(letter, '_' | '#')) {
            word = short.len();
        }
    }
    short
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

#[cfg(test)]
mod tests {
    use super::*;

    struct Batch<T>(T);

    #[test]
    fn a_job_is_called_by_the_last_words_of_all_paths_in_its_type() {
        for (name, expected) in [
            (type_name::<String>(), "String"),
            (type_name::<(u32, String)>(), "(u32, String)"),
            (type_name::<[String; 1]>(), "[String; 1]"),
            (type_name::<&[Option<String>]>(), "&[Option<String>]"),
            (type_name::<Batch<(Carried, u8)>>(), "Batch<(Carried, u8)>"),
            (type_name::<()>(), "()"),
            ("desk::r#type::Mail", "Mail"),
        ] {
            assert_eq!(short(name), expected, "{name}");
        }
    }
}
