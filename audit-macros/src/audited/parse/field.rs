//! The words of one field.

use syn::{Attribute, ExprPath, LitStr, Path, meta::ParseNestedMeta};

use super::{
    Key, ON_STRUCT_WORDS, each_word,
    value::{function, key, length, name},
};
use crate::{
    diag::Diag,
    symbol::{
        COMPARE, EXCLUDE, HASH, ID, IGNORE, KEY, MASK, NAME, NESTED, REDACT, RENAME, SENSITIVE,
        SET, Symbol, TENANT, TRACK, TRUNCATE, WITH,
    },
    words::{Place, Slot, flag},
};

pub(super) const WORDS: &[Symbol] = &[
    ID, NAME, TENANT, TRACK, EXCLUDE, REDACT, MASK, HASH, NESTED, KEY, SET, WITH, RENAME, COMPARE,
    IGNORE, TRUNCATE, SENSITIVE,
];

/// Those that say what happens to the value.
pub(in crate::audited) const CAPTURES: &[Symbol] =
    &[TRACK, EXCLUDE, REDACT, MASK, HASH, NESTED, KEY, SET, WITH];

const ON_FIELD: Place = Place {
    described: "in `#[audit(...)]` on a field",
    allowed: WORDS,
    example: "exclude",
    elsewhere: &[(ON_STRUCT_WORDS, "on the type itself")],
};

/// `#[audit(...)]` on one field.
#[derive(Default)]
pub(in crate::audited) struct FieldWords {
    pub(in crate::audited) id: Slot<()>,
    pub(in crate::audited) name: Slot<()>,
    pub(in crate::audited) tenant: Slot<()>,
    pub(in crate::audited) track: Slot<()>,
    pub(in crate::audited) exclude: Slot<()>,
    pub(in crate::audited) redact: Slot<()>,
    pub(in crate::audited) mask: Slot<ExprPath>,
    pub(in crate::audited) hash: Slot<()>,
    pub(in crate::audited) nested: Slot<()>,
    pub(in crate::audited) key: Slot<Key>,
    pub(in crate::audited) set: Slot<()>,
    pub(in crate::audited) with: Slot<ExprPath>,
    pub(in crate::audited) rename: Slot<LitStr>,
    pub(in crate::audited) compare: Slot<ExprPath>,
    pub(in crate::audited) ignore: Slot<()>,
    pub(in crate::audited) truncate: Slot<u32>,
    pub(in crate::audited) sensitive: Slot<()>,
    /// Words that were written, rightly or wrongly: what is wrong is not missing too.
    mentioned: Vec<Symbol>,
}

impl FieldWords {
    pub(in crate::audited) fn parse(attrs: &[Attribute], diag: &mut Diag) -> Self {
        let mut field = Self::default();
        field.mentioned = each_word(attrs, &ON_FIELD, diag, |word, meta, diag| {
            field.word(word, meta, diag)
        });
        field
    }

    pub(in crate::audited) fn mentions(&self, word: Symbol) -> bool {
        self.mentioned.contains(&word)
    }

    /// Every word that is given, and where, in the order of the reference.
    pub(in crate::audited) fn given(&self) -> impl Iterator<Item = (Symbol, &Path)> {
        let places = [
            (ID, self.id.path()),
            (NAME, self.name.path()),
            (TENANT, self.tenant.path()),
            (TRACK, self.track.path()),
            (EXCLUDE, self.exclude.path()),
            (REDACT, self.redact.path()),
            (MASK, self.mask.path()),
            (HASH, self.hash.path()),
            (NESTED, self.nested.path()),
            (KEY, self.key.path()),
            (SET, self.set.path()),
            (WITH, self.with.path()),
            (RENAME, self.rename.path()),
            (COMPARE, self.compare.path()),
            (IGNORE, self.ignore.path()),
            (TRUNCATE, self.truncate.path()),
            (SENSITIVE, self.sensitive.path()),
        ];
        places
            .into_iter()
            .filter_map(|(word, path)| path.map(|path| (word, path)))
    }

    /// Where `word` is given.
    pub(in crate::audited) fn path(&self, word: Symbol) -> Option<&Path> {
        self.given()
            .find(|(given, _)| *given == word)
            .map(|(_, path)| path)
    }

    fn word(
        &mut self,
        word: Symbol,
        meta: &ParseNestedMeta<'_>,
        diag: &mut Diag,
    ) -> syn::Result<()> {
        let path = &meta.path;
        match word {
            MASK => self
                .mask
                .fill(path, function(meta, word, "mask = last_four")?, diag),
            WITH => self
                .with
                .fill(path, function(meta, word, "with = in_utc")?, diag),
            COMPARE => {
                let function = function(meta, word, "compare = nearly_equal")?;
                self.compare.fill(path, function, diag);
            }
            KEY => self.key.fill(path, key(meta, word)?, diag),
            RENAME => {
                let name = name(meta, word, r#"rename = "status""#)?;
                self.rename.fill(path, name, diag);
            }
            TRUNCATE => self.truncate.fill(path, length(meta, word)?, diag),
            _ => {
                flag(meta, word)?;
                self.flag(word).fill(path, (), diag);
            }
        }
        Ok(())
    }

    fn flag(&mut self, word: Symbol) -> &mut Slot<()> {
        match word {
            ID => &mut self.id,
            NAME => &mut self.name,
            TENANT => &mut self.tenant,
            TRACK => &mut self.track,
            EXCLUDE => &mut self.exclude,
            REDACT => &mut self.redact,
            HASH => &mut self.hash,
            NESTED => &mut self.nested,
            SET => &mut self.set,
            IGNORE => &mut self.ignore,
            _ => &mut self.sensitive,
        }
    }
}
