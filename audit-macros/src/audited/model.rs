//! What the words mean: a record with an entity type, and fields that are tracked, masked or left out.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Data, DeriveInput, Fields, Generics, Ident, Type, ext::IdentExt};

use super::parse::{Container, FieldWords};
use crate::{
    case::snake_case,
    crate_path::CratePath,
    diag::Diag,
    words::{LONGEST, too_long},
};

/// The struct that derives `Audited`.
pub(super) struct Model<'a> {
    pub(super) ident: &'a Ident,
    pub(super) generics: &'a Generics,
    pub(super) krate: CratePath,
    pub(super) entity_type: String,
    pub(super) fields: Vec<Field<'a>>,
}

/// One field of it.
pub(super) struct Field<'a> {
    pub(super) original: &'a syn::Field,
    pub(super) ident: &'a Ident,
    pub(super) words: FieldWords,
    /// The name under which changes are stored.
    pub(super) name: String,
}

/// How a field takes part in an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capture {
    /// Never read.
    Excluded,
    /// That it changed is stored, its values are not.
    Redacted,
    Tracked,
}

impl<'a> Model<'a> {
    /// `None`, and an error, when the item is not a struct with named fields.
    pub(super) fn new(
        input: &'a DeriveInput,
        container: &Container,
        diag: &mut Diag,
    ) -> Option<Self> {
        let entity_type = entity_type(&input.ident, container, diag);
        let fields = named_fields(input, diag)?;
        Some(Self {
            ident: &input.ident,
            generics: &input.generics,
            krate: container.crate_path(),
            entity_type,
            fields: fields
                .iter()
                .filter_map(|field| Field::new(field, diag))
                .collect(),
        })
    }

    pub(super) fn id_field(&self) -> Option<&Field<'a>> {
        self.fields
            .iter()
            .find(|field| field.words.id.get().is_some())
    }

    pub(super) fn name_field(&self) -> Option<&Field<'a>> {
        self.fields
            .iter()
            .find(|field| field.words.name.get().is_some())
    }

    /// All fields that an entry can show, in the order of the struct.
    pub(super) fn visible_fields(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields
            .iter()
            .filter(|field| field.capture() != Capture::Excluded)
    }
}

impl<'a> Field<'a> {
    fn new(original: &'a syn::Field, diag: &mut Diag) -> Option<Self> {
        let ident = original.ident.as_ref()?;
        let words = FieldWords::parse(&original.attrs, diag);
        let name = match words.rename.value() {
            Some(rename) => rename.value(),
            None => ident.unraw().to_string(),
        };
        Some(Self {
            original,
            ident,
            words,
            name,
        })
    }

    pub(super) fn ty(&self) -> &'a Type {
        &self.original.ty
    }

    pub(super) fn capture(&self) -> Capture {
        if self.words.exclude.get().is_some() {
            Capture::Excluded
        } else if self.words.redact.get().is_some() {
            Capture::Redacted
        } else {
            Capture::Tracked
        }
    }

    /// Whether the type mentions a type or const parameter: only then a bound is needed, and only then it cannot be
    /// trivially false.
    pub(super) fn is_generic(&self, generics: &Generics) -> bool {
        let types = generics.type_params().map(|parameter| &parameter.ident);
        let consts = generics.const_params().map(|parameter| &parameter.ident);
        let parameters: Vec<_> = types.chain(consts).collect();
        !parameters.is_empty() && mentions(self.ty().to_token_stream(), &parameters)
    }
}

/// Whether one of `parameters` stands in `tokens`, other than as a later part of a path (`other::T`).
fn mentions(tokens: TokenStream, parameters: &[&Ident]) -> bool {
    let mut after_colons = false;
    for token in tokens {
        let found = match &token {
            TokenTree::Ident(ident) => !after_colons && parameters.contains(&ident),
            TokenTree::Group(group) => mentions(group.stream(), parameters),
            TokenTree::Punct(_) | TokenTree::Literal(_) => false,
        };
        if found {
            return true;
        }
        after_colons = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == ':');
    }
    false
}

/// What the attribute says, or the name of the struct as `snake_case`.
fn entity_type(ident: &Ident, container: &Container, diag: &mut Diag) -> String {
    if let Some(text) = container.entity_type.value() {
        return text.value();
    }
    let name = snake_case(&ident.unraw().to_string());
    if let Some(length) = too_long(&name) {
        let way_out = r#"give a shorter one with `#[audit(entity_type = "...")]`"#;
        diag.error(
            ident,
            format!("the entity type taken from this name has {length} characters, at most {LONGEST} are stored: {way_out}"),
        );
    }
    name
}

fn named_fields<'a>(input: &'a DeriveInput, diag: &mut Diag) -> Option<&'a Fields> {
    let (found, tokens, way_out) = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) => return Some(&data.fields),
            Fields::Unnamed(fields) => (
                "a tuple struct",
                fields.to_token_stream(),
                "give its fields names",
            ),
            Fields::Unit => (
                "a unit struct",
                input.ident.to_token_stream(),
                "it has nothing to track, drop the derive or add fields",
            ),
        },
        Data::Enum(data) => (
            "an enum",
            data.enum_token.to_token_stream(),
            "derive it on the struct that holds the enum, whose field only needs `Serialize` and `PartialEq`",
        ),
        Data::Union(data) => (
            "a union",
            data.union_token.to_token_stream(),
            "use a struct",
        ),
    };
    diag.error(
        tokens,
        format!(
            "`#[derive(Audited)]` works on structs with named fields, this is {found}: {way_out}"
        ),
    );
    None
}
