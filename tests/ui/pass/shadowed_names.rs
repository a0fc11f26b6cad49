//! A crate that has names of its own for everything that generated code could name carelessly.

#![deny(warnings)]

mod core {}
mod std {}
mod alloc {}
mod serde {}
mod audit_core {}

#[derive(Debug)]
struct Option;
#[derive(Debug)]
struct Result;
#[derive(Debug)]
struct Box;
#[derive(Debug)]
struct Vec;
#[derive(Debug)]
struct Auditor;
#[derive(Debug)]
struct ActionCall;
#[derive(Debug)]
struct Probe;
#[derive(PartialEq, ::serde::Serialize)]
struct String(u8);
#[derive(Debug)]
struct Some;
#[derive(Debug)]
struct None;

#[allow(unused_macros)]
macro_rules! vec {
    () => {};
}

#[allow(unused_macros)]
macro_rules! format {
    () => {};
}

trait Future {
    fn outcome(&self) -> u8 {
        0
    }
    fn call(&self) {}
    fn call_async(&self) {}
    fn start(&self) {}
    fn entity_id(&self) {}
    fn metadata(&self) {}
    fn ne(&self) {}
    fn audit_id(&self) {}
}
impl<T: ?Sized> Future for T {}

#[derive(::audit_core::Audited)]
struct Incident {
    #[audit(id)]
    id: u64,
    #[audit(name)]
    title: &'static str,
    text: String,
    #[audit(redact)]
    api_token: u8,
    #[audit(exclude)]
    #[allow(dead_code)]
    password: Option,
}

#[::audit_core::audit_action(action = "a", entity_type = "b", entity_id = id, entity_name = id, metadata(id))]
fn sync(id: u64) -> ::core::result::Result<u64, ::core::num::ParseIntError> {
    "1".parse::<u64>()?;
    ::core::result::Result::Ok(id)
}

#[::audit_core::audit_action(action = "a")]
async fn later(id: u64) -> ::core::option::Option<u64> {
    ::core::option::Option::Some(id)
}

fn main() {
    let incident = Incident {
        id: 1,
        title: "",
        text: String(1),
        api_token: 1,
        password: Option,
    };
    drop(::audit_core::diff(&incident, &incident));
    let _ = (sync(1), later(2), incident.outcome());
    let _ = (Result, Box, Vec, Auditor, ActionCall, Probe, Some, None);
}
