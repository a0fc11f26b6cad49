//! `action_catalogue!()`: lists the annotated functions of a crate by reading its sources.

mod attributes;
mod expand;
mod names;
mod roots;
mod scan;
mod scope;
mod spelling;
#[cfg(test)]
mod tests;

use std::{env, path::PathBuf};

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{
    LitStr, Path, Token,
    parse::{ParseStream, Parser},
};

use self::scan::Scan;
pub(crate) use self::spelling::spelled;
use crate::{crate_path::CratePath, diag::Diag};

/// Where the sources lie if nothing is said.
const SOURCES: &str = "src";

/// The catalogue of the crate that is compiled, or all errors.
pub(crate) fn catalogue(input: TokenStream) -> TokenStream {
    let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    catalogue_of(package, input).unwrap_or_else(|errors| {
        // In a block, since several would not be an expression.
        let errors = errors.into_compile_error();
        quote!({ #errors })
    })
}

fn catalogue_of(package: Option<PathBuf>, input: TokenStream) -> syn::Result<TokenStream> {
    let Words { krate, folders } = words.parse2(input)?;
    let here = Span::call_site();
    let package = package.ok_or_else(|| {
        let message = "the sources are found through `CARGO_MANIFEST_DIR`, which is not set: build with cargo";
        syn::Error::new(here, message)
    })?;
    let mut diag = Diag::new();
    let mut scan = Scan::new(&package);
    for folder in folders {
        match roots::find(&package, &folder.value()) {
            Ok(roots) => roots.iter().for_each(|root| scan.root(root)),
            Err(message) => diag.error(&folder, message),
        }
    }
    for message in &scan.errors {
        diag.error_at(here, message);
    }
    diag.finish()?;
    Ok(expand::listed(&krate, scan))
}

struct Words {
    krate: CratePath,
    folders: Vec<LitStr>,
}

/// `crate = path` and folders, in any order.
fn words(input: ParseStream<'_>) -> syn::Result<Words> {
    let mut words = Words {
        krate: CratePath::default(),
        folders: Vec::new(),
    };
    while !input.is_empty() {
        if input.peek(Token![crate]) {
            input.parse::<Token![crate]>()?;
            input.parse::<Token![=]>()?;
            words.krate = CratePath::of(input.call(Path::parse_mod_style)?);
        } else {
            let folder: LitStr = input.parse().map_err(|error| {
                let message =
                    "expected a folder or a file of the crate in quotes, or `crate = path`";
                syn::Error::new(error.span(), message)
            })?;
            words.folders.push(folder);
        }
        if !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
    }
    if words.folders.is_empty() {
        words.folders.push(LitStr::new(SOURCES, Span::call_site()));
    }
    Ok(words)
}
