//! How generated code gets at values, so that rustc underlines what the user wrote where one does not fit.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{ExprPath, Fields, Ident, Member};

use crate::{
    audited::model::{Field, Variant},
    words::{ends, reference},
};

/// Where the values of fields are found.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// In a variable that holds the struct: `self.title`.
    Record(&'static str),
    /// In variables that the pattern of a variant has bound: `__before_title`.
    Bound(&'static str),
}

/// `&(self.title)` or `&*__before_title`, underlined at the type of the field.
pub(super) fn read(field: &Field<'_>, source: Source) -> TokenStream {
    let (first, last) = ends(field.ty());
    match source {
        Source::Record(record) => {
            let record = Ident::new(record, first);
            // A named field keeps its own place and edition, in which it may be called what is a keyword in ours.
            let mut member = field.member.clone();
            if let Member::Unnamed(index) = &mut member {
                index.span = first;
            }
            reference(field.ty(), quote_spanned!(first=> #record.#member))
        }
        Source::Bound(prefix) => {
            let value = binding(field, prefix, last);
            quote_spanned!(first=> &*#value)
        }
    }
}

/// The pattern of a variant that binds those of its fields that are `bound`.
pub(super) fn pattern<'a>(
    variant: &Variant<'a>,
    prefix: &str,
    bound: impl Fn(&Field<'a>) -> bool,
) -> TokenStream {
    let ident = &variant.original.ident;
    let name = |field| binding(field, prefix, Span::mixed_site());
    let all = variant.fields.iter();
    let bound_fields: Vec<_> = all.clone().filter(|field| bound(field)).collect();
    match &variant.original.fields {
        Fields::Unit => quote!(Self::#ident),
        _ if bound_fields.is_empty() => quote!(Self::#ident { .. }),
        Fields::Unnamed(_) => {
            let places = all.map(|field| {
                if bound(field) {
                    let name = name(field);
                    quote!(#name)
                } else {
                    quote!(_)
                }
            });
            quote!(Self::#ident(#(#places),*))
        }
        Fields::Named(_) => {
            let members = bound_fields.iter().map(|field| &field.member);
            let names = bound_fields.iter().copied().map(name);
            let rest = (bound_fields.len() < variant.fields.len()).then(|| quote!(..));
            quote!(Self::#ident { #(#members: #names,)* #rest })
        }
    }
}

fn binding(field: &Field<'_>, prefix: &str, span: Span) -> Ident {
    format_ident!("__{prefix}_{}", field.written(), span = span)
}

/// `&function(value)`, underlined at the function where what it gives does not fit.
pub(super) fn given_by(function: &ExprPath, value: &TokenStream) -> TokenStream {
    let (first, _) = ends(function);
    let call = call(function, value);
    quote_spanned!(first=> &#call)
}

/// `function(values)`
pub(super) fn call(function: &ExprPath, values: &TokenStream) -> TokenStream {
    let (_, last) = ends(function);
    let mut values = Group::new(Delimiter::Parenthesis, values.clone());
    values.set_span(last);
    quote!(#function #values)
}
