use audit_core::{Audited, audit_action};

#[derive(Audited)]
struct Incident {
    #[audit(id)]
    id: u64,
}

#[audit_action(action = "close", entity = incident, entity_type = "incident", entity_id = incident.id, entity_name = "x")]
fn close(incident: &Incident) {
    let _ = incident;
}

fn main() {}
