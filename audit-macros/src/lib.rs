//! `#[derive(Audited)]` and `#[audit_action]`, the macros of audit-core.
//!
//! Use them through audit-core, which re-exports both and documents every word they understand.
//!
//! Each macro walks the same way, a folder each: `parse` turns tokens into words with their places, `model` gives them
//! meaning, `check` holds the rules that span several words, `expand` writes code and decides nothing. All mistakes of an
//! item are collected by `diag::Diag` and reported in one build, each at the token that is wrong.

mod action;
mod audited;
mod case;
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
