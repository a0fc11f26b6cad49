//! The attributes in front of an item, as far as a catalogue asks for them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::LitStr;

use super::spelled;
use crate::action::{ATTRIBUTE, is, is_punct};

#[derive(Default)]
pub(super) struct Attributes {
    /// Each `#[audit_action]`.
    pub(super) actions: Vec<Annotation>,
    /// Under which conditions the item is compiled.
    pub(super) conditions: Vec<String>,
    /// Where the module lies, if not where its name says.
    pub(super) path: Option<String>,
    /// Whether a condition decides where the module lies.
    pub(super) may_lie_elsewhere: bool,
}

pub(super) struct Annotation {
    pub(super) words: TokenStream,
    /// The condition of `cfg_attr`.
    pub(super) condition: Option<String>,
}

impl Attributes {
    /// The conditions at the top of a file or a block, which are for all of it, and what follows.
    pub(super) fn of_all(mut tokens: &[TokenTree]) -> (Vec<String>, &[TokenTree]) {
        let mut all = Self::default();
        while let [hash, bang, TokenTree::Group(group), rest @ ..] = tokens
            && is_punct(hash, '#')
            && is_punct(bang, '!')
            && group.delimiter() == Delimiter::Bracket
        {
            all.add(group.stream(), None);
            tokens = rest;
        }
        (all.conditions, tokens)
    }

    /// The attributes, and what they stand in front of.
    pub(super) fn split(mut item: &[TokenTree]) -> (Self, &[TokenTree]) {
        let mut all = Self::default();
        while let [hash, TokenTree::Group(group), rest @ ..] = item
            && is_punct(hash, '#')
        {
            all.add(group.stream(), None);
            item = rest;
        }
        (all, item)
    }

    fn add(&mut self, attribute: TokenStream, condition: Option<&str>) {
        let tokens: Vec<TokenTree> = attribute.into_iter().collect();
        let (name, arguments) = match tokens.as_slice() {
            [.., name, TokenTree::Group(group)] => (name, group.stream()),
            [name, equals, TokenTree::Literal(text)]
                if is(name, "path") && is_punct(equals, '=') =>
            {
                self.path = syn::parse_str::<LitStr>(&text.to_string())
                    .ok()
                    .filter(|_| condition.is_none())
                    .map(|path| path.value());
                self.may_lie_elsewhere |= condition.is_some();
                return;
            }
            [.., name] => (name, TokenStream::new()),
            [] => return,
        };
        if is(name, ATTRIBUTE) {
            self.actions.push(Annotation {
                words: arguments,
                condition: condition.map(str::to_owned),
            });
        } else if is(name, "cfg") {
            self.conditions.push(spelled(arguments));
        } else if is(name, "cfg_attr") {
            let mut parts = at_commas(arguments).into_iter();
            let condition = parts.next().map(spelled);
            for attribute in parts {
                self.add(attribute, condition.as_deref());
            }
        }
    }
}

fn at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        if is_punct(&token, ',') {
            parts.push(TokenStream::new());
        } else if let Some(last) = parts.last_mut() {
            last.extend([token]);
        }
    }
    parts
}
