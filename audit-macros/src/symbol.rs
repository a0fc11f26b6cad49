//! The words that the macros understand, each written once.

use std::fmt;

use syn::Path;

/// A word of `#[audit(...)]` or `#[audit_action(...)]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Symbol(pub(crate) &'static str);

pub(crate) const ACTION: Symbol = Symbol("action");
pub(crate) const AFTER: Symbol = Symbol("after");
pub(crate) const ATTEMPT: Symbol = Symbol("attempt");
pub(crate) const AUDITOR: Symbol = Symbol("auditor");
pub(crate) const BEFORE: Symbol = Symbol("before");
pub(crate) const BOUND: Symbol = Symbol("bound");
pub(crate) const COMPARE: Symbol = Symbol("compare");
pub(crate) const CONTEXT: Symbol = Symbol("context");
pub(crate) const CRATE: Symbol = Symbol("crate");
pub(crate) const ENTITY: Symbol = Symbol("entity");
pub(crate) const ENTITY_ID: Symbol = Symbol("entity_id");
pub(crate) const ENTITY_NAME: Symbol = Symbol("entity_name");
pub(crate) const ENTITY_TYPE: Symbol = Symbol("entity_type");
pub(crate) const EXCLUDE: Symbol = Symbol("exclude");
pub(crate) const EXHAUSTIVE: Symbol = Symbol("exhaustive");
pub(crate) const HASH: Symbol = Symbol("hash");
pub(crate) const ID: Symbol = Symbol("id");
pub(crate) const IGNORE: Symbol = Symbol("ignore");
pub(crate) const INCLUDE: Symbol = Symbol("include");
pub(crate) const KEY: Symbol = Symbol("key");
pub(crate) const MASK: Symbol = Symbol("mask");
pub(crate) const METADATA: Symbol = Symbol("metadata");
pub(crate) const NAME: Symbol = Symbol("name");
pub(crate) const NESTED: Symbol = Symbol("nested");
pub(crate) const NONE: Symbol = Symbol("none");
pub(crate) const REASON: Symbol = Symbol("reason");
pub(crate) const REDACT: Symbol = Symbol("redact");
pub(crate) const RENAME: Symbol = Symbol("rename");
pub(crate) const RENAME_ALL: Symbol = Symbol("rename_all");
pub(crate) const RESULT: Symbol = Symbol("result");
pub(crate) const SENSITIVE: Symbol = Symbol("sensitive");
pub(crate) const SET: Symbol = Symbol("set");
pub(crate) const SEVERITY: Symbol = Symbol("severity");
pub(crate) const SKIP_IF: Symbol = Symbol("skip_if");
pub(crate) const SOURCES: Symbol = Symbol("sources");
pub(crate) const STRICT: Symbol = Symbol("strict");
pub(crate) const TENANT: Symbol = Symbol("tenant");
pub(crate) const TRACK: Symbol = Symbol("track");
pub(crate) const TRUNCATE: Symbol = Symbol("truncate");
pub(crate) const WITH: Symbol = Symbol("with");

/// The helper attribute of the derive.
pub(crate) const AUDIT: Symbol = Symbol("audit");

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl PartialEq<Symbol> for Path {
    fn eq(&self, symbol: &Symbol) -> bool {
        self.is_ident(symbol.0)
    }
}
