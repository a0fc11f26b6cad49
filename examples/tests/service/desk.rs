//! The service as a process.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use audit_core::Auditor;
use audit_sqlite::SqliteStore;
use audit_sqlite::rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::client::Client;

/// How long anything may take before the test says that it never comes. Nothing is slow at it: it is
/// only there so that a test ends.
pub(crate) const DEADLINE: Duration = Duration::from_mins(5);

/// A service on a database of its own; gone, with the database, when it is dropped.
pub(crate) struct Desk {
    arguments: Vec<String>,
    process: Child,
    out: BufReader<ChildStdout>,
    url: String,
    folder: TempDir,
}

/// How a service ended.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it has said after its address.
    pub(crate) said: String,
    /// All that it has complained of.
    pub(crate) complaints: String,
}

impl Desk {
    pub(crate) fn open(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
        let (process, out, url) = start(folder.path(), &arguments);
        Self {
            arguments,
            process,
            out,
            url,
            folder,
        }
    }

    /// Starts it again on the same file, after its end.
    pub(crate) fn open_again(&mut self) {
        let (process, out, url) = start(self.folder.path(), &self.arguments);
        self.process = process;
        self.out = out;
        self.url = url;
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> Ended {
        self.signal(Signal::TERM);
        self.ended()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    pub(crate) fn ended(&mut self) -> Ended {
        let status = until("the service has ended", || self.process.try_wait().unwrap());
        let complaints = fs::read_to_string(complaints(self.folder.path())).unwrap();
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        Ended {
            status,
            said,
            complaints,
        }
    }

    /// The next line that it says.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        line
    }

    /// Somebody who has not logged in.
    pub(crate) fn visitor(&self) -> Client {
        Client::new(&self.url)
    }

    /// Somebody who has logged in, by the login name of `people.json`.
    pub(crate) fn person(&self, login: &str) -> Client {
        self.visitor().log_in(login)
    }

    pub(crate) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// Another program that has the file open.
    pub(crate) fn connection(&self) -> Connection {
        Connection::open(self.db()).unwrap()
    }

    /// A whole log as it stands in the file, the oldest entry first.
    pub(crate) fn log(&self, tenant: &str) -> Vec<Value> {
        let auditor = Auditor::new(SqliteStore::open_read_only(self.db()).unwrap());
        let log = auditor.tenant(tenant);
        let entries = log.entries().oldest_first().stream().unwrap();
        entries
            .map(|entry| serde_json::to_value(entry.unwrap()).unwrap())
            .collect()
    }

    /// Every byte that it has written, by file.
    pub(crate) fn bytes(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        paths
            .map(|path| (path.clone(), fs::read(&path).unwrap()))
            .collect()
    }

    fn db(&self) -> PathBuf {
        self.folder.path().join("desk.db")
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It has ended already where the test wanted it to.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

impl Ended {
    /// It has ended as it should, and nothing was lost on the way: that would have been told of.
    #[track_caller]
    pub(crate) fn well(&self) {
        assert!(
            self.status.success(),
            "{}: {}",
            self.status,
            self.complaints
        );
        assert_eq!((&*self.said, &*self.complaints), ("stopped\n", ""));
    }
}

/// Waits for something that comes on its own.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "it never comes that {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for an action with an `attempt`. That it was begun is stored before anything leaves the house, and
/// cannot be asked for over HTTP.
#[track_caller]
pub(crate) fn until_an_action_has_begun(desk: &Desk) {
    let connection = desk.connection();
    until("an action has begun", || {
        let begun = "SELECT count(*) FROM audit_attempt";
        let begun: i64 = connection.query_row(begun, [], |row| row.get(0)).unwrap();
        (begun == 1).then_some(())
    });
}

fn start(folder: &Path, arguments: &[String]) -> (Child, BufReader<ChildStdout>, String) {
    let mut process = Command::new(program())
        .args(["serve", "--port", "0", "--db"])
        .arg(folder.join("desk.db"))
        .args(arguments)
        // A backtrace is of no use to these tests, and there are many.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(complaints(folder)).unwrap())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let Some(url) = line.trim_end().strip_prefix("listening on ") else {
        process.kill().ok();
        process.wait().ok();
        let complaints = fs::read_to_string(complaints(folder)).unwrap();
        panic!("it does not listen: {line}{complaints}");
    };
    (process, out, url.to_owned())
}

fn complaints(folder: &Path) -> PathBuf {
    folder.join("complaints")
}

/// The service as it was built last. Cargo builds it for `cargo test` only where nobody has chosen what to
/// test, so that it may be missing, or older than what it is made of.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().unwrap();
        let profile = test.ancestors().nth(2).unwrap();
        let program = profile.join("examples/incident_desk");
        if !is_fresh(&program) {
            build(profile);
        }
        assert!(program.exists(), "no {}", program.display());
        program
    })
}

fn is_fresh(program: &Path) -> bool {
    let modified = |path: &Path| fs::metadata(path)?.modified();
    // Cargo writes down there what it was made of, but for what came from elsewhere.
    let (Ok(built), Ok(sources)) = (
        modified(program),
        fs::read_to_string(program.with_extension("d")),
    ) else {
        return false;
    };
    let sources = sources.replace("\\ ", "\0");
    let sources = sources.split_whitespace().skip(1);
    sources
        .chain([concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")])
        .map(|path| modified(Path::new(&path.replace('\0', " "))))
        .all(|changed| changed.is_ok_and(|changed| changed <= built))
}

fn build(profile: &Path) {
    let name = profile.file_name().unwrap().to_str().unwrap();
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", "incident_desk"])
        .args(["--profile", if name == "debug" { "dev" } else { name }])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .status()
        .unwrap();
    assert!(status.success(), "the service does not build");
}
