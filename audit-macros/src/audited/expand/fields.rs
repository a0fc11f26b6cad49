//! `FIELDS`: what the type says about its fields, for who meets their values without the type.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use crate::audited::model::{Capture, Field, Model, Role};

/// Nothing where the type has no fields.
pub(super) fn constant(model: &Model<'_>) -> TokenStream {
    let span = Span::mixed_site();
    let mut fields: Vec<&Field<'_>> = Vec::new();
    // The only value of a variant has no name of its own.
    for field in model.fields().filter(|field| !field.name.is_empty()) {
        let is_same = |known: &&mut &Field<'_>| {
            known.name == field.name && known.written() == field.written()
        };
        match fields.iter_mut().find(is_same) {
            // Variants may say different things of one field: the strictest holds.
            Some(known) if strictness(field) > strictness(known) => *known = field,
            Some(_) => {}
            None => fields.push(field),
        }
    }
    if fields.is_empty() {
        return TokenStream::new();
    }
    let fields = fields.into_iter().map(field);
    quote_spanned! {span=>
        const FIELDS: &'static [__audit::AuditedField] = &[#(#fields),*];
    }
}

fn field(field: &Field<'_>) -> TokenStream {
    let span = Span::mixed_site();
    let (name, written) = (&field.name, field.written());
    let capture = match strictness(field) {
        Strictness::Told => quote_spanned!(span=> Told),
        Strictness::Inside => quote_spanned!(span=> Inside),
        Strictness::Hidden => quote_spanned!(span=> Hidden),
        Strictness::Excluded => quote_spanned!(span=> Excluded),
    };
    let written = (written != *name).then(|| quote_spanned!(span=> .written_as(#written)));
    let roles = Role::ALL
        .into_iter()
        .filter(|role| field.has(*role))
        .map(|role| match role {
            Role::Id => quote_spanned!(span=> .holding_id()),
            Role::Name => quote_spanned!(span=> .holding_name()),
            Role::Tenant => quote_spanned!(span=> .holding_tenant()),
        });
    quote_spanned! {span=>
        __audit::AuditedField::new(#name, __audit::FieldCapture::#capture) #written #(#roles)*
    }
}

/// How much of a field is kept back, in that order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strictness {
    Told,
    Inside,
    Hidden,
    Excluded,
}

fn strictness(field: &Field<'_>) -> Strictness {
    match field.capture() {
        Capture::Tracked | Capture::Set => Strictness::Told,
        // What a function gives may be less than what there is.
        Capture::Nested | Capture::Keyed(_) | Capture::With(_) => Strictness::Inside,
        Capture::Redacted | Capture::Masked(_) | Capture::Hashed => Strictness::Hidden,
        Capture::Excluded => Strictness::Excluded,
    }
}
