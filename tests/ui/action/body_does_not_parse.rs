use audit_core::audit_action;

#[audit_action(action = "close")]
fn close(incident: String) -> usize {
    incident.
}

fn main() {}
