//! What a record is called: its id, its name and its tenant.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};

use super::read::{Source, pattern, read};
use crate::{
    audited::model::{Field, Model, Role, Shape, Variant},
    words::at,
};

/// `audit_id` and `audit_name`; `audit_tenant` only where a field holds one.
pub(super) fn methods(model: &Model<'_>) -> TokenStream {
    Role::ALL
        .into_iter()
        .filter(|role| *role != Role::Tenant || model.fields().any(|field| field.has(*role)))
        .map(|role| method(model, role))
        .collect()
}

fn method(model: &Model<'_>, role: Role) -> TokenStream {
    let span = Span::mixed_site();
    let signature = match role {
        Role::Id => quote_spanned! {span=>
            #[inline]
            fn audit_id(&self) -> ::core::option::Option<__audit::EntityId>
        },
        Role::Name => quote_spanned! {span=>
            #[inline]
            fn audit_name(&self) -> ::core::option::Option<__audit::__private::String>
        },
        Role::Tenant => quote_spanned! {span=>
            #[inline]
            fn audit_tenant(&self) -> ::core::option::Option<__audit::Tenant>
        },
    };
    let value = match &model.shape {
        Shape::Struct(fields) => option(role, holder(fields, role), Source::Record("self")),
        Shape::Enum(variants) => of_variants(variants, role),
    };
    quote_spanned!(span=> #signature { #value })
}

/// Each variant says for itself.
fn of_variants(variants: &[Variant<'_>], role: Role) -> TokenStream {
    let arms: Vec<_> = variants
        .iter()
        .filter_map(|variant| {
            let holder = holder(&variant.fields, role)?;
            let pattern = pattern(variant, "value", |field| field.member == holder.member);
            let value = option(role, Some(holder), Source::Bound("value"));
            Some(quote!(#pattern => #value,))
        })
        .collect();
    let none = option(role, None, Source::Bound("value"));
    if arms.is_empty() {
        return none;
    }
    let rest = (arms.len() < variants.len()).then(|| quote!(_ => #none,));
    quote_spanned! {Span::mixed_site()=>
        match self {
            #(#arms)*
            #rest
        }
    }
}

fn holder<'m, 'a>(fields: &'m [Field<'a>], role: Role) -> Option<&'m Field<'a>> {
    fields.iter().find(|field| field.has(role))
}

fn option(role: Role, field: Option<&Field<'_>>, source: Source) -> TokenStream {
    let Some(field) = field else {
        return quote!(::core::option::Option::None);
    };
    let value = read(field, source);
    let function = match role {
        Role::Id => quote!(entity_id),
        Role::Name => quote!(display_name),
        Role::Tenant => quote!(tenant),
    };
    let value = quote_spanned!(at(field.ty())=> __audit::__private::#function(#value));
    quote!(::core::option::Option::Some(#value))
}
