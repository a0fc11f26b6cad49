//! How long things may be, and how what is longer is cut.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use crate::entry::truncation::{LengthUnit, Truncation};
use crate::entry::{AuditEntry, marks};
use crate::error::{Error, Result};

/// The longest action and entity type, in characters.
pub const MAX_WORD_CHARS: usize = 50;
/// The longest name of an actor or an entity, in characters; longer ones are cut.
pub const MAX_NAME_CHARS: usize = 255;
/// The longest user agent, request id, error class, error text and reason, in characters; longer ones are cut.
pub const MAX_TEXT_CHARS: usize = 1024;
/// The largest entry in bytes, unless the auditor says otherwise.
pub const DEFAULT_ENTRY_BYTES: usize = 64 * 1024;
/// The smallest limit that an auditor accepts: everything that is never cut has to fit.
pub(crate) const MIN_ENTRY_BYTES: usize = 32 * 1024;

/// How much of a value that was cut is kept, in characters.
const HEAD_CHARS: usize = 64;
/// Values up to this size are not worth replacing by a mark.
const MARK_BYTES: usize = 128;
/// The column of what changed, as truncations name it.
pub(crate) const CHANGES: &str = "changes";

/// Refuses what a programmer sets and no entry may have.
pub(crate) fn check_text(what: &'static str, text: &str, max_chars: usize) -> Result<()> {
    if text.is_empty() {
        return Err(Error::invalid(format!(
            "the {what} is empty; give it 1 to {max_chars} characters"
        )));
    }
    let length = text.chars().count();
    if length > max_chars {
        return Err(Error::invalid(format!(
            "the {what} has {length} characters of at most {max_chars}; shorten it, and put details into metadata"
        )));
    }
    Ok(())
}

/// Says of how many changes those that are kept are the first.
pub(crate) fn left_out(entry: &mut AuditEntry, members: u64) {
    let already = entry.truncated.iter_mut().find(|cut| cut.path == CHANGES);
    if let Some(truncation) = already {
        truncation.original = truncation.original.max(members);
    } else {
        let truncation = Truncation::new(CHANGES, members, LengthUnit::Members);
        entry.truncated.push(truncation);
    }
}

/// Cuts the texts that are to be cut, as the record's type says, and lists them.
pub(crate) fn cut_fields(entry: &mut AuditEntry) {
    let AuditEntry {
        changes, truncated, ..
    } = entry;
    for (path, change) in changes.iter_mut() {
        for (side, value) in [("old", &mut change.old), ("new", &mut change.new)] {
            let Some(value) = value else { continue };
            marks::cut(value);
            if let Some(characters) = marks::cut_from(value) {
                let path = format!("{CHANGES}/{path}/{side}");
                truncated.push(Truncation::new(path, characters, LengthUnit::Characters));
            }
        }
    }
}

/// Which of `paths` it is, or leads into.
fn head<'p>(path: &str, paths: &HashSet<&'p str>) -> Option<&'p str> {
    let ends = path
        .match_indices(['.', '['])
        .map(|(end, _)| end)
        .chain([path.len()]);
    let mut heads = ends.filter_map(|end| path.get(..end));
    heads.find_map(|head| paths.get(head).copied())
}

/// Brings an entry under the limits. What data brought is cut and marked, never refused.
pub(crate) fn fit(entry: &mut AuditEntry, max_bytes: usize) {
    cut_texts(entry);
    let mut size = entry.size();
    if size <= max_bytes {
        return;
    }
    // Largest first: one huge value gives way before many small ones are touched.
    let mut candidates = candidates(entry);
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.0));
    for (bytes, place) in candidates {
        if size <= max_bytes {
            break;
        }
        let Some(value) = place.find(entry) else {
            continue;
        };
        let cut = mark(value, bytes);
        let truncation = Truncation::new(place.path(), bytes as u64, LengthUnit::Bytes);
        let cost = json_size(&cut) + truncation.size();
        // A mark that is as long as the value it stands for helps nobody.
        if cost < bytes {
            *value = cut;
            entry.truncated.push(truncation);
            size -= bytes - cost;
        }
    }
    drop_members(entry, max_bytes);
}

