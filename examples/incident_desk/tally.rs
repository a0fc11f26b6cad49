//! Whether the log says what the work file says: one action for each operation, with its outcome,
//! and exactly the changes that it caused.

use std::collections::HashMap;

use audit_core::{AuditEntry, Auditor, Outcome, Result};
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::work::Operation;

/// What the log holds for the work of one run.
pub(crate) struct Tally {
    pub(crate) operations: usize,
    /// Entries of actions, one for each operation.
    pub(crate) actions: u64,
    /// Entries of changed records.
    pub(crate) records: u64,
    /// By outcome, of the actions.
    pub(crate) outcomes: Vec<(Outcome, u64)>,
    /// Where log and file disagree.
    pub(crate) complaints: Vec<String>,
}

/// What was found about one operation.
#[derive(Default)]
struct Found {
    actions: u64,
    records: u64,
    outcome: Option<Outcome>,
}

/// An operation is known in the log by its company, its request and its action.
type Name<'a> = (&'a str, &'a str, &'a str);

pub(crate) fn tally(
    auditor: &Auditor,
    companies: &[&str],
    work: &[Operation],
    later: TimeDelta,
) -> Result<Tally> {
    let numbered = work.iter().map(name).zip(0..);
    let numbers: HashMap<Name<'_>, usize> = numbered.collect();
    let mut found: Vec<Found> = work.iter().map(|_| Found::default()).collect();
    let mut stray = 0_u64;
    let (since, until) = day(work, later);
    for &company in companies {
        let log = auditor.tenant(company);
        let entries = log.entries().since(since).until(until).oldest_first();
        let entries = entries.stream()?.collect::<Result<Vec<_>>>()?;
        // A change stands in the log before the action that caused it, which ends later.
        let actions: HashMap<Uuid, usize> = entries
            .iter()
            .filter_map(|entry| Some((entry.id, *numbers.get(&action(company, entry))?)))
            .collect();
        for entry in &entries {
            let own = actions.get(&entry.id);
            let caused_by = entry.cause.and_then(|cause| actions.get(&cause));
            let number = own.or(caused_by).copied();
            match number.and_then(|number| found.get_mut(number)) {
                Some(found) if own.is_some() => {
                    found.actions += 1;
                    found.outcome = Some(entry.outcome);
                }
                Some(found) => found.records += 1,
                None => stray += 1,
            }
        }
    }
    Ok(sum(work, &found, stray))
}

/// The day of a run, from midnight to midnight.
fn day(work: &[Operation], later: TimeDelta) -> (DateTime<Utc>, DateTime<Utc>) {
    let first = work.iter().map(|operation| operation.at).min();
    let midnight = (first.unwrap_or_default() + later).date_naive();
    let since = midnight.and_time(chrono::NaiveTime::MIN).and_utc();
    (since, since + TimeDelta::days(1))
}

fn sum(work: &[Operation], found: &[Found], stray: u64) -> Tally {
    let mut tally = Tally {
        operations: work.len(),
        actions: 0,
        records: 0,
        outcomes: Vec::new(),
        complaints: Vec::new(),
    };
    for (operation, found) in work.iter().zip(found) {
        tally.actions += found.actions;
        tally.records += found.records;
        let expected = (1, operation.records, Some(operation.outcome));
        if (found.actions, found.records, found.outcome) != expected {
            tally.complaints.push(complaint(operation, found));
        }
    }
    if stray > 0 {
        let complaint = format!("{stray} entries belong to no operation of the file");
        tally.complaints.push(complaint);
    }
    for &outcome in Outcome::ALL {
        let ended = found.iter().filter(|found| found.outcome == Some(outcome));
        match ended.map(|found| found.actions).sum() {
            0 => {}
            actions => tally.outcomes.push((outcome, actions)),
        }
    }
    tally
}

fn complaint(operation: &Operation, found: &Found) -> String {
    format!(
        "{} of {} at {}: expected 1 action ({}) and {} changes, found {} ({}) and {}",
        operation.action(),
        operation.company,
        operation.at,
        operation.outcome,
        operation.records,
        found.actions,
        found.outcome.map_or("none", Outcome::as_str),
        found.records,
    )
}

fn name(operation: &Operation) -> Name<'_> {
    let action = operation.action();
    (&operation.company, &operation.request, action)
}

fn action<'a>(company: &'a str, entry: &'a AuditEntry) -> Name<'a> {
    let request = entry.request_id.as_deref().unwrap_or_default();
    (company, request, &entry.action)
}
