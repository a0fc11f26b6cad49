//! Reading `word`, `word = value` and `word(...)`, one after another, without stopping at the first wrong one.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::{
    Ident, LitStr, Path, Token,
    meta::ParseNestedMeta,
    parse::{ParseStream, Parser},
    spanned::Spanned,
    token,
};

use crate::{
    diag::Diag,
    suggest::{did_you_mean, list, nearest},
    symbol::Symbol,
};

/// Longest action and entity type, in characters: the width of their columns in the mirrored model.
pub(crate) const LONGEST: usize = 50;

const MISSING_COMMA: &str = "expected `,` before this";

/// Where words may stand, and which.
pub(crate) struct Place {
    /// As the user writes it, and on what: "in `#[audit(...)]` on a field".
    pub(crate) described: &'static str,
    pub(crate) allowed: &'static [Symbol],
    /// One of them, with its value.
    pub(crate) example: &'static str,
    /// Words that are known, but stand elsewhere, and where: "on a field".
    pub(crate) elsewhere: &'static [(&'static [Symbol], &'static str)],
}

/// A value, and where its word was written.
#[derive(Clone)]
pub(crate) struct Attr<T> {
    pub(crate) path: Path,
    pub(crate) value: T,
}

/// Room for a word that may be given once; each further one is reported.
#[derive(Clone)]
pub(crate) struct Slot<T> {
    found: Option<Attr<T>>,
}

impl<T> Slot<T> {
    pub(crate) fn get(&self) -> Option<&Attr<T>> {
        self.found.as_ref()
    }

    pub(crate) fn value(&self) -> Option<&T> {
        self.found.as_ref().map(|attr| &attr.value)
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        self.found.as_ref().map(|attr| &attr.path)
    }

    pub(crate) fn fill(&mut self, path: &Path, value: T, diag: &mut Diag) {
        if self.found.is_some() {
            let word = path.get_ident().map(Ident::to_string).unwrap_or_default();
            diag.error(path, format!("`{word}` is given more than once: keep one"));
        } else {
            self.found = Some(Attr {
                path: path.clone(),
                value,
            });
        }
    }
}

impl<T: Clone> Slot<T> {
    /// Takes what another slot holds, where this one is empty.
    pub(crate) fn or(&mut self, other: &Self) {
        if self.found.is_none() {
            self.found.clone_from(&other.found);
        }
    }
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { found: None }
    }
}

