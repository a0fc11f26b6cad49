use audit_core::audit_action;

#[audit_action(action = "close")]
struct Incident {
    id: u64,
}

fn main() {}
