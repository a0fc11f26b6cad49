//! What the macros do, over a memory store.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails where it cannot go on"
)]

#[path = "macros/action.rs"]
mod action;
#[path = "macros/asynchronous.rs"]
mod asynchronous;
#[path = "macros/attempt.rs"]
mod attempt;
#[path = "macros/blocks.rs"]
mod blocks;
#[path = "macros/changes.rs"]
mod changes;
#[path = "macros/context.rs"]
mod context;
#[path = "macros/current.rs"]
mod current;
#[path = "macros/derive.rs"]
mod derive;
#[path = "macros/derive_enums.rs"]
mod derive_enums;
#[path = "macros/derive_fields.rs"]
mod derive_fields;
#[path = "macros/derive_lists.rs"]
mod derive_lists;
#[path = "macros/derive_types.rs"]
mod derive_types;
#[path = "macros/edges.rs"]
mod edges;
#[path = "macros/lost.rs"]
mod lost;
#[path = "macros/names.rs"]
mod names;
#[path = "macros/neighbours.rs"]
mod neighbours;
#[path = "macros/off.rs"]
mod off;
#[path = "macros/shapes.rs"]
mod shapes;
#[path = "macros/strict.rs"]
mod strict;
#[path = "macros/unrecordable.rs"]
mod unrecordable;
#[path = "macros/words.rs"]
mod words;

use audit_core::{AuditContext, AuditEntry, Auditor, MemoryStore};

/// An auditor over an empty memory store, and a context that brings it along.
fn audited() -> (Auditor, AuditContext) {
    let auditor = Auditor::new(MemoryStore::new());
    let context = AuditContext::new("t").auditor(&auditor);
    (auditor, context)
}

/// Every entry of the tenant `t`, oldest first.
fn entries(auditor: &Auditor) -> Vec<AuditEntry> {
    entries_of(auditor, "t")
}

fn entries_of(auditor: &Auditor, tenant: &str) -> Vec<AuditEntry> {
    auditor
        .flush(std::time::Duration::from_secs(5))
        .expect("the memory store takes everything");
    let log = auditor.tenant(tenant);
    let page = log.entries().oldest_first().limit(1000).page();
    page.expect("the memory store can be read").entries
}

/// The one entry that a call left.
fn one(auditor: &Auditor) -> AuditEntry {
    let mut entries = entries(auditor);
    assert_eq!(entries.len(), 1, "{entries:#?}");
    entries.remove(0)
}
