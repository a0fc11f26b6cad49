//! `audit_diff`: what differs between two versions of a record.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::Ident;

use super::{
    alter,
    read::{Source, call, given_by, pattern, read},
};
use crate::{
    audited::model::{Capture, Field, Model, Shape, Variant},
    words::at,
};

pub(super) fn method(model: &Model<'_>) -> TokenStream {
    let span = Span::mixed_site();
    let body = match &model.shape {
        Shape::Struct(fields) => reports(
            fields,
            Source::Record("self"),
            Source::Record("__audit_after"),
        ),
        Shape::Enum(variants) => of_variants(variants),
    };
    let (after, fields) = if body.is_empty() {
        // They would be unused.
        (quote_spanned!(span=> _), quote_spanned!(span=> _))
    } else {
        (
            quote_spanned!(span=> __audit_after),
            quote_spanned!(span=> __audit_fields),
        )
    };
    quote_spanned! {span=>
        #[inline]
        fn audit_diff(&self, #after: &Self, #fields: &mut __audit::FieldDiff) {
            #body
        }
    }
}

/// The same variant on both sides is compared field by field, another variant is one change.
fn of_variants(variants: &[Variant<'_>]) -> TokenStream {
    let span = Span::mixed_site();
    let is_seen = |variant: &Variant<'_>| variant.fields.iter().any(Field::is_visible);
    if variants.len() < 2 && !variants.iter().any(is_seen) {
        return TokenStream::new();
    }
    let arms = variants.iter().filter(|variant| is_seen(variant)).map(|variant| {
        let before = pattern(variant, "before", Field::is_visible);
        let after = pattern(variant, "after", Field::is_visible);
        let name = &variant.name;
        let reports = reports(
            &variant.fields,
            Source::Bound("before"),
            Source::Bound("after"),
        );
        quote_spanned! {span=>
            (#before, #after) => {
                __audit::FieldDiff::variant(__audit_fields, #name, |__audit_fields| { #reports });
            }
        }
    });
    let equal: Vec<_> = variants
        .iter()
        .filter(|variant| !is_seen(variant))
        .map(|variant| pattern(variant, "", |_| false))
        .collect();
    let equal = (!equal.is_empty()).then(|| quote_spanned!(span=> #((#equal, #equal))|* => {}));
    let other = (variants.len() > 1).then(|| {
        quote_spanned!(span=> _ => __audit::__private::other_variant(__audit_fields, self, __audit_after),)
    });
    quote_spanned! {span=>
        match (self, __audit_after) {
            #(#arms)*
            #equal
            #other
        }
    }
}

fn reports(fields: &[Field<'_>], before: Source, after: Source) -> TokenStream {
    fields
        .iter()
        .filter(|field| field.is_visible())
        .map(|field| {
            let report = report(field, &read(field, before), &read(field, after));
            alter::in_diff(field, report)
        })
        .collect()
}

/// Compares one field, and reports it if it differs.
fn report(field: &Field<'_>, before: &TokenStream, after: &TokenStream) -> TokenStream {
    let (name, span) = (&field.name, at(field.ty()));
    let if_differs = |report: TokenStream| if_differs(field, before, after, &report);
    match field.capture() {
        Capture::Excluded => TokenStream::new(),
        Capture::Nested => quote_spanned! {span=>
            __audit::FieldDiff::nested(__audit_fields, #name, #before, #after);
        },
        Capture::Set => quote_spanned! {span=>
            __audit::FieldDiff::set(__audit_fields, #name, #before, #after);
        },
        Capture::Keyed(key) => {
            let (text, members) = (&key.text, &key.members);
            let item = Ident::new("item", key.span.resolved_at(Span::mixed_site()));
            quote_spanned! {span=>
                audit_runtime::keyed!(__audit_fields, #name, #text, #before, #after, |#item| &#item #(.#members)*);
            }
        }
        Capture::Tracked => {
            if_differs(quote_spanned!(span=> changed(__audit_fields, #name, #before, #after)))
        }
        Capture::With(function) => {
            let (before, after) = (given_by(function, before), given_by(function, after));
            if_differs(quote_spanned!(span=> changed(__audit_fields, #name, #before, #after)))
        }
        Capture::Redacted => {
            if_differs(quote_spanned!(span=> changed_secret(__audit_fields, #name)))
        }
        Capture::Masked(function) => {
            let (before, after) = (given_by(function, before), given_by(function, after));
            if_differs(
                quote_spanned!(span=> changed_masked(__audit_fields, #name, #before, #after)),
            )
        }
        Capture::Hashed => if_differs(
            quote_spanned!(span=> changed_digest(__audit_fields, #name, #before, #after)),
        ),
    }
}

/// `report`, if the values are not equal: by `==`, or as the field's own function says.
fn if_differs(
    field: &Field<'_>,
    before: &TokenStream,
    after: &TokenStream,
    report: &TokenStream,
) -> TokenStream {
    let (ty, span) = (field.ty(), at(field.ty()));
    let Some(function) = field.words.compare.value() else {
        return quote_spanned! {span=>
            if <#ty as ::core::cmp::PartialEq>::ne(#before, #after) {
                __audit::FieldDiff::#report;
            }
        };
    };
    let equal = call(function, &quote_spanned!(span=> #before, #after));
    // By its name and type: `!` would find fault with anything but a `bool` in words of its own.
    let equal = quote_spanned!(at(function)=> let __audit_equal: bool = #equal;);
    quote_spanned! {span=>
        #equal
        if !__audit_equal {
            __audit::FieldDiff::#report;
        }
    }
}
