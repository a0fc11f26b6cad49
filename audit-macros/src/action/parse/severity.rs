//! `severity = "critical"` and `severity = how_bad`.

use proc_macro2::{Ident, Span};
use syn::{Expr, ExprLit, Lit, meta::ParseNestedMeta};

use crate::{
    suggest::{did_you_mean, list},
    symbol::Symbol,
};

/// What may stand in quotes, and what it is called in Rust.
const KNOWN: [(&str, &str); 4] = [
    ("info", "Info"),
    ("notice", "Notice"),
    ("warning", "Warning"),
    ("critical", "Critical"),
];

#[derive(Clone)]
pub(in super::super) enum Severity {
    /// A variant of `Severity`.
    Known(Ident),
    Expr(Box<Expr>),
}

impl Severity {
    pub(super) fn parse(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<Self> {
        let expr = super::expr(meta, word, r#"severity = "critical""#)?;
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &expr
        else {
            return Ok(Self::Expr(Box::new(expr)));
        };
        let found = text.value();
        let known = KNOWN.iter().find(|(name, _)| *name == found);
        let Some((_, variant)) = known else {
            let names = KNOWN.map(|(name, _)| name);
            let suggestion = did_you_mean(&found, names);
            let message = format!(
                "unknown severity `{found}`{suggestion} (allowed: {})",
                list(names)
            );
            return Err(syn::Error::new_spanned(text, message));
        };
        let span = text.span().resolved_at(Span::mixed_site());
        Ok(Self::Known(Ident::new(variant, span)))
    }

    pub(super) fn expr(&self) -> Option<&Expr> {
        match self {
            Self::Known(_) => None,
            Self::Expr(expr) => Some(expr),
        }
    }
}
