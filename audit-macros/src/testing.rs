//! What the tests of both macros share.

use std::collections::HashSet;

use proc_macro2::{Ident, TokenStream, TokenTree};

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

/// What the macro wrote that means something else in a crate with names of its own: a type, a variant, a macro or the head
/// of a path that is neither taken from the input nor reached by `::`.
pub(crate) fn unqualified(input: TokenStream, output: TokenStream) -> Vec<String> {
    let mut given = HashSet::new();
    each_ident(input, &mut |ident, _, _| {
        given.insert(ident.to_string());
    });
    let mut found = Vec::new();
    each_ident(output, &mut |ident, before, after| {
        let name = ident.to_string();
        let camel = name.starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
        let head = matches!(after, [':', ':'] | ['!', _]);
        let ours = ["__audit", "__AUDIT_ACTION", "audit_runtime"].contains(&name.as_str());
        let fine = ours || ["Self", "as", "if", "let", "return", "use"].contains(&name.as_str());
        if (camel || head) && !fine && before != [':', ':'] && !given.contains(&name) {
            found.push(name);
        }
    });
    found
}

/// Each name, with the two signs before and after it.
fn each_ident(tokens: TokenStream, visit: &mut impl FnMut(&Ident, [char; 2], [char; 2])) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let sign = |at: Option<usize>| match at.and_then(|at| tokens.get(at)) {
        Some(TokenTree::Punct(punct)) => punct.as_char(),
        _ => ' ',
    };
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Ident(ident) => {
                let before = [sign(at.checked_sub(2)), sign(at.checked_sub(1))];
                visit(ident, before, [sign(Some(at + 1)), sign(Some(at + 2))]);
            }
            TokenTree::Group(group) => each_ident(group.stream(), visit),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
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

#[test]
fn unqualified_names_are_found() {
    use quote::quote;

    let output = quote! {
        fn f(a: Given) -> ::core::option::Option<Vec<u8>> {
            Some(vec![std::mem::take(a), ::std::format!("{}", Self::x(__audit::Y))])
        }
    };
    assert_eq!(
        unqualified(quote!(Given), output),
        ["Vec", "Some", "vec", "std"]
    );
}
