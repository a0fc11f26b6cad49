//! Rules that span several words, or the words and the function.

mod function;

use std::collections::HashSet;

use proc_macro2::{Ident, TokenTree};
use quote::ToTokens;

pub(super) use self::function::signature;
use super::{
    function::{find, is, is_punct},
    model::{Model, Shape},
    parse::{After, Metadata, Value, Words},
};
use crate::{
    diag::Diag,
    suggest::{did_you_mean, list},
    symbol::{AFTER, BEFORE, ENTITY, ENTITY_ID, ENTITY_NAME, ENTITY_TYPE},
    words::Slot,
};

/// What can be wrong with the words; with the function where there is one.
pub(super) fn words(words: &Words, model: Option<&Model<'_>>, diag: &mut Diag) {
    entity(words, model, diag);
    versions(words, model, diag);
    let parameters = model.map(|model| model.function.parameters());
    let (one, all) = ("parameter", "parameters");
    metadata(words.metadata(), parameters.as_deref(), one, all, diag);
    if let Some(result) = words.result.value() {
        let names: Vec<&Ident> = result.bound.names.iter().collect();
        metadata(
            result.metadata(),
            Some(&names),
            "name of what was returned",
            "names",
            diag,
        );
    }
    let is_sync = model.is_some_and(|model| matches!(model.shape, Shape::Sync));
    for expr in words.exprs() {
        early_exit(expr, diag);
        if is_sync {
            awaits(expr, diag);
        }
    }
}

fn entity(words: &Words, model: Option<&Model<'_>>, diag: &mut Diag) {
    if words.mentions(ENTITY) {
        for (word, attr) in [
            (ENTITY_TYPE, words.entity_type.get().map(|attr| &attr.path)),
            (ENTITY_ID, words.entity_id.get().map(|attr| &attr.path)),
            (ENTITY_NAME, words.entity_name.get().map(|attr| &attr.path)),
        ] {
            if let Some(path) = attr {
                let message =
                    format!("`entity` says type, id and name of the record: leave out `{word}`");
                diag.error(path, message);
            }
        }
        return;
    }
    let names = model.map(|model| model.names.as_ref());
    let is_known = words.mentions(ENTITY_TYPE)
        || words.mentions(BEFORE)
        || words.mentions(AFTER)
        || matches!(names, Some(None))
        || matches!(names, Some(Some(names)) if names.entity_type.is_some());
    let without = |word, path: &syn::Path, diag: &mut Diag| {
        let message = format!(r#"`{word}` without an entity type: add `entity_type = "..."`"#);
        diag.error(path, message);
    };
    let own = [
        (ENTITY_ID, &words.entity_id),
        (ENTITY_NAME, &words.entity_name),
    ];
    let returned = words.result.value();
    let returned = returned.filter(|result| result.entity.get().is_none());
    let returned = returned.map(|result| {
        [
            (ENTITY_ID, &result.entity_id),
            (ENTITY_NAME, &result.entity_name),
        ]
    });
    if !is_known {
        for (word, slot) in own.into_iter().chain(returned.into_iter().flatten()) {
            if let Some(attr) = slot.get() {
                without(word, &attr.path, diag);
            }
        }
    }
}

/// The record before and after.
fn versions(words: &Words, model: Option<&Model<'_>>, diag: &mut Diag) {
    let after = words.after.get();
    let missing = |slot: Option<&syn::Path>, other, there: bool| {
        slot.filter(|_| !there).map(|path| (path.clone(), other))
    };
    let before = words.before.get().map(|attr| &attr.path);
    let lonely = missing(before, AFTER, words.mentions(AFTER))
        .or_else(|| missing(after.map(|attr| &attr.path), BEFORE, words.mentions(BEFORE)));
    if let Some((path, other)) = lonely {
        let word = if other == AFTER { BEFORE } else { AFTER };
        let message = format!(
            "`{word}` without `{other}`: what changed is the difference of the two, add `{other} = ...`"
        );
        diag.error(path, message);
    }
    if let (Some(after), Some(model)) = (after, model)
        && matches!(after.value, After::Plain(_))
        && model.borrows()
    {
        let message = "`after` cannot be looked at while what the function returns may borrow from it: \
                       take it from what is returned, as in `after = |returned| returned`";
        diag.error(after.value.expr(), message);
    }
}

fn metadata(entries: &[Metadata], names: Option<&[&Ident]>, one: &str, all: &str, diag: &mut Diag) {
    let mut seen = HashSet::new();
    for entry in entries {
        if !seen.insert(entry.key.as_str()) {
            let message = format!("metadata `{}` is given more than once: keep one", entry.key);
            diag.error(&entry.key_tokens, message);
        }
        if let (Value::Parameter(ident), Some(names)) = (&entry.value, names)
            && !names.contains(&ident)
        {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            diag.error(ident, unknown_name(&ident.to_string(), &names, one, all));
        }
    }
}

fn unknown_name(found: &str, known: &[String], one: &str, all: &str) -> String {
    let suggestion = did_you_mean(found, known.iter().map(String::as_str));
    let known = if known.is_empty() {
        "there are none".to_owned()
    } else {
        list(known)
    };
    format!(
        "`{found}` is not a {one}{suggestion} ({all}: {known}); another value is written `{found} = value`"
    )
}

/// A value stands beside the body, so leaving the function there would leave no entry, or a wrong one.
fn early_exit(value: &impl ToTokens, diag: &mut Diag) {
    let exits = |token: &TokenTree| is(token, "return") || is_punct(token, '?');
    if let Some(token) = find(value.to_token_stream(), &exits) {
        let message = format!(
            "`{token}` here would leave the function before the action is audited: take the value without it"
        );
        diag.error(token, message);
    }
}

fn awaits(value: &impl ToTokens, diag: &mut Diag) {
    if let Some(token) = find(value.to_token_stream(), &|token| is(token, "await")) {
        diag.error(
            token,
            "`await` in a function that is not `async`; if it was before an attribute such as `#[tokio::main]` changed it, \
             put `#[audit_action]` above that attribute",
        );
    }
}

/// Whether a flag was given.
pub(super) fn is_set(slot: &Slot<()>) -> bool {
    slot.get().is_some()
}
