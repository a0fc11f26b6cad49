//! Comparing entries with failure texts that show the difference.

use crate::entry::AuditEntry;

/// An entry as it has to come back, at a place in the log.
pub(super) fn at(entry: &AuditEntry, index: u64) -> AuditEntry {
    AuditEntry {
        index,
        ..entry.clone()
    }
}

pub(super) fn assert_same(what: &str, got: &[AuditEntry], expected: &[&AuditEntry]) {
    let indexes =
        |entries: &[&AuditEntry]| -> Vec<u64> { entries.iter().map(|entry| entry.index).collect() };
    let got: Vec<&AuditEntry> = got.iter().collect();
    assert_eq!(indexes(&got), indexes(expected), "{what}: other entries");
    for (got, expected) in got.iter().zip(expected) {
        assert_eq!(
            got, expected,
            "{what}: entry {} came back changed",
            expected.index
        );
    }
}
