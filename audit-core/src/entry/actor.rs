//! Who did it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::entry::id::{ActorId, ToEntityId};
use crate::error::{Error, Result};

/// What kind of party acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ActorKind {
    /// A person.
    User,
    /// Another program, with an identity of its own.
    Service,
    /// This program itself: a timer, a migration, a job.
    System,
    /// Somebody who did not say who they are.
    Anonymous,
    /// Nobody can know: a change that was found, not reported.
    Unattributed,
}

impl ActorKind {
    /// The kind as it stands in JSON and in the database: `user`, `service`, …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Service => "service",
            Self::System => "system",
            Self::Anonymous => "anonymous",
            Self::Unattributed => "unattributed",
        }
    }
}

impl fmt::Display for ActorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ActorKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "user" => Self::User,
            "service" => Self::Service,
            "system" => Self::System,
            "anonymous" => Self::Anonymous,
            "unattributed" => Self::Unattributed,
            _ => {
                return Err(Error::invalid(
                    "unknown kind of actor, known are user, service, system, anonymous, unattributed",
                ));
            }
        })
    }
}

/// Who did it: a kind, and where known an id and the name as it was at the time.
///
/// An actor is a snapshot, not a foreign key: the log still says who it was after the account is
/// renamed or gone. "Nobody said who" is [`Actor::anonymous`] or [`Actor::system`], never null.
///
/// ```
/// use audit_core::Actor;
///
/// let ada = Actor::user(17, "ada");
/// let job = Actor::system().named("nightly escalation").on_behalf_of(ada.clone());
/// assert_eq!(job.principal(), Some(&ada));
/// assert_eq!(ada.name(), Some("ada"));
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    pub(crate) kind: ActorKind,
    pub(crate) id: Option<ActorId>,
    pub(crate) name: Option<Box<str>>,
    pub(crate) principal: Option<Box<Actor>>,
}

impl Actor {
    /// An actor of any kind; prefer the constructors that are named after a kind.
    #[must_use]
    pub fn new(kind: ActorKind) -> Self {
        Self {
            kind,
            id: None,
            name: None,
            principal: None,
        }
    }

    /// A person, by id and name.
    #[must_use]
    pub fn user(id: impl ToEntityId, name: impl Into<String>) -> Self {
        Self::new(ActorKind::User).identified(id).named(name)
    }

    /// Another program, by id and name.
    #[must_use]
    pub fn service(id: impl ToEntityId, name: impl Into<String>) -> Self {
        Self::new(ActorKind::Service).identified(id).named(name)
    }

    /// This program itself.
    #[must_use]
    pub fn system() -> Self {
        Self::new(ActorKind::System)
    }

    /// Somebody who did not say who they are. Give the name that they typed with
    /// [`Actor::named`], as a failed login does.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(ActorKind::Anonymous)
    }

    /// The same actor with an id.
    #[must_use]
    pub fn identified(mut self, id: impl ToEntityId) -> Self {
        self.id = Some(id.to_entity_id());
        self
    }

    /// The same actor with a name. An empty name is none.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        let name: String = name.into();
        self.name = (!name.is_empty()).then(|| name.into_boxed_str());
        self
    }

    /// The same actor, acting for another: support staff for a customer, a job for whoever
    /// enqueued it.
    ///
    /// Only the far end is kept. Where `principal` itself acts for somebody, that somebody is it.
    #[must_use]
    pub fn on_behalf_of(mut self, principal: Self) -> Self {
        let far_end = match principal.principal {
            Some(far_end) => far_end,
            None => Box::new(principal),
        };
        self.principal = Some(far_end);
        self
    }

    /// What kind of party this is.
    #[must_use]
    pub fn kind(&self) -> ActorKind {
        self.kind
    }

    /// The id, where one is known.
    #[must_use]
    pub fn id(&self) -> Option<&ActorId> {
        self.id.as_ref()
    }

    /// The name as it was, where one is known.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The one this actor acts for, if any.
    #[must_use]
    pub fn principal(&self) -> Option<&Self> {
        self.principal.as_deref()
    }

    /// Whether both are the same party, whatever they were called at the time.
    #[must_use]
    pub fn is_same_party(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.id == other.id
            && (self.id.is_some() || self.name == other.name)
    }
}

/// Names are data that may need erasing, but no secrets: they are shown.
impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(id) = &self.id {
            write!(f, " {id}")?;
        }
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        if let Some(principal) = &self.principal {
            write!(f, " on behalf of {principal:?}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_behalf_of_keeps_the_far_end() {
        let ada = Actor::user(1, "ada");
        let first = Actor::system().named("outer").on_behalf_of(ada.clone());
        let second = Actor::system().named("inner").on_behalf_of(first);
        assert_eq!(second.principal(), Some(&ada));
    }

    #[test]
    fn same_party_ignores_a_change_of_name_but_not_of_kind() {
        assert!(Actor::user(1, "ada").is_same_party(&Actor::user(1, "ada l.")));
        assert!(!Actor::user(1, "ada").is_same_party(&Actor::service(1, "ada")));
        assert!(
            !Actor::anonymous()
                .named("a")
                .is_same_party(&Actor::anonymous().named("b"))
        );
    }

    #[test]
    fn kinds_come_back_from_their_text() {
        for kind in [
            ActorKind::User,
            ActorKind::Service,
            ActorKind::System,
            ActorKind::Anonymous,
            ActorKind::Unattributed,
        ] {
            assert_eq!(kind.to_string().parse::<ActorKind>().unwrap(), kind);
        }
    }
}
