use audit_core::audit_action;

#[audit_action(action = "wipe", severity = level)]
fn wipe(level: u8) {
    let _ = level;
}

fn main() {}
