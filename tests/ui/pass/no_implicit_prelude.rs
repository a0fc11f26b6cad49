#![no_implicit_prelude]
#![deny(warnings)]

#[derive(::audit_core::Audited)]
struct Incident {
    #[audit(id)]
    id: u64,
    #[audit(name)]
    title: ::std::string::String,
    #[audit(redact)]
    api_token: u8,
}

#[::audit_core::audit_action(action = "a", entity_type = "b", entity_id = id, metadata(id, n = id + 1))]
fn sync(id: u64) -> ::std::result::Result<u64, ::std::fmt::Error> {
    ::std::result::Result::Ok(id)
}

#[::audit_core::audit_action(action = "a")]
async fn later() -> u8 {
    1
}

fn main() {
    let incident = Incident {
        id: 1,
        title: ::std::string::String::new(),
        api_token: 1,
    };
    ::std::mem::drop(::audit_core::diff(&incident, &incident));
    ::std::mem::drop((sync(1), later()));
}
