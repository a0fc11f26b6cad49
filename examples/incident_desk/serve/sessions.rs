//! Sessions, and who a request turns out to be from.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use audit_tower::identify;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use super::App;
use super::answer::Refused;
use crate::people::Person;

/// Who is logged in, by token. They end with the process.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<String, Person>>);

impl Sessions {
    /// Opens a session and gives its token.
    pub(super) fn open(&self, person: Person) -> String {
        let token = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.map().insert(token.clone(), person);
        token
    }

    /// Ends all sessions of somebody.
    pub(super) fn close(&self, person: &Person) {
        self.map().retain(|_, other| other.id != person.id);
    }

    fn find(&self, token: &str) -> Option<Person> {
        self.map().get(token).cloned()
    }

    fn map(&self) -> MutexGuard<'_, HashMap<String, Person>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says who the request is from, to the routes and to the audit log.
pub(super) async fn authenticate(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(AUTHORIZATION);
    let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    // Who is not known to the log is not let in.
    if let Some(person) = token.and_then(|token| app.sessions.find(token))
        && identify(&request, person.company.as_str(), person.actor())
    {
        request.extensions_mut().insert(person);
    }
    next.run(request).await
}

/// A route that asks for a person is for those who are logged in.
impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refused> {
        let person = parts.extensions.get().cloned();
        person.ok_or(Refused::NotLoggedIn)
    }
}