fn cut_texts(entry: &mut AuditEntry) {
    let AuditEntry {
        actor,
        entity,
        user_agent,
        request_id,
        error,
        reason,
        truncated,
        ..
    } = entry;
    let mut cut = |path: &'static str, text: Option<&mut String>, max: usize| {
        if let Some(text) = text
            && let Some(original) = cut_chars(text, max)
        {
            truncated.push(Truncation::new(path, original, LengthUnit::Characters));
        }
    };
    cut("user_agent", user_agent.as_mut(), MAX_TEXT_CHARS);
    cut("request_id", request_id.as_mut(), MAX_TEXT_CHARS);
    cut("reason", reason.as_mut(), MAX_TEXT_CHARS);
    if let Some(error) = error {
        cut("error/class", Some(&mut error.class), MAX_TEXT_CHARS);
        cut("error/text", Some(&mut error.text), MAX_TEXT_CHARS);
    }
    let mut cut_name = |path: &'static str, name: &mut Option<Box<str>>| {
        if let Some(name) = name
            && let Some((end, original)) = excess(name, MAX_NAME_CHARS)
        {
            *name = name.get(..end).unwrap_or_default().into();
            truncated.push(Truncation::new(path, original, LengthUnit::Characters));
        }
    };
    cut_name("actor_name", &mut actor.name);
    if let Some(principal) = &mut actor.principal {
        cut_name("on_behalf_of/name", &mut principal.name);
    }
    if let Some(entity) = entity {
        cut_name("entity_name", &mut entity.name);
    }
}

/// Where the text has to end, and how many characters it has, if that is too many.
fn excess(text: &str, max_chars: usize) -> Option<(usize, u64)> {
    if text.len() <= max_chars {
        return None;
    }
    let (end, _) = text.char_indices().nth(max_chars)?;
    Some((end, text.chars().count() as u64))
}

fn cut_chars(text: &mut String, max_chars: usize) -> Option<u64> {
    let (end, original) = excess(text, max_chars)?;
    text.truncate(end);
    Some(original)
}

#[derive(Clone, Copy, Debug)]
enum Column {
    Metadata,
    RequestData,
}

impl Column {
    const ALL: [Self; 2] = [Self::Metadata, Self::RequestData];

    fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::RequestData => "request_data",
        }
    }

    fn of(self, entry: &mut AuditEntry) -> &mut Map<String, Value> {
        match self {
            Self::Metadata => &mut entry.metadata,
            Self::RequestData => &mut entry.request_data,
        }
    }
}

/// Where a value stands in an entry.
#[derive(Debug)]
enum Place {
    Member(Column, String),
    /// By position and path.
    Old(usize, String),
    New(usize, String),
}

impl Place {
    fn path(&self) -> String {
        match self {
            Self::Member(column, name) => format!("{}/{name}", column.name()),
            Self::Old(_, path) => format!("changes/{path}/old"),
            Self::New(_, path) => format!("changes/{path}/new"),
        }
    }

    fn find<'a>(&self, entry: &'a mut AuditEntry) -> Option<&'a mut Value> {
        match self {
            Self::Member(column, name) => column.of(entry).get_mut(name),
            Self::Old(at, _) => entry.changes.at_mut(*at)?.old.as_mut(),
            Self::New(at, _) => entry.changes.at_mut(*at)?.new.as_mut(),
        }
    }
}

fn candidates(entry: &mut AuditEntry) -> Vec<(usize, Place)> {
    let mut candidates = Vec::new();
    for (at, (path, change)) in entry.changes.iter().enumerate() {
        if let Some(old) = &change.old {
            candidates.push((json_size(old), Place::Old(at, path.to_owned())));
        }
        if let Some(new) = &change.new {
            candidates.push((json_size(new), Place::New(at, path.to_owned())));
        }
    }
    for column in Column::ALL {
        for (name, value) in column.of(entry).iter() {
            candidates.push((json_size(value), Place::Member(column, name.clone())));
        }
    }
    candidates.retain(|(bytes, _)| *bytes > MARK_BYTES);
    candidates
}

fn mark(value: &Value, bytes: usize) -> Value {
    let head: String = match value {
        Value::String(text) => text.chars().take(HEAD_CHARS).collect(),
        _ => String::new(),
    };
    json!({ "$truncated": { "bytes": bytes, "head": head } })
}

