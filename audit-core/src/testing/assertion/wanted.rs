//! What an assertion asks for.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::failure;
use super::word::{Field, Word};
use crate::entry::{AuditEntry, Outcome, Severity, Tenant, ToEntityId};
use crate::record::Receipt;
use crate::testing::AuditedLog;

/// The words of an [`assert_audited!`](crate::assert_audited), for assertions that are put together
/// at run time.
///
/// ```
/// use audit_core::testing::{Captured, Wanted};
///
/// let log = Captured::new();
/// log.context("acme").scope(|| log.auditor().log("export").metadata("rows", 3).record())?;
/// Wanted::new().action("export").metadata("rows", 3).assert_in(&log);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "nothing is asserted until `assert_in` or `assert_times_in` is called"]
pub struct Wanted {
    words: Vec<Word>,
}

impl Wanted {
    /// Any entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// With this action.
    pub fn action(self, action: impl Into<String>) -> Self {
        self.word(Field::Action, action.into())
    }

    /// About the record with this id.
    pub fn entity(self, id: impl ToEntityId) -> Self {
        self.value(Field::Entity, id.to_entity_id())
    }

    /// About a record of this type.
    pub fn entity_type(self, entity_type: impl Into<String>) -> Self {
        self.word(Field::EntityType, entity_type.into())
    }

    /// About a record that was called so.
    pub fn entity_name(self, name: impl Into<String>) -> Self {
        self.word(Field::EntityName, name.into())
    }

    /// Of the actor with this id or this name.
    pub fn actor(self, id_or_name: impl ToEntityId) -> Self {
        self.value(Field::Actor, id_or_name.to_entity_id())
    }

    /// In this tenant's log.
    pub fn tenant(self, tenant: impl Into<Tenant>) -> Self {
        self.word(Field::Tenant, tenant.into().as_str())
    }

    /// That ended so: an [`Outcome`] or its name.
    ///
    /// # Panics
    ///
    /// If there is no such outcome.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "reads better without a `&`")]
    pub fn outcome(self, outcome: impl ToString) -> Self {
        let outcome: Outcome = failure::known(outcome.to_string().parse());
        self.word(Field::Outcome, outcome.as_str())
    }

    /// Of exactly this severity: a [`Severity`] or its name.
    ///
    /// # Panics
    ///
    /// If there is no such severity.
    #[track_caller]
    #[expect(clippy::needless_pass_by_value, reason = "reads better without a `&`")]
    pub fn severity(self, severity: impl ToString) -> Self {
        let severity: Severity = failure::known(severity.to_string().parse());
        self.word(Field::Severity, severity.as_str())
    }

    /// With this reason.
    pub fn reason(self, reason: impl Into<String>) -> Self {
        self.word(Field::Reason, reason.into())
    }

    /// With an error of this class.
    pub fn error_class(self, class: impl Into<String>) -> Self {
        self.word(Field::ErrorClass, class.into())
    }

    /// That changed something at this path or beneath it.
    pub fn changed(self, path: impl Into<String>) -> Self {
        self.word(Field::Changed(path.into()), true)
    }

    /// That had this value before, at exactly this path.
    pub fn changed_from(self, path: impl Into<String>, old: impl Serialize) -> Self {
        self.value(Field::Old(path.into()), old)
    }

    /// That had this value after, at exactly this path.
    pub fn changed_to(self, path: impl Into<String>, new: impl Serialize) -> Self {
        self.value(Field::New(path.into()), new)
    }

    /// That changed nothing at this path or beneath it.
    pub fn unchanged(self, path: impl Into<String>) -> Self {
        self.word(Field::Changed(path.into()), false)
    }

    /// With this in its metadata.
    pub fn metadata(self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.value(Field::Metadata(name.into()), value)
    }

    /// Of this request.
    #[expect(clippy::needless_pass_by_value, reason = "reads better without a `&`")]
    pub fn request_id(self, id: impl ToString) -> Self {
        self.word(Field::RequestId, id.to_string())
    }

    /// That names this entry as its cause: its id, its receipt, or itself.
    ///
    /// # Panics
    ///
    /// If the receipt is of nothing that was recorded.
    #[track_caller]
    pub fn caused_by(self, cause: impl EntryRef) -> Self {
        let Some(id) = cause.entry_id() else {
            failure::fail(&"the receipt has no entry to be the cause: nothing was recorded");
        };
        self.word(Field::CausedBy, id.to_string())
    }

    /// Asserts that there is such an entry, claims it, and gives it: one that was not claimed before if
    /// there is one, else the oldest.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn assert_in(&self, log: &(impl AuditedLog + ?Sized)) -> AuditEntry {
        let entries = failure::read(log.recorded_so_far());
        let mut fitting = entries.iter().filter(|entry| self.fits(entry));
        let first = fitting.clone().next();
        let chosen = fitting.find(|entry| !log.is_claimed(entry)).or(first);
        let Some(entry) = chosen else {
            failure::fail(&failure::none(&self.words, &entries, &log.sanitizer()));
        };
        log.claim(entry);
        entry.clone()
    }

    /// Asserts that there are exactly so many such entries, claims them all, and gives them.
    ///
    /// # Panics
    ///
    /// If there are more or fewer.
    #[track_caller]
    pub fn assert_times_in(
        &self,
        log: &(impl AuditedLog + ?Sized),
        times: usize,
    ) -> Vec<AuditEntry> {
        let entries = failure::read(log.recorded_so_far());
        let (fitting, others): (Vec<_>, Vec<_>) =
            entries.into_iter().partition(|entry| self.fits(entry));
        if fitting.len() != times {
            let sanitizer = log.sanitizer();
            let text = failure::count(&self.words, times, &fitting, &others, &sanitizer);
            failure::fail(&text);
        }
        for entry in &fitting {
            log.claim(entry);
        }
        fitting
    }

    fn fits(&self, entry: &AuditEntry) -> bool {
        self.words.iter().all(|word| word.fits(entry))
    }

    fn word(mut self, field: Field, asked: impl Into<Value>) -> Self {
        let asked = asked.into();
        self.words.push(Word { field, asked });
        self
    }

    #[track_caller]
    fn value(self, field: Field, asked: impl Serialize) -> Self {
        match serde_json::to_value(asked) {
            Ok(asked) => self.word(field, asked),
            Err(_) => failure::fail(&format!(
                "the value for {field} cannot be written as JSON; give it as text"
            )),
        }
    }
}

/// Shows no values: those that are asked for have not passed the sanitizer.
impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.words.iter().map(|word| word.field.to_string());
        f.debug_list().entries(fields).finish()
    }
}

/// What names an entry: its id, its receipt, or itself.
pub trait EntryRef {
    /// The id of the entry; none where nothing was recorded.
    fn entry_id(&self) -> Option<Uuid>;
}

impl EntryRef for Uuid {
    fn entry_id(&self) -> Option<Uuid> {
        Some(*self)
    }
}

impl EntryRef for Receipt {
    fn entry_id(&self) -> Option<Uuid> {
        Self::entry_id(self)
    }
}

impl EntryRef for AuditEntry {
    fn entry_id(&self) -> Option<Uuid> {
        Some(self.id)
    }
}

impl<E: EntryRef + ?Sized> EntryRef for &E {
    fn entry_id(&self) -> Option<Uuid> {
        (**self).entry_id()
    }
}
