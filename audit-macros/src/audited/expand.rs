//! The model to code. Everything here is legal already.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{DeriveInput, Generics, Ident, WhereClause, parse_quote_spanned};

use super::model::{Capture, Field, Model};
use crate::{
    crate_path::CratePath,
    words::{at, ends, reference},
};

pub(super) fn implementation(model: &Model<'_>) -> TokenStream {
    let entity_type = &model.entity_type;
    let methods = quote_spanned! {Span::mixed_site()=>
        const ENTITY_TYPE: &'static str = #entity_type;
    };
    let methods = [
        methods,
        audit_id(model),
        audit_name(model),
        audit_diff(model),
        audit_snapshot(model),
    ];
    wrap(
        model.ident,
        model.generics,
        where_clause(model).as_ref(),
        &model.krate,
        &methods.into_iter().collect(),
    )
}

/// An implementation that says nothing, for an item with errors: the derive is then the only thing that fails.
pub(super) fn stub(input: &DeriveInput, krate: &CratePath) -> TokenStream {
    let methods = quote_spanned! {Span::mixed_site()=>
        const ENTITY_TYPE: &'static str = "";
        fn audit_id(&self) -> ::core::option::Option<__audit::EntityId> {
            ::core::option::Option::None
        }
        fn audit_name(&self) -> ::core::option::Option<__audit::__private::String> {
            ::core::option::Option::None
        }
        fn audit_diff(&self, _: &Self, _: &mut __audit::FieldDiff) {}
        fn audit_snapshot(&self, _: &mut __audit::FieldSnapshot) {}
    };
    let generics = &input.generics;
    wrap(
        &input.ident,
        generics,
        generics.where_clause.as_ref(),
        krate,
        &methods,
    )
}

fn wrap(
    ident: &Ident,
    generics: &Generics,
    where_clause: Option<&WhereClause>,
    krate: &CratePath,
    methods: &TokenStream,
) -> TokenStream {
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    quote_spanned! {Span::mixed_site()=>
        const _: () = {
            use #krate as __audit;
            #[automatically_derived]
            // A field may be of a deprecated type; its declaration has said so.
            #[allow(deprecated)]
            impl #impl_generics __audit::Audited for #ident #ty_generics #where_clause {
                #methods
            }
        };
    }
}

/// What is written, plus a bound for each field whose type depends on a type parameter.
fn where_clause(model: &Model<'_>) -> Option<WhereClause> {
    let mut generics = model.generics.clone();
    for field in model
        .visible_fields()
        .filter(|field| field.is_generic(model.generics))
    {
        let ty = field.ty();
        let bounds = bounds(field);
        generics
            .make_where_clause()
            .predicates
            .push(parse_quote_spanned!(at(ty)=> #ty: #bounds));
    }
    generics.where_clause
}

fn bounds(field: &Field<'_>) -> TokenStream {
    let mut bounds = quote!(::core::cmp::PartialEq);
    if field.capture() == Capture::Tracked {
        bounds.extend(quote!(+ __audit::Recordable));
    }
    if field.words.id.get().is_some() {
        bounds.extend(quote!(+ __audit::ToEntityId));
    }
    if field.words.name.get().is_some() {
        bounds.extend(quote!(+ ::core::fmt::Display));
    }
    bounds
}

fn audit_id(model: &Model<'_>) -> TokenStream {
    let value = option(model.id_field(), |field| {
        let id = read(field, "self");
        quote_spanned!(at(field.ty())=> __audit::__private::entity_id(#id))
    });
    quote_spanned! {Span::mixed_site()=>
        fn audit_id(&self) -> ::core::option::Option<__audit::EntityId> {
            #value
        }
    }
}

fn audit_name(model: &Model<'_>) -> TokenStream {
    let value = option(model.name_field(), |field| {
        let name = read(field, "self");
        quote_spanned!(at(field.ty())=> __audit::__private::display_name(#name))
    });
    quote_spanned! {Span::mixed_site()=>
        fn audit_name(&self) -> ::core::option::Option<__audit::__private::String> {
            #value
        }
    }
}

fn option(field: Option<&Field<'_>>, value: impl FnOnce(&Field<'_>) -> TokenStream) -> TokenStream {
    field.map_or_else(
        || quote!(::core::option::Option::None),
        |field| {
            let value = value(field);
            quote!(::core::option::Option::Some(#value))
        },
    )
}

fn audit_diff(model: &Model<'_>) -> TokenStream {
    let calls: TokenStream = model
        .visible_fields()
        .map(|field| {
            let (name, ty, span) = (&field.name, field.ty(), at(field.ty()));
            let before = read(field, "self");
            let after = read(field, "__audit_after");
            let report = match field.capture() {
                Capture::Redacted => quote_spanned!(span=> changed_secret(__audit_fields, #name)),
                Capture::Excluded | Capture::Tracked => {
                    quote_spanned!(span=> changed(__audit_fields, #name, #before, #after))
                }
            };
            quote_spanned! {span=>
                if <#ty as ::core::cmp::PartialEq>::ne(#before, #after) {
                    __audit::FieldDiff::#report;
                }
            }
        })
        .collect();
    let (after, fields) = parameters(&calls);
    quote_spanned! {Span::mixed_site()=>
        fn audit_diff(&self, #after: &Self, #fields: &mut __audit::FieldDiff) {
            #calls
        }
    }
}

fn audit_snapshot(model: &Model<'_>) -> TokenStream {
    let calls: TokenStream = model
        .visible_fields()
        .map(|field| {
            let (name, span) = (&field.name, at(field.ty()));
            let report = match field.capture() {
                Capture::Redacted => quote_spanned!(span=> redact(__audit_fields, #name)),
                Capture::Excluded | Capture::Tracked => {
                    let value = read(field, "self");
                    quote_spanned!(span=> field(__audit_fields, #name, #value))
                }
            };
            quote_spanned!(span=> __audit::FieldSnapshot::#report;)
        })
        .collect();
    let (_, fields) = parameters(&calls);
    quote_spanned! {Span::mixed_site()=>
        fn audit_snapshot(&self, #fields: &mut __audit::FieldSnapshot) {
            #calls
        }
    }
}

/// The parameters' names; `_` when no field is visible, for they would be unused.
fn parameters(calls: &TokenStream) -> (TokenStream, TokenStream) {
    let span = Span::mixed_site();
    if calls.is_empty() {
        return (quote_spanned!(span=> _), quote_spanned!(span=> _));
    }
    (
        quote_spanned!(span=> __audit_after),
        quote_spanned!(span=> __audit_fields),
    )
}

/// `&(record.field)`. The field keeps its own place and edition, in which it may be called what is a keyword in ours.
fn read(field: &Field<'_>, record: &str) -> TokenStream {
    let (first, _) = ends(field.ty());
    let record = Ident::new(record, first);
    let ident = field.ident;
    reference(field.ty(), quote_spanned!(first=> #record.#ident))
}
