//! What is said on the command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::DATA;
use crate::day::Day;
use crate::serve::{Auditing, Service};

pub(crate) const HELP: &str = "\
Does a day of work at an incident desk and shows what the audit log says about it, or serves the desk
over HTTP.

Usage: cargo run --example incident_desk [-- OPTIONS]
       cargo run --example incident_desk -- serve [OPTIONS]

Options:
  --db PATH    keep the database, incidents and audit log, in PATH; a second run on the same PATH
               appends another day.
               Without it the database is in a temporary folder that is removed at the end
  --work FILE  do the work of this file instead of the shipped `examples/data/day.jsonl`
  --help       print this

Options of serve:
  --db PATH          as above
  --port N           listen on this port of 127.0.0.1; 8080 without it, 0 takes a free one
  --audit HOW        durable: an answer waits until its entries are stored (as it is without this);
                     buffered: entries follow at once; off: nothing is recorded, to compare
  --siem-delay MS    the SIEM takes this long to answer
  --grace MS         what was asked before a stop may take this long after it; 10000 without it
  --drill            things go wrong on purpose: `POST /drill/panic` panics, and each nightly job
                     fails twice before it works

The day ends with 1 if the log and the work disagree or a secret is found; all end with 2 if an option is
wrong. The service ends, with all entries stored, on SIGTERM or ctrl-c.
";

/// What is to be done.
pub(crate) enum Task {
    Help,
    Day(Day),
    Serve(Service),
}

pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut arguments = arguments.peekable();
    if arguments.next_if(|first| first == "serve").is_some() {
        return service(arguments);
    }
    let mut day = Day {
        db: None,
        work: Path::new(DATA).join("day.jsonl"),
    };
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--db") => day.db = Some(path(&argument, &mut arguments)?),
            Some("--work") => day.work = path(&argument, &mut arguments)?,
            Some("--help" | "-h") => return Ok(Task::Help),
            _ => return Err(unknown(&argument)),
        }
    }
    Ok(Task::Day(day))
}

fn service(mut arguments: impl Iterator<Item = OsString>) -> Result<Task, String> {
    let mut service = Service::default();
    while let Some(argument) = arguments.next() {
        match argument.to_str() {
            Some("--db") => service.db = Some(path(&argument, &mut arguments)?),
            Some("--port") => service.port = number(&argument, &mut arguments)?,
            Some("--audit") => service.auditing = auditing(&mut arguments)?,
            Some("--siem-delay") => {
                service.siem_delay = Duration::from_millis(number(&argument, &mut arguments)?);
            }
            Some("--grace") => {
                service.grace = Duration::from_millis(number(&argument, &mut arguments)?);
            }
            Some("--drill") => service.is_drill = true,
            Some("--help" | "-h") => return Ok(Task::Help),
            _ => return Err(unknown(&argument)),
        }
    }
    Ok(Task::Serve(service))
}

fn auditing(arguments: &mut impl Iterator<Item = OsString>) -> Result<Auditing, String> {
    let how = arguments.next();
    match how.as_ref().and_then(|how| how.to_str()) {
        Some("durable") => Ok(Auditing::Durable),
        Some("buffered") => Ok(Auditing::Buffered),
        Some("off") => Ok(Auditing::Off),
        _ => Err("--audit needs `durable`, `buffered` or `off` behind it".to_owned()),
    }
}

fn path(
    option: &OsString,
    arguments: &mut impl Iterator<Item = OsString>,
) -> Result<PathBuf, String> {
    let path = arguments.next().map(PathBuf::from);
    path.ok_or_else(|| format!("{} needs a path behind it", option.display()))
}

fn number<T: std::str::FromStr>(
    option: &OsString,
    arguments: &mut impl Iterator<Item = OsString>,
) -> Result<T, String> {
    let number = arguments.next();
    let number = number
        .as_ref()
        .and_then(|number| number.to_str()?.parse().ok());
    number.ok_or_else(|| format!("{} needs a number behind it", option.display()))
}

fn unknown(argument: &OsString) -> String {
    format!("unknown argument {}", argument.display())
}
