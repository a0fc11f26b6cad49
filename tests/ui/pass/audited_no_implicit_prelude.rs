#![no_implicit_prelude]
#![deny(warnings)]

#[derive(::audit_core::Audited)]
#[audit(exhaustive)]
struct Incident {
    #[audit(id)]
    id: u64,
    #[audit(name)]
    title: ::std::string::String,
    #[audit(tenant, truncate = 3)]
    tenant: ::std::string::String,
    #[audit(nested)]
    place: ::std::option::Option<Place>,
    #[audit(key = "number", ignore)]
    others: ::std::vec::Vec<Place>,
    #[audit(set, sensitive)]
    tags: ::std::collections::BTreeSet<u8>,
    #[audit(hash)]
    email: ::std::string::String,
    #[audit(mask = ::std::string::String::len)]
    card: ::std::string::String,
    #[audit(with = ::std::string::String::is_empty, compare = same)]
    note: ::std::string::String,
}

fn same(a: &str, b: &str) -> bool {
    a.len() == b.len()
}

#[derive(::audit_core::Audited)]
struct Place {
    number: u8,
    #[audit(nested)]
    status: Status,
}

#[derive(::audit_core::Audited)]
#[audit(rename_all = "snake_case")]
enum Status {
    Open,
    Merged(#[audit(id)] u64),
    Closed { by: u8 },
}

fn main() {
    let place = |status| Place { number: 1, status };
    let incident = Incident {
        id: 1,
        title: ::std::string::String::new(),
        tenant: ::std::string::String::new(),
        place: ::std::option::Option::Some(place(Status::Open)),
        others: ::std::vec![place(Status::Merged(1)), place(Status::Closed { by: 1 })],
        tags: ::std::collections::BTreeSet::new(),
        email: ::std::string::String::new(),
        card: ::std::string::String::new(),
        note: ::std::string::String::new(),
    };
    ::std::mem::drop(::audit_core::diff(&incident, &incident));
}
