//! Values whose own code fails while they are recorded.

use std::fmt;

use audit_core::{AuditContext, Audited, Auditor, MemoryStore, Outcome, audit_action};
use serde::{Serialize, Serializer};

use crate::{audited, one};

struct Bomb;

impl Serialize for Bomb {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("written")
    }
}

impl fmt::Display for Bomb {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("shown")
    }
}

impl PartialEq for Bomb {
    fn eq(&self, _: &Self) -> bool {
        panic!("compared")
    }
}

#[derive(Audited)]
struct Mined {
    #[audit(id)]
    id: u32,
    bomb: Bomb,
}

#[audit_action(action = "tread", metadata(bomb), entity_type = "field", entity_id = 4, entity_name = bomb, result(|done| metadata(returned = bomb, done)))]
fn tread(bomb: &Bomb) -> Result<u8, String> {
    audit_core::current_action().metadata("said", bomb);
    Ok(1)
}

#[audit_action(action = "dig", before = Mined { id: 1, bomb: Bomb }, after = Mined { id: 1, bomb: Bomb })]
fn dig() -> u8 {
    2
}

#[test]
fn user_code_that_panics_costs_neither_the_entry_nor_the_result() {
    let (auditor, context) = audited();
    assert_eq!(context.scope(|| tread(&Bomb)), Ok(1));
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Success);
    assert_eq!(entry.entity_id(), Some(&4.into()));
    for name in ["bomb", "said", "returned", "entity_name"] {
        assert!(
            entry.metadata[name]["$unrecordable"].is_string(),
            "{name}: {:?}",
            entry.metadata
        );
    }

    let (auditor, context) = audited();
    assert_eq!(context.scope(dig), 2);
    let entry = one(&auditor);
    assert_eq!(entry.outcome, Outcome::Success);
    assert!(entry.metadata["changes"]["$unrecordable"].is_string());
    assert_eq!(entry.entity_type(), Some("mined"));
}

#[derive(Clone, Audited)]
struct Hashed {
    #[audit(id)]
    id: u32,
    #[audit(hash)]
    email: String,
}

#[audit_action(action = "rename", before = hashed("a"), after = hashed("b"))]
fn rename() {}

fn hashed(email: &str) -> Hashed {
    Hashed {
        id: 1,
        email: email.to_owned(),
    }
}

#[test]
fn an_action_is_recorded_although_its_changes_cannot_be() {
    let auditor = Auditor::new(MemoryStore::new());
    AuditContext::new("t").auditor(&auditor).scope(rename);
    let entry = one(&auditor);
    assert_eq!(entry.action, "rename");
    assert!(
        entry.metadata["changes"]["$unrecordable"]
            .as_str()
            .unwrap()
            .contains("digest_key")
    );
}
