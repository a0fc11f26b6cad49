use audit_core::audit_action;

struct Desk;

#[audit_action(action = "close", metadata(id), entitytype = "incident", severity = "high")]
impl Desk {
    #[audit_action]
    fn close(&self, id: u8) {
        let _ = id;
    }

    #[audit_action(entity_id = id)]
    fn reopen(&self, id: u8) {
        let _ = id;
    }
}

fn main() {
    Desk.close(1);
    Desk.reopen(1);
}
