//! Telling somebody that something was not recorded: never silence.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use crate::entry::Tenant;
use crate::error::{Error, ErrorKind};

/// Something that went wrong with recording and reached no caller as an error.
#[derive(Debug)]
#[non_exhaustive]
pub struct Problem<'a> {
    /// What became of the entries.
    pub kind: ProblemKind,
    /// How many entries it is about.
    pub entries: u64,
    /// Whose log they belong to, where all are of one tenant.
    pub tenant: Option<&'a Tenant>,
    /// What was done, where it is about one entry.
    pub action: Option<&'a str>,
    /// Why.
    pub error: &'a Error,
}

/// What became of the entries of a [`Problem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// They are still queued and will be tried again.
    Delayed,
    /// They are lost. A gap entry will say so where the tenant is known.
    Lost,
    /// Their action runs without the note that it started: if the process dies before it ends,
    /// nothing tells of it.
    Unnoted,
}

impl fmt::Display for Problem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.kind {
            ProblemKind::Delayed => "delayed",
            ProblemKind::Lost => "lost",
            ProblemKind::Unnoted => "not noted as started",
        };
        write!(f, "audit: {} {fate}", counted(self.entries))?;
        if let Some(action) = self.action {
            write!(f, " (action {action:?})")?;
        }
        write!(f, ": {}", self.error)
    }
}

fn counted(entries: u64) -> String {
    match entries {
        1 => "1 entry".to_owned(),
        n => format!("{n} entries"),
    }
}

type Callback = dyn Fn(&Problem<'_>) + Send + Sync;

/// Where problems go: to a callback, and to `tracing` if that feature is on.
#[derive(Clone, Default)]
pub(crate) struct Reporter(Option<Arc<Callback>>);

impl Reporter {
    pub(crate) fn new(callback: impl Fn(&Problem<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(callback)))
    }

    pub(crate) fn report(&self, problem: &Problem<'_>) {
        // A panic in the callback or a subscriber must not take the delivery thread with it.
        drop(catch_unwind(AssertUnwindSafe(|| emit(problem))));
        drop(catch_unwind(AssertUnwindSafe(|| match &self.0 {
            Some(callback) => callback(problem),
            None => fallback(problem),
        })));
    }
}

impl fmt::Debug for Reporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Reporter({})",
            if self.0.is_some() {
                "callback"
            } else {
                "fallback"
            }
        )
    }
}

static UNRECORDED: AtomicU64 = AtomicU64::new(0);
static ON_UNRECORDED: OnceLock<Reporter> = OnceLock::new();

/// How many entries of this process found no auditor to be recorded through.
///
/// Anything but 0 means that an annotated function ran before
/// [`Auditor::install`](crate::Auditor::install) and outside of a context that brings an auditor.
#[must_use]
pub fn unrecorded() -> u64 {
    UNRECORDED.load(Ordering::Relaxed)
}

/// Says where entries are reported that found no auditor; without it they go to standard error.
///
/// # Errors
///
/// [`ErrorKind::AlreadyInstalled`] if a callback was set before; it stays.
pub fn on_unrecorded(callback: impl Fn(&Problem<'_>) + Send + Sync + 'static) -> crate::Result<()> {
    ON_UNRECORDED.set(Reporter::new(callback)).map_err(|_| {
        Error::new(
            ErrorKind::AlreadyInstalled,
            "a callback for unrecorded entries was set before and stays; set it once at the start",
        )
    })
}

/// Counts and reports an entry that found no auditor.
pub(crate) fn report_unrecorded(problem: &Problem<'_>) {
    UNRECORDED.fetch_add(problem.entries, Ordering::Relaxed);
    ON_UNRECORDED
        .get()
        .unwrap_or(&Reporter(None))
        .report(problem);
}

#[cfg(feature = "tracing")]
fn emit(problem: &Problem<'_>) {
    let (entries, error) = (problem.entries, problem.error.to_string());
    match problem.kind {
        ProblemKind::Delayed => tracing::warn!(entries, error, "audit entries delayed"),
        ProblemKind::Lost => tracing::error!(entries, error, "audit entries lost"),
        ProblemKind::Unnoted => {
            tracing::warn!(entries, error, "audited actions not noted as started");
        }
    }
}

#[cfg(not(feature = "tracing"))]
fn emit(_: &Problem<'_>) {}

/// Nobody asked to be told, and silence is the one wrong answer. Standard error gets the first
/// problems and then ever fewer, so that a broken disk does not flood it.
fn fallback(problem: &Problem<'_>) {
    static SEEN: AtomicU64 = AtomicU64::new(0);
    #[cfg(feature = "tracing")]
    if tracing::dispatcher::has_been_set() {
        return;
    }
    let seen = SEEN.fetch_add(1, Ordering::Relaxed) + 1;
    if seen <= 10 || seen.is_power_of_two() {
        #[expect(clippy::print_stderr, reason = "the last resort against silence")]
        {
            eprintln!("{problem} (problem {seen}; `AuditorBuilder::on_problem` receives them)");
        }
    }
}
