//! `#[audit_action(...)]`.

mod check;
mod expand;
mod function;
mod model;
mod parse;
mod returns;
mod tail;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use self::{function::Function, model::Model, parse::Words};
use crate::diag::Diag;

/// The wrapped function, or all errors and the function as it was, so that callers do not fail too.
pub(crate) fn attribute(words: TokenStream, item: TokenStream) -> TokenStream {
    let mut diag = Diag::new();
    let words = Words::parse(words, &mut diag);
    let function = Function::parse(item.clone(), &mut diag);
    let model = function
        .as_ref()
        .map(|function| Model::new(function, &words));
    if let Some(model) = &model {
        check::signature(model, &mut diag);
    }
    check::words(&words, &item, function.as_ref(), &mut diag);
    match (diag.finish(), model) {
        (Ok(()), Some(model)) => expand::wrapped(&model),
        (result, _) => {
            let mut tokens = result
                .err()
                .map(syn::Error::into_compile_error)
                .unwrap_or_default();
            tokens.extend(item);
            tokens
        }
    }
}
