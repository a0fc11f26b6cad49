//! `#[audit_action(...)]`.

mod check;
mod expand;
mod function;
mod impl_block;
mod model;
mod names;
mod parse;
mod returns;
mod row;
mod tail;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;

use self::{function::Function, impl_block::ImplBlock, model::Model, parse::Words};
pub(crate) use self::{
    function::{is, is_punct},
    impl_block::ATTRIBUTE,
    row::Row,
};
use crate::diag::Diag;

/// The wrapped function, or all errors and the function as it was, so that callers do not fail too.
pub(crate) fn attribute(words: TokenStream, item: TokenStream) -> TokenStream {
    if let Some(block) = ImplBlock::find(&item) {
        return block.with_defaults(&words);
    }
    let mut diag = Diag::new();
    let words = Words::parse(words, &mut diag);
    let function = Function::parse(item.clone(), &mut diag);
    let model = function
        .as_ref()
        .map(|function| Model::new(function, &words, &mut diag));
    if let Some(model) = &model {
        check::signature(model, &mut diag);
    }
    check::words(&words, model.as_ref(), &mut diag);
    match (diag.finish(), model) {
        // Without a name the defaults of its block are wrong, which is said there.
        (Ok(()), Some(model)) if model.names.is_some() => expand::wrapped(&model),
        (result, _) => with_errors(result, item),
    }
}

fn with_errors(result: syn::Result<()>, item: TokenStream) -> TokenStream {
    let errors = result.err().map(syn::Error::into_compile_error);
    let mut tokens = errors.unwrap_or_default();
    tokens.extend(item);
    tokens
}
