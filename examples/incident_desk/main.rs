//! An incident desk of a security platform for three companies, which audits itself.
//!
//! It reads a day of work from `data/day.jsonl`, does each operation through an annotated handler
//! over a SQLite database, and then asks the audit log what happened. Somebody changes an incident
//! behind everybody's back; the log tells of that, too, and what the incident was before. At the
//! end it checks the log against the file: one action for each operation, each change once, no
//! secret anywhere. Begin reading in `handlers.rs`; `desk.rs` records what changes, `edge.rs` says
//! who.

mod business;
mod desk;
mod edge;
mod handlers;
mod people;
mod progress;
mod secrets;
mod siem;
mod tables;
mod tally;
mod work;

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use audit_core::Auditor;
use audit_sqlite::{SqliteStore, rusqlite};
use chrono::{DateTime, TimeDelta, Utc};

use crate::business::Business;
use crate::desk::Desk;
use crate::edge::{Edge, WorkClock};
use crate::people::People;
use crate::progress::Progress;
use crate::tally::tally;
use crate::work::Operation;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

const HELP: &str = "\
Does a day of work at an incident desk and shows what the audit log says about it.

Usage: cargo run --example incident_desk [-- OPTIONS]

Options:
  --db PATH    keep the database, incidents and audit log, in PATH; a second run on the same PATH
               appends another day.
               Without it the database is in a temporary folder that is removed at the end
  --work FILE  do the work of this file instead of the shipped `examples/data/day.jsonl`
  --help       print this

It ends with 1 if the log and the work disagree or a secret is found, with 2 if an option is wrong.
";

struct Options {
    db: Option<PathBuf>,
    work: PathBuf,
    help: bool,
}

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    let options = match options(std::env::args_os().skip(1).map(PathBuf::from)) {
        Ok(options) => options,
        Err(message) => return complain(2, &format!("{message}\n\n{HELP}")),
    };
    if options.help {
        return match out.write_all(HELP.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(1, &error.to_string()),
        };
    }
    match run(&options, &mut out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(1, &error.to_string()),
    }
}

/// Does the work and says what came of it; true if all is as it must be.
fn run(options: &Options, out: &mut impl Write) -> Result<bool, Box<dyn Error>> {
    let work = work::operations(&options.work)?;
    let people = work::people(&Path::new(DATA).join("people.json"))?;
    let secrets = work::secrets(&work, &people);
    let companies: BTreeSet<&str> = work.iter().map(|o| o.company.as_str()).collect();
    let companies: Vec<&str> = companies.into_iter().collect();

    // Its drop removes the folder; whatever has files in it is declared later and dropped before.
    let folder = tempfile::tempdir()?;
    let temporary = folder.path().join("desk.db");
    let db = options.db.clone().unwrap_or(temporary);

    let started = Instant::now();
    let clock = WorkClock::default();
    let store = SqliteStore::open(&db).map_err(|error| at(&db, &error))?;
    let auditor = Auditor::builder(store.clone())
        .clock(clock.clone())
        .build()?;
    let desk = Desk {
        auditor: auditor.clone(),
        business: Business::open(&db, &store).map_err(|error| at(&db, &error))?,
        people: People::new(people),
    };
    let later = days_before(&auditor, &companies, &work)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut edge = Edge::new(desk, clock, runtime, later);
    let mut progress = Progress::new(work.len());
    for (operation, done) in work.iter().zip(1..) {
        edge.serve(operation)?;
        progress.done(done);
    }
    drop(progress);
    let took = started.elapsed();

    if let Some((company, id)) = busiest(&edge, &work) {
        let log = auditor.tenant(company);
        tables::newest(out, &log, 12)?;
        tables::history(out, &log, id)?;
    }
    tables::most_active(out, &auditor, &companies)?;
    tables::failures(out, &auditor, &companies)?;
    tables::days(out, &auditor, &companies)?;
    let tally = tally(&auditor, &companies, &work, later)?;
    if let Some((company, id)) = busiest(&edge, &work) {
        let evening = evening(&work, later);
        behind_everybodys_back(&db, id)?;
        store.collect_row_changes()?;
        let log = auditor.tenant(company);
        tables::nobody(out, &log)?;
        tables::then_and_now(out, &log, id, evening)?;
    }

    auditor.close(Duration::from_secs(5))?;
    drop((edge, auditor));
    let copy = folder.path().join("copy.db");
    store.backup_to(&copy)?;
    drop(store);
    let findings = secrets::search(&copy, &secrets, &companies)?;

    tables::title(out, "Totals")?;
    let outcomes = tally.outcomes.iter();
    let outcomes: Vec<_> = outcomes.map(|(o, n)| format!("{n} {o}")).collect();
    writeln!(
        out,
        " {} operations in {} ms: {} actions ({}) and {} changes of records",
        tally.operations,
        took.as_millis(),
        tally.actions,
        outcomes.join(", "),
        tally.records,
    )?;
    if options.db.is_some() {
        writeln!(out, " kept: {}", db.display())?;
    }
    writeln!(
        out,
        " secrets: {} planted, {} found in {} tables and {} bytes",
        secrets.len(),
        findings.found.len(),
        findings.tables,
        findings.bytes,
    )?;
    let mut complaints = tally.complaints;
    complaints.extend(findings.places);
    if !findings.works {
        complaints.push("the search does not even find the names of the companies".to_owned());
    }
    for complaint in &complaints {
        writeln!(out, " WRONG: {complaint}")?;
    }
    out.flush()?;
    Ok(complaints.is_empty())
}

