//! What follows a word: functions, keys, lengths, names, spellings and bounds.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt};
use syn::{
    Expr, ExprPath, Ident, Index, LitInt, LitStr, Member, Token, WherePredicate,
    ext::IdentExt,
    meta::ParseNestedMeta,
    parse::{ParseStream, Parser},
    punctuated::Punctuated,
    token,
};

use super::super::spelling::Spelling;
use crate::{diag::Diag, symbol::Symbol, words};

/// What separates the segments of a path of changes.
const PATH_SIGNS: [char; 3] = ['.', '[', ']'];

/// A field that the type's attribute names.
pub(in crate::audited) struct FieldName {
    pub(in crate::audited) name: String,
    tokens: TokenTree,
}

/// Where the key of an item stands in it: `id`, `meta.id`, `0`.
pub(in crate::audited) struct Key {
    pub(in crate::audited) text: String,
    pub(in crate::audited) members: Vec<Member>,
    pub(in crate::audited) span: Span,
}

/// `word = path::to::function`
pub(super) fn function(
    meta: &ParseNestedMeta<'_>,
    word: Symbol,
    example: &str,
) -> syn::Result<ExprPath> {
    words::equals(meta, word, example)?;
    let start = meta.input.fork();
    // A closure's commas are its own, so an expression is read, whatever it is.
    match meta.input.parse::<Expr>().map(ungrouped) {
        Ok(Expr::Path(path)) if path.attrs.is_empty() => Ok(path),
        read => {
            let place = read.map_or_else(|_| words::rest(&start), ToTokens::into_token_stream);
            let message = format!("`{word}` takes the path of a function: `{example}`");
            Err(syn::Error::new_spanned(place, message))
        }
    }
}

/// What a `macro_rules` has put into the place of `$function:path`.
fn ungrouped(mut expr: Expr) -> Expr {
    while let Expr::Group(group) = expr {
        expr = *group.expr;
    }
    expr
}

