//! The columns of an entry that are JSON.

use audit_core::{AuditEntry, Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::Value;

/// How deeply a value may be nested: the parser that reads it back stops at 128 levels, of which
/// a change takes two.
const MAX_DEPTH: usize = 120;

/// The texts of an entry, empty where it has nothing to say, in memory that serves the next one, too.
#[derive(Default)]
pub(super) struct Texts {
    pub(super) request_data: Vec<u8>,
    pub(super) changes: Vec<u8>,
    pub(super) metadata: Vec<u8>,
    pub(super) truncated: Vec<u8>,
    pub(super) sensitive: Vec<u8>,
}

impl Texts {
    /// Writes the JSON columns of an entry.
    pub(super) fn write(&mut self, entry: &AuditEntry) -> Result<()> {
        write(
            &mut self.request_data,
            &entry.request_data,
            entry.request_data.is_empty(),
        )?;
        write(&mut self.changes, &entry.changes, entry.changes.is_empty())?;
        write(
            &mut self.metadata,
            &entry.metadata,
            entry.metadata.is_empty(),
        )?;
        write(
            &mut self.truncated,
            &entry.truncated,
            entry.truncated.is_empty(),
        )?;
        write(
            &mut self.sensitive,
            &entry.sensitive,
            entry.sensitive.is_empty(),
        )?;
        // A level takes two bytes at least, so that most entries need no look.
        if [&self.request_data, &self.changes, &self.metadata]
            .into_iter()
            .any(|text| text.len() > 2 * MAX_DEPTH)
        {
            check_depth(entry)?;
        }
        Ok(())
    }
}

fn write(text: &mut Vec<u8>, value: &impl Serialize, is_absent: bool) -> Result<()> {
    text.clear();
    if is_absent {
        return Ok(());
    }
    serde_json::to_writer(text, value).map_err(|_| {
        Error::new(
            ErrorKind::Invalid,
            "the entry has a value that is no JSON; record it as text",
        )
    })
}

fn check_depth(entry: &AuditEntry) -> Result<()> {
    let changed = entry
        .changes
        .iter()
        .flat_map(|(_, change)| [&change.old, &change.new]);
    let values = changed
        .flatten()
        .chain(entry.request_data.values())
        .chain(entry.metadata.values());
    for value in values {
        if !is_within(value, MAX_DEPTH) {
            return Err(Error::new(
                ErrorKind::Invalid,
                format!(
                    "a value is nested more than {MAX_DEPTH} levels deep; record it as text, or only the part that matters"
                ),
            ));
        }
    }
    Ok(())
}

fn is_within(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(_) | Value::Object(_) if levels == 0 => false,
        Value::Array(items) => items.iter().all(|item| is_within(item, levels - 1)),
        Value::Object(members) => members.values().all(|member| is_within(member, levels - 1)),
        _ => true,
    }
}
