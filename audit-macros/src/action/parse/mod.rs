//! The words of the attribute. Knows what may be written, not what it means.

mod after;
mod metadata;
mod result;
mod severity;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Expr, Ident, LitStr, meta::ParseNestedMeta};

pub(super) use self::{
    after::After,
    metadata::{Metadata, Value},
    result::OnResult,
    severity::Severity,
};
use super::function::is_punct;
use crate::{
    crate_path::CratePath,
    diag::Diag,
    suggest::did_you_mean,
    symbol::{
        ACTION, AFTER, ATTEMPT, AUDITOR, BEFORE, CONTEXT, CRATE, ENTITY, ENTITY_ID, ENTITY_NAME,
        ENTITY_TYPE, EXCLUDE, ID, METADATA, NAME, NONE, REASON, REDACT, RENAME, RESULT, SEVERITY,
        SKIP_IF, SOURCES, STRICT, Symbol, TENANT,
    },
    words::{self, Place, Slot},
};

const ON_FUNCTION: Place = Place {
    described: "in `#[audit_action(...)]`",
    allowed: &[
        ACTION,
        ENTITY_TYPE,
        ENTITY_ID,
        ENTITY_NAME,
        ENTITY,
        TENANT,
        METADATA,
        REASON,
        SEVERITY,
        BEFORE,
        AFTER,
        RESULT,
        SKIP_IF,
        AUDITOR,
        CONTEXT,
        STRICT,
        ATTEMPT,
        NONE,
        SOURCES,
        CRATE,
    ],
    example: r#"action = "close""#,
    elsewhere: &[(
        &[ID, NAME, EXCLUDE, REDACT, RENAME],
        "on a field, in `#[audit(...)]`",
    )],
};

