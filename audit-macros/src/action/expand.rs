//! The model to code. Everything here is legal already.

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::{
    model::{Model, Shape},
    parse::Words,
    returns,
    tail::AsyncTail,
};
use crate::{
    crate_path::CratePath,
    words::{at, reference},
};

pub(super) fn wrapped(model: &Model<'_>) -> TokenStream {
    let function = model.function;
    let body = match &model.shape {
        Shape::Async => async_call(
            model,
            &quote_spanned!(Span::mixed_site()=> async move),
            &function.body,
            &output(model),
        ),
        Shape::AsyncTail(tail) => async_tail(model, tail),
        Shape::Future | Shape::Sync => sync_call(model),
    };
    let inner_attributes = &function.inner_attributes;
    let mut block = Group::new(Delimiter::Brace, quote!(#inner_attributes #body));
    block.set_span(at(&function.body));
    let header = &function.header;
    quote!(#header #block)
}

fn sync_call(model: &Model<'_>) -> TokenStream {
    let krate = model.words.crate_path();
    let start = start(model.words, &krate);
    let outcome = outcome(&krate);
    let body = &model.function.body;
    let output = output(model);
    // Placed at the return type, where rustc says what `?` needs.
    let span = at(&model.function.signature.output);
    let moves = model.moves().then(|| quote_spanned!(span=> move));
    let closure = quote_spanned!(span=> #moves || -> #output #body);
    let call = quote_spanned! {Span::mixed_site()=>
        __audit_action.call(#closure, #outcome)
    };
    let call = never(model, call);
    quote!(#start #call)
}

/// `block` is the body, `keywords` what makes it `async`.
fn async_call(
    model: &Model<'_>,
    keywords: &TokenStream,
    block: &Group,
    output: &TokenStream,
) -> TokenStream {
    let krate = model.words.crate_path();
    let start = start(model.words, &krate);
    let outcome = outcome(&krate);
    let body = with_hint(block, output);
    let call = quote_spanned! {Span::mixed_site()=>
        __audit_action.call_async(#keywords #body, #outcome).await
    };
    let call = never(model, call);
    quote!(#start #call)
}

fn async_tail(model: &Model<'_>, tail: &AsyncTail) -> TokenStream {
    let AsyncTail {
        before,
        pin,
        keywords,
        block,
    } = tail;
    let output = returns::future_output(&model.function.signature.output);
    let call = async_call(model, keywords, block, &output);
    let future = quote_spanned!(at(block)=> #keywords { #call });
    let future = match pin {
        None => future,
        Some((path, parentheses)) => {
            let mut argument = Group::new(Delimiter::Parenthesis, future);
            argument.set_span(parentheses.span());
            quote!(#path #argument)
        }
    };
    quote!(#before #future)
}

/// Opens the action. Its values are taken now, one statement each: the body may consume what they are taken from, and a
/// guard that an expression holds must not live on while the body runs.
fn start(words: &Words, krate: &CratePath) -> TokenStream {
    let span = Span::mixed_site();
    let action = words.action.value();
    let entity_type = words.entity_type.value().map_or_else(
        || quote_spanned!(span=> ::core::option::Option::None),
        |text| quote_spanned!(span=> ::core::option::Option::Some(#text)),
    );
    let mut tokens = quote_spanned! {span=>
        let __audit_action = #krate::__private::ActionCall::start(#action, #entity_type);
    };
    if let Some(id) = words.entity_id.value() {
        let value = reference(id, id.to_token_stream());
        tokens.extend(quote_spanned! {at(id)=>
            let __audit_action = __audit_action.entity_id(#value);
        });
    }
    if let Some(name) = words.entity_name.value() {
        let value = reference(name, name.to_token_stream());
        tokens.extend(quote_spanned! {at(name)=>
            let __audit_action = __audit_action.entity_name(#value);
        });
    }
    for entry in words.metadata() {
        let (key, written) = (&entry.key, entry.value.to_token_stream());
        let value = reference(&written, written.clone());
        tokens.extend(quote_spanned! {at(&written)=>
            let __audit_action = __audit_action.metadata(#key, #value);
        });
    }
    tokens
}

/// Asks the value itself how the call ended. What it can say depends on its type and is found by autoref: one `&` for each of
/// the four traits in `outcome`, so that the most telling one is tried first.
fn outcome(krate: &CratePath) -> TokenStream {
    quote_spanned! {Span::mixed_site()=>
        |__audit_out| {
            use #krate::__private::outcome::*;
            (&&&&#krate::__private::outcome::Probe::new(__audit_out)).__audit_outcome()
        }
    }
}

/// The return type inside the body. A function that never returns has none that can be written, so the empty type stands in.
fn output(model: &Model<'_>) -> TokenStream {
    let output = &model.function.signature.output;
    if returns::is_never(output) {
        return quote_spanned!(Span::mixed_site()=> ::core::convert::Infallible);
    }
    returns::erased(output)
}

fn never(model: &Model<'_>, call: TokenStream) -> TokenStream {
    if returns::is_never(&model.function.signature.output) {
        return quote_spanned!(Span::mixed_site()=> match #call {});
    }
    call
}

/// An `async` block cannot say its type, but a `return` that never runs can: without it `?` and `into` in the body could not be
/// inferred, and a wrong type would be reported outside the body.
fn with_hint(block: &Group, output: &TokenStream) -> Group {
    if output.to_string() == "_" {
        return block.clone();
    }
    let mut body = quote_spanned! {at(output)=>
        if let ::core::option::Option::Some(__audit_out) = ::core::option::Option::None::<#output> {
            return __audit_out;
        }
    };
    body.extend(block.stream());
    let mut group = Group::new(Delimiter::Brace, body);
    group.set_span(block.span());
    group
}
