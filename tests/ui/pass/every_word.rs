//! Every word of the attribute, in functions of several kinds, in a crate that shadows what generated code names.

#![deny(warnings, missing_docs)]
#![no_implicit_prelude]

use ::std::clone::Clone as _;

mod core {}
mod std {}
mod audit_core {}

#[derive(::std::fmt::Debug)]
struct Option;
#[derive(::std::fmt::Debug)]
struct Result;
#[derive(::std::fmt::Debug)]
struct Severity;
#[derive(::std::fmt::Debug)]
struct Ended;

trait Blanket {
    fn body(&self) {}
    fn before(&self) {}
    fn changed(&self) {}
    fn entity(&self) {}
    fn is_on(&self) {}
    fn open(&self) {}
    fn skip(&self) {}
    fn store(&self) {}
    fn tenant(&self) {}
}
impl<T: ?::std::marker::Sized> Blanket for T {}

#[derive(::audit_core::Audited, ::std::clone::Clone)]
struct Incident {
    #[audit(id)]
    id: u64,
    status: ::std::string::String,
}

struct Desk {
    auditor: ::audit_core::Auditor,
    context: ::audit_core::AuditContext,
    incident: Incident,
}

type Answer<T> = ::std::result::Result<T, ::audit_core::Error>;

#[::audit_core::audit_action(entity_type = "incident", severity = "warning", auditor = self.auditor, context = self.context, strict)]
impl Desk {
    #[::audit_core::audit_action(
        action = "close", entity_id = self.incident.id, entity_name = self.incident.status, tenant = "acme", metadata(count),
        reason = ::std::option::Option::Some("tidy"), before = self.incident.clone(), after = self.incident,
        skip_if = count == 0, attempt, sources,
    )]
    fn close(&mut self, count: u8) -> Answer<u8> {
        self.incident.status.clear();
        ::std::result::Result::Ok(count)
    }

    #[::audit_core::audit_action(
        action = "close", entity = self.incident, metadata(count), reason = "tidy",
        before = self.load(count).await, after = self.load(count).await,
        skip_if = self.load(count).await.id == 0, attempt, sources, severity = self.severity(),
        result(|value| metadata(value), entity_id = *value, reason = "done"),
    )]
    async fn close_later(&mut self, count: u8) -> Answer<u8> {
        self.load(count).await;
        ::std::result::Result::Ok(count)
    }

    #[::audit_core::audit_action(action = "touch", before = self.incident.clone(), after = |incident| **incident)]
    fn touch(&mut self) -> Answer<&mut Incident> {
        ::std::result::Result::Ok(&mut self.incident)
    }

    #[::audit_core::audit_action(action = "find", none = denied)]
    async fn find(&self, id: u64) -> Answer<::std::option::Option<&Incident>> {
        ::std::result::Result::Ok(::std::option::Option::Some(&self.incident).filter(|incident| incident.id == id))
    }

    async fn load(&self, _: u8) -> Incident {
        self.incident.clone()
    }

    fn severity(&self) -> ::audit_core::Severity {
        ::audit_core::Severity::Notice
    }
}

#[::audit_core::audit_action(entity = incident, result(|(id, _)| metadata(id)), none = failure)]
fn find_incident<T: ::std::marker::Copy>(incident: &Incident, other: T) -> ::std::option::Option<(u64, T)> {
    ::std::option::Option::Some((incident.id, other))
}

fn is_send<T: ::std::marker::Send>(_: T) {}

fn main() {
    let auditor = ::audit_core::Auditor::new(::audit_core::MemoryStore::new());
    let mut desk = Desk {
        context: ::audit_core::AuditContext::new("acme").auditor(&auditor),
        auditor,
        incident: Incident {
            id: 1,
            status: ::std::string::String::new(),
        },
    };
    ::std::assert!(desk.close(1).is_ok());
    ::std::assert!(desk.touch().is_ok());
    is_send(desk.close_later(1));
    is_send(desk.find(1));
    ::std::assert!(find_incident(&desk.incident, 1).is_some());
    let _ = (Option, Result, Severity, Ended);
}
