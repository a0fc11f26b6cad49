use audit_core::audit_action;

#[audit_action(action = "close")]
const fn close() -> u8 {
    1
}

fn main() {}
