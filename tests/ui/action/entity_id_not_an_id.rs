use audit_core::audit_action;

#[audit_action(action = "close", entity_type = "incident", entity_id = weight)]
fn close(weight: f64) {
    let _ = weight;
}

fn main() {}
