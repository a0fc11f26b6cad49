//! Incidents over HTTP.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;

use super::App;
use crate::business::Business;
use crate::desk::{Desk, DeskError, Edit, Incident, NewIncident};
use crate::people::Person;
use crate::siem::Siem;

type Answer<T> = Result<Json<T>, DeskError>;

#[derive(Deserialize)]
struct Assign {
    assignee: String,
}

#[derive(Deserialize)]
struct Note {
    text: String,
}

#[derive(Deserialize)]
struct Because {
    reason: String,
}

#[derive(Deserialize)]
struct Solved {
    resolution: String,
}

#[derive(Deserialize)]
struct Export {
    format: String,
}

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/incidents", get(list).post(report))
        .route("/incidents/export", post(export))
        .route("/incidents/{id}", get(show).patch(edit).delete(remove))
        .route("/incidents/{id}/triage", post(triage))
        .route("/incidents/{id}/start", post(start))
        .route("/incidents/{id}/note", post(note))
        .route("/incidents/{id}/escalate", post(escalate))
        .route("/incidents/{id}/resolve", post(resolve))
        .route("/incidents/{id}/close", post(close))
        .route("/incidents/{id}/reopen", post(reopen))
        .route("/incidents/{id}/forward", post(forward))
}

async fn list(State(app): State<App>, by: Person) -> Answer<Vec<Incident>> {
    let list = app.read(move |rows| Ok(Business::list(rows, &by.company)?));
    list.await.map(Json)
}

async fn show(State(app): State<App>, by: Person, Path(id): Path<i64>) -> Answer<Incident> {
    app.read(move |rows| Desk::find(rows, &by, id))
        .await
        .map(Json)
}

async fn report(
    State(app): State<App>,
    by: Person,
    Json(new): Json<NewIncident>,
) -> Result<(StatusCode, Json<Incident>), DeskError> {
    let incident = app
        .write(move |desk, tx| desk.report(tx, &by, &new))
        .await?;
    Ok((StatusCode::CREATED, Json(incident)))
}

async fn triage(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Assign>,
) -> Answer<Incident> {
    let triage = app.write(move |desk, tx| desk.triage(tx, &by, id, &ask.assignee));
    triage.await.map(Json)
}

async fn start(State(app): State<App>, by: Person, Path(id): Path<i64>) -> Answer<Incident> {
    app.write(move |desk, tx| desk.start(tx, &by, id))
        .await
        .map(Json)
}

async fn edit(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Edit>,
) -> Answer<Incident> {
    app.write(move |desk, tx| desk.edit(tx, &by, id, ask))
        .await
        .map(Json)
}

async fn note(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Note>,
) -> Answer<Incident> {
    let note = app.write(move |desk, tx| desk.note(tx, &by, id, &ask.text));
    note.await.map(Json)
}

async fn escalate(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Because>,
) -> Answer<Incident> {
    let escalate = app.write(move |desk, tx| desk.escalate(tx, &by, id, &ask.reason));
    escalate.await.map(Json)
}

async fn resolve(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Solved>,
) -> Answer<Incident> {
    let resolve = app.write(move |desk, tx| desk.resolve(tx, &by, id, &ask.resolution));
    resolve.await.map(Json)
}

async fn close(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Because>,
) -> Answer<Incident> {
    let close = app.write(move |desk, tx| desk.close(tx, &by, id, &ask.reason));
    close.await.map(Json)
}

async fn reopen(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Because>,
) -> Answer<Incident> {
    let reopen = app.write(move |desk, tx| desk.reopen(tx, &by, id, &ask.reason));
    reopen.await.map(Json)
}

async fn remove(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Because>,
) -> Answer<Incident> {
    let remove = app.write(move |desk, tx| desk.remove(tx, &by, id, &ask.reason));
    remove.await.map(Json)
}

/// The only route whose work goes on while it waits: who leaves early ends it, and the log says so.
async fn forward(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
) -> Result<StatusCode, DeskError> {
    let siem = Siem {
        complaint: None,
        delay: app.siem_delay,
    };
    app.desk.forward(&by, id, &siem).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn export(State(app): State<App>, by: Person, Json(ask): Json<Export>) -> Answer<usize> {
    app.desk.export(&by, &ask.format).await.map(Json)
}
