//! The model to code. Everything here is legal already.

mod end;
mod start;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};

use super::{
    check::is_set,
    model::{Model, Shape},
    returns,
    tail::AsyncTail,
};
use crate::words::{at, reference};

pub(super) fn wrapped(model: &Model<'_>) -> TokenStream {
    let function = model.function;
    let body = match &model.shape {
        Shape::Async => {
            let moves = model
                .async_moves()
                .then(|| quote_spanned!(Span::mixed_site()=> move));
            let keywords = quote_spanned!(Span::mixed_site()=> async #moves);
            async_call(model, &keywords, &function.body, &output(model))
        }
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
    let body = &model.function.body;
    let output = output(model);
    // Placed at the return type, where rustc says what `?` needs.
    let span = at(&model.function.signature.output);
    let moves = model.borrows().then(|| quote_spanned!(span=> move));
    let closure = quote_spanned!(span=> #moves || -> #output #body);
    let call = quote_spanned!(Span::mixed_site()=> __audit_call.body(#closure));
    let context = model.words.context.value().map(|context| {
        let krate = model.words.crate_path();
        let value = reference(context, quote!(#context));
        quote_spanned!(at(context)=> let __audit_context = #krate::__private::enter(#value);)
    });
    let work = work(model, &call, None);
    quote!(#context #work)
}

/// `block` is the body, `keywords` what makes it `async`.
fn async_call(
    model: &Model<'_>,
    keywords: &TokenStream,
    block: &Group,
    output: &TokenStream,
) -> TokenStream {
    let body = with_hint(block, output);
    let call = quote_spanned!(Span::mixed_site()=> __audit_call.body_async(#keywords #body).await);
    let suffix = quote_spanned!(Span::mixed_site()=> .await);
    let work = work(model, &call, Some(&suffix));
    let Some(context) = model.words.context.value() else {
        return work;
    };
    let krate = model.words.crate_path();
    let value = reference(context, quote!(#context));
    quote_spanned! {at(context)=>
        let __audit_context = #krate::__private::context(#value);
        #krate::__private::within(__audit_context, async move { #work }).await
    }
}

fn async_tail(model: &Model<'_>, tail: &AsyncTail) -> TokenStream {
    let AsyncTail {
        before,
        pin,
        keywords,
        block,
    } = tail;
    let output = returns::future_output(&model.function.signature.output);
    let inner = if model.async_moves() {
        keywords.clone()
    } else {
        quote_spanned!(at(block)=> async)
    };
    let call = async_call(model, &inner, block, &output);
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

/// Everything around the call of the body; `suffix` is `.await` in async code.
fn work(model: &Model<'_>, call: &TokenStream, suffix: Option<&TokenStream>) -> TokenStream {
    let krate = model.words.crate_path();
    let start = start::start(model, &krate, suffix);
    if returns::is_never(&model.function.signature.output) {
        return quote_spanned!(Span::mixed_site()=> #start match #call {});
    }
    let end = end::end(model, &krate, suffix);
    let mutable = is_set(&model.words.strict).then(|| quote_spanned!(Span::mixed_site()=> mut));
    quote_spanned! {Span::mixed_site()=>
        #start
        let #mutable __audit_out = #call;
        #end
        __audit_out
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

/// `__audit_call.word(&(value));`, placed at the value.
fn say(word: &str, value: &impl ToTokens) -> TokenStream {
    let span = at(value);
    let word = Ident::new(word, span);
    let value = reference(value, value.to_token_stream());
    quote_spanned!(span=> __audit_call.#word(#value);)
}
