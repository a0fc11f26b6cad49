//! A service that audits nothing: incidents of several companies, over axum and rusqlite.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use audit_sqlite::rusqlite::{self, Connection, OptionalExtension as _};
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct App {
    connection: Arc<Mutex<Connection>>,
    sessions: Arc<HashMap<String, Person>>,
}

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) company: String,
}

pub(crate) struct Incident {
    id: i64,
    title: String,
    status: String,
}

#[derive(Debug)]
pub(crate) enum Failed {
    NotLoggedIn,
    NotFound,
    Closed,
    Database(rusqlite::Error),
}

#[derive(Deserialize)]
struct Because {
    reason: String,
}

impl App {
    pub(crate) fn open(path: &FilePath, sessions: HashMap<String, Person>) -> Result<Self, Failed> {
        Ok(Self {
            connection: Arc::new(Mutex::new(Connection::open(path)?)),
            sessions: Arc::new(sessions),
        })
    }
}

pub(crate) async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(app))
        .with_graceful_shutdown(stop)
        .await
}

fn router(app: App) -> Router {
    Router::new()
        .route("/health", get(async || "up\n"))
        .route("/incidents/{id}/close", post(close))
        .route("/tidy", post(tidy))
        .with_state(app)
}

async fn close(
    State(app): State<App>,
    by: Person,
    Path(id): Path<i64>,
    Json(ask): Json<Because>,
) -> Result<String, Failed> {
    app.work(move |app| app.close_incident(&by, id, &ask.reason))
        .await
}

async fn tidy(State(app): State<App>, by: Person) -> Result<String, Failed> {
    app.work(move |app| app.tidy(&by)).await
}

impl App {
    fn close_incident(&self, by: &Person, id: i64, _reason: &str) -> Result<String, Failed> {
        let connection = self.connection();
        let incident = find(&connection, by, id)?;
        if incident.status == "closed" {
            return Err(Failed::Closed);
        }
        connection.execute(
            "UPDATE incident SET status = 'closed' WHERE id = ?1",
            [incident.id],
        )?;
        Ok(format!("{} closed {}\n", by.name, incident.title))
    }

    /// Deletes what is closed.
    fn tidy(&self, by: &Person) -> Result<String, Failed> {
        let gone = self.connection().execute(
            "DELETE FROM incident WHERE company = ?1 AND status = 'closed'",
            [&by.company],
        )?;
        Ok(format!("{} deleted {gone}\n", by.name))
    }

    /// Runs what waits for the database, where it blocks nobody else.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Failed> {
        let app = self.clone();
        match tokio::task::spawn_blocking(move || work(&app)).await {
            Ok(done) => done,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn find(connection: &Connection, by: &Person, id: i64) -> Result<Incident, Failed> {
    let incident = connection.query_row(
        "SELECT id, title, status FROM incident WHERE id = ?1 AND company = ?2",
        (id, &by.company),
        |row| {
            Ok(Incident {
                id: row.get(0)?,
                title: row.get(1)?,
                status: row.get(2)?,
            })
        },
    );
    incident.optional()?.ok_or(Failed::NotFound)
}

impl FromRequestParts<App> for Person {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failed> {
        let header = parts.headers.get(AUTHORIZATION);
        let token = header.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let person = token.and_then(|token| app.sessions.get(token));
        person.cloned().ok_or(Failed::NotLoggedIn)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Closed => StatusCode::CONFLICT,
            Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        match status {
            StatusCode::INTERNAL_SERVER_ERROR => (status, "the desk is in trouble\n".to_owned()),
            _ => (status, format!("{self}\n")),
        }
        .into_response()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLoggedIn => f.write_str("log in first"),
            Self::NotFound => f.write_str("no such incident"),
            Self::Closed => f.write_str("it is closed already"),
            Self::Database(error) => error.fmt(f),
        }
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}
