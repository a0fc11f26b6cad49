//! Tokens to words. Knows what may be written, not what it means.

use syn::{Attribute, LitStr};

use crate::{
    crate_path::CratePath,
    diag::Diag,
    symbol::{AUDIT, CRATE, ENTITY_TYPE, EXCLUDE, ID, NAME, REDACT, RENAME, Symbol},
    words::{self, Place, Slot},
};

const ON_STRUCT_WORDS: &[Symbol] = &[ENTITY_TYPE, CRATE];
const ON_FIELD_WORDS: &[Symbol] = &[ID, NAME, EXCLUDE, REDACT, RENAME];

const ON_STRUCT: Place = Place {
    described: "in `#[audit(...)]` on a struct",
    allowed: ON_STRUCT_WORDS,
    example: r#"entity_type = "incident""#,
    elsewhere: (ON_FIELD_WORDS, "on a field"),
};

const ON_FIELD: Place = Place {
    described: "in `#[audit(...)]` on a field",
    allowed: ON_FIELD_WORDS,
    example: "exclude",
    elsewhere: (ON_STRUCT_WORDS, "on the struct"),
};

/// What separates the segments of a path of changes.
const PATH_SIGNS: [char; 3] = ['.', '[', ']'];

/// `#[audit(...)]` on the struct.
#[derive(Default)]
pub(super) struct Container {
    krate: Slot<CratePath>,
    pub(super) entity_type: Slot<LitStr>,
}

impl Container {
    pub(super) fn parse(attrs: &[Attribute], diag: &mut Diag) -> Self {
        let mut container = Self::default();
        each_word(attrs, &ON_STRUCT, diag, |word, meta, diag| {
            if word == CRATE {
                container
                    .krate
                    .fill(&meta.path, CratePath::parse(meta, word)?, diag);
            } else {
                let text = words::short_text(meta, word, r#"entity_type = "incident""#)?;
                container.entity_type.fill(&meta.path, text, diag);
            }
            Ok(())
        });
        container
    }

    pub(super) fn crate_path(&self) -> CratePath {
        self.krate.value().cloned().unwrap_or_default()
    }
}

/// `#[audit(...)]` on one field.
#[derive(Default)]
pub(super) struct FieldWords {
    pub(super) id: Slot<()>,
    pub(super) name: Slot<()>,
    pub(super) exclude: Slot<()>,
    pub(super) redact: Slot<()>,
    pub(super) rename: Slot<LitStr>,
}

impl FieldWords {
    pub(super) fn parse(attrs: &[Attribute], diag: &mut Diag) -> Self {
        let mut field = Self::default();
        each_word(attrs, &ON_FIELD, diag, |word, meta, diag| {
            if word == RENAME {
                let text = words::text(meta, word, r#"rename = "status""#)?;
                segment(&text)?;
                field.rename.fill(&meta.path, text, diag);
                return Ok(());
            }
            words::flag(meta, word)?;
            let slot = match word {
                ID => &mut field.id,
                NAME => &mut field.name,
                EXCLUDE => &mut field.exclude,
                _ => &mut field.redact,
            };
            slot.fill(&meta.path, (), diag);
            Ok(())
        });
        field
    }
}

/// `location.city` and `notes[7]` are paths of changes, so a field's own name must not look like one.
fn segment(name: &LitStr) -> syn::Result<()> {
    let Some(sign) = name.value().chars().find(|sign| PATH_SIGNS.contains(sign)) else {
        return Ok(());
    };
    let message = format!("`{sign}` in a name would be read as a path: leave it out");
    Err(syn::Error::new_spanned(name, message))
}

fn each_word(
    attrs: &[Attribute],
    place: &Place,
    diag: &mut Diag,
    mut by_word: impl FnMut(Symbol, &syn::meta::ParseNestedMeta<'_>, &mut Diag) -> syn::Result<()>,
) {
    for attr in attrs.iter().filter(|attr| *attr.path() == AUDIT) {
        match attr.meta.require_list() {
            Ok(list) => {
                words::read_all(list.tokens.clone(), place, diag, &mut by_word);
            }
            Err(_) => diag.error(
                &attr.meta,
                "`#[audit]` takes words in parentheses: `#[audit(...)]`",
            ),
        }
    }
}
