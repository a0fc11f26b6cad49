//! The desk as a service on loopback: REST for incidents, sessions, a nightly job, and each company's
//! own audit log.
//!
//! What audits it stands in `router` and in `handlers.rs`; no route knows of it.

mod accounts;
mod answer;
mod drill;
mod incidents;
mod log;
mod night;
mod sessions;

use std::error::Error;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use audit_core::{Auditor, Delivery, in_current_context};
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::Connection;
use audit_tower::{AccessLayer, AccessPolicy, ContextLayer, Rule};
use axum::http::StatusCode;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use axum::{Router, middleware};
use futures::FutureExt as _;
use tokio::net::TcpListener;
use tokio::signal;
use tokio::time::sleep;
use tower_http::catch_panic::CatchPanicLayer;

use self::night::{Night, Queue};
use self::sessions::Sessions;
use crate::business::Business;
use crate::desk::{Desk, DeskError, Tx};
use crate::people::People;
use crate::{DATA, at, work};

/// The log of requests that belong to no company: logins to companies that do not exist, strays.
const PLATFORM: &str = "platform";

/// All that the desk records, to switch off.
const ACTIONS: [&str; 25] = [
    "access",
    "change_password",
    "close",
    "create",
    "delete",
    "drill",
    "edit",
    "escalate",
    "export",
    "forward",
    "login",
    "login_failed",
    "logout",
    "nightly_escalation",
    "note",
    "remove",
    "reopen",
    "report",
    "resolve",
    "rotate_token",
    "run_job",
    "schedule_nightly",
    "start",
    "triage",
    "update",
];

/// How the desk is served.
pub(crate) struct Service {
    pub(crate) db: Option<PathBuf>,
    pub(crate) port: u16,
    pub(crate) auditing: Auditing,
    pub(crate) siem_delay: Duration,
    /// How long what was asked before a stop may still take.
    pub(crate) grace: Duration,
    pub(crate) is_drill: bool,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Auditing {
    Durable,
    Buffered,
    Off,
}

/// What every route works with.
#[derive(Clone)]
struct App {
    desk: Arc<Desk>,
    sessions: Arc<Sessions>,
    queue: Queue,
    siem_delay: Duration,
}

impl Default for Service {
    fn default() -> Self {
        Self {
            db: None,
            port: 8080,
            auditing: Auditing::Durable,
            siem_delay: Duration::ZERO,
            grace: Duration::from_secs(10),
            is_drill: false,
        }
    }
}

/// Serves until it is told to stop; then answers what was asked, and stores what is queued.
pub(crate) fn run(service: &Service) -> Result<(), Box<dyn Error>> {
    // Only where it is needed: the folder stays behind when the process is killed.
    let (db, _folder) = if let Some(db) = &service.db {
        (db.clone(), None)
    } else {
        let folder = tempfile::tempdir()?;
        (folder.path().join("desk.db"), Some(folder))
    };
    let db = db.as_path();
    let store = SqliteStore::open(db).map_err(|error| at(db, &error))?;
    let auditor = match service.auditing {
        Auditing::Durable => Auditor::new(store.clone()),
        Auditing::Buffered => Auditor::builder(store.clone())
            .delivery(Delivery::Buffered)
            .build()?,
        Auditing::Off => Auditor::builder(store.clone()).off(ACTIONS).build()?,
    };
    let desk = Desk {
        auditor: auditor.clone(),
        business: Business::open(db, &store).map_err(|error| at(db, &error))?,
        people: People::new(work::people(&Path::new(DATA).join("people.json"))?),
    };
    if service.auditing != Auditing::Off {
        desk.business.track()?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(serve(service, desk));
    // What has not ended by now is cut off and says so; what is queued then is all there is.
    drop(runtime);
    auditor.close(Duration::from_secs(10))?;
    served
}

async fn serve(service: &Service, desk: Desk) -> Result<(), Box<dyn Error>> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, service.port));
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    // The body of an answer follows when its entry is stored. Without this it would then wait, with most
    // clients for 40 ms, until the client has confirmed the head.
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    let night = Night::new(service.is_drill);
    let app = App {
        desk: Arc::new(desk),
        sessions: Arc::default(),
        queue: night.queue(),
        siem_delay: service.siem_delay,
    };
    let told_to_stop = told_to_stop()?.shared();
    let grace_is_over = told_to_stop.clone().then(|()| sleep(service.grace));
    let worker = tokio::spawn(night.work(Arc::clone(&app.desk)));
    say(&format!("listening on http://{address}"))?;
    let router = router(app, service.is_drill).into_make_service_with_connect_info::<SocketAddr>();
    let until_stopped = async {
        axum::serve(listener, router)
            .with_graceful_shutdown(told_to_stop)
            .await?;
        // Its queue is closed with the last handle: it does what is left and ends.
        worker.await??;
        Ok::<_, Box<dyn Error>>(())
    };
    tokio::select! {
        done = until_stopped => done?,
        // Or else one client that sends half a request would hold up the end for ever.
        () = grace_is_over => {}
    }
    say("stopped")
}

/// All routes, and around them what audits them.
fn router(app: App, is_drill: bool) -> Router {
    let auditor = &app.desk.auditor;
    let policy = AccessPolicy::new().rule(Rule::off().path("/health"));
    let mut routes = Router::new()
        .route("/health", get(async || "up"))
        .merge(accounts::routes())
        .merge(incidents::routes())
        .merge(night::routes())
        .merge(log::routes());
    if is_drill {
        routes = routes.merge(drill::routes());
    }
    routes
        // Inside of the sessions: who strays is somebody, too.
        .fallback(async || StatusCode::NOT_FOUND)
        .layer(middleware::from_fn_with_state(
            app.clone(),
            sessions::authenticate,
        ))
        .merge(accounts::entrance())
        .layer(middleware::map_response(answer::alike))
        .layer(AccessLayer::new(auditor, policy))
        // Outside of the log, which tells of a panic, and inside of the context, which gives its answer
        // the id of the request.
        .layer(CatchPanicLayer::custom(|_| answer::in_trouble()))
        .layer(ContextLayer::new(PLATFORM).auditor(auditor))
        .with_state(app)
}

impl App {
    /// Changes something: the request, what it does and what it changes are one transaction.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk, &Tx<'_>) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, DeskError> {
        self.work(move |desk| desk.business.write(|tx| work(desk, tx)))
            .await
    }

    /// Looks something up.
    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&Connection) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, DeskError> {
        self.work(move |desk| desk.business.read(look)).await
    }

    /// Does something at the desk that waits for the database, where that blocks nobody else.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Desk) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, DeskError> {
        let desk = Arc::clone(&self.desk);
        let work = in_current_context(move || work(&desk));
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        }
    }
}

/// Waits for SIGTERM or ctrl-c. They are listened for from this call on, not from the first poll: none
/// that comes early kills what has been promised to end in order.
#[cfg(unix)]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    use signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn told_to_stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        signal::ctrl_c().await.ok();
    })
}

fn say(line: &str) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    Ok(())
}
