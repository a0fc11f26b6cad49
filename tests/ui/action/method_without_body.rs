use audit_core::audit_action;

trait Desk {
    #[audit_action(action = "close")]
    fn close(&self, id: u64) -> u64;
}

fn main() {}
