//! Reading `word`, `word = value` and `word(...)`, one after another, without stopping at the first wrong one.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{
    Ident, LitStr, Path, Token,
    meta::ParseNestedMeta,
    parse::{ParseStream, Parser},
    spanned::Spanned,
};

use crate::{
    diag::Diag,
    suggest::{did_you_mean, list},
    symbol::Symbol,
};

/// Longest action and entity type, in characters: the width of their columns in the mirrored model.
pub(crate) const LONGEST: usize = 50;

/// Where words may stand, and which.
pub(crate) struct Place {
    /// As the user writes it, and on what: "in `#[audit(...)]` on a field".
    pub(crate) described: &'static str,
    pub(crate) allowed: &'static [Symbol],
}

/// A value, and where its word was written.
#[derive(Clone)]
pub(crate) struct Attr<T> {
    pub(crate) path: Path,
    pub(crate) value: T,
}

/// Room for a word that may be given once; each further one is reported.
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

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { found: None }
    }
}

/// Reads the word that `meta` stands at, and leaves the input at the next comma whatever happens.
pub(crate) fn read(
    meta: &ParseNestedMeta<'_>,
    place: &Place,
    diag: &mut Diag,
    by_word: impl FnOnce(Symbol, &ParseNestedMeta<'_>, &mut Diag) -> syn::Result<()>,
) {
    let known = place
        .allowed
        .iter()
        .copied()
        .find(|word| meta.path == *word);
    let result = match known {
        Some(word) => by_word(word, meta, diag),
        None => Err(unknown(&meta.path, place)),
    };
    close(meta.input, result, diag);
}

/// Reports what went wrong with an element of a list, and skips what is left of it.
pub(crate) fn close(input: ParseStream<'_>, result: syn::Result<()>, diag: &mut Diag) {
    let rest = rest(input);
    match result {
        Err(error) => diag.add(error),
        Ok(()) if rest.is_empty() => {}
        Ok(()) => diag.error(rest, "expected `,` before this"),
    }
}

fn unknown(path: &Path, place: &Place) -> syn::Error {
    let segments: Vec<_> = path
        .segments
        .iter()
        .map(|part| part.ident.to_string())
        .collect();
    let found = segments.join("::");
    let Place { described, allowed } = place;
    let suggestion = did_you_mean(&found, allowed.iter().map(|word| word.0));
    let allowed = list(*allowed);
    syn::Error::new_spanned(
        path,
        format!("unknown word `{found}` {described}{suggestion} (allowed: {allowed})"),
    )
}

/// A word that stands alone.
pub(crate) fn flag(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<()> {
    let rest = rest(meta.input);
    if rest.is_empty() {
        return Ok(());
    }
    Err(syn::Error::new_spanned(
        rest,
        format!("`{word}` takes no value: write `{word}` alone"),
    ))
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

/// Reads all words of an attribute's parentheses.
pub(crate) fn read_all(
    words: TokenStream,
    place: &Place,
    diag: &mut Diag,
    mut by_word: impl FnMut(Symbol, &ParseNestedMeta<'_>, &mut Diag) -> syn::Result<()>,
) {
    let parser = syn::meta::parser(|meta| {
        read(&meta, place, diag, &mut by_word);
        Ok(())
    });
    if let Err(error) = parser.parse2(words) {
        diag.add(error);
    }
}

/// Where `tokens` stand, with names resolved inside the macro: errors point at the user, locals stay ours.
pub(crate) fn at(tokens: &impl Spanned) -> Span {
    tokens.span().resolved_at(Span::mixed_site())
}
