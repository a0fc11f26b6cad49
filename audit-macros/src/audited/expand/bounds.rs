//! What generic fields ask of the type parameters.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Generics, Ident, Type, WhereClause, WherePredicate, parse_quote_spanned};

use crate::{
    audited::model::{Capture, Field, Model, Role},
    words::at,
};

/// What is written, plus what the type says with `bound`, or else a bound for each field whose type depends on a parameter.
pub(super) fn where_clause(model: &Model<'_>) -> Option<WhereClause> {
    let mut generics = model.generics.clone();
    if let Some(bound) = model.container.bound.value() {
        if !bound.is_empty() {
            let predicates = &mut generics.make_where_clause().predicates;
            predicates.extend(bound.iter().cloned());
        }
        return generics.where_clause;
    }
    let mut seen = HashSet::new();
    for field in model.fields() {
        for predicate in predicates(field, model) {
            if seen.insert(predicate.to_token_stream().to_string()) {
                generics.make_where_clause().predicates.push(predicate);
            }
        }
    }
    generics.where_clause
}

fn predicates(field: &Field<'_>, model: &Model<'_>) -> Vec<WherePredicate> {
    let ty = field.ty();
    if !is_generic(ty, model.generics) {
        return Vec::new();
    }
    // A type that holds itself would have to be audited in order to be audited.
    let itself = Ident::new("Self", Span::call_site());
    let recursive = mentions(ty.to_token_stream(), &[model.ident, &itself]);
    let (mut of_type, of_item) = of_capture(field, recursive);
    for role in Role::ALL.into_iter().filter(|role| field.has(*role)) {
        of_type.push(match role {
            Role::Id => quote!(__audit::ToEntityId),
            Role::Name | Role::Tenant => quote!(::core::fmt::Display),
        });
    }
    let mut predicates = Vec::new();
    if !of_type.is_empty() {
        predicates.push(parse_quote_spanned!(at(ty)=> #ty: #(#of_type)+*));
    }
    if let Some(of_item) = of_item {
        predicates.push(parse_quote_spanned! {at(ty)=>
            <#ty as ::core::iter::IntoIterator>::Item: #of_item
        });
    }
    predicates
}

/// What the capture asks of the type of the field, and of its items.
fn of_capture(field: &Field<'_>, recursive: bool) -> (Vec<TokenStream>, Option<TokenStream>) {
    let audited = (!recursive).then(|| quote!(__audit::Nested));
    let (compared, of_type, of_item) = match field.capture() {
        Capture::Excluded => (false, None, None),
        Capture::Nested => (false, audited, None),
        Capture::Keyed(_) => (false, None, audited),
        Capture::Set => (true, None, Some(quote!(__audit::Recordable))),
        Capture::Tracked => (true, Some(quote!(__audit::Recordable)), None),
        Capture::Hashed => (true, Some(quote!(__audit::Digestible)), None),
        Capture::With(_) | Capture::Masked(_) | Capture::Redacted => (true, None, None),
    };
    let compared = compared && field.words.compare.get().is_none();
    let equality = compared.then(|| quote!(::core::cmp::PartialEq));
    (equality.into_iter().chain(of_type).collect(), of_item)
}

/// Whether the type mentions a type or const parameter: only then a bound is needed, and only then it cannot be trivially
/// false.
fn is_generic(ty: &Type, generics: &Generics) -> bool {
    let types = generics.type_params().map(|parameter| &parameter.ident);
    let consts = generics.const_params().map(|parameter| &parameter.ident);
    let parameters: Vec<_> = types.chain(consts).collect();
    !parameters.is_empty() && mentions(ty.to_token_stream(), &parameters)
}

/// Whether one of `names` stands in `tokens`, other than as a later part of a path (`other::T`).
fn mentions(tokens: TokenStream, names: &[&Ident]) -> bool {
    let mut after_colons = false;
    for token in tokens {
        let found = match &token {
            TokenTree::Ident(ident) => !after_colons && names.contains(&ident),
            TokenTree::Group(group) => mentions(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        if found {
            return true;
        }
        after_colons = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
    }
    false
}
