//! Rules that span several words, or the words and the function.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;

use super::{
    function::{Function, find, is, is_punct},
    model::{Model, Shape},
    parse::{Value, Words},
};
use crate::{
    diag::Diag,
    suggest::{did_you_mean, list},
    symbol::{ACTION, ENTITY_ID, ENTITY_NAME, ENTITY_TYPE},
};

/// What can be wrong with the function.
pub(super) fn signature(model: &Model<'_>, diag: &mut Diag) {
    let signature = &model.function.signature;
    if let Some(constness) = &signature.constness {
        let message = "`#[audit_action]` on a `const fn`: recording cannot run at compile time, drop the `const`";
        diag.error(constness, message);
    }
    if let Some(variadic) = &signature.variadic {
        let message = "`#[audit_action]` on a variadic function: its arguments cannot be passed on, wrap it in a function of yours";
        diag.error(variadic, message);
    }
    match &model.shape {
        Shape::Async | Shape::Sync => {}
        Shape::Future => diag.error(
            &signature.output,
            "`#[audit_action]` would audit only the construction of this future: make it an `async fn`, \
             or end the body in `async move { ... }`",
        ),
        Shape::AsyncTail(tail) => {
            if let Some(token) = find(tail.before.clone(), &|token| is(token, "return")) {
                let message = "this `return` would leave a future that is not audited: move it into the `async` block";
                diag.error(token, message);
            }
        }
    }
}

/// What can be wrong with the words; with the function's parameters where there is a function.
pub(super) fn words(
    words: &Words,
    item: &TokenStream,
    function: Option<&Function>,
    diag: &mut Diag,
) {
    if !words.mentions(ACTION) {
        // The attribute itself is the only place to point at; as if the user had written it, not the macro.
        let written = item.clone().into_iter().next();
        let span = written.map_or_else(Span::call_site, |token| {
            Span::call_site().resolved_at(token.span())
        });
        diag.error_at(
            span,
            r#"`#[audit_action(...)]` needs an action: add `action = "..."`"#,
        );
    }
    entity(words, diag);
    metadata(words, function, diag);
    let exprs = [&words.entity_id, &words.entity_name]
        .into_iter()
        .filter_map(|slot| slot.value());
    for expr in exprs {
        early_exit(expr, diag);
    }
}

fn entity(words: &Words, diag: &mut Diag) {
    if words.mentions(ENTITY_TYPE) {
        return;
    }
    for (word, slot) in [
        (ENTITY_ID, &words.entity_id),
        (ENTITY_NAME, &words.entity_name),
    ] {
        if let Some(attr) = slot.get() {
            let message = format!(r#"`{word}` without an entity type: add `entity_type = "..."`"#);
            diag.error(&attr.path, message);
        }
    }
}

fn metadata(words: &Words, function: Option<&Function>, diag: &mut Diag) {
    let mut seen = HashSet::new();
    for entry in words.metadata() {
        if !seen.insert(entry.key.as_str()) {
            let message = format!("metadata `{}` is given more than once: keep one", entry.key);
            diag.error(&entry.key_tokens, message);
        }
        match (&entry.value, function) {
            (Value::Expr(expr), _) => early_exit(expr, diag),
            (Value::Parameter(ident), Some(function)) => {
                let parameters = function.parameters();
                if !parameters.contains(&ident) {
                    let names: Vec<_> = parameters.iter().map(ToString::to_string).collect();
                    diag.error(ident, not_a_parameter(&ident.to_string(), &names));
                }
            }
            (Value::Parameter(_), None) => {}
        }
    }
}

fn not_a_parameter(found: &str, parameters: &[String]) -> String {
    let suggestion = did_you_mean(found, parameters.iter().map(String::as_str));
    let known = if parameters.is_empty() {
        "there are none".to_owned()
    } else {
        list(parameters)
    };
    format!(
        "`{found}` is not a parameter{suggestion} (parameters: {known}); another value is written `{found} = value`"
    )
}

/// A value is taken before the action starts, so leaving the function there would leave no entry.
fn early_exit(value: &impl ToTokens, diag: &mut Diag) {
    let exits = |token: &TokenTree| is(token, "return") || is_punct(token, '?');
    if let Some(token) = find(value.to_token_stream(), &exits) {
        let message = format!(
            "`{token}` here would leave the function before the action is audited: take the value without it"
        );
        diag.error(token, message);
    }
}
