//! The function below the attribute: its signature understood, its body kept as tokens.
//!
//! A body that is not parsed here cannot be rejected here: a half-typed one is reported by rustc, and completion works.

use proc_macro2::{Delimiter, Group, Ident, TokenStream, TokenTree};
use syn::{
    Attribute, FnArg, Pat, Signature, Token, Visibility,
    parse::{ParseStream, Parser},
};

use crate::diag::Diag;

pub(super) struct Function {
    /// Attributes, visibility and signature, as they were written.
    pub(super) header: TokenStream,
    pub(super) signature: Signature,
    /// `#![...]` at the start of the body, which must stay in front of anything that is added there.
    pub(super) inner_attributes: TokenStream,
    /// The body without its inner attributes.
    pub(super) body: Group,
}

impl Function {
    /// `None`, and an error, when the item is not a function with a body.
    pub(super) fn parse(item: TokenStream, diag: &mut Diag) -> Option<Self> {
        let mut tokens: Vec<TokenTree> = item.into_iter().collect();
        let last = tokens.pop();
        if !tokens.iter().any(|token| is(token, "fn")) {
            let message =
                "`#[audit_action]` works on functions: put it on each function that is an action";
            diag.error(item_start(tokens, last), message);
            return None;
        }
        let header: TokenStream = tokens.into_iter().collect();
        let signature = match signature.parse2(header.clone()) {
            Ok(signature) => signature,
            Err(error) => {
                diag.add(error);
                return None;
            }
        };
        let Some(body) = last.and_then(braced) else {
            let name = &signature.ident;
            let message = format!(
                "`#[audit_action]` needs a body: put it on the implementation of `{name}`, not on the declaration"
            );
            diag.error(&signature, message);
            return None;
        };
        let (inner_attributes, body) = split_inner_attributes(&body);
        Some(Self {
            header,
            signature,
            inner_attributes,
            body,
        })
    }

    /// The names that the parameters bind, `self` aside.
    pub(super) fn parameters(&self) -> Vec<&Ident> {
        let mut names = Vec::new();
        for input in &self.signature.inputs {
            if let FnArg::Typed(input) = input {
                bindings(&input.pat, &mut names);
            }
        }
        names
    }
}

fn signature(input: ParseStream<'_>) -> syn::Result<Signature> {
    Attribute::parse_outer(input)?;
    input.parse::<Visibility>()?;
    if input.peek(Token![default]) {
        input.parse::<Token![default]>()?;
    }
    input.parse()
}

/// The token that says what the item is, after its attributes and visibility.
pub(super) fn item_start(tokens: Vec<TokenTree>, last: Option<TokenTree>) -> Option<TokenTree> {
    let all: TokenStream = tokens.into_iter().chain(last).collect();
    let start = |input: ParseStream<'_>| {
        Attribute::parse_outer(input)?;
        input.parse::<Visibility>()?;
        let start: TokenTree = input.parse()?;
        input.parse::<TokenStream>()?;
        Ok(start)
    };
    start
        .parse2(all.clone())
        .ok()
        .or_else(|| all.into_iter().next())
}

/// Moves `#![...]` out of a body: inside a closure or an `async` block they are not allowed.
fn split_inner_attributes(body: &Group) -> (TokenStream, Group) {
    let tokens: Vec<TokenTree> = body.stream().into_iter().collect();
    let mut rest = tokens.as_slice();
    let mut attributes = TokenStream::new();
    while let [hash, bang, TokenTree::Group(group), after @ ..] = rest {
        if !is_punct(hash, '#') || !is_punct(bang, '!') || group.delimiter() != Delimiter::Bracket {
            break;
        }
        attributes.extend([hash.clone(), bang.clone(), group.clone().into()]);
        rest = after;
    }
    if attributes.is_empty() {
        return (attributes, body.clone());
    }
    let mut without = Group::new(Delimiter::Brace, rest.iter().cloned().collect());
    without.set_span(body.span());
    (attributes, without)
}

pub(super) fn bindings<'p>(pat: &'p Pat, names: &mut Vec<&'p Ident>) {
    match pat {
        Pat::Ident(pat) => {
            names.push(&pat.ident);
            if let Some((_, inner)) = &pat.subpat {
                bindings(inner, names);
            }
        }
        Pat::Paren(pat) => bindings(&pat.pat, names),
        Pat::Reference(pat) => bindings(&pat.pat, names),
        Pat::Type(pat) => bindings(&pat.pat, names),
        Pat::Slice(pat) => pat.elems.iter().for_each(|pat| bindings(pat, names)),
        Pat::Struct(pat) => pat
            .fields
            .iter()
            .for_each(|field| bindings(&field.pat, names)),
        Pat::Tuple(pat) => pat.elems.iter().for_each(|pat| bindings(pat, names)),
        Pat::TupleStruct(pat) => pat.elems.iter().for_each(|pat| bindings(pat, names)),
        // Every case of an or-pattern binds the same names.
        Pat::Or(pat) => pat
            .cases
            .iter()
            .take(1)
            .for_each(|pat| bindings(pat, names)),
        _ => {}
    }
}

/// The body; a `$body:block` of a macro comes inside an invisible group.
fn braced(token: TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else {
        return None;
    };
    match group.delimiter() {
        Delimiter::Brace => Some(group),
        Delimiter::None => group.stream().into_iter().next().and_then(braced),
        Delimiter::Bracket | Delimiter::Parenthesis => None,
    }
}

pub(crate) fn is(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident == word)
}

pub(crate) fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// The first wanted token, at any depth.
pub(super) fn find(tokens: TokenStream, wanted: &impl Fn(&TokenTree) -> bool) -> Option<TokenTree> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Group(group) => find(group.stream(), wanted),
        token => wanted(&token).then_some(token),
    })
}
