//! What becomes of a report: `ignore`, `truncate` and `sensitive`.

use proc_macro2::{Literal, TokenStream};
use quote::quote_spanned;

use crate::{audited::model::Field, words::at};

/// What a report of `audit_diff` is followed by.
pub(super) fn in_diff(field: &Field<'_>, report: TokenStream) -> TokenStream {
    let span = at(field.ty());
    let collector = quote_spanned!(span=> __audit::FieldDiff);
    let ignore = field
        .words
        .ignore
        .get()
        .map(|_| quote_spanned!(span=> #collector::ignore(__audit_fields, __audit_mark);));
    altered(field, &collector, report, ignore.as_ref())
}

/// What a report of `audit_snapshot` is followed by: there is nothing to ignore where everything is new.
pub(super) fn in_snapshot(field: &Field<'_>, report: TokenStream) -> TokenStream {
    let collector = quote_spanned!(at(field.ty())=> __audit::FieldSnapshot);
    altered(field, &collector, report, None)
}

fn altered(
    field: &Field<'_>,
    collector: &TokenStream,
    report: TokenStream,
    ignore: Option<&TokenStream>,
) -> TokenStream {
    let span = at(field.ty());
    let truncate = field.words.truncate.value().map(|most| {
        let most = Literal::u32_unsuffixed(*most);
        quote_spanned!(span=> #collector::truncate(__audit_fields, __audit_mark, #most);)
    });
    let sensitive = field
        .words
        .sensitive
        .get()
        .map(|_| quote_spanned!(span=> #collector::sensitive(__audit_fields, __audit_mark);));
    if ignore.is_none() && truncate.is_none() && sensitive.is_none() {
        return report;
    }
    quote_spanned! {span=>
        let __audit_mark = #collector::mark(__audit_fields);
        #report
        #ignore
        #truncate
        #sensitive
    }
}