const ON_IMPL: Place = Place {
    described: "in `#[audit_action(...)]` on an `impl` block",
    allowed: &[
        ENTITY_TYPE,
        SEVERITY,
        TENANT,
        AUDITOR,
        CONTEXT,
        STRICT,
        CRATE,
    ],
    example: r#"entity_type = "incident""#,
    elsewhere: &[(
        &[
            ACTION,
            ENTITY_ID,
            ENTITY_NAME,
            ENTITY,
            METADATA,
            REASON,
            BEFORE,
            AFTER,
            RESULT,
            SKIP_IF,
            ATTEMPT,
            NONE,
            SOURCES,
        ],
        "on a method",
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
    pub(super) entity: Slot<Expr>,
    pub(super) tenant: Slot<Expr>,
    metadata: Slot<Vec<Metadata>>,
    pub(super) reason: Slot<Expr>,
    pub(super) severity: Slot<Severity>,
    pub(super) before: Slot<Expr>,
    pub(super) after: Slot<After>,
    pub(super) result: Slot<OnResult>,
    pub(super) skip_if: Slot<Expr>,
    pub(super) auditor: Slot<Expr>,
    pub(super) context: Slot<Expr>,
    pub(super) strict: Slot<()>,
    pub(super) attempt: Slot<()>,
    pub(super) none: Slot<Ident>,
    pub(super) sources: Slot<()>,
    /// Words that were written, rightly or wrongly: what is wrong is not missing too.
    mentioned: Vec<Symbol>,
}

impl Words {
    /// The words on a function; in front of them may stand what its `impl` block says, see
    /// [`with_defaults`].
    pub(super) fn parse(tokens: TokenStream, diag: &mut Diag) -> Self {
        let (defaults, tokens) = split_defaults(tokens);
        let mut all = Self::read(tokens, &ON_FUNCTION, diag);
        if let Some(defaults) = defaults {
            // What is wrong with them is said once, on the block.
            let mut said = Diag::new();
            let defaults = Self::read(defaults, &ON_IMPL, &mut said);
            drop(said.finish());
            all.fill_with(&defaults);
        }
        all
    }

    /// The words on an `impl` block.
    pub(super) fn parse_defaults(tokens: TokenStream, diag: &mut Diag) -> Self {
        Self::read(tokens, &ON_IMPL, diag)
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

    /// Each value that is an expression.
    pub(super) fn exprs(&self) -> Vec<&Expr> {
        let slots = [
            &self.entity_id,
            &self.entity_name,
            &self.entity,
            &self.tenant,
            &self.reason,
            &self.before,
            &self.skip_if,
            &self.auditor,
            &self.context,
        ];
        let mut exprs: Vec<&Expr> = slots.iter().filter_map(|slot| slot.value()).collect();
        exprs.extend(self.metadata().iter().filter_map(Metadata::expr));
        exprs.extend(self.severity.value().and_then(Severity::expr));
        exprs.extend(self.after.value().map(After::expr));
        exprs.extend(self.result.value().into_iter().flat_map(OnResult::exprs));
        exprs
    }

    fn read(tokens: TokenStream, place: &Place, diag: &mut Diag) -> Self {
        let mut all = Self::default();
        all.mentioned = words::read_all(tokens, place, diag, |word, meta, diag| {
            all.word(word, meta, diag)
        });
        all
    }

    fn fill_with(&mut self, defaults: &Self) {
        if !self.mentions(ENTITY) {
            self.entity_type.or(&defaults.entity_type);
            if defaults.mentions(ENTITY_TYPE) {
                self.mentioned.push(ENTITY_TYPE);
            }
        }
        self.krate.or(&defaults.krate);
        self.severity.or(&defaults.severity);
        self.tenant.or(&defaults.tenant);
        self.auditor.or(&defaults.auditor);
        self.context.or(&defaults.context);
        self.strict.or(&defaults.strict);
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
            METADATA => {
                let list = metadata::list(meta, word, diag)?;
                self.metadata.fill(path, list, diag);
            }
            SEVERITY => self.severity.fill(path, Severity::parse(meta, word)?, diag),
            AFTER => self.after.fill(path, After::parse(meta, word)?, diag),
            RESULT => {
                let words = OnResult::parse(meta, word, diag)?;
                self.result.fill(path, words, diag);
            }
            NONE => self.none.fill(path, none(meta, word)?, diag),
            STRICT => self.strict.fill(path, words::flag(meta, word)?, diag),
            ATTEMPT => self.attempt.fill(path, words::flag(meta, word)?, diag),
            SOURCES => self.sources.fill(path, words::flag(meta, word)?, diag),
            CRATE => self.krate.fill(path, CratePath::parse(meta, word)?, diag),
            _ => {
                let (slot, example) = self.expr_slot(word);
                slot.fill(path, expr(meta, word, example)?, diag);
            }
        }
        Ok(())
    }

    /// The words that take any expression.
    fn expr_slot(&mut self, word: Symbol) -> (&mut Slot<Expr>, &'static str) {
        match word {
            ENTITY_ID => (&mut self.entity_id, "entity_id = id"),
            ENTITY_NAME => (&mut self.entity_name, "entity_name = title"),
            TENANT => (&mut self.tenant, "tenant = company"),
            REASON => (&mut self.reason, "reason = why"),
            BEFORE => (&mut self.before, "before = self.clone()"),
            SKIP_IF => (&mut self.skip_if, "skip_if = dry_run"),
            AUDITOR => (&mut self.auditor, "auditor = self.auditor"),
            CONTEXT => (&mut self.context, "context = job.context()"),
            _ => (&mut self.entity, "entity = incident"),
        }
    }
}

/// The words of a method, with what its `impl` block says in front: `@(entity_type = "incident") action = "close"`.
pub(super) fn with_defaults(defaults: &TokenStream, words: &TokenStream) -> TokenStream {
    quote::quote!(@(#defaults) #words)
}

fn split_defaults(tokens: TokenStream) -> (Option<TokenStream>, TokenStream) {
    let all: Vec<TokenTree> = tokens.clone().into_iter().collect();
    match all.as_slice() {
        [at, TokenTree::Group(defaults), rest @ ..] if is_punct(at, '@') => {
            (Some(defaults.stream()), rest.iter().cloned().collect())
        }
        _ => (None, tokens),
    }
}

pub(super) fn expr(meta: &ParseNestedMeta<'_>, word: Symbol, example: &str) -> syn::Result<Expr> {
    // An expression may hold commas (`id::<A, B>()`), so it is parsed, not cut at the next one.
    words::equals(meta, word, example)?;
    meta.input.parse()
}

/// `denied` or `failure`.
fn none(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<Ident> {
    let value = words::value(meta, word, "none = denied")?;
    let known = ["denied", "failure"];
    let found = value.to_string();
    syn::parse2::<Ident>(value.clone())
        .ok()
        .filter(|ident| known.iter().any(|word| ident == word))
        .ok_or_else(|| {
            let suggestion = did_you_mean(&found, known);
            let message = format!("`{word}` is `denied` or `failure`{suggestion}");
            syn::Error::new_spanned(value, message)
        })
}
