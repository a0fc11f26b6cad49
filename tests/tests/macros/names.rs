//! What the function's name says where the attribute does not.

use audit_core::{Audited, audit_action};

use crate::{audited, one};

#[derive(Audited)]
struct Note {
    #[audit(id)]
    id: u32,
}

#[audit_action]
fn close_incident() {}

#[audit_action]
fn tidy() {}

#[audit_action(entity_type = "stored_file", entity_id = 4)]
fn remove_stored_file() {}

#[audit_action(entity = note)]
fn pin_note(note: &Note) {
    let _ = note;
}

#[audit_action(action = "log_in")]
fn log_in_user() {}

#[audit_action]
fn r#move() {}

#[test]
fn a_name_gives_action_and_entity_type() {
    let cases = [
        (close_incident as fn(), "close", Some("incident")),
        (tidy, "tidy", None),
        (remove_stored_file, "remove", Some("stored_file")),
        (|| pin_note(&Note { id: 1 }), "pin", Some("note")),
        (log_in_user, "log_in", Some("user")),
        (r#move, "move", None),
    ];
    for (call, action, entity_type) in cases {
        let (auditor, context) = audited();
        context.scope(call);
        let entry = one(&auditor);
        assert_eq!(
            (entry.action.as_str(), entry.entity_type()),
            (action, entity_type)
        );
    }
}
