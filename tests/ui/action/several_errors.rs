use audit_core::audit_action;

#[audit_action(acton = "close", entity_type = "", entity_id = id?, metadata(resaon, 5, "a.b"))]
const fn close(reason: &str) -> u8 {
    let _ = reason;
    0
}

fn main() {}
