//! Who works at the desk. Stands in for an identity provider, which would keep a hash of each
//! password and have its own store.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use audit_core::{Actor, Audited};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::desk::{DeskError, Result};

#[derive(Clone, Deserialize, Audited)]
#[audit(entity_type = "account")]
pub(crate) struct Person {
    #[audit(id)]
    pub(crate) id: Uuid,
    #[audit(name)]
    pub(crate) name: String,
    pub(crate) login: String,
    pub(crate) role: Role,
    #[audit(exclude)]
    pub(crate) company: String,
    #[audit(exclude)]
    pub(crate) password: String,
    #[audit(redact)]
    pub(crate) api_token: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    Viewer,
    Analyst,
    Lead,
}

pub(crate) struct People(Mutex<Vec<Person>>);

/// An account before and after a change.
pub(crate) struct Changed {
    pub(crate) before: Person,
    pub(crate) after: Person,
}

impl Person {
    pub(crate) fn actor(&self) -> Actor {
        Actor::user(self.id, &self.name)
    }

    pub(crate) fn must_be(&self, roles: &[Role], to: &'static str) -> Result<()> {
        if roles.contains(&self.role) {
            Ok(())
        } else {
            Err(DeskError::NotAllowed(self.role, to))
        }
    }
}

impl People {
    pub(crate) fn new(people: Vec<Person>) -> Self {
        Self(Mutex::new(people))
    }

    pub(crate) fn find(&self, company: &str, login: &str) -> Option<Person> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut people = people.iter();
        people
            .find(|person| person.company == company && person.login == login)
            .cloned()
    }

    pub(crate) fn has_company(&self, company: &str) -> bool {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.iter().any(|person| person.company == company)
    }

    pub(crate) fn authenticate(
        &self,
        company: &str,
        login: &str,
        password: &str,
    ) -> Result<Person> {
        self.find(company, login)
            .filter(|person| person.password == password)
            .ok_or(DeskError::WrongPassword)
    }

    pub(crate) fn set_token(&self, id: Uuid, token: &str) -> Result<Changed> {
        self.change(id, |person| token.clone_into(&mut person.api_token))
    }

    pub(crate) fn set_password(&self, id: Uuid, old: &str, new: &str) -> Result<Changed> {
        let changed = self.change(id, |person| {
            if person.password == old {
                new.clone_into(&mut person.password);
            }
        })?;
        if changed.before.password == old {
            Ok(changed)
        } else {
            Err(DeskError::WrongPassword)
        }
    }

    fn change(&self, id: Uuid, edit: impl FnOnce(&mut Person)) -> Result<Changed> {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let person = people
            .iter_mut()
            .find(|person| person.id == id)
            .ok_or(DeskError::WrongPassword)?;
        let before = person.clone();
        edit(person);
        let after = person.clone();
        Ok(Changed { before, after })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Lead => "lead",
        })
    }
}
