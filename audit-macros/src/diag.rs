//! The collector of everything that is wrong with one item.

use std::{fmt::Display, thread};

use proc_macro2::Span;
use quote::ToTokens;

/// Collects errors, so that one build shows all of them.
///
/// It must be consumed by [`Diag::finish`]: an error that is collected and then forgotten would make wrong input pass.
#[must_use]
pub(crate) struct Diag {
    /// `None` once finished.
    errors: Option<Vec<syn::Error>>,
}

impl Diag {
    pub(crate) fn new() -> Self {
        Self {
            errors: Some(Vec::new()),
        }
    }

    /// Reports `message` under the whole of `tokens`.
    pub(crate) fn error(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.add(syn::Error::new_spanned(tokens.into_token_stream(), message));
    }

    /// Reports `message` at a place that has no tokens of its own, such as the attribute itself.
    pub(crate) fn error_at(&mut self, span: Span, message: impl Display) {
        self.add(syn::Error::new(span, message));
    }

    pub(crate) fn add(&mut self, error: syn::Error) {
        if let Some(errors) = &mut self.errors {
            errors.push(error);
        }
    }

    /// Ends the collection: nothing, or all errors as one.
    pub(crate) fn finish(mut self) -> syn::Result<()> {
        let errors = self.errors.take().unwrap_or_default();
        let all = errors.into_iter().reduce(|mut all, error| {
            all.combine(error);
            all
        });
        all.map_or(Ok(()), Err)
    }
}

impl Drop for Diag {
    fn drop(&mut self) {
        assert!(
            self.errors.is_none() || thread::panicking(),
            "errors were collected but never reported"
        );
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn nothing_collected_is_fine() {
        assert!(Diag::new().finish().is_ok());
    }

    #[test]
    fn all_errors_are_kept_in_order() {
        let mut diag = Diag::new();
        diag.error(quote!(a), "first");
        diag.error_at(Span::call_site(), "second");
        let error = diag.finish().unwrap_err();
        let messages: Vec<_> = error.into_iter().map(|e| e.to_string()).collect();
        assert_eq!(messages, ["first", "second"]);
    }

    #[test]
    #[should_panic(expected = "never reported")]
    fn forgetting_it_panics() {
        drop(Diag::new());
    }
}
