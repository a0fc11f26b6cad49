//! What the examples of the catalogue read.

struct Desk;

#[audit_action(entity_type = "incident")]
impl Desk {
    #[audit_action(severity = "notice", entity_id = id, reason = why)]
    fn close(&self, id: u32, why: &str) {}

    #[audit_action(metadata(title), result(|id| entity_id = id))]
    fn open(&self, title: &str) -> u32 {
        7
    }
}