/// Many small members are as large as one huge value: keep the first ones that fit.
fn drop_members(entry: &mut AuditEntry, max_bytes: usize) {
    let mut excess = entry.size().saturating_sub(max_bytes);
    if excess == 0 {
        return;
    }
    // The mark itself takes room.
    excess += 3 * MARK_BYTES;
    let members = entry.changes.len() as u64;
    let listed = listed(entry);
    let mut dropped = false;
    while excess > 0 {
        let Some((path, change)) = entry.changes.pop() else {
            break;
        };
        excess = excess.saturating_sub(change_size(&path, &change));
        excess = excess.saturating_sub(listed.get(&path).copied().unwrap_or(0));
        dropped = true;
    }
    if dropped {
        let kept: HashSet<&str> = entry.changes.iter().map(|(path, _)| path).collect();
        entry.sensitive.retain(|path| head(path, &kept).is_some());
        left_out(entry, members);
    }
    for column in Column::ALL {
        let map = column.of(entry);
        let members = map.len() as u64;
        let mut dropped = false;
        while excess > 0 {
            let Some(name) = map.keys().next_back().cloned() else {
                break;
            };
            let bytes = map.remove(&name).as_ref().map_or(0, json_size) + name.len() + 4;
            excess = excess.saturating_sub(bytes);
            dropped = true;
        }
        if dropped {
            let truncation = Truncation::new(column.name(), members, LengthUnit::Members);
            entry.truncated.push(truncation);
        }
    }
    // Marks of members that are gone say nothing any more, and may be many.
    let kept = std::mem::take(&mut entry.truncated);
    for truncation in kept {
        if still_there(entry, &truncation.path) {
            entry.truncated.push(truncation);
        }
    }
}

/// How much room the list of what is personal takes for each change.
fn listed(entry: &AuditEntry) -> HashMap<String, usize> {
    let paths: HashSet<&str> = entry.changes.iter().map(|(path, _)| path).collect();
    let mut listed = HashMap::new();
    for path in &entry.sensitive {
        if let Some(change) = head(path, &paths) {
            *listed.entry(change.to_owned()).or_default() += listed_size(path);
        }
    }
    listed
}

fn still_there(entry: &AuditEntry, path: &str) -> bool {
    if let Some(name) = path.strip_prefix("metadata/") {
        entry.metadata.contains_key(name)
    } else if let Some(name) = path.strip_prefix("request_data/") {
        entry.request_data.contains_key(name)
    } else if let Some(path) = path.strip_prefix("changes/") {
        path.rsplit_once('/')
            .is_some_and(|(path, _)| entry.changes.get(path).is_some())
    } else {
        true
    }
}

pub(crate) fn change_size(path: &str, change: &crate::entry::Change) -> usize {
    let side = |side: &Option<Value>| side.as_ref().map_or(0, |value| json_size(value) + 8);
    path.len() + 8 + side(&change.old) + side(&change.new)
}

/// A path in a list of paths.
pub(crate) fn listed_size(path: &str) -> usize {
    path.len() + 4
}

/// The length of a value as compact JSON, without writing it; escapes are counted roughly.
pub(crate) fn json_size(value: &Value) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_size(item) + 1).sum::<usize>(),
        Value::Object(members) => map_size(members),
    }
}

pub(crate) fn map_size(map: &Map<String, Value>) -> usize {
    2 + map
        .iter()
        .map(|(name, value)| name.len() + 4 + json_size(value))
        .sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Actor, Change};

    #[test]
    fn paths_of_dropped_changes_are_no_longer_listed() {
        let time = chrono::DateTime::UNIX_EPOCH;
        let mut entry = AuditEntry::new(uuid::Uuid::nil(), time, "a".into(), Actor::system(), "x");
        for number in 0..2_000 {
            let path = format!("person[{number}].name");
            entry
                .changes
                .insert(path.clone(), Change::added(json!("ada")));
            entry.sensitive.push(path);
        }
        let full = entry.size();
        fit(&mut entry, MIN_ENTRY_BYTES);
        assert!(entry.size() <= MIN_ENTRY_BYTES);
        // No more than needed was dropped.
        assert!(entry.size() > MIN_ENTRY_BYTES - 1_000, "{}", entry.size());
        let paths: Vec<&str> = entry.changes.iter().map(|(path, _)| path).collect();
        assert_eq!(entry.sensitive, paths);
        let bare = AuditEntry {
            sensitive: Vec::new(),
            ..entry.clone()
        };
        assert!(bare.size() < entry.size() && entry.size() < full);
    }
}
