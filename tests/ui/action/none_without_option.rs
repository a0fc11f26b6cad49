use audit_core::audit_action;

#[audit_action(action = "find", none = denied)]
fn find() -> u8 {
    1
}

fn main() {}
