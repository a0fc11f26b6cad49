//! An incident desk of a security platform for three companies, which audits itself.
//!
//! As it is, it reads a day of work from `data/day.jsonl`, does each operation through an annotated
//! handler over a SQLite database, and then asks the audit log what happened. Somebody changes an
//! incident behind everybody's back; the log tells of that, too, and what the incident was before. At
//! the end it checks the log against the file: one action for each operation, each change once, no
//! secret anywhere. With `serve` it is an HTTP service on loopback.
//!
//! Begin reading in `handlers.rs`, which both share; `desk.rs` records what changes. `edge.rs` says who
//! in the replay, `serve/` in the service.

mod business;
mod day;
mod desk;
mod edge;
mod handlers;
mod options;
mod people;
mod progress;
mod secrets;
mod serve;
mod siem;
mod tables;
mod tally;
mod work;

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::options::{HELP, Task};

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data");

fn main() -> ExitCode {
    let task = match options::parse(std::env::args_os().skip(1)) {
        Ok(task) => task,
        Err(message) => return complain(2, &format!("{message}\n\n{HELP}")),
    };
    let mut out = io::stdout().lock();
    let done = match &task {
        Task::Help => out
            .write_all(HELP.as_bytes())
            .map(|()| true)
            .map_err(Into::into),
        Task::Day(day) => day::run(day, &mut out),
        Task::Serve(service) => {
            drop(out);
            serve::run(service).map(|()| true)
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => complain(1, &error.to_string()),
    }
}

fn at(path: &Path, error: &dyn Error) -> String {
    format!("{}: {error}", path.display())
}

fn complain(code: u8, message: &str) -> ExitCode {
    // Where even standard error is gone, the exit code has to do.
    drop(writeln!(io::stderr(), "incident_desk: {message}"));
    ExitCode::from(code)
}
