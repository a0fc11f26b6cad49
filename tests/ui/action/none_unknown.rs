use audit_core::audit_action;

#[audit_action(action = "find", none = deneid)]
fn find() -> Option<u8> {
    None
}

fn main() {}
