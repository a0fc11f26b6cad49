use audit_core::audit_action;

struct Incident;

#[audit_action(action = "close", entity = incident)]
fn close(incident: &Incident) {
    let _ = incident;
}

fn main() {}
