//! What to write back comes out of a log.

use audit_core::{Entity, RevertPlan};

fn main() {
    let _ = RevertPlan {
        entity: Entity::new("incident"),
    };
}
