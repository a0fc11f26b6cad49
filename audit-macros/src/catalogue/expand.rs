//! The catalogue to code.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::{
    names::tell_apart,
    scan::{Listed, Scan},
};
use crate::{action::Row, crate_path::CratePath};

pub(super) fn listed(krate: &CratePath, scan: Scan) -> TokenStream {
    let Scan {
        mut found,
        mut files,
        ..
    } = scan;
    tell_apart(&mut found);
    found.sort();
    // A module of a library and of a program beside it is listed once.
    found.dedup();
    files.sort();
    files.dedup();
    let rows = found.iter().map(|listed| row(krate, listed));
    let files = files.iter().map(|file| file.to_string_lossy().into_owned());
    quote_spanned! {Span::mixed_site()=> {
        // So that the crate is built again when one of them changes.
        const _: &[&[::core::primitive::u8]] = &[#(::core::include_bytes!(#files)),*];
        #krate::testing::ActionCatalogue::new(&[#(#rows),*])
    }}
}

fn row(krate: &CratePath, listed: &Listed) -> TokenStream {
    let Listed {
        row,
        path,
        conditions,
        ..
    } = listed;
    let path = path.to_string();
    let Row {
        action,
        entity_type,
        entity,
        metadata,
        severity,
        words,
        ..
    } = row;
    let none = || quote!(::core::option::Option::None);
    let some = |entity_type: &String| quote!(::core::option::Option::Some(#entity_type));
    let entity_type = entity_type.as_ref().map_or_else(none, some);
    quote! {
        #krate::testing::ListedAction {
            action: #action,
            entity_type: #entity_type,
            function: #path,
            severity: #severity,
            entity: &[#(#entity),*],
            metadata: &[#(#metadata),*],
            words: &[#(#words),*],
            cfg: &[#(#conditions),*],
        }
    }
}
