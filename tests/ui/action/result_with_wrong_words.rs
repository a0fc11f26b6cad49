use audit_core::audit_action;

#[audit_action(action = "open", result(|made| entity_nam = made, severity = "critical", metadata(mde)))]
fn open(mde: u8) -> u8 {
    mde
}

fn main() {}