/// What somebody does who has the file and any SQL tool, and does not ask the desk.
fn behind_everybodys_back(db: &Path, id: i64) -> Result<(), Box<dyn Error>> {
    let connection = rusqlite::Connection::open(db)?;
    connection.execute(
        "UPDATE incidents SET severity = 'low', note = 'nothing to see here' WHERE id = ?1",
        [id],
    )?;
    Ok(())
}

/// When the last work of the day was done.
fn evening(work: &[Operation], later: TimeDelta) -> DateTime<Utc> {
    let last = work.iter().map(|operation| operation.at).max();
    last.unwrap_or_default() + later
}

/// How many days after the one of the file this run takes place: the first that the log does not
/// know yet.
fn days_before(
    auditor: &Auditor,
    companies: &[&str],
    work: &[Operation],
) -> audit_core::Result<TimeDelta> {
    let Some(first) = work.iter().map(|operation| operation.at).min() else {
        return Ok(TimeDelta::zero());
    };
    let mut later = TimeDelta::zero();
    for company in companies {
        let page = auditor.tenant(*company).entries().limit(1).page()?;
        for entry in page.entries {
            let days = entry.timestamp.date_naive() - first.date_naive() + TimeDelta::days(1);
            later = later.max(days);
        }
    }
    Ok(later)
}

/// The incident that the file says most about, and its company.
fn busiest<'a>(edge: &Edge, work: &'a [Operation]) -> Option<(&'a str, i64)> {
    let incident = |operation: &Operation| operation.task.incident();
    let times = |number| work.iter().filter(|o| incident(o) == number).count();
    let operation = work
        .iter()
        .filter(|operation| incident(operation).is_some())
        .max_by_key(|operation| times(incident(operation)))?;
    let reported = work.iter().find(|o| incident(o) == incident(operation))?;
    Some((&reported.company, edge.id(incident(operation)?)?))
}

fn options(arguments: impl Iterator<Item = PathBuf>) -> Result<Options, String> {
    let mut options = Options {
        db: None,
        work: Path::new(DATA).join("day.jsonl"),
        help: false,
    };
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let mut path = || {
            let missing = format!("{} needs a path behind it", argument.display());
            arguments.next().ok_or(missing)
        };
        match argument.to_str() {
            Some("--db") => options.db = Some(path()?),
            Some("--work") => options.work = path()?,
            Some("--help" | "-h") => options.help = true,
            _ => return Err(format!("unknown argument {}", argument.display())),
        }
    }
    Ok(options)
}

fn at(path: &Path, error: &dyn Error) -> String {
    format!("{}: {error}", path.display())
}

fn complain(code: u8, message: &str) -> ExitCode {
    // Where even standard error is gone, the exit code has to do.
    drop(writeln!(io::stderr(), "incident_desk: {message}"));
    ExitCode::from(code)
}
