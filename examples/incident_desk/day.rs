//! A day of work, replayed, and what the log says about it.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write;
use std::path::{Path, PathBuf};
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
use crate::{DATA, at, secrets, tables, work};

/// What is replayed, and where the database is kept, if it is.
pub(crate) struct Day {
    pub(crate) db: Option<PathBuf>,
    pub(crate) work: PathBuf,
}

/// Does the work and says what came of it; true if all is as it must be.
pub(crate) fn run(options: &Day, out: &mut impl Write) -> Result<bool, Box<dyn Error>> {
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
    desk.business.track()?;
    let later = days_before(&auditor, &companies, &work)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .build()?;
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
