//! Generated code brings no warning into a crate that forbids many.

#![forbid(unsafe_code)]
#![deny(
    warnings,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    unused_qualifications,
    unused_results,
    unused_lifetimes,
    single_use_lifetimes,
    elided_lifetimes_in_paths,
    explicit_outlives_requirements,
    trivial_casts,
    trivial_numeric_casts,
    let_underscore_drop,
    non_ascii_idents,
    variant_size_differences,
    unit_bindings,
    meta_variable_misuse,
    redundant_lifetimes,
    tail_expr_drop_order,
    if_let_rescope,
    keyword_idents_2024,
    rust_2018_idioms,
    future_incompatible,
    unused,
    nonstandard_style
)]

use std::fmt::{Debug, Display};

use audit_core::{Audited, audit_action};

/// A record.
#[derive(Debug, Audited)]
pub struct Incident<'a, T> {
    /// Its number.
    #[audit(id)]
    pub id: u64,
    /// What it is about.
    #[audit(name)]
    pub title: &'a str,
    /// What is known.
    pub detail: T,
    /// How heavy it is.
    pub weight: f64,
    #[audit(redact)]
    token: String,
}

/// Closes it.
#[audit_action(action = "close", entity_type = "incident", entity_id = id, metadata(reason))]
pub fn close<D: Display + ?Sized>(id: u64, reason: &str, by: &D) -> Result<String, std::num::ParseIntError> {
    let number: u64 = reason.parse()?;
    Ok(format!("{} {by}", number + id))
}

/// Gives no answer.
#[audit_action(action = "touch")]
pub fn touch() {}

/// Closes it later.
#[audit_action(action = "close", entity_type = "incident", entity_name = title)]
pub async fn close_later(title: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    std::future::ready(()).await;
    let _number: u64 = title.parse()?;
    Ok(())
}

/// A desk.
#[derive(Debug)]
pub struct Desk {
    open: Vec<u64>,
}

impl Desk {
    /// The first one.
    #[audit_action(action = "access")]
    pub fn first(&mut self) -> Option<&mut u64> {
        self.open.first_mut()
    }

    /// All of them.
    #[audit_action(action = "list")]
    pub fn all(&self) -> impl Iterator<Item = &u64> + Debug {
        self.open.iter()
    }
}

fn main() {
    let incident = Incident {
        id: 1,
        title: "",
        detail: 1_u8,
        weight: 1.0,
        token: String::new(),
    };
    assert!(audit_core::diff(&incident, &incident).is_ok());
    assert!(close(1, "x", "y").is_err());
    touch();
    drop(close_later("x"));
    let mut desk = Desk { open: vec![1] };
    assert!(desk.first().is_some());
    assert_eq!(desk.all().count(), 1);
}
