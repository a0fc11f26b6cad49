//! What goes wrong on purpose.

use audit_core::audit_action;
use axum::Router;
use axum::extract::State;
use axum::routing::post;

use super::App;
use crate::desk::{Desk, DeskError};
use crate::people::Person;

pub(super) fn routes() -> Router<App> {
    Router::new().route("/drill/panic", post(panic))
}

async fn panic(State(app): State<App>, _: Person) -> Result<(), DeskError> {
    app.work(Desk::drill).await
}

impl Desk {
    #[expect(clippy::panic, reason = "it is what is tried")]
    #[audit_action(entity_type = "drill")]
    fn drill(&self) -> Result<(), DeskError> {
        panic!("this is a drill")
    }
}
