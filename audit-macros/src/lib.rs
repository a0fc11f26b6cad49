//! `#[derive(Audited)]`, `#[audit_action]` and `action_catalogue!`, the macros of audit-core.
//!
//! Use them through audit-core, which re-exports both and documents every word they understand.
//!
//! The derive and the attribute walk the same way, a folder each: `parse` turns tokens into words with their places, `model`
//! gives them meaning, `check` holds the rules that span several words, `expand` writes code and decides nothing. The catalogue
//! reads the sources of a crate and asks the attribute what each annotated function records.
//!
//! All mistakes of an item are collected by `diag::Diag` and reported in one build, each at the token that is wrong.

#![forbid(unsafe_code)]

mod action;
mod audited;
mod case;
mod catalogue;
mod crate_path;
mod diag;
#[cfg(test)]
mod page;
mod suggest;
mod symbol;
#[cfg(test)]
mod testing;
mod words;

use proc_macro::TokenStream;

/// Implements `audit_core::Audited`: what the record is called, its id, and which fields changed.
///
/// Every word of `#[audit(...)]` stands in `audit_core::guide::attributes`, with an example.
#[proc_macro_derive(Audited, attributes(audit))]
pub fn derive_audited(input: TokenStream) -> TokenStream {
    audited::derive(input.into()).into()
}

/// Records one entry each time the function runs, whatever its outcome.
///
/// Every word of `#[audit_action(...)]` stands in `audit_core::guide::attributes`, with an example.
#[proc_macro_attribute]
pub fn audit_action(words: TokenStream, item: TokenStream) -> TokenStream {
    action::attribute(words.into(), item.into()).into()
}

/// Lists every `#[audit_action]` of the crate that calls it; `audit_core::testing` re-exports and documents it.
#[proc_macro]
pub fn action_catalogue(input: TokenStream) -> TokenStream {
    catalogue::catalogue(input.into()).into()
}
