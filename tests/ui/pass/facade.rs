//! Those who re-export audit-core name their own path.

#![deny(warnings)]

mod platform {
    pub mod audit {
        pub use audit_core::*;
    }
}

#[derive(platform::audit::Audited)]
#[audit(crate = crate::platform::audit)]
struct Incident {
    status: String,
}

#[derive(platform::audit::Audited)]
#[audit(crate = "platform::audit", entity_type = "note")]
struct Note<T> {
    #[audit(id)]
    id: T,
}

mod inner {
    use super::platform::audit as log;

    #[log::audit_action(action = "close", crate = log)]
    pub fn close() {}

    #[log::audit_action(action = "close", crate = "super::platform::audit")]
    pub async fn close_later() {}
}

fn main() {
    use platform::audit::Audited;
    assert_eq!(Incident::ENTITY_TYPE, "incident");
    assert_eq!(Note::<u8>::ENTITY_TYPE, "note");
    let incident = Incident {
        status: "open".to_owned(),
    };
    let _ = (incident.audit_id(), Note { id: 1 }.audit_id());
    inner::close();
    drop(inner::close_later());
}
