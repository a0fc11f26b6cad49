//! `after = self` and `after = |returned| returned.record`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, meta::ParseNestedMeta};

use crate::symbol::Symbol;

/// What the record is after the action.
#[derive(Clone)]
pub(in super::super) enum After {
    /// Looked at whatever the outcome.
    Plain(Expr),
    /// Taken from what was returned: the pattern for it, and the value.
    Returned(TokenStream, Expr),
}

impl After {
    pub(super) fn parse(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<Self> {
        let expr = super::expr(meta, word, "after = |returned| returned")?;
        let Expr::Closure(closure) = expr else {
            return Ok(Self::Plain(expr));
        };
        let one = closure.inputs.first().filter(|_| closure.inputs.len() == 1);
        match one {
            Some(pattern) => Ok(Self::Returned(
                pattern.to_token_stream(),
                (*closure.body).clone(),
            )),
            None => Err(syn::Error::new_spanned(
                closure,
                format!(
                    "a closure for `{word}` takes the returned value: `{word} = |returned| returned`"
                ),
            )),
        }
    }

    pub(in super::super) fn expr(&self) -> &Expr {
        match self {
            Self::Plain(expr) | Self::Returned(_, expr) => expr,
        }
    }
}