/// `key = "meta.id"`
pub(super) fn key(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<Key> {
    let literal = words::text(meta, word, r#"key = "id""#)?;
    let (text, span) = (literal.value(), literal.span());
    let members: Option<Vec<Member>> = text.split('.').map(|part| member(part, span)).collect();
    members
        .map(|members| Key {
            text,
            members,
            span,
        })
        .ok_or_else(|| {
            let message = format!(
                r#"`{word}` names the field that tells items apart: `key = "id"`, `key = "meta.id"` or, in a tuple, `key = "0"`"#
            );
            syn::Error::new_spanned(&literal, message)
        })
}

fn member(name: &str, span: Span) -> Option<Member> {
    if name.starts_with(|sign: char| sign.is_ascii_digit()) {
        let plain = name.bytes().all(|sign| sign.is_ascii_digit());
        let index = name.parse().ok().filter(|_| plain)?;
        return Some(Member::Unnamed(Index { index, span }));
    }
    let name = name.strip_prefix("r#").unwrap_or(name);
    // Written without `r#`, and an identifier only with it; `gen` is one in some editions.
    let ident = if name == "gen" {
        None
    } else {
        syn::parse_str::<Ident>(name).ok()
    };
    let mut ident = match ident {
        Some(ident) => ident,
        None => syn::parse_str(&format!("r#{name}")).ok()?,
    };
    ident.set_span(span);
    Some(Member::Named(ident))
}

/// `truncate = 200`
pub(super) fn length(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<u32> {
    let value = words::value(meta, word, "truncate = 200")?;
    let literal = syn::parse2::<LitInt>(value.clone()).ok();
    literal
        .filter(|literal| literal.suffix().is_empty())
        .and_then(|literal| literal.base10_parse().ok())
        .filter(|length| *length > 0)
        .ok_or_else(|| {
            let most = u32::MAX;
            let message =
                format!("`{word}` takes a length of 1 to {most} characters: `{word} = 200`");
            syn::Error::new_spanned(value, message)
        })
}

/// A name that can be a segment of a path of changes, which looks like `location.city` and `notes[7]`.
pub(super) fn name(meta: &ParseNestedMeta<'_>, word: Symbol, example: &str) -> syn::Result<LitStr> {
    let literal = words::text(meta, word, example)?;
    let Some(sign) = literal
        .value()
        .chars()
        .find(|sign| PATH_SIGNS.contains(sign))
    else {
        return Ok(literal);
    };
    let message = format!("`{sign}` in a name would be read as a path: leave it out");
    Err(syn::Error::new_spanned(literal, message))
}

/// `rename_all = "camelCase"`
pub(super) fn spelling(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<Spelling> {
    let literal = words::text(meta, word, r#"rename_all = "camelCase""#)?;
    Spelling::named(&literal.value())
        .map_err(|message| syn::Error::new_spanned(literal, format!("`{word}`: {message}")))
}

/// `bound = "T: Clone, U: Copy"`; empty for none at all.
pub(super) fn predicates(
    meta: &ParseNestedMeta<'_>,
    word: Symbol,
) -> syn::Result<Vec<WherePredicate>> {
    let example = r#"bound = "T: Serialize + PartialEq""#;
    let value = words::value(meta, word, example)?;
    let parser = Punctuated::<WherePredicate, Token![,]>::parse_terminated;
    syn::parse2::<LitStr>(value.clone())
        .and_then(|mut literal| {
            // What rustc would add to a bound cannot be added inside of a literal, so it must not propose it.
            literal.set_span(literal.span().resolved_at(Span::mixed_site()));
            literal.parse_with(parser)
        })
        .map(|predicates| predicates.into_iter().collect())
        .map_err(|_| {
            let message = format!("`{word}` takes bounds in a string literal: `{example}`");
            syn::Error::new_spanned(value, message)
        })
}

/// `tenant = company`
pub(super) fn field_name(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<FieldName> {
    let value = words::value(meta, word, "tenant = company")?;
    FieldName::parse.parse2(value.clone()).map_err(|_| {
        let message = format!("`{word}` takes the name of a field: `{word} = company`");
        syn::Error::new_spanned(value, message)
    })
}

/// `include(title, status)`
pub(super) fn field_names(
    meta: &ParseNestedMeta<'_>,
    word: Symbol,
    diag: &mut Diag,
) -> syn::Result<Vec<FieldName>> {
    let wrong = |place: TokenStream| {
        let message =
            format!("`{word}` takes field names in parentheses: `include(title, status)`");
        syn::Error::new_spanned(place, message)
    };
    if !meta.input.peek(token::Paren) {
        let rest = words::rest(meta.input);
        return Err(wrong(if rest.is_empty() {
            meta.path.to_token_stream()
        } else {
            rest
        }));
    }
    let content;
    let parentheses = syn::parenthesized!(content in meta.input);
    let mut names: Vec<FieldName> = Vec::new();
    let mut empty = true;
    while !content.is_empty() {
        empty = false;
        let name = FieldName::parse(&content).map(|name| names.push(name));
        words::close(&content, name, diag);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    if empty {
        let message = format!("`{word}` needs at least one field: `include(title, status)`");
        return Err(syn::Error::new(parentheses.span.join(), message));
    }
    Ok(names)
}

impl FieldName {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let tokens: TokenTree = input.parse()?;
        let name = match &tokens {
            TokenTree::Ident(ident) => Some(ident.unraw().to_string()),
            TokenTree::Literal(literal) => {
                let index: Option<u32> = literal.to_string().parse().ok();
                index.map(|index| index.to_string())
            }
            TokenTree::Group(_) | TokenTree::Punct(_) => None,
        };
        match name {
            Some(name) => Ok(Self { name, tokens }),
            None => Err(syn::Error::new_spanned(
                tokens,
                "expected the name of a field",
            )),
        }
    }
}

impl ToTokens for FieldName {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append(self.tokens.clone());
    }
}
