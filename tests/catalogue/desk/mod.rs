mod notes;

#[audit_action(entity_type = "incident", severity = "notice")]
impl Desk {
    #[audit_core::audit_action(entity_id = id, reason = why, attempt)]
    pub async fn escalate(&self, id: u32, why: &str) {}

    #[audit_action(metadata(title), result(|incident| entity = incident))]
    pub fn open(&self, title: &str) -> Incident {
        Incident::new(title)
    }
}
