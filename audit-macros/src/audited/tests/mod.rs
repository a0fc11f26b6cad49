use proc_macro2::TokenStream;
use quote::quote;

use super::derive;
use crate::testing::messages;

mod conflicts;
mod expansion;
mod names;
mod shapes;
mod words;

fn errors(input: TokenStream) -> Vec<String> {
    messages(derive(input))
}

/// The messages for one field with these attributes.
fn field_errors(attributes: &TokenStream) -> Vec<String> {
    errors(quote!(struct Incident { #attributes field: String }))
}

/// The messages for a struct with these attributes.
fn struct_errors(attributes: &TokenStream) -> Vec<String> {
    errors(quote!(#attributes struct Incident { title: String, status: u8 }))
}

/// The messages for an enum with these attributes.
fn enum_errors(attributes: &TokenStream) -> Vec<String> {
    errors(quote!(#attributes enum Choice { Open, Closed { by: String } }))
}
