//! Tokens to words. Knows what may be written, not what it means.

mod field;
mod value;

use syn::{Attribute, Data, DeriveInput, LitStr, WherePredicate, meta::ParseNestedMeta};

pub(super) use self::{
    field::{CAPTURES, FieldWords},
    value::{FieldName, Key},
};
use super::spelling::Spelling;
use crate::{
    crate_path::CratePath,
    diag::Diag,
    symbol::{
        AUDIT, BOUND, CRATE, ENTITY_TYPE, EXHAUSTIVE, INCLUDE, RENAME, RENAME_ALL, Symbol, TENANT,
    },
    words::{self, Place, Slot},
};

const ON_STRUCT_WORDS: &[Symbol] = &[
    ENTITY_TYPE,
    RENAME_ALL,
    TENANT,
    INCLUDE,
    EXHAUSTIVE,
    BOUND,
    CRATE,
];
const ON_ENUM_WORDS: &[Symbol] = &[ENTITY_TYPE, RENAME_ALL, EXHAUSTIVE, BOUND, CRATE];
const ON_VARIANT_WORDS: &[Symbol] = &[RENAME];

const ON_STRUCT: Place = Place {
    described: "in `#[audit(...)]` on a struct",
    allowed: ON_STRUCT_WORDS,
    example: r#"entity_type = "incident""#,
    elsewhere: &[(field::WORDS, "on a field")],
};

const ON_ENUM: Place = Place {
    described: "in `#[audit(...)]` on an enum",
    allowed: ON_ENUM_WORDS,
    example: r#"entity_type = "incident""#,
    elsewhere: &[
        (field::WORDS, "on a field"),
        (
            &[INCLUDE],
            "on a struct (of a variant's fields, mark those to leave out with `exclude`)",
        ),
    ],
};

const ON_VARIANT: Place = Place {
    described: "in `#[audit(...)]` on a variant",
    allowed: ON_VARIANT_WORDS,
    example: r#"rename = "closed""#,
    elsewhere: &[(field::WORDS, "on a field"), (ON_ENUM_WORDS, "on the enum")],
};

/// `#[audit(...)]` on the type.
#[derive(Default)]
pub(super) struct Container {
    krate: Slot<CratePath>,
    pub(super) entity_type: Slot<LitStr>,
    pub(super) rename_all: Slot<Spelling>,
    pub(super) tenant: Slot<FieldName>,
    pub(super) include: Slot<Vec<FieldName>>,
    pub(super) exhaustive: Slot<()>,
    pub(super) bound: Slot<Vec<WherePredicate>>,
}

impl Container {
    pub(super) fn parse(input: &DeriveInput, diag: &mut Diag) -> Self {
        let place = match input.data {
            Data::Enum(_) => &ON_ENUM,
            Data::Struct(_) | Data::Union(_) => &ON_STRUCT,
        };
        let mut container = Self::default();
        each_word(&input.attrs, place, diag, |word, meta, diag| {
            container.word(word, meta, diag)
        });
        container
    }

    pub(super) fn crate_path(&self) -> CratePath {
        self.krate.value().cloned().unwrap_or_default()
    }

    fn word(
        &mut self,
        word: Symbol,
        meta: &ParseNestedMeta<'_>,
        diag: &mut Diag,
    ) -> syn::Result<()> {
        let path = &meta.path;
        match word {
            ENTITY_TYPE => {
                let text = words::short_text(meta, word, r#"entity_type = "incident""#)?;
                self.entity_type.fill(path, text, diag);
            }
            RENAME_ALL => {
                let spelling = value::spelling(meta, word)?;
                self.rename_all.fill(path, spelling, diag);
            }
            TENANT => self.tenant.fill(path, value::field_name(meta, word)?, diag),
            INCLUDE => {
                let names = value::field_names(meta, word, diag)?;
                self.include.fill(path, names, diag);
            }
            EXHAUSTIVE => {
                words::flag(meta, word)?;
                self.exhaustive.fill(path, (), diag);
            }
            BOUND => self.bound.fill(path, value::predicates(meta, word)?, diag),
            _ => self.krate.fill(path, CratePath::parse(meta, word)?, diag),
        }
        Ok(())
    }
}

/// `#[audit(...)]` on one variant.
#[derive(Default)]
pub(super) struct VariantWords {
    pub(super) rename: Slot<LitStr>,
}

impl VariantWords {
    pub(super) fn parse(attrs: &[Attribute], diag: &mut Diag) -> Self {
        let mut variant = Self::default();
        each_word(attrs, &ON_VARIANT, diag, |word, meta, diag| {
            let name = value::name(meta, word, r#"rename = "closed""#)?;
            variant.rename.fill(&meta.path, name, diag);
            Ok(())
        });
        variant
    }
}

/// Reads every `#[audit(...)]` there is. Gives the words that were written, rightly or wrongly.
fn each_word(
    attrs: &[Attribute],
    place: &Place,
    diag: &mut Diag,
    mut by_word: impl FnMut(Symbol, &ParseNestedMeta<'_>, &mut Diag) -> syn::Result<()>,
) -> Vec<Symbol> {
    let mut mentioned = Vec::new();
    for attr in attrs.iter().filter(|attr| *attr.path() == AUDIT) {
        match attr.meta.require_list() {
            Ok(list) => {
                let found = words::read_all(list.tokens.clone(), place, diag, &mut by_word);
                mentioned.extend(found);
            }
            Err(_) => diag.error(
                &attr.meta,
                "`#[audit]` takes words in parentheses: `#[audit(...)]`",
            ),
        }
    }
    mentioned
}
