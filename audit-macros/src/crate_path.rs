//! The path under which generated code finds audit-core.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{LitStr, Path, meta::ParseNestedMeta, parse::Parser};

use crate::{symbol::Symbol, words};

/// `::audit_core`, or what `crate = path` says: for those who re-export audit-core through a crate of their own.
#[derive(Clone, Default)]
pub(crate) struct CratePath(Option<Path>);

impl CratePath {
    pub(crate) fn of(path: Path) -> Self {
        Self(Some(path))
    }

    /// Reads the value of `crate = path` or, as serde spells it, `crate = "path"`.
    pub(crate) fn parse(meta: &ParseNestedMeta<'_>, word: Symbol) -> syn::Result<Self> {
        let value = words::value(meta, word, "crate = my_facade::audit")?;
        let path = match syn::parse2::<LitStr>(value.clone()) {
            Ok(text) => text.parse_with(Path::parse_mod_style),
            Err(_) => Path::parse_mod_style.parse2(value.clone()),
        };
        path.map(|path| Self(Some(path))).map_err(|_| {
            syn::Error::new_spanned(
                value,
                format!("`{word}` takes a path: `crate = my_facade::audit`"),
            )
        })
    }
}

impl ToTokens for CratePath {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match &self.0 {
            Some(path) => path.to_tokens(tokens),
            None => tokens.extend(quote!(::audit_core)),
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::meta;

    use super::*;
    use crate::symbol::CRATE;

    fn read(words: TokenStream) -> Result<String, String> {
        let mut path = CratePath::default();
        let parser = meta::parser(|meta| {
            path = CratePath::parse(&meta, CRATE)?;
            Ok(())
        });
        parser.parse2(words).map_err(|error| error.to_string())?;
        Ok(path.to_token_stream().to_string().replace(' ', ""))
    }

    #[test]
    fn both_spellings_and_the_default() {
        assert_eq!(read(quote!()).unwrap(), "::audit_core");
        assert_eq!(read(quote!(crate = a::b)).unwrap(), "a::b");
        assert_eq!(read(quote!(crate = "::a::b")).unwrap(), "::a::b");
        assert_eq!(read(quote!(crate = crate::audit)).unwrap(), "crate::audit");
    }

    #[test]
    fn anything_else_is_an_error() {
        let expected = "`crate` takes a path: `crate = my_facade::audit`";
        assert_eq!(read(quote!(crate = 5)).unwrap_err(), expected);
        assert_eq!(read(quote!(crate = "a b")).unwrap_err(), expected);
        assert_eq!(read(quote!(crate = "")).unwrap_err(), expected);
        assert_eq!(
            read(quote!(crate)).unwrap_err(),
            "`crate` needs a value: `crate = my_facade::audit`"
        );
    }
}
