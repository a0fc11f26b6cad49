//! How a plan is made.

use std::collections::HashSet;

use serde_json::Value;

use super::{Existence, Refusal, RefusalReason, RevertPlan, Reverts};
use crate::MASK;
use crate::diff::apply::inverse;
use crate::diff::diff_states;
use crate::entry::limits::CHANGES;
use crate::entry::path::push_member;
use crate::entry::{AuditEntry, Change, Changes, Obscured, Outcome, action, first_segment};
use crate::error::{Error, ErrorKind, Result};
use crate::query::history::{
    Effect, LossyState, Missing, MissingReason, Moment, Record, Replay, incomplete,
    only_takes_away, state_at,
};
use crate::query::stream::Source;

impl RevertPlan {
    /// Takes one entry back.
    pub(in crate::query) fn of_entry(
        source: Source<'_>,
        record: &Record,
        entry: &AuditEntry,
    ) -> Result<Self> {
        let is_change = entry.outcome == Outcome::Success && entry.action != action::BASELINE;
        if !is_change || entry.changes.is_empty() {
            return Err(Error::new(
                ErrorKind::Irreversible,
                "the entry changed nothing that could be taken back; choose one that succeeded and has changes",
            )
            .with_entry(entry.id));
        }
        let mut refused = Vec::new();
        let existence = existence(source, record, entry)?;
        if existence.is_none() {
            refused.push(Refusal {
                path: String::new(),
                reason: RefusalReason::Incomplete(MissingReason::Mismatch),
            });
        }
        if entry.truncated.iter().any(|cut| cut.path == CHANGES) {
            refused.push(Refusal {
                path: String::new(),
                reason: RefusalReason::Incomplete(MissingReason::LeftOut),
            });
        }
        let back = entry.changes.iter();
        let back = back.map(|(path, change)| (path.to_owned(), inverse(change)));
        let changes = possible(back, record, &mut refused);
        Ok(Self {
            reverts: Reverts::Entry(entry.id),
            entity: entry.entity.clone().unwrap_or_else(|| record.entity()),
            changes,
            refused,
            existence: existence.unwrap_or(Existence::Stays),
            expected: None,
            ignored: Vec::new(),
        })
    }

    /// Makes the record what it was.
    pub(in crate::query) fn to_moment(
        source: Source<'_>,
        record: &Record,
        moment: Moment,
    ) -> Result<Self> {
        let mut replay = Replay::start(source, record);
        replay.advance(moment, |_| {})?;
        let was = replay.state()?;
        if was.fields.is_none() && !was.missing.is_empty() {
            return Err(incomplete(&was.missing));
        }
        let mut since = Since::default();
        replay.advance(Moment::Index(u64::MAX), |entry| since.note(entry))?;
        let is = replay.state()?;

        let existence = match (&is.fields, &was.fields) {
            (Some(_), Some(_)) => Existence::Stays,
            (None, Some(_)) => Existence::ComesBack,
            (Some(_), None) => Existence::Goes,
            (None, None) => Existence::IsNot,
        };
        let mut refused = Vec::new();
        for state in [&was, &is] {
            refuse_missing(state, &mut refused);
        }
        if let Some(Value::Object(fields)) = &was.fields {
            // Two masks are alike, whatever is behind them.
            for (name, value) in fields {
                let mut path = String::new();
                push_member(&mut path, name);
                let obscured = Obscured::within(value).filter(|why| *why != Obscured::Hashed);
                if let Some(why) = obscured.filter(|_| since.has(&path)) {
                    refuse(&mut refused, path, RefusalReason::NotStored(why));
                }
            }
        }
        let expected = is.fields.clone();
        let back = diff_states(is.fields, was.fields)?;
        let changes = possible(back.into_list().into_iter(), record, &mut refused);
        Ok(Self {
            reverts: Reverts::To(moment),
            entity: record.entity(),
            changes,
            refused,
            existence,
            expected,
            ignored: record.ignored.clone(),
        })
    }
}

/// What happened to the record since a moment.
#[derive(Default)]
struct Since {
    fields: HashSet<String>,
    /// It came or went.
    all: bool,
}

impl Since {
    fn note(&mut self, entry: &AuditEntry) {
        match Effect::of(entry, true) {
            Effect::None | Effect::Used => {}
            Effect::Changes => {
                let fields = entry.changes.fields().into_iter().map(str::to_owned);
                self.fields.extend(fields);
            }
            _ => self.all = true,
        }
    }

    fn has(&self, path: &str) -> bool {
        self.all || self.fields.contains(first_segment(path))
    }
}

/// What taking an entry back means for the record as such; nothing if there was another before it.
fn existence(source: Source<'_>, record: &Record, entry: &AuditEntry) -> Result<Option<Existence>> {
    let effect = Effect::of(entry, false);
    let is_plain = !matches!(effect, Effect::Begins) && !only_takes_away(entry);
    if is_plain || effect == Effect::Ends {
        return Ok(Some(match effect {
            Effect::Ends => Existence::ComesBack,
            _ => Existence::Stays,
        }));
    }
    let at = |index| state_at(source, record, Moment::Index(index)).map(|state| state.fields);
    let before = entry.index.checked_sub(1).map(at).transpose()?.flatten();
    let after = at(entry.index)?;
    let made = [action::CREATE, action::RESTORE].contains(&entry.action.as_str());
    Ok(match (before, after) {
        (None, Some(_)) => Some(Existence::Goes),
        (Some(_), None) => Some(Existence::ComesBack),
        // Told once more: by the action that made it.
        (Some(before), Some(after)) if made => (before == after).then_some(Existence::Goes),
        _ => Some(Existence::Stays),
    })
}

/// The changes that can be made; the others are refused.
fn possible(
    back: impl Iterator<Item = (String, Change)>,
    record: &Record,
    refused: &mut Vec<Refusal>,
) -> Changes {
    let mut changes = Changes::new();
    for (path, change) in back.filter(|(path, _)| !record.ignores(path)) {
        let why = if path.contains(MASK) {
            Some(Obscured::Redacted)
        } else {
            let mut sides = [&change.new, &change.old].into_iter().flatten();
            sides.find_map(Obscured::within)
        };
        match why {
            Some(why) => refuse(refused, path, RefusalReason::NotStored(why)),
            None => changes.push(path, change),
        }
    }
    changes
}

/// Where the log does not tell all of a record. A value that was cut shows that itself.
fn refuse_missing(state: &LossyState, refused: &mut Vec<Refusal>) {
    let missing = state.missing.iter();
    for Missing { path, reason, .. } in missing.filter(|m| m.reason != MissingReason::Truncated) {
        refuse(refused, path.clone(), RefusalReason::Incomplete(*reason));
    }
}

fn refuse(refused: &mut Vec<Refusal>, path: String, reason: RefusalReason) {
    let refusal = Refusal { path, reason };
    if !refused.contains(&refusal) {
        refused.push(refusal);
    }
}
