//! Rules that span several words or several fields.

mod field;

use std::collections::{HashMap, HashSet};

use proc_macro2::TokenStream;
use quote::ToTokens;

use super::{
    model::{Field, Model, Role, Shape},
    parse::FieldName,
};
use crate::{
    diag::Diag,
    suggest::{did_you_mean, list},
    symbol::{EXHAUSTIVE, INCLUDE, RENAME, RENAME_ALL, TENANT},
};

pub(super) fn check(model: &Model<'_>, diag: &mut Diag) {
    container(model, diag);
    for field in model.fields() {
        field::conflicts(field, diag);
        if model.container.include.get().is_some() {
            field::included(field, diag);
        } else if model.container.exhaustive.get().is_some() {
            field::decided(field, diag);
        }
    }
    for part in model.parts() {
        for role in Role::ALL {
            only_one(part, role, diag);
        }
        distinct_names(part, diag);
    }
    distinct_variants(model, diag);
}

fn container(model: &Model<'_>, diag: &mut Diag) {
    let container = model.container;
    let fields: Vec<_> = model.fields().collect();
    if let (Some(_), Some(path)) = (container.include.get(), container.exhaustive.path()) {
        let message = format!(
            "`{EXHAUSTIVE}` with `{INCLUDE}`: `{INCLUDE}` decides for every field already, keep one"
        );
        diag.error(path, message);
    }
    if let (Shape::Struct(_), Some(path)) = (&model.shape, container.rename_all.path())
        && fields.iter().all(|field| field.original.ident.is_none())
    {
        let message = format!("`{RENAME_ALL}` on a struct without named fields: drop it");
        diag.error(path, message);
    }
    if let Some(names) = container.include.value() {
        let mut seen = HashSet::new();
        for name in names {
            known(name, &fields, diag);
            if !seen.insert(&name.name) {
                let message = format!("`{}` is listed more than once: keep one", name.name);
                diag.error(name, message);
            }
        }
    }
    let Some(name) = container.tenant.value() else {
        return;
    };
    known(name, &fields, diag);
    if let Some(holder) = fields
        .iter()
        .find(|field| field.words.tenant.get().is_some())
    {
        let message = format!(
            "a second `{TENANT}`: the tenant is already taken from `{}`, keep one",
            holder.written()
        );
        diag.error(name, message);
    }
}

/// Whether there is a field of that name.
fn known(name: &FieldName, fields: &[&Field<'_>], diag: &mut Diag) {
    let known: Vec<_> = fields.iter().map(|field| field.written()).collect();
    let found = &name.name;
    if known.contains(found) {
        return;
    }
    let suggestion = did_you_mean(found, known.iter().map(String::as_str));
    let known = if known.is_empty() {
        "there are none".to_owned()
    } else {
        format!("fields: {}", list(&known))
    };
    diag.error(
        name,
        format!("no field is named `{found}`{suggestion} ({known})"),
    );
}

fn only_one(fields: &[Field<'_>], role: Role, diag: &mut Diag) {
    let word = role.word();
    let mut first = None;
    for field in fields {
        let Some(path) = field.words.path(word) else {
            continue;
        };
        let Some(first) = first else {
            first = Some(field);
            continue;
        };
        let (subject, first) = (role.subject(), Field::written(first));
        let message =
            format!("a second `{word}`: {subject} is already taken from `{first}`, keep one");
        diag.error(path, message);
    }
}

fn distinct_names(fields: &[Field<'_>], diag: &mut Diag) {
    let mut seen: HashMap<&str, &Field<'_>> = HashMap::new();
    for field in fields.iter().filter(|field| field.is_visible()) {
        let (name, rename) = (&field.name, field.words.rename.value());
        let place = || rename.map_or_else(|| field.place(), ToTokens::to_token_stream);
        if name.is_empty() && field.original.ident.is_some() {
            let message = format!(
                "`{RENAME_ALL}` leaves nothing of this name: give the field one with `{RENAME}`"
            );
            diag.error(place(), message);
            continue;
        }
        let first = *seen.entry(name).or_insert(field);
        if first.member != field.member {
            let message = format!(
                "a second field named `{name}`: `{}` has that name already, rename one",
                first.written()
            );
            diag.error(place(), message);
        }
    }
}

fn distinct_variants(model: &Model<'_>, diag: &mut Diag) {
    let Shape::Enum(variants) = &model.shape else {
        return;
    };
    let mut seen = HashMap::new();
    for variant in variants {
        let (name, ident) = (&variant.name, &variant.original.ident);
        let first = *seen.entry(name).or_insert(ident);
        if first != ident {
            let rename = variant.words.rename.value();
            let place: TokenStream =
                rename.map_or_else(|| ident.to_token_stream(), ToTokens::to_token_stream);
            let message = format!(
                "a second variant named `{name}`: `{first}` has that name already, rename one"
            );
            diag.error(place, message);
        }
    }
}
