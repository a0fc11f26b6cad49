//! The same service, audited.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path as FilePath;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use audit_core::{Actor, Audited, Auditor, Cursor, ErrorKind, audit_action, in_current_context};
use audit_sqlite::rusqlite::{self, Connection, OptionalExtension as _};
use audit_sqlite::{SqliteStore, TrackedTable};
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer, Rule, identify};
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[derive(Clone)]
pub(crate) struct App {
    connection: Arc<Mutex<Connection>>,
    sessions: Arc<HashMap<String, Person>>,
    store: SqliteStore,
    auditor: Auditor,
}

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) company: String,
}

#[derive(Clone, Audited)]
pub(crate) struct Incident {
    #[audit(id)]
    id: i64,
    #[audit(name)]
    title: String,
    status: String,
}

#[derive(Debug)]
pub(crate) enum Failed {
    NotLoggedIn,
    NotFound,
    Closed,
    Database(rusqlite::Error),
    Audit(audit_core::Error),
}

#[derive(Deserialize)]
struct Because {
    reason: String,
}

#[derive(Deserialize)]
struct Page {
    after: Option<String>,
}

impl App {
    pub(crate) fn open(path: &FilePath, sessions: HashMap<String, Person>) -> Result<Self, Failed> {
        let store = SqliteStore::open(path)?; // first: it makes a new file readable by its owner only
        let connection = Connection::open(path)?;
        let auditor = Auditor::new(store.clone());
        TrackedTable::of::<Incident>("incident")
            .tenant("company")
            .track(&connection)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            sessions: Arc::new(sessions),
            store,
            auditor,
        })
    }
}

pub(crate) async fn serve(
    listener: TcpListener,
    app: App,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Box<dyn std::error::Error>> {
    let auditor = app.auditor.clone();
    let service = router(app).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service)
        .with_graceful_shutdown(stop)
        .await?;
    auditor.close(Duration::from_secs(10))?;
    Ok(())
}

fn router(app: App) -> Router {
    let policy = AccessPolicy::new().rule(Rule::off().path("/health"));
    Router::new()
        .route("/health", get(async || "up\n"))
        .route("/incidents/{id}/close", post(close))
        .route("/tidy", post(tidy))
        .route("/audit", get(audit))
        .layer(AccessLayer::new(&app.auditor, policy))
        .layer(ContextLayer::new("platform").auditor(&app.auditor))
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

async fn audit(
    State(app): State<App>,
    by: Person,
    Query(page): Query<Page>,
) -> Result<Json<Value>, Failed> {
    app.work(move |app| app.audit(&by, page.after.as_deref()))
        .await
        .map(Json)
}

impl App {
    #[audit_action(entity_id = id, reason = reason)]
    fn close_incident(&self, by: &Person, id: i64, reason: &str) -> Result<String, Failed> {
        let mut connection = self.connection();
        let tx = self.store.begin(&mut connection)?;
        let before = find(&tx, by, id)?;
        if before.status == "closed" {
            return Err(Failed::Closed);
        }
        let mut incident = before.clone();
        incident.status = "closed".into();
        tx.execute(
            "UPDATE incident SET status = ?1 WHERE id = ?2",
            (&incident.status, incident.id),
        )?;
        tx.updated(&before, &incident).record()?;
        tx.commit()?;
        Ok(format!("{} closed {}\n", by.name, incident.title))
    }

    /// Deletes what is closed.
    fn tidy(&self, by: &Person) -> Result<String, Failed> {
        let mut connection = self.connection();
        let tx = self.store.begin(&mut connection)?;
        let gone = tx.execute(
            "DELETE FROM incident WHERE company = ?1 AND status = 'closed'",
            [&by.company],
        )?;
        tx.commit()?;
        Ok(format!("{} deleted {gone}\n", by.name))
    }

    fn audit(&self, by: &Person, after: Option<&str>) -> Result<Value, Failed> {
        let after = after.map(str::parse::<Cursor>).transpose()?;
        let log = self.auditor.tenant(by.company.as_str());
        let page = log.entries().limit(4).after(after).page()?;
        let next = page.next.map(|cursor| cursor.to_string());
        Ok(json!({ "entries": page.entries, "next": next }))
    }

    /// Runs what waits for the database, where it blocks nobody else.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Failed> + Send + 'static,
    ) -> Result<T, Failed> {
        let app = self.clone();
        let work = in_current_context(move || work(&app));
        match tokio::task::spawn_blocking(work).await {
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
        let person = person.cloned().ok_or(Failed::NotLoggedIn)?;
        let is_known = identify(
            parts,
            person.company.as_str(),
            Actor::user(person.id, person.name.as_str()),
        );
        // Nobody comes in whom the log does not know.
        is_known.then_some(person).ok_or(Failed::NotLoggedIn)
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Closed => StatusCode::CONFLICT,
            Self::Audit(error) if error.kind() == ErrorKind::InvalidCursor => {
                StatusCode::BAD_REQUEST
            }
            Self::Database(_) | Self::Audit(_) => StatusCode::INTERNAL_SERVER_ERROR,
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
            Self::Audit(error) => error.fmt(f),
        }
    }
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<audit_core::Error> for Failed {
    fn from(error: audit_core::Error) -> Self {
        Self::Audit(error)
    }
}
