//! Every word of the derive in a crate that has names of its own for everything that generated code could name
//! carelessly.

#![deny(warnings)]

mod core {}
mod std {}
mod alloc {}
mod serde {}
mod audit_core {}
mod __audit {}
mod audit_runtime {}

#[derive(Debug)]
struct Option;
#[derive(Debug)]
struct Result;
#[derive(Debug)]
struct Box;
#[derive(Debug)]
struct Vec;
#[derive(Debug)]
struct FieldDiff;
#[derive(Debug)]
struct List;
#[derive(Debug)]
struct Some;
#[derive(Debug)]
struct None;
#[derive(Debug)]
struct Tenant;

/// Not those of the standard library.
trait PartialEq {
    fn ne(&self) {}
    fn eq(&self) {}
}
trait Audited {}
trait Nested {}
trait Recordable {}
trait IntoIterator {}

/// Methods of the same names as those that generated code calls, on everything.
trait Everything {
    fn changed(&self) {}
    fn mark(&self) {}
    fn ignore(&self) {}
    fn truncate(&self) {}
    fn sensitive(&self) {}
    fn variant(&self) {}
    fn nested(&self) {}
    fn set(&self) {}
    fn field(&self) {}
    fn compare(&self) {}
    fn take(&self) {}
    fn probe(&self) {}
    fn audit_diff(&self) {}
}
impl<T: ?Sized> Everything for T {}

#[allow(unused_macros)]
macro_rules! keyed {
    () => {};
}

fn last_four(text: &str) -> &str {
    text
}

fn nearly(a: &f64, b: &f64) -> bool {
    a.total_cmp(b).is_eq()
}

#[derive(::audit_core::Audited)]
#[audit(tenant = company, rename_all = "camelCase")]
struct Person {
    #[audit(id)]
    id: u64,
    company: &'static str,
    #[audit(mask = last_four)]
    card_number: ::std::string::String,
    #[audit(hash, sensitive)]
    email: ::std::string::String,
    #[audit(nested)]
    home: ::std::option::Option<Address>,
    #[audit(key = "street")]
    others: ::std::vec::Vec<Address>,
    #[audit(set, ignore)]
    tags: ::std::vec::Vec<u8>,
    #[audit(with = f64::to_string, compare = nearly)]
    height: f64,
    #[audit(truncate = 200, sensitive)]
    remark: ::std::string::String,
    #[audit(redact)]
    token: u8,
    #[audit(exclude)]
    #[allow(dead_code)]
    cache: List,
}

#[derive(::audit_core::Audited)]
struct Address {
    street: u8,
    #[audit(nested)]
    kind: Kind,
}

#[derive(::audit_core::Audited)]
enum Kind {
    Some(u8),
    None,
    Ok { #[audit(id)] value: u8, #[audit(tenant)] err: &'static str },
    Audited(#[audit(nested)] Inner),
}

#[derive(::audit_core::Audited)]
struct Inner;

fn main() {
    let address = || Address {
        street: 1,
        kind: Kind::Some(1),
    };
    let person = Person {
        id: 1,
        company: "a",
        card_number: ::std::string::String::new(),
        email: ::std::string::String::new(),
        home: ::std::option::Option::None,
        others: ::std::vec![address()],
        tags: ::std::vec::Vec::new(),
        height: 1.0,
        remark: ::std::string::String::new(),
        token: 1,
        cache: List,
    };
    drop(::audit_core::diff(&person, &person));
    for kind in [
        Kind::None,
        Kind::Ok { value: 1, err: "" },
        Kind::Audited(Inner),
    ] {
        drop(::audit_core::diff(&kind, &kind));
    }
    let _ = (Option, Result, Box, Vec, FieldDiff, Some, None, Tenant);
}
