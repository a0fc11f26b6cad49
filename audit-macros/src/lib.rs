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
mod suggest;
mod symbol;
#[cfg(test)]
mod testing;
mod words;

use proc_macro::TokenStream;

/// Implements `audit_core::Audited`: what the record is called, its id, and which fields changed.
///
/// On the struct: `#[audit(entity_type = "...", crate = path)]`. On a field: `#[audit(id)]`, `name`, `exclude`, `redact`,
/// `rename = "..."`. The full reference stands at `audit_core::Audited`.
#[proc_macro_derive(Audited, attributes(audit))]
pub fn derive_audited(input: TokenStream) -> TokenStream {
    audited::derive(input.into()).into()
}

/// Records one entry each time the function runs, whatever its outcome.
///
/// `#[audit_action(action = "...", entity_type = "...", entity_id = expr, entity_name = expr, metadata(name, key = expr),
/// crate = path)]`. The full reference stands at `audit_core::audit_action`.
#[proc_macro_attribute]
pub fn audit_action(words: TokenStream, item: TokenStream) -> TokenStream {
    action::attribute(words.into(), item.into()).into()
}
