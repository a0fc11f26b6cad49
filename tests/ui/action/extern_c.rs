use audit_core::audit_action;

#[audit_action(action = "close")]
extern "C" fn close(id: u8) -> u8 {
    id
}

fn main() {}
