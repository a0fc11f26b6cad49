//! What the tests of both macros share.

use proc_macro2::{TokenStream, TokenTree};

/// The texts of all `compile_error!`s in `tokens`, in order.
pub(crate) fn messages(tokens: TokenStream) -> Vec<String> {
    let mut messages = Vec::new();
    collect(tokens, &mut messages);
    messages
}

/// `tokens` as rustfmt would nearly write them.
pub(crate) fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).unwrap())
}

fn collect(tokens: TokenStream, messages: &mut Vec<String>) {
    let mut after_macro = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == "compile_error" => after_macro = true,
            TokenTree::Group(group) if after_macro => {
                let text: syn::LitStr = syn::parse2(group.stream()).unwrap();
                messages.push(text.value());
                after_macro = false;
            }
            TokenTree::Group(group) => collect(group.stream(), messages),
            _ => {}
        }
    }
}
