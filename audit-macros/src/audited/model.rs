//! What the words mean: a record with an entity type, and fields that are tracked, hidden or left out.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Data, DeriveInput, ExprPath, Fields, Generics, Ident, Index, LitStr, Member, Type,
    ext::IdentExt,
};

use super::{
    parse::{Container, FieldName, FieldWords, Key, VariantWords},
    spelling::Spelling,
};
use crate::{
    case::snake_case,
    crate_path::CratePath,
    diag::Diag,
    symbol::{ID, NAME, Symbol, TENANT},
    words::{LONGEST, too_long},
};

/// The type that derives `Audited`.
pub(super) struct Model<'a> {
    pub(super) ident: &'a Ident,
    pub(super) generics: &'a Generics,
    pub(super) krate: CratePath,
    pub(super) container: &'a Container,
    pub(super) entity_type: String,
    pub(super) shape: Shape<'a>,
}

pub(super) enum Shape<'a> {
    Struct(Vec<Field<'a>>),
    Enum(Vec<Variant<'a>>),
}

pub(super) struct Variant<'a> {
    pub(super) original: &'a syn::Variant,
    pub(super) words: VariantWords,
    /// The name under which it is stored.
    pub(super) name: String,
    pub(super) fields: Vec<Field<'a>>,
}

pub(super) struct Field<'a> {
    pub(super) original: &'a syn::Field,
    pub(super) member: Member,
    pub(super) words: FieldWords,
    /// The name under which changes are stored. Empty where the field is the whole of its variant.
    pub(super) name: String,
    /// Whether the type's `include` names other fields only.
    pub(super) left_out: bool,
    /// Whether the type's `tenant` names this field.
    holds_tenant: bool,
}

/// What a field can say about its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Id,
    Name,
    Tenant,
}

/// How a field takes part in an entry.
pub(super) enum Capture<'a> {
    /// Never read.
    Excluded,
    Tracked,
    /// Tracked as what the function gives.
    With(&'a ExprPath),
    /// That it changed is stored, its values are not.
    Redacted,
    /// What the function gives is stored.
    Masked(&'a ExprPath),
    /// A digest is stored.
    Hashed,
    /// Compared field by field.
    Nested,
    /// Compared item by item, by their keys.
    Keyed(&'a Key),
    /// Compared item by item, in any order.
    Set,
}

impl<'a> Model<'a> {
    /// `None`, and an error, when the item is neither a struct nor an enum.
    pub(super) fn new(
        input: &'a DeriveInput,
        container: &'a Container,
        diag: &mut Diag,
    ) -> Option<Self> {
        let entity_type = entity_type(&input.ident, container, diag);
        let shape = Shape::new(input, container, diag)?;
        Some(Self {
            ident: &input.ident,
            generics: &input.generics,
            krate: container.crate_path(),
            container,
            entity_type,
            shape,
        })
    }

    /// The fields of the struct, or those of each variant.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[Field<'a>]> {
        let (fields, variants) = match &self.shape {
            Shape::Struct(fields) => (Some(fields), [].as_slice()),
            Shape::Enum(variants) => (None, variants.as_slice()),
        };
        let variants = variants.iter().map(|variant| &variant.fields);
        fields.into_iter().chain(variants).map(Vec::as_slice)
    }

    pub(super) fn fields(&self) -> impl Iterator<Item = &Field<'a>> {
        self.parts().flatten()
    }
}

impl<'a> Shape<'a> {
    fn new(input: &'a DeriveInput, container: &Container, diag: &mut Diag) -> Option<Self> {
        let spelling = container.rename_all.value().copied();
        match &input.data {
            Data::Struct(data) => {
                let field = |(index, original): (u32, &'a syn::Field)| {
                    let spelling = spelling.filter(|_| original.ident.is_some());
                    let named = |written: &str| {
                        spelling
                            .map_or_else(|| written.to_owned(), |spelling| spelling.field(written))
                    };
                    Field::new(index, original, container, named, diag)
                };
                Some(Self::Struct((0..).zip(&data.fields).map(field).collect()))
            }
            Data::Enum(data) => {
                let variants = data.variants.iter();
                Some(Self::Enum(
                    variants
                        .map(|variant| Variant::new(variant, spelling, container, diag))
                        .collect(),
                ))
            }
            Data::Union(data) => {
                let message =
                    "`#[derive(Audited)]` works on structs and enums, this is a union: use an enum";
                diag.error(data.union_token, message);
                None
            }
        }
    }
}

