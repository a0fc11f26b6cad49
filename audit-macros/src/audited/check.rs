//! Rules that span several words or several fields.

use std::collections::HashMap;

use syn::spanned::Spanned;

use super::model::{Capture, Field, Model};
use crate::{
    diag::Diag,
    symbol::{EXCLUDE, ID, NAME, REDACT, Symbol},
    words::Slot,
};

pub(super) fn check(model: &Model<'_>, diag: &mut Diag) {
    for field in &model.fields {
        conflicts(field, diag);
    }
    only_one(model, ID, |field| &field.words.id, diag);
    only_one(model, NAME, |field| &field.words.name, diag);
    distinct_names(model, diag);
}

fn conflicts(field: &Field<'_>, diag: &mut Diag) {
    let words = &field.words;
    if let (Some(_), Some(redact)) = (words.exclude.get(), words.redact.get()) {
        diag.error(
            &redact.path,
            "`redact` on an excluded field: an excluded field is never read, keep one of `exclude` and `redact`",
        );
    }
    if let (Some(_), Some(rename)) = (words.exclude.get(), words.rename.get()) {
        diag.error(
            &rename.path,
            "`rename` on an excluded field: an excluded field is never named, keep one of `exclude` and `rename`",
        );
    }
    for (word, slot) in [(ID, &words.id), (NAME, &words.name)] {
        let Some(attr) = slot.get() else { continue };
        let message = match field.capture() {
            Capture::Tracked => continue,
            Capture::Excluded => format!(
                "`{word}` on an excluded field: the entity {word} is read from it, drop `{EXCLUDE}` or choose another field"
            ),
            Capture::Redacted => format!(
                "`{word}` on a redacted field: the entity {word} is stored in clear, drop `{REDACT}` or choose another field"
            ),
        };
        diag.error(&attr.path, message);
    }
}

fn only_one<'m>(
    model: &'m Model<'_>,
    word: Symbol,
    slot: impl Fn(&'m Field<'_>) -> &'m Slot<()>,
    diag: &mut Diag,
) {
    let mut first = None;
    for field in &model.fields {
        let Some(attr) = slot(field).get() else {
            continue;
        };
        match first {
            None => first = Some(field.ident),
            Some(first) => diag.error(
                &attr.path,
                format!(
                    "a second `{word}`: the entity {word} is already taken from `{first}`, keep one"
                ),
            ),
        }
    }
}

fn distinct_names(model: &Model<'_>, diag: &mut Diag) {
    let mut seen = HashMap::new();
    for field in model.visible_fields() {
        let Some(first) = seen.insert(field.name.as_str(), field.ident) else {
            continue;
        };
        seen.insert(field.name.as_str(), first);
        let span = field
            .words
            .rename
            .value()
            .map_or_else(|| field.ident.span(), Spanned::span);
        diag.error_at(
            span,
            format!(
                "a second field named `{}`: `{first}` has that name already, rename one",
                field.name
            ),
        );
    }
}
