//! The code of every word brings no warning into a crate that forbids many.

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
    unit_bindings,
    meta_variable_misuse,
    redundant_lifetimes,
    tail_expr_drop_order,
    if_let_rescope,
    keyword_idents_2024,
    unreachable_patterns,
    rust_2018_idioms,
    future_incompatible,
    unused,
    nonstandard_style
)]

use std::collections::BTreeSet;

use audit_core::Audited;

/// Hides all but the end.
pub fn last_four(text: &str) -> String {
    text.chars().rev().take(4).collect()
}

/// A person.
#[derive(Debug, Audited)]
#[audit(tenant = company)]
pub struct Person<'a, T> {
    /// Whose it is.
    pub company: &'a str,
    /// The number.
    #[audit(mask = last_four)]
    pub card: String,
    /// The address.
    #[audit(hash, sensitive)]
    pub email: &'a str,
    /// What happened.
    #[audit(nested)]
    pub status: Status<'a, T>,
    /// What happened before.
    #[audit(key = "1", ignore)]
    pub before: Vec<Step<T>>,
    /// What it is about.
    #[audit(set)]
    #[cfg(any())]
    pub never: u8,
    /// What it is about.
    #[audit(set)]
    pub tags: BTreeSet<&'a str>,
    #[audit(with = f64::to_string, compare = Self::nearly, truncate = 4)]
    height: f64,
}

impl<T> Person<'_, T> {
    fn nearly(a: &f64, b: &f64) -> bool {
        (a - b).abs() < 0.1
    }
}

/// A step.
#[derive(Debug, Audited)]
pub struct Step<T>(
    /// What it is.
    pub T,
    /// Where it is.
    #[audit(rename = "id")]
    pub u8,
);

/// Where it stands.
#[derive(Debug, Audited)]
#[audit(rename_all = "kebab-case")]
pub enum Status<'a, T> {
    /// At the start.
    Open,
    /// At the end.
    Closed {
        /// By whom.
        #[audit(id)]
        by: &'a str,
        #[doc(hidden)]
        #[audit(exclude)]
        cache: (),
    },
    /// In between.
    InWork(#[audit(sensitive)] T),
}

/// One.
#[derive(Debug, Audited)]
pub enum Only {
    /// Variant.
    One(
        /// With an id.
        #[audit(id)]
        u8,
    ),
}

/// None.
#[derive(Debug, Audited)]
pub enum Never {}

/// Nothing.
#[derive(Debug, Audited)]
pub struct Nothing;

fn main() {}