impl<'a> Variant<'a> {
    fn new(
        original: &'a syn::Variant,
        spelling: Option<Spelling>,
        container: &Container,
        diag: &mut Diag,
    ) -> Self {
        let words = VariantWords::parse(&original.attrs, diag);
        let written = original.ident.unraw().to_string();
        let name = match (words.rename.value(), spelling) {
            (Some(rename), _) => rename.value(),
            (None, Some(spelling)) => spelling.variant(&written),
            (None, None) => written,
        };
        // The only value of a variant stands for the variant, as serde has it.
        let alone =
            matches!(&original.fields, Fields::Unnamed(fields) if fields.unnamed.len() == 1);
        let named = |written: &str| (if alone { "" } else { written }).to_owned();
        let fields = (0..)
            .zip(&original.fields)
            .map(|(index, field)| Field::new(index, field, container, named, diag))
            .collect();
        Self {
            original,
            words,
            name,
            fields,
        }
    }
}

impl<'a> Field<'a> {
    fn new(
        index: u32,
        original: &'a syn::Field,
        container: &Container,
        named: impl FnOnce(&str) -> String,
        diag: &mut Diag,
    ) -> Self {
        let words = FieldWords::parse(&original.attrs, diag);
        let member = original.ident.clone().map_or_else(
            || Member::Unnamed(Index::from(index as usize)),
            Member::Named,
        );
        let written = member_name(&member);
        let is_meant = |name: &FieldName| name.name == written;
        let include = container.include.value();
        let name = words.rename.value();
        Self {
            original,
            left_out: include.is_some_and(|names| !names.iter().any(is_meant)),
            holds_tenant: container.tenant.value().is_some_and(is_meant),
            name: name.map_or_else(|| named(&written), LitStr::value),
            member,
            words,
        }
    }

    pub(super) fn ty(&self) -> &'a Type {
        &self.original.ty
    }

    /// The field as the user knows it: `title`, or `0`.
    pub(super) fn written(&self) -> String {
        member_name(&self.member)
    }

    /// What to underline where the field as a whole is meant.
    pub(super) fn place(&self) -> TokenStream {
        self.original
            .ident
            .as_ref()
            .map_or_else(|| self.ty().to_token_stream(), ToTokens::to_token_stream)
    }

    pub(super) fn has(&self, role: Role) -> bool {
        let here = self.words.path(role.word()).is_some();
        here || (role == Role::Tenant && self.holds_tenant)
    }

    pub(super) fn is_visible(&self) -> bool {
        !matches!(self.capture(), Capture::Excluded)
    }

    pub(super) fn capture(&self) -> Capture<'_> {
        let words = &self.words;
        if self.left_out || words.exclude.get().is_some() {
            Capture::Excluded
        } else if words.redact.get().is_some() {
            Capture::Redacted
        } else if let Some(function) = words.mask.value() {
            Capture::Masked(function)
        } else if words.hash.get().is_some() {
            Capture::Hashed
        } else if words.nested.get().is_some() {
            Capture::Nested
        } else if let Some(key) = words.key.value() {
            Capture::Keyed(key)
        } else if words.set.get().is_some() {
            Capture::Set
        } else if let Some(function) = words.with.value() {
            Capture::With(function)
        } else {
            Capture::Tracked
        }
    }
}

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::Id, Self::Name, Self::Tenant];

    pub(super) fn word(self) -> Symbol {
        match self {
            Self::Id => ID,
            Self::Name => NAME,
            Self::Tenant => TENANT,
        }
    }

    /// What is taken from the field, in words.
    pub(super) fn subject(self) -> &'static str {
        match self {
            Self::Id => "the entity id",
            Self::Name => "the entity name",
            Self::Tenant => "the tenant",
        }
    }
}

fn member_name(member: &Member) -> String {
    match member {
        Member::Named(ident) => ident.unraw().to_string(),
        Member::Unnamed(index) => index.index.to_string(),
    }
}

/// What the attribute says, or the name of the type as `snake_case`.
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