/// Reads the word that `meta` stands at, and leaves the input at the next comma whatever happens. Gives the word that
/// was written, or that seems to be meant.
fn read(
    meta: &ParseNestedMeta<'_>,
    place: &Place,
    diag: &mut Diag,
    by_word: impl FnOnce(Symbol, &ParseNestedMeta<'_>, &mut Diag) -> syn::Result<()>,
) -> Option<Symbol> {
    let known = place
        .allowed
        .iter()
        .copied()
        .find(|word| meta.path == *word);
    let (result, meant) = match known {
        Some(word) => (by_word(word, meta, diag), known),
        None => unknown(&meta.path, place),
    };
    close(meta.input, result, diag);
    meant
}

/// Reports what went wrong with an element of a list, and skips what is left of it.
pub(crate) fn close(input: ParseStream<'_>, result: syn::Result<()>, diag: &mut Diag) {
    let rest = rest(input);
    match result {
        Err(error) => diag.add(error),
        Ok(()) if rest.is_empty() => {}
        Ok(()) => diag.error(rest, MISSING_COMMA),
    }
}

fn unknown(path: &Path, place: &Place) -> (syn::Result<()>, Option<Symbol>) {
    let segments: Vec<_> = path
        .segments
        .iter()
        .map(|part| part.ident.to_string())
        .collect();
    let found = segments.join("::");
    let Place {
        described,
        allowed,
        elsewhere,
        ..
    } = place;
    let words = allowed.iter().map(|word| word.0);
    let belongs = elsewhere
        .iter()
        .find(|(words, _)| words.iter().any(|word| found == word.0));
    let message = if let Some((_, where_to)) = belongs {
        format!("`{found}` belongs {where_to}, not {described}")
    } else {
        let suggestion = did_you_mean(&found, words.clone());
        let allowed = list(*allowed);
        format!("unknown word `{found}` {described}{suggestion} (allowed: {allowed})")
    };
    (
        Err(syn::Error::new_spanned(path, message)),
        nearest(&found, words).map(Symbol),
    )
}

/// A word that stands alone.
pub(crate) fn flag(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<()> {
    let takes_value = meta.input.peek(Token![=]) || meta.input.peek(token::Paren);
    let rest = rest(meta.input);
    if rest.is_empty() {
        return Ok(());
    }
    let message = if takes_value {
        format!("`{word}` takes no value: write `{word}` alone")
    } else {
        MISSING_COMMA.to_owned()
    };
    Err(syn::Error::new_spanned(rest, message))
}

/// Takes the `=` of `word = value` and makes sure that a value follows.
pub(crate) fn equals(meta: &ParseNestedMeta<'_>, word: Symbol, example: &str) -> syn::Result<()> {
    if meta.input.peek(Token![=]) {
        meta.input.parse::<Token![=]>()?;
        if meta.input.is_empty() || meta.input.peek(Token![,]) {
            return Err(syn::Error::new_spanned(
                &meta.path,
                format!("`{word}` needs a value: `{example}`"),
            ));
        }
        return Ok(());
    }
    let rest = rest(meta.input);
    if rest.is_empty() {
        return Err(syn::Error::new_spanned(
            &meta.path,
            format!("`{word}` needs a value: `{example}`"),
        ));
    }
    Err(syn::Error::new_spanned(
        rest,
        format!("expected `=`: `{example}`"),
    ))
}

/// The tokens after `word =`, up to the next comma.
pub(crate) fn value(
    meta: &ParseNestedMeta<'_>,
    word: Symbol,
    example: &str,
) -> syn::Result<TokenStream> {
    equals(meta, word, example)?;
    Ok(rest(meta.input))
}

/// A value that is a string literal.
pub(crate) fn text(meta: &ParseNestedMeta<'_>, word: Symbol, example: &str) -> syn::Result<LitStr> {
    let value = value(meta, word, example)?;
    let literal = syn::parse2::<LitStr>(value.clone()).map_err(|_| {
        syn::Error::new_spanned(
            value,
            format!("`{word}` takes a string literal: `{example}`"),
        )
    })?;
    if literal.value().trim().is_empty() {
        return Err(syn::Error::new_spanned(
            &literal,
            format!("`{word}` must not be empty"),
        ));
    }
    Ok(literal)
}

/// A string literal that fits the column of an action or an entity type.
pub(crate) fn short_text(
    meta: &ParseNestedMeta<'_>,
    word: Symbol,
    example: &str,
) -> syn::Result<LitStr> {
    let literal = text(meta, word, example)?;
    too_long(&literal.value()).map_or(Ok(()), |length| {
        let message =
            format!("`{word}` has {length} characters, at most {LONGEST} are stored: shorten it");
        Err(syn::Error::new_spanned(&literal, message))
    })?;
    Ok(literal)
}

/// How many characters, if that is more than fit.
pub(crate) fn too_long(text: &str) -> Option<usize> {
    let length = text.chars().count();
    (length > LONGEST).then_some(length)
}

/// Takes everything up to the next comma of this level.
pub(crate) fn rest(input: ParseStream<'_>) -> TokenStream {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        match input.parse::<TokenTree>() {
            Ok(token) => tokens.extend([token]),
            Err(_) => break,
        }
    }
    tokens
}

/// Reads all words of an attribute's parentheses. Gives those that were written, rightly or wrongly: what is wrong is not
/// missing too.
pub(crate) fn read_all(
    words: TokenStream,
    place: &Place,
    diag: &mut Diag,
    mut by_word: impl FnMut(Symbol, &ParseNestedMeta<'_>, &mut Diag) -> syn::Result<()>,
) -> Vec<Symbol> {
    let mut mentioned = Vec::new();
    let parser = syn::meta::parser(|meta| {
        mentioned.extend(read(&meta, place, diag, &mut by_word));
        Ok(())
    });
    if let Err(error) = parser.parse2(words) {
        // Every word was skipped to its end, so this is something that cannot begin one, and it may stand for any.
        let Place {
            described,
            allowed,
            example,
            ..
        } = place;
        mentioned.extend_from_slice(allowed);
        let allowed = list(*allowed);
        let message =
            format!("expected a word, such as `{example}`, {described} (allowed: {allowed})");
        diag.error_at(error.span(), message);
    }
    mentioned
}

/// Where `tokens` stand, with names resolved inside the macro: errors point at the user, locals stay ours.
pub(crate) fn at(tokens: &impl Spanned) -> Span {
    tokens.span().resolved_at(Span::mixed_site())
}

/// `&(value)`, placed so that rustc underlines the whole of `place` where the type of the value does not fit.
pub(crate) fn reference(place: &impl ToTokens, value: TokenStream) -> TokenStream {
    let (first, last) = ends(place);
    let mut value = Group::new(Delimiter::Parenthesis, value);
    value.set_span(last);
    quote_spanned!(first=> &#value)
}

/// The places of the first and the last of `tokens`, as [`at`] gives them: an expression that begins and ends there is
/// underlined whole.
pub(crate) fn ends(tokens: &impl ToTokens) -> (Span, Span) {
    let mut spans = tokens
        .to_token_stream()
        .into_iter()
        .map(|token| match token {
            TokenTree::Group(group) => (group.span_open(), group.span_close()),
            token => (token.span(), token.span()),
        });
    let (first, end_of_first) = spans
        .next()
        .unwrap_or_else(|| (Span::call_site(), Span::call_site()));
    let last = spans.last().map_or(end_of_first, |(_, last)| last);
    let ours = Span::mixed_site();
    (first.resolved_at(ours), last.resolved_at(ours))
}
