//! `#[derive(Audited)]`.

mod check;
mod expand;
mod model;
mod parse;
mod spelling;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use self::{model::Model, parse::Container};
use crate::diag::Diag;

/// The implementation, or all errors and an empty implementation, so that callers do not fail too.
pub(crate) fn derive(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut diag = Diag::new();
    let container = Container::parse(&input, &mut diag);
    let model = Model::new(&input, &container, &mut diag);
    if let Some(model) = &model {
        check::check(model, &mut diag);
    }
    match (diag.finish(), model) {
        (Ok(()), Some(model)) => expand::implementation(&model),
        (result, _) => {
            let mut tokens = result
                .err()
                .map(syn::Error::into_compile_error)
                .unwrap_or_default();
            tokens.extend(expand::stub(&input, &container.crate_path()));
            tokens
        }
    }
}
