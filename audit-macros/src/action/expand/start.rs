//! What happens before the body.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::say;
use crate::{
    action::{
        check::is_set,
        model::Model,
        parse::{Metadata, Severity},
        returns,
    },
    crate_path::CratePath,
    words::{at, ends, reference},
};

/// Opens the action. Its values are taken now, one statement each: the body may consume what they are taken from, and a
/// guard that an expression holds must not live on while the body runs.
pub(super) fn start(
    model: &Model<'_>,
    krate: &CratePath,
    suffix: Option<&TokenStream>,
) -> TokenStream {
    let span = Span::mixed_site();
    let words = model.words;
    let names = model.names.as_ref();
    let action = names.map(|names| &names.action);
    let entity_type = names
        .and_then(|names| names.entity_type.as_ref())
        .map_or_else(
            || quote_spanned!(span=> ::core::option::Option::None),
            |text| quote_spanned!(span=> ::core::option::Option::Some(#text)),
        );
    let start = match words.auditor.value() {
        None => quote_spanned!(span=> __AUDIT_ACTION.start()),
        Some(auditor) => {
            let value = reference(auditor, auditor.to_token_stream());
            quote_spanned!(at(auditor)=> __AUDIT_ACTION.start_through(#value))
        }
    };
    let skip = words.skip_if.value().map(|skip| {
        quote_spanned! {at(skip)=>
            if __audit_call.is_on() && (#skip) {
                __audit_call.skip();
            }
        }
    });
    let said = said(model, krate);
    let said = (!said.is_empty()).then(|| {
        quote_spanned! {span=>
            if __audit_call.is_on() {
                #said
            }
        }
    });
    let before = words.before.value().map(|before| {
        let taken = reference(before, quote_spanned!(at(before)=> __audit_before));
        quote_spanned! {at(before)=>
            let __audit_before = if __audit_call.is_on() {
                let __audit_before = #before;
                __audit_call.before(#taken);
                ::core::option::Option::Some(__audit_before)
            } else {
                ::core::option::Option::None
            };
        }
    });
    let attempt = is_set(&words.attempt).then(|| open(model, krate, suffix));
    quote_spanned! {span=>
        static __AUDIT_ACTION: #krate::__private::Action =
            #krate::__private::Action::new(#action, #entity_type);
        let __audit_call = &mut #start;
        #skip
        #said
        #before
        #attempt
    }
}

fn said(model: &Model<'_>, krate: &CratePath) -> TokenStream {
    let words = model.words;
    let mut tokens = TokenStream::new();
    if is_set(&words.strict) {
        tokens.extend(quote_spanned!(Span::mixed_site()=> __audit_call.strict();));
    }
    for (word, slot) in [
        ("entity", &words.entity),
        ("entity_id", &words.entity_id),
        ("entity_name", &words.entity_name),
        // After the entity: what is said of the tenant goes before what the entity says.
        ("tenant", &words.tenant),
        ("reason", &words.reason),
    ] {
        tokens.extend(slot.value().map(|value| say(word, value)));
    }
    tokens.extend(words.severity.value().map(|severity| match severity {
        Severity::Known(name) => quote_spanned! {Span::mixed_site()=>
            __audit_call.severity(#krate::__private::Severity::#name);
        },
        Severity::Expr(expr) => quote_spanned!(at(expr)=> __audit_call.severity(#expr);),
    }));
    tokens.extend(words.metadata().iter().map(metadata));
    tokens
}

pub(super) fn metadata(entry: &Metadata) -> TokenStream {
    let (key, written) = (&entry.key, entry.value.to_token_stream());
    let value = reference(&written, written.clone());
    quote_spanned!(at(&written)=> __audit_call.metadata(#key, #value);)
}

/// Notes that the action starts.
fn open(model: &Model<'_>, krate: &CratePath, suffix: Option<&TokenStream>) -> TokenStream {
    let span = Span::mixed_site();
    let open = match suffix {
        None => quote_spanned!(span=> __audit_call.open()),
        Some(suffix) => quote_spanned!(span=> __audit_call.open_async()#suffix),
    };
    if !is_set(&model.words.strict) {
        // Best effort gives no error.
        return quote_spanned!(span=> ::core::mem::drop(#open););
    }
    // All of it stands at the return type, which has to be able to carry the error.
    let (place, end) = ends(&returns::written(&model.function.signature.output));
    let convert = quote!(#krate::StrictError::of)
        .into_iter()
        .map(|mut token| {
            token.set_span(place);
            token
        });
    let convert: TokenStream = convert.collect();
    let mut error = Group::new(Delimiter::Parenthesis, quote_spanned!(span=> __audit_error));
    error.set_span(end);
    quote_spanned! {span=>
        if let ::core::result::Result::Err(__audit_error) = #open {
            return ::core::result::Result::Err(#convert #error);
        }
    }
}
