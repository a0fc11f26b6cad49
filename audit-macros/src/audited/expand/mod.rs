//! The model to code. Everything here is legal already.

mod alter;
mod bounds;
mod diff;
mod fields;
mod identity;
mod read;
mod snapshot;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::{DeriveInput, Generics, Ident, WhereClause};

use super::model::{Capture, Field, Model};
use crate::crate_path::CratePath;

/// All methods are `#[inline]`, as generic ones are by nature: a crate that does not call them pays for no code.
pub(super) fn implementation(model: &Model<'_>) -> TokenStream {
    let entity_type = &model.entity_type;
    let constant = quote_spanned! {Span::mixed_site()=>
        const ENTITY_TYPE: &'static str = #entity_type;
    };
    let methods = [
        constant,
        fields::constant(model),
        identity::methods(model),
        diff::method(model),
        snapshot::method(model),
    ];
    let is_keyed = |field: &Field<'_>| matches!(field.capture(), Capture::Keyed(_));
    // rustc names the macros for keyed lists where they go wrong, by the path that stands here.
    let runtime = model
        .fields()
        .any(is_keyed)
        .then(|| quote_spanned!(Span::mixed_site()=> use __audit::__private as audit_runtime;));
    wrap(
        model.ident,
        model.generics,
        bounds::where_clause(model).as_ref(),
        &model.krate,
        runtime.as_ref(),
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
        None,
        &methods,
    )
}

fn wrap(
    ident: &Ident,
    generics: &Generics,
    where_clause: Option<&WhereClause>,
    krate: &CratePath,
    runtime: Option<&TokenStream>,
    methods: &TokenStream,
) -> TokenStream {
    let (impl_generics, ty_generics, _) = generics.split_for_impl();
    quote_spanned! {Span::mixed_site()=>
        const _: () = {
            use #krate as __audit;
            #runtime
            #[automatically_derived]
            // A field may be of a deprecated type; its declaration has said so.
            #[allow(deprecated)]
            impl #impl_generics __audit::Audited for #ident #ty_generics #where_clause {
                #methods
            }
        };
    }
}
