//! The words of the attribute. Knows what may be written, not what it means.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Expr, LitStr, Token, ext::IdentExt, meta::ParseNestedMeta, parse::ParseStream};

use crate::{
    crate_path::CratePath,
    diag::Diag,
    symbol::{
        ACTION, CRATE, ENTITY_ID, ENTITY_NAME, ENTITY_TYPE, EXCLUDE, ID, METADATA, NAME, REDACT,
        RENAME, Symbol,
    },
    words::{self, Place, Slot},
};

const ON_FUNCTION: Place = Place {
    described: "in `#[audit_action(...)]`",
    allowed: &[ACTION, ENTITY_TYPE, ENTITY_ID, ENTITY_NAME, METADATA, CRATE],
    example: r#"action = "close""#,
    elsewhere: &[(
        &[ID, NAME, EXCLUDE, REDACT, RENAME],
        "on a field, in `#[audit(...)]`",
    )],
};

/// `#[audit_action(...)]`.
#[derive(Default)]
pub(super) struct Words {
    krate: Slot<CratePath>,
    pub(super) action: Slot<LitStr>,
    pub(super) entity_type: Slot<LitStr>,
    pub(super) entity_id: Slot<Expr>,
    pub(super) entity_name: Slot<Expr>,
    metadata: Slot<Vec<Metadata>>,
    /// Words that were written, rightly or wrongly: what is wrong is not missing too.
    mentioned: Vec<Symbol>,
}

/// One value of `metadata(...)`.
pub(super) struct Metadata {
    pub(super) key: String,
    /// What was written as the key.
    pub(super) key_tokens: TokenStream,
    pub(super) value: Value,
}

pub(super) enum Value {
    /// `reason`
    Parameter(Ident),
    /// `reason = reason.trim()`
    Expr(Box<Expr>),
}

impl Words {
    pub(super) fn parse(tokens: TokenStream, diag: &mut Diag) -> Self {
        let mut all = Self::default();
        all.mentioned = words::read_all(tokens, &ON_FUNCTION, diag, |word, meta, diag| {
            all.word(word, meta, diag)
        });
        all
    }

    pub(super) fn crate_path(&self) -> CratePath {
        self.krate.value().cloned().unwrap_or_default()
    }

    pub(super) fn metadata(&self) -> &[Metadata] {
        self.metadata.value().map_or(&[], Vec::as_slice)
    }

    pub(super) fn mentions(&self, word: Symbol) -> bool {
        self.mentioned.contains(&word)
    }

    fn word(
        &mut self,
        word: Symbol,
        meta: &ParseNestedMeta<'_>,
        diag: &mut Diag,
    ) -> syn::Result<()> {
        let path = &meta.path;
        match word {
            ACTION => {
                let text = words::short_text(meta, word, r#"action = "close""#)?;
                self.action.fill(path, text, diag);
            }
            ENTITY_TYPE => {
                let text = words::short_text(meta, word, r#"entity_type = "incident""#)?;
                self.entity_type.fill(path, text, diag);
            }
            ENTITY_ID => self
                .entity_id
                .fill(path, expr(meta, word, "entity_id = id")?, diag),
            ENTITY_NAME => {
                let expr = expr(meta, word, "entity_name = title")?;
                self.entity_name.fill(path, expr, diag);
            }
            METADATA => self.metadata.fill(path, metadata(meta, word, diag)?, diag),
            _ => self.krate.fill(path, CratePath::parse(meta, word)?, diag),
        }
        Ok(())
    }
}

fn expr(meta: &ParseNestedMeta<'_>, word: Symbol, example: &str) -> syn::Result<Expr> {
    // An expression may hold commas (`id::<A, B>()`), so it is parsed, not cut at the next one.
    words::equals(meta, word, example)?;
    meta.input.parse()
}

fn metadata(
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
