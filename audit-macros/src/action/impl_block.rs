//! `#[audit_action(...)]` on an `impl` block: what its annotated methods leave out.
//!
//! The block is not parsed, only looked through for attributes: a half-typed method stays as it is, and each keeps its
//! places.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{
    function::{is, is_punct, item_start},
    parse::{Words, with_defaults},
    with_errors,
};
use crate::diag::Diag;

/// What the attribute is called, whatever the path to it.
pub(crate) const ATTRIBUTE: &str = "audit_action";

pub(super) struct ImplBlock {
    /// `impl`, where an error about the whole block stands.
    start: TokenTree,
    /// Everything before the braces.
    header: Vec<TokenTree>,
    braces: Group,
}

impl ImplBlock {
    /// `None` when the item is something else.
    pub(super) fn find(item: &TokenStream) -> Option<Self> {
        let mut header: Vec<TokenTree> = item.clone().into_iter().collect();
        let last = header.pop();
        let mut start = item_start(header.clone(), last.clone())?;
        if is(&start, "unsafe") || is(&start, "default") {
            start = header.iter().find(|token| is(token, "impl"))?.clone();
        }
        match last {
            Some(TokenTree::Group(braces))
                if is(&start, "impl") && braces.delimiter() == Delimiter::Brace =>
            {
                Some(Self {
                    start,
                    header,
                    braces,
                })
            }
            _ => None,
        }
    }

    /// The block, each of whose annotated methods knows the defaults.
    pub(super) fn with_defaults(self, words: &TokenStream) -> TokenStream {
        let mut diag = Diag::new();
        // Read for what is wrong with them; the methods read them again.
        drop(Words::parse_defaults(words.clone(), &mut diag));
        let mut annotated = 0;
        let methods = annotate(self.braces.stream(), words, &mut annotated);
        if annotated == 0 {
            diag.error(
                &self.start,
                "`#[audit_action(...)]` on an `impl` block holds for its methods that are actions, and none is marked: \
                 put `#[audit_action]` on each of these too",
            );
        }
        let mut braces = Group::new(Delimiter::Brace, methods);
        braces.set_span(self.braces.span());
        let mut item: TokenStream = self.header.into_iter().collect();
        item.extend([TokenTree::Group(braces)]);
        with_errors(diag.finish(), item)
    }
}

/// Puts the defaults in front of the words of each `#[audit_action]` of this level.
fn annotate(methods: TokenStream, defaults: &TokenStream, annotated: &mut usize) -> TokenStream {
    let mut after_hash = false;
    let mut all = TokenStream::new();
    for token in methods {
        let token = match token {
            TokenTree::Group(attribute) if after_hash => {
                match with_words(&attribute, |words| with_defaults(defaults, words)) {
                    Some(attribute) => {
                        *annotated += 1;
                        TokenTree::Group(attribute)
                    }
                    None => TokenTree::Group(attribute),
                }
            }
            token => token,
        };
        after_hash = is_punct(&token, '#');
        all.extend([token]);
    }
    all
}

/// `[path::audit_action(words)]` with other words; `None` if it is another attribute.
fn with_words(
    attribute: &Group,
    change: impl FnOnce(&TokenStream) -> TokenStream,
) -> Option<Group> {
    let mut tokens: Vec<TokenTree> = attribute.stream().into_iter().collect();
    let words = tokens.pop_if(|last| matches!(last, TokenTree::Group(_)));
    let is_ours = attribute.delimiter() == Delimiter::Bracket
        && tokens.last().is_some_and(|name| is(name, ATTRIBUTE));
    if !is_ours {
        return None;
    }
    let words = match words {
        Some(TokenTree::Group(words)) => {
            let mut changed = Group::new(words.delimiter(), change(&words.stream()));
            changed.set_span(words.span());
            changed
        }
        _ => Group::new(Delimiter::Parenthesis, change(&TokenStream::new())),
    };
    tokens.push(TokenTree::Group(words));
    let mut changed = Group::new(Delimiter::Bracket, tokens.into_iter().collect());
    changed.set_span(attribute.span());
    Some(changed)
}
