mod inner;

#[cfg_attr(feature = "audit", audit_action(action = "add_note", entity_type = "note"))]
fn add() {}
