#![cfg(feature = "nightly")]

#[audit_action(action = "export", entity_type = "report", skip_if = rows == 0)]
fn nightly_export(rows: u32) {}
