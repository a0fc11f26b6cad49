//! What the words of the attribute say about a call.
//!
//! They take trait objects: where a type does not fit, rustc names the trait that is missing, and
//! nothing of what is in here.

use std::fmt;

use super::values::{Subject, ToReason, ToTenant};
use super::{ActionCall, Live, PANICKED, guarded};
use crate::diff::Recordable;
use crate::entry::{EntityId, Severity, Tenant, ToEntityId};
use crate::record::policy::FailurePolicy;

impl ActionCall {
    /// Names the record: its type, id, name, and its tenant if it has one.
    pub fn entity<M>(&mut self, record: &dyn Subject<M>) {
        let Some(live) = &mut self.live else { return };
        match guarded(|| record.entity()) {
            Some(None) => return,
            Some(entity) => live.parts.entity = entity,
            None => live.miss("entity", PANICKED),
        }
        (live.id, live.name, live.is_named) = (None, None, true);
        if let Some(tenant) = live.tenant_of(|| record.tenant()) {
            live.parts.tenant = Some(tenant);
        }
    }

    /// Names the record of the type that was given.
    pub fn entity_id(&mut self, id: &dyn ToEntityId) {
        let Some(live) = &mut self.live else { return };
        live.is_named = true;
        match guarded(|| checked(id.to_entity_id())) {
            Some(Ok(id)) => live.id = Some(id),
            Some(Err(why)) => live.miss("entity_id", &why),
            None => live.miss("entity_id", PANICKED),
        }
    }

    /// Says what the record is called.
    pub fn entity_name(&mut self, name: &dyn fmt::Display) {
        let Some(live) = &mut self.live else { return };
        match guarded(|| name.to_string()) {
            Some(name) => live.name = Some(name),
            None => live.miss("entity_name", PANICKED),
        }
    }

    /// Says whose log the entry goes to.
    pub fn tenant(&mut self, tenant: &dyn ToTenant) {
        self.with(|live| {
            let tenant = live.tenant_of(|| Some(tenant.tenant()));
            live.parts.tenant = tenant.or(live.parts.tenant.take());
        });
    }

    /// Remembers a value.
    pub fn metadata(&mut self, name: &'static str, value: &dyn Recordable) {
        self.with(|live| live.remember(name, || value.to_json()));
    }

    /// Says why it is done.
    pub fn reason(&mut self, reason: &dyn ToReason) {
        let reason = |live: &mut Live| {
            let reason = reason.reason().filter(|reason| !reason.is_empty());
            live.parts.reason = reason.map(str::to_owned);
        };
        self.with(reason);
    }

    /// Says how much attention it asks for.
    pub fn severity(&mut self, severity: Severity) {
        self.with(|live| live.parts.severity = severity);
    }

    /// The caller gets the error if the entry cannot be stored.
    pub fn strict(&mut self) {
        self.with(|live| live.parts.policy = Some(FailurePolicy::Strict));
    }

    pub(super) fn with(&mut self, say: impl FnOnce(&mut Live)) {
        if let Some(live) = &mut self.live {
            say(live);
        }
    }
}

impl Live {
    /// Whose log it is, as code of the user says. Where that panics there is no entry, which is
    /// counted and reported: it must not get into another's log.
    pub(super) fn tenant_of(&mut self, tenant: impl FnOnce() -> Option<Tenant>) -> Option<Tenant> {
        let found = guarded(tenant);
        if found.is_none() {
            let why = "the code that says whose log the entry goes to panicked; give the tenant as text, a UUID or an `i64`";
            self.parts.invalid = Some(why.to_owned());
        }
        found.flatten()
    }
}

/// An id that can be stored, or why it cannot: an entry without the id says more than none.
pub(super) fn checked(id: EntityId) -> Result<EntityId, String> {
    match id.check("entity id") {
        Ok(()) => Ok(id),
        Err(error) => Err(error.to_string()),
    }
}
