//! `metadata(reason, count = items.len(), "dotted.key" = value)`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, LitStr, Token, ext::IdentExt, meta::ParseNestedMeta, parse::ParseStream};

use crate::{diag::Diag, symbol::Symbol, words};

/// One value of `metadata(...)`.
#[derive(Clone)]
pub(in super::super) struct Metadata {
    pub(in super::super) key: String,
    /// What was written as the key.
    pub(in super::super) key_tokens: TokenStream,
    pub(in super::super) value: Value,
}

#[derive(Clone)]
pub(in super::super) enum Value {
    /// `reason`
    Parameter(Ident),
    /// `reason = reason.trim()`
    Expr(Box<Expr>),
}

pub(super) fn list(
    meta: &ParseNestedMeta<'_>,
    word: Symbol,
    diag: &mut Diag,
) -> syn::Result<Vec<Metadata>> {
    if !meta.input.peek(syn::token::Paren) {
        let rest = words::rest(meta.input);
        let place = if rest.is_empty() {
            meta.path.to_token_stream()
        } else {
            rest
        };
        let message =
            format!("`{word}` takes a list in parentheses: `{word}(reason, count = items.len())`");
        return Err(syn::Error::new_spanned(place, message));
    }
    let content;
    syn::parenthesized!(content in meta.input);
    let mut values = Vec::new();
    while !content.is_empty() {
        let value = Metadata::parse(&content).map(|value| values.push(value));
        words::close(&content, value, diag);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(values)
}

impl Metadata {
    pub(super) fn expr(&self) -> Option<&Expr> {
        match &self.value {
            Value::Parameter(_) => None,
            Value::Expr(expr) => Some(expr),
        }
    }

    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if input.peek(LitStr) {
            let literal: LitStr = input.parse()?;
            let key = literal.value();
            if key.trim().is_empty() {
                return Err(syn::Error::new_spanned(
                    &literal,
                    "a metadata key must not be empty",
                ));
            }
            return Self::with_value(key, literal.to_token_stream(), input);
        }
        let start: TokenTree = input.fork().parse()?;
        let ident = Ident::parse_any(input).map_err(|_| {
            syn::Error::new_spanned(
                start,
                "expected a parameter, `key = value` or `\"dotted.key\" = value`",
            )
        })?;
        let key = ident.unraw().to_string();
        if input.is_empty() || input.peek(Token![,]) {
            let key_tokens = ident.to_token_stream();
            let value = Value::Parameter(ident);
            return Ok(Self {
                key,
                key_tokens,
                value,
            });
        }
        Self::with_value(key, ident.to_token_stream(), input)
    }

    fn with_value(
        key: String,
        key_tokens: TokenStream,
        input: ParseStream<'_>,
    ) -> syn::Result<Self> {
        if !input.peek(Token![=]) {
            let message = format!("metadata `{key}` needs a value: `{key_tokens} = value`");
            return Err(syn::Error::new_spanned(key_tokens, message));
        }
        input.parse::<Token![=]>()?;
        let value = Value::Expr(Box::new(input.parse()?));
        Ok(Self {
            key,
            key_tokens,
            value,
        })
    }
}

impl ToTokens for Value {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Parameter(ident) => ident.to_tokens(tokens),
            Self::Expr(expr) => expr.to_tokens(tokens),
        }
    }
}
