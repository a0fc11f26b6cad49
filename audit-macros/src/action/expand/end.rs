//! What happens after the body.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Expr;

use super::{say, start::metadata};
use crate::{
    action::{
        check::is_set,
        model::Model,
        parse::{After, OnResult},
        returns,
    },
    crate_path::CratePath,
    words::{at, ends, reference},
};

/// Reads the outcome off the value, takes what is to be taken from it, and records the entry.
pub(super) fn end(
    model: &Model<'_>,
    krate: &CratePath,
    suffix: Option<&TokenStream>,
) -> TokenStream {
    let span = Span::mixed_site();
    let words = model.words;
    let sources = is_set(&words.sources).then(|| quote_spanned!(span=> , sources));
    let none = words.none.get().map(|none| {
        let outcome = if none.value == "denied" {
            "Denied"
        } else {
            "Failure"
        };
        let outcome = Ident::new(outcome, span);
        let place = at(&none.value);
        let out = quote_spanned!(place=> &(__audit_out));
        quote_spanned! {span=>
            __audit_call.none_is(#krate::__private::Outcome::#outcome, #out);
        }
    });
    let result = words.result.value().map(|words| result(words, krate));
    let after = words.after.value().zip(words.before.value());
    let after = after.map(|(after, before)| changed(before, after, krate));
    let finish = finish(model, krate, suffix);
    quote_spanned! {span=>
        #krate::__private::outcome!(__audit_call, __audit_out #sources);
        #none
        #result
        #after
        #finish
    }
}

/// The value is there for the words only if the call was a success.
fn if_success(pattern: &TokenStream, krate: &CratePath, words: &TokenStream) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        if let ::core::option::Option::Some(__audit_value) =
            #krate::__private::success!(__audit_call, __audit_out)
        {
            let #pattern = __audit_value;
            #words
        }
    }
}

fn result(words: &OnResult, krate: &CratePath) -> TokenStream {
    let mut said = TokenStream::new();
    for (word, slot) in [
        ("entity", &words.entity),
        ("entity_id", &words.entity_id),
        ("entity_name", &words.entity_name),
        ("reason", &words.reason),
    ] {
        said.extend(slot.value().map(|value| say(word, value)));
    }
    said.extend(words.metadata().iter().map(metadata));
    if_success(&words.bound.pattern, krate, &said)
}

/// The value after is looked at first: it may be awaited, and a reference to the one before is not to be held meanwhile.
fn changed(before: &Expr, after: &After, krate: &CratePath) -> TokenStream {
    let value = after.expr();
    let before = reference(before, quote_spanned!(at(before)=> *__audit_before));
    let taken = reference(value, value.to_token_stream());
    let after_value = reference(value, quote_spanned!(at(value)=> *__audit_after));
    let changed = quote_spanned! {at(value)=>
        let __audit_after = #taken;
        if let ::core::option::Option::Some(__audit_before) = &__audit_before {
            __audit_call.changed(#before, #after_value);
        }
    };
    match after {
        After::Returned(pattern, _) => if_success(pattern, krate, &changed),
        After::Plain(_) => quote_spanned! {Span::mixed_site()=>
            if __audit_call.is_on() {
                #changed
            }
        },
    }
}

fn finish(model: &Model<'_>, krate: &CratePath, suffix: Option<&TokenStream>) -> TokenStream {
    let span = Span::mixed_site();
    if !is_set(&model.words.strict) {
        return match suffix {
            None => quote_spanned!(span=> __audit_call.finish();),
            Some(suffix) => quote_spanned!(span=> __audit_call.finish_async()#suffix;),
        };
    }
    let store = match suffix {
        None => quote_spanned!(span=> __audit_call.store()),
        Some(suffix) => quote_spanned!(span=> __audit_call.store_async()#suffix),
    };
    // Placed at the return type, which has to be able to carry the error.
    let (first, last) = ends(&returns::written(&model.function.signature.output));
    let out = quote_spanned!(last=> __audit_out);
    let out = quote_spanned!(first=> &mut #out);
    quote_spanned! {span=>
        if let ::core::result::Result::Err(__audit_error) = #store {
            #krate::__private::refuse(#out, __audit_error);
        }
    }
}
