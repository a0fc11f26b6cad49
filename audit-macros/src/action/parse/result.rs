//! `result(|incident| entity = incident, metadata(notes = incident.notes.len()))`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{
    Expr, Pat, Token,
    meta::ParseNestedMeta,
    parse::{ParseStream, Parser},
    token,
};

use super::metadata::{self, Metadata};
use crate::{
    action::function::bindings,
    diag::Diag,
    symbol::{
        ACTION, AFTER, ATTEMPT, AUDITOR, BEFORE, CONTEXT, CRATE, ENTITY, ENTITY_ID, ENTITY_NAME,
        ENTITY_TYPE, METADATA, NONE, REASON, SEVERITY, SKIP_IF, SOURCES, STRICT, Symbol, TENANT,
    },
    words::{self, Place, Slot},
};

const IN_RESULT: Place = Place {
    described: "in `result(...)`",
    allowed: &[ENTITY, ENTITY_ID, ENTITY_NAME, METADATA, REASON],
    example: "entity_id = returned.id",
    elsewhere: &[(
        &[
            ACTION,
            ENTITY_TYPE,
            TENANT,
            SEVERITY,
            BEFORE,
            AFTER,
            SKIP_IF,
            AUDITOR,
            CONTEXT,
            STRICT,
            ATTEMPT,
            NONE,
            SOURCES,
            CRATE,
        ],
        "directly in `#[audit_action(...)]`",
    )],
};

/// What is taken from the value that was returned.
#[derive(Clone)]
pub(in super::super) struct OnResult {
    pub(in super::super) bound: Bound,
    pub(in super::super) entity: Slot<Expr>,
    pub(in super::super) entity_id: Slot<Expr>,
    pub(in super::super) entity_name: Slot<Expr>,
    pub(in super::super) reason: Slot<Expr>,
    metadata: Slot<Vec<Metadata>>,
}

/// What stands between the bars.
#[derive(Clone)]
pub(in super::super) struct Bound {
    /// The pattern, as it was written.
    pub(in super::super) pattern: TokenStream,
    /// The names that it binds.
    pub(in super::super) names: Vec<Ident>,
}

impl OnResult {
    pub(super) fn parse(
        meta: &ParseNestedMeta<'_>,
        word: Symbol,
        diag: &mut Diag,
    ) -> syn::Result<Self> {
        let example = format!("`{word}(|returned| entity_id = returned.id)`");
        if !meta.input.peek(token::Paren) {
            let rest = words::rest(meta.input);
            let place = if rest.is_empty() {
                meta.path.to_token_stream()
            } else {
                rest
            };
            let message = format!("`{word}` takes words in parentheses: {example}");
            return Err(syn::Error::new_spanned(place, message));
        }
        let content;
        let parentheses = syn::parenthesized!(content in meta.input);
        let Some(bound) = Bound::parse(&content) else {
            content.parse::<TokenStream>()?;
            let message = format!("`{word}` begins with a name for the returned value: {example}");
            return Err(syn::Error::new(parentheses.span.join(), message));
        };
        let mut all = Self {
            bound,
            entity: Slot::default(),
            entity_id: Slot::default(),
            entity_name: Slot::default(),
            reason: Slot::default(),
            metadata: Slot::default(),
        };
        let tokens: TokenStream = content.parse()?;
        if tokens.is_empty() {
            let message = format!("`{word}` takes nothing from the returned value: {example}");
            return Err(syn::Error::new_spanned(&all.bound.pattern, message));
        }
        words::read_all(tokens, &IN_RESULT, diag, |word, meta, diag| {
            all.word(word, meta, diag)
        });
        Ok(all)
    }

    pub(in super::super) fn metadata(&self) -> &[Metadata] {
        self.metadata.value().map_or(&[], Vec::as_slice)
    }

    pub(super) fn exprs(&self) -> Vec<&Expr> {
        let slots = [
            &self.entity,
            &self.entity_id,
            &self.entity_name,
            &self.reason,
        ];
        let exprs = slots.iter().filter_map(|slot| slot.value());
        exprs
            .chain(self.metadata().iter().filter_map(Metadata::expr))
            .collect()
    }

    fn word(
        &mut self,
        word: Symbol,
        meta: &ParseNestedMeta<'_>,
        diag: &mut Diag,
    ) -> syn::Result<()> {
        let (slot, example) = match word {
            METADATA => {
                let list = metadata::list(meta, word, diag)?;
                self.metadata.fill(&meta.path, list, diag);
                return Ok(());
            }
            ENTITY => (&mut self.entity, "entity = returned"),
            ENTITY_ID => (&mut self.entity_id, "entity_id = returned.id"),
            ENTITY_NAME => (&mut self.entity_name, "entity_name = returned.title"),
            _ => (&mut self.reason, "reason = returned.reason"),
        };
        slot.fill(&meta.path, super::expr(meta, word, example)?, diag);
        Ok(())
    }
}

impl Bound {
    /// `|pattern|` or `|pattern: Type|`.
    fn parse(input: ParseStream<'_>) -> Option<Self> {
        input.parse::<Token![|]>().ok()?;
        let mut pattern = TokenStream::new();
        while !input.peek(Token![|]) {
            pattern.extend([input.parse::<TokenTree>().ok()?]);
        }
        input.parse::<Token![|]>().ok()?;
        let parser = |input: ParseStream<'_>| {
            let pattern = Pat::parse_single(input)?;
            input.parse::<TokenStream>()?;
            Ok(pattern)
        };
        let parsed = parser.parse2(pattern.clone()).ok()?;
        let mut names = Vec::new();
        bindings(&parsed, &mut names);
        let names = names.into_iter().cloned().collect();
        Some(Self { pattern, names })
    }
}
