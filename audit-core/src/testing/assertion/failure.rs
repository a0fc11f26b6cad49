//! What a failed assertion says.

use std::fmt::{Display, Write as _};

use super::word::{Field, Word};
use crate::entry::AuditEntry;
use crate::error::Result;
use crate::sanitize::Sanitizer;

/// How many entries a text lists.
const LISTED: usize = 10;

/// No entry has all of the words.
pub(super) fn none(words: &[Word], entries: &[AuditEntry], sanitizer: &Sanitizer) -> String {
    let mut text = format!("no entry was audited with {}", asked(words, sanitizer));
    nearest(words, entries, sanitizer, &mut text);
    text
}

/// Another number of entries has all of the words.
pub(super) fn count(
    words: &[Word],
    times: usize,
    fitting: &[AuditEntry],
    others: &[AuditEntry],
    sanitizer: &Sanitizer,
) -> String {
    let mut text = format!(
        "asked for {}, found {}, with {}",
        entries(times),
        fitting.len(),
        asked(words, sanitizer)
    );
    if !fitting.is_empty() {
        text.push_str("\nfound:");
        list(fitting.iter(), &mut text);
    }
    if fitting.len() < times {
        nearest(words, others, sanitizer, &mut text);
    }
    text
}

/// Entries that no assertion has asked for.
pub(super) fn unclaimed(unclaimed: &[AuditEntry]) -> String {
    let mut text = format!(
        "{} audited that no assertion has claimed:",
        match unclaimed.len() {
            1 => "1 entry was".to_owned(),
            more => format!("{more} entries were"),
        }
    );
    list(unclaimed.iter(), &mut text);
    text
}

/// The entries, where they could be read.
#[track_caller]
pub(super) fn read(entries: Result<Vec<AuditEntry>>) -> Vec<AuditEntry> {
    match entries {
        Ok(entries) => entries,
        Err(error) => fail(&format!("the audit log could not be read: {error}")),
    }
}

/// The value, where its name is known.
#[track_caller]
pub(super) fn known<T>(value: Result<T>) -> T {
    match value {
        Ok(value) => value,
        Err(error) => fail(&error),
    }
}

#[track_caller]
#[expect(clippy::panic, reason = "that is how an assertion fails")]
pub(super) fn fail(text: &dyn Display) -> ! {
    panic!("{text}")
}

fn asked(words: &[Word], sanitizer: &Sanitizer) -> String {
    if words.is_empty() {
        return "anything".to_owned();
    }
    let words: Vec<String> = words.iter().map(|word| word.written(sanitizer)).collect();
    words.join(", ")
}

/// The entry that has the most words right, how it differs, and what else there is.
fn nearest(words: &[Word], all: &[AuditEntry], sanitizer: &Sanitizer, text: &mut String) {
    let right = |entry: &AuditEntry| words.iter().filter(|word| word.fits(entry)).count();
    let is_action = |entry: &AuditEntry| {
        let action = words.iter().find(|word| word.field == Field::Action);
        action.is_some_and(|action| action.fits(entry))
    };
    // Among equals, the one with the right action, then the newest, is what was meant.
    let ranked = all.iter().enumerate();
    let best = ranked.max_by_key(|(_, entry)| (right(entry), is_action(entry)));
    let Some((place, best)) = best else {
        text.push_str("\nnothing else was audited");
        return;
    };
    let line = line(best);
    let (right, of) = (right(best), words.len());
    _ = write!(text, "\nnearest, {right} of {of} right:\n  {line}");
    for word in words {
        if let Some(difference) = word.difference(best, sanitizer) {
            _ = write!(text, "\n    {difference}");
        }
    }
    let others = all.iter().enumerate().filter(|(other, _)| *other != place);
    if all.len() > 1 {
        text.push_str("\nothers:");
        list(others.map(|(_, entry)| entry), text);
    }
}

fn list<'a>(all: impl Iterator<Item = &'a AuditEntry>, text: &mut String) {
    let mut more = 0;
    for (count, entry) in all.enumerate() {
        if count < LISTED {
            _ = write!(text, "\n  {}", line(entry));
        } else {
            more += 1;
        }
    }
    if more > 0 {
        _ = write!(text, "\n  and {} more", entries(more));
    }
}

/// An entry in one line. Its values have passed the sanitizer when it was recorded.
fn line(entry: &AuditEntry) -> String {
    let AuditEntry {
        tenant,
        index,
        action,
        actor,
        outcome,
        ..
    } = entry;
    let entity = entry.entity.as_ref();
    let entity = entity.map_or(String::new(), |entity| format!(" {entity:?}"));
    format!("{tenant} #{index}: {action}{entity} by {actor:?}, {outcome}")
}

fn entries(count: usize) -> String {
    match count {
        1 => "1 entry".to_owned(),
        count => format!("{count} entries"),
    }
}
