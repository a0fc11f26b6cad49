//! `audit_snapshot`: a record with all its values.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;

use super::{
    alter,
    read::{Source, given_by, pattern, read},
};
use crate::{
    audited::model::{Capture, Field, Model, Shape, Variant},
    words::at,
};

pub(super) fn method(model: &Model<'_>) -> TokenStream {
    let span = Span::mixed_site();
    let body = match &model.shape {
        Shape::Struct(fields) => reports(fields, Source::Record("self")),
        Shape::Enum(variants) => of_variants(variants),
    };
    // It would be unused.
    let fields = if body.is_empty() {
        quote_spanned!(span=> _)
    } else {
        quote_spanned!(span=> __audit_fields)
    };
    quote_spanned! {span=>
        #[inline]
        fn audit_snapshot(&self, #fields: &mut __audit::FieldSnapshot) {
            #body
        }
    }
}

fn of_variants(variants: &[Variant<'_>]) -> TokenStream {
    let span = Span::mixed_site();
    if variants.is_empty() {
        return TokenStream::new();
    }
    let arms = variants.iter().map(|variant| {
        let pattern = pattern(variant, "value", is_read);
        let name = &variant.name;
        let reports = reports(&variant.fields, Source::Bound("value"));
        let fields = if reports.is_empty() {
            quote_spanned!(span=> _)
        } else {
            quote_spanned!(span=> __audit_fields)
        };
        quote_spanned! {span=>
            #pattern => __audit::FieldSnapshot::variant(__audit_fields, #name, |#fields| { #reports }),
        }
    });
    quote_spanned! {span=>
        match self {
            #(#arms)*
        }
    }
}

/// Whether the value is looked at, not just mentioned.
fn is_read(field: &Field<'_>) -> bool {
    !matches!(field.capture(), Capture::Excluded | Capture::Redacted)
}

fn reports(fields: &[Field<'_>], source: Source) -> TokenStream {
    fields
        .iter()
        .filter(|field| field.is_visible())
        .map(|field| alter::in_snapshot(field, report(field, &read(field, source))))
        .collect()
}

fn report(field: &Field<'_>, value: &TokenStream) -> TokenStream {
    let (name, span) = (&field.name, at(field.ty()));
    let call = match field.capture() {
        Capture::Excluded => return TokenStream::new(),
        Capture::Keyed(_) => {
            return quote_spanned! {span=>
                audit_runtime::keyed_snapshot!(__audit_fields, #name, #value);
            };
        }
        Capture::Tracked => quote_spanned!(span=> field(__audit_fields, #name, #value)),
        Capture::With(function) => {
            let value = given_by(function, value);
            quote_spanned!(span=> field(__audit_fields, #name, #value))
        }
        Capture::Redacted => quote_spanned!(span=> redact(__audit_fields, #name)),
        Capture::Masked(function) => {
            let value = given_by(function, value);
            quote_spanned!(span=> masked(__audit_fields, #name, #value))
        }
        Capture::Hashed => quote_spanned!(span=> digest(__audit_fields, #name, #value)),
        Capture::Nested => quote_spanned!(span=> nested(__audit_fields, #name, #value)),
        Capture::Set => quote_spanned!(span=> set(__audit_fields, #name, #value)),
    };
    quote_spanned!(span=> __audit::FieldSnapshot::#call;)
}
