//! What a body says about the action that it is.

use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use super::words::checked;
use super::{recordable, unrecordable};
use crate::context::{Frame, Said};
use crate::diff::{Audited, Recordable};
use crate::entry::{Changes, Entity, ErrorDetail, Outcome, Severity, ToEntityId};

/// The action that runs here: the innermost function with `#[audit_action]` around this code.
///
/// What is said through it goes before the words of the attribute. Outside of an annotated
/// function, or where its action is switched off, it does nothing. Another task or thread is
/// outside, unless it is started with [`in_current_context`](crate::in_current_context) or
/// [`InContext::in_current_context`](crate::InContext::in_current_context). A handle may outlive
/// its action; it does nothing then.
///
/// ```
/// use audit_core::{AuditContext, Auditor, MemoryStore, Outcome, audit_action, current_action};
///
/// #[audit_action(action = "download", entity_type = "report", entity_id = id)]
/// fn download(id: u32, is_allowed: bool) -> Option<Vec<u8>> {
///     if !is_allowed {
///         current_action().denied("the report is embargoed");
///         return None;
///     }
///     current_action().metadata("bytes", 3);
///     Some(vec![1, 2, 3])
/// }
///
/// let auditor = Auditor::new(MemoryStore::new());
/// let context = AuditContext::new("acme").auditor(&auditor);
/// context.scope(|| (download(7, true), download(7, false)));
/// let page = auditor.tenant("acme").entries().oldest_first().page()?;
/// assert_eq!(page.entries[0].metadata["bytes"], 3);
/// assert_eq!(page.entries[1].outcome, Outcome::Denied);
/// # Ok::<(), audit_core::Error>(())
/// ```
#[must_use]
pub fn current_action() -> CurrentAction {
    CurrentAction(Frame::of_action())
}

/// A handle on the action that runs; made by [`current_action`].
#[derive(Clone)]
pub struct CurrentAction(Option<Frame>);

#[expect(
    clippy::must_use_candidate,
    reason = "it gives itself only so that more can be said"
)]
impl CurrentAction {
    /// Adds something to remember, under a name.
    pub fn metadata(&self, name: impl Into<String>, value: impl Serialize) -> &Self {
        self.say(|| {
            let name = name.into();
            let value = recordable(|| value.to_json());
            |said: &mut Said| {
                said.metadata.insert(name, value);
            }
        })
    }

    /// Says what type of record it is done to, and to which.
    pub fn entity(&self, entity_type: impl Into<String>, id: impl ToEntityId) -> &Self {
        self.say(|| {
            let entity = Entity::new(entity_type);
            let id = checked(id.to_entity_id());
            |said: &mut Said| match id {
                Ok(id) => said.entity = Some(entity.identified(id)),
                Err(why) => {
                    said.entity = Some(entity);
                    said.metadata
                        .insert("entity_id".to_owned(), unrecordable(&why));
                }
            }
        })
    }

    /// Says what record it is done to: its type, id and name, and its tenant if it has one.
    pub fn about<T: Audited + ?Sized>(&self, record: &T) -> &Self {
        self.say(|| {
            let (entity, tenant) = (record.audit_entity(), record.audit_tenant());
            |said: &mut Said| {
                said.entity = Some(entity);
                said.tenant = tenant.or(said.tenant.take());
            }
        })
    }

    /// Says what the record is called, now.
    pub fn entity_name(&self, name: impl Into<String>) -> &Self {
        self.say(|| {
            let name = name.into();
            |said: &mut Said| said.entity_name = Some(name)
        })
    }

    /// Says why it is done, in somebody's words.
    pub fn reason(&self, reason: impl Into<String>) -> &Self {
        self.say(|| {
            let reason: String = reason.into();
            |said: &mut Said| said.reason = Some(reason).filter(|reason| !reason.is_empty())
        })
    }

    /// Says how much attention it asks for.
    pub fn severity(&self, severity: Severity) -> &Self {
        self.say(|| move |said: &mut Said| said.severity = Some(severity))
    }

    /// Says how it ends, whatever the function returns. A panic and a dropped future are seen all
    /// the same.
    pub fn outcome(&self, outcome: Outcome) -> &Self {
        self.say(|| {
            move |said: &mut Said| {
                said.outcome = Some(outcome);
                said.error = None;
            }
        })
    }

    /// Says that it is refused, and why, whatever the function returns.
    pub fn denied(&self, why: impl Into<String>) -> &Self {
        self.say(|| {
            let why = ErrorDetail::new("denied", why);
            |said: &mut Said| {
                said.outcome = Some(Outcome::Denied);
                said.error = Some(why);
            }
        })
    }

    /// Says what changed.
    pub fn changes(&self, changes: Changes) -> &Self {
        self.say(|| |said: &mut Said| said.changes = Some(changes))
    }

    /// The id of the entry that the action will leave.
    #[must_use]
    pub fn id(&self) -> Option<Uuid> {
        let action = self.0.as_ref()?.action()?;
        Some(action.entry())
    }

    /// What is given is turned into what is kept before the lock is taken: that is the user's code.
    fn say<S: FnOnce(&mut Said)>(&self, say: impl FnOnce() -> S) -> &Self {
        if let Some(action) = self.0.as_ref().and_then(Frame::action) {
            action.say(say());
        }
        self
    }
}

impl fmt::Debug for CurrentAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentAction").field(&self.id()).finish()
    }
}
