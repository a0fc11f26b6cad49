//! What functions and what is around them are called in a catalogue.

use std::{collections::HashMap, fmt};

use proc_macro2::TokenStream;
use quote::quote;
use syn::{GenericArgument, ItemImpl, Path, PathArguments, Type, ext::IdentExt};

use super::{scan::Listed, spelled};

/// A name, and the same with all that tells it from others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    /// `Desk`, `<Desk as Close>`.
    short: String,
    /// `shop::Desk<u8>`, `<shop::Desk<u8> as Close<u16>>`.
    long: String,
}

impl Name {
    /// What an `impl` block is for.
    pub(super) fn of_block(header: &TokenStream) -> Self {
        let Ok(block) = syn::parse2::<ItemImpl>(quote!(#header {})) else {
            return "impl".to_owned().into();
        };
        let of_type = Self::of_type(&block.self_ty);
        let Some((of_trait, _)) = &block.trait_ else {
            return of_type;
        };
        let of_trait = Self::of_path(of_trait);
        Self {
            short: format!("<{} as {}>", of_type.short, of_trait.short),
            long: format!("<{} as {}>", of_type.long, of_trait.long),
        }
    }

    /// Names from the root on.
    pub(super) fn joined(path: &[Self]) -> Self {
        let joined = |part: fn(&Self) -> &str| {
            let parts: Vec<&str> = path.iter().map(part).collect();
            parts.join("::")
        };
        Self {
            short: joined(|name| &name.short),
            long: joined(|name| &name.long),
        }
    }

    fn of_type(of: &Type) -> Self {
        match of {
            Type::Path(path) if path.qself.is_none() => Self::of_path(&path.path),
            Type::Reference(reference) => {
                let name = Self::of_type(&reference.elem);
                let lifetime = reference.lifetime.as_ref();
                let lifetime = lifetime.map_or_else(String::new, |of| format!("{of} "));
                let mutable = reference.mutability.map_or("", |_| "mut ");
                Self {
                    short: format!("&{}", name.short),
                    long: format!("&{lifetime}{mutable}{}", name.long),
                }
            }
            Type::Tuple(of) => {
                let parts: Vec<String> = of.elems.iter().map(|of| Self::of_type(of).long).collect();
                format!("({})", parts.join(", ")).into()
            }
            other => spelled(quote!(#other)).into(),
        }
    }

    fn of_path(path: &Path) -> Self {
        let segments = path.segments.iter().map(|segment| {
            let name = segment.ident.unraw();
            match &segment.arguments {
                PathArguments::None => name.to_string(),
                PathArguments::AngleBracketed(of) => {
                    let arguments: Vec<String> = of.args.iter().map(argument).collect();
                    format!("{name}<{}>", arguments.join(", "))
                }
                other @ PathArguments::Parenthesized(_) => {
                    format!("{name}{}", spelled(quote!(#other)))
                }
            }
        });
        let long: Vec<String> = segments.collect();
        let last = path.segments.last();
        let short = last.map(|last| last.ident.unraw().to_string());
        Self {
            short: short.unwrap_or_default(),
            long: long.join("::"),
        }
    }
}

fn argument(of: &GenericArgument) -> String {
    match of {
        GenericArgument::Type(of) => Name::of_type(of).long,
        other => spelled(quote!(#other)),
    }
}

/// Gives their long names to those that the short ones do not tell apart.
pub(super) fn tell_apart(found: &mut [Listed]) {
    let mut meant: HashMap<String, Vec<String>> = HashMap::new();
    for Name { short, long } in found.iter().map(|listed| &listed.path) {
        let meant = meant.entry(short.clone()).or_default();
        if !meant.contains(long) {
            meant.push(long.clone());
        }
    }
    for Name { short, long } in found.iter_mut().map(|listed| &mut listed.path) {
        if meant.get(short).is_some_and(|meant| meant.len() > 1) {
            short.clone_from(long);
        }
    }
}

impl From<String> for Name {
    fn from(name: String) -> Self {
        Self {
            short: name.clone(),
            long: name,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short)
    }
}
