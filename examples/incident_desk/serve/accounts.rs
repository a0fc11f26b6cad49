//! Logging in and out.

use audit_tower::Identity;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Extension, Json, Router};
use serde::{Deserialize, Serialize};

use super::{App, PLATFORM};
use crate::desk::DeskError;
use crate::people::Person;

#[derive(Deserialize)]
struct Credentials {
    company: String,
    name: String,
    password: String,
}

#[derive(Serialize)]
struct Session {
    token: String,
}

/// The way in, which is outside of `authenticate`: who comes here is nobody yet, also with a session.
pub(super) fn entrance() -> Router<App> {
    Router::new().route("/login", post(login))
}

pub(super) fn routes() -> Router<App> {
    Router::new().route("/logout", post(logout))
}

/// Whose log it belongs into turns out here: that of the company that was typed, if there is one.
async fn login(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(ask): Json<Credentials>,
) -> Result<Json<Session>, DeskError> {
    let login = app.work(move |desk| {
        let is_known = desk.people.has_company(&ask.company);
        let tenant = if is_known { &ask.company } else { PLATFORM };
        let visitor = |actor| {
            identity.set(tenant, actor);
        };
        desk.login(&ask.company, visitor, &ask.name, &ask.password)
    });
    let token = app.sessions.open(login.await?);
    Ok(Json(Session { token }))
}

async fn logout(State(app): State<App>, by: Person) -> Result<StatusCode, DeskError> {
    app.sessions.close(&by);
    let logout = app.work(move |desk| {
        desk.logout(&by);
        Ok(())
    });
    logout.await.map(|()| StatusCode::NO_CONTENT)
}
