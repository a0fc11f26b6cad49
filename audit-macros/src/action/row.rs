//! What an annotated function records, in words for a catalogue.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Expr;

use super::{
    check::is_set,
    function::Function,
    model::Model,
    parse::{Metadata, Severity, Words, with_defaults},
};
use crate::{
    catalogue::spelled,
    diag::Diag,
    symbol::{
        ATTEMPT, ENTITY, ENTITY_ID, ENTITY_NAME, NONE, REASON, SKIP_IF, SOURCES, STRICT, Symbol,
        TENANT,
    },
    words::Slot,
};

/// One annotated function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) action: String,
    pub(crate) entity_type: Option<String>,
    /// What says which record it is: `entity_id = id`.
    pub(crate) entity: Vec<String>,
    /// Names of the metadata.
    pub(crate) metadata: Vec<String>,
    pub(crate) severity: String,
    /// Words that decide what is recorded, and when.
    pub(crate) words: Vec<String>,
}

impl Row {
    /// `words` and `function` as the attribute gets them; `defaults` are what the `impl` block says.
    pub(crate) fn read(
        defaults: Option<&TokenStream>,
        words: &TokenStream,
        function: TokenStream,
    ) -> syn::Result<Option<Self>> {
        let words = match defaults {
            Some(defaults) => with_defaults(defaults, words),
            None => words.clone(),
        };
        let mut diag = Diag::new();
        let words = Words::parse(words, &mut diag);
        let function = Function::parse(function, &mut diag);
        let row = function.and_then(|function| {
            let names = Model::new(&function, &words, &mut diag).names?;
            let mut row = Self {
                action: names.action.value(),
                entity_type: names.entity_type.map(|entity_type| entity_type.value()),
                entity: Vec::new(),
                metadata: Vec::new(),
                severity: severity(words.severity.value()),
                words: Vec::new(),
            };
            row.say(&words);
            Some(row)
        });
        diag.finish()?;
        Ok(row)
    }

    fn say(&mut self, words: &Words) {
        self.entity.extend(expr(ENTITY, &words.entity));
        self.entity.extend(expr(ENTITY_ID, &words.entity_id));
        self.entity.extend(expr(ENTITY_NAME, &words.entity_name));
        self.metadata.extend(names(words.metadata()));
        for (word, slot) in [(STRICT, &words.strict), (ATTEMPT, &words.attempt)] {
            self.words.extend(is_set(slot).then(|| word.to_string()));
        }
        if words.before.get().is_some() {
            self.words.push("changes".to_owned());
        }
        self.words.extend(expr(REASON, &words.reason));
        self.words.extend(expr(SKIP_IF, &words.skip_if));
        self.words.extend(expr(TENANT, &words.tenant));
        let none = words.none.value();
        self.words
            .extend(none.map(|none| format!("{NONE} = {none}")));
        self.words
            .extend(is_set(&words.sources).then(|| SOURCES.to_string()));
        if let Some(returned) = words.result.value() {
            let of_result = |said: Option<String>| said.map(|said| format!("result {said}"));
            self.entity
                .extend(of_result(expr(ENTITY, &returned.entity)));
            self.entity
                .extend(of_result(expr(ENTITY_ID, &returned.entity_id)));
            self.entity
                .extend(of_result(expr(ENTITY_NAME, &returned.entity_name)));
            self.metadata.extend(names(returned.metadata()));
            self.words.extend(of_result(expr(REASON, &returned.reason)));
        }
    }
}

fn expr(word: Symbol, slot: &Slot<Expr>) -> Option<String> {
    let expr = slot.value()?.to_token_stream();
    Some(format!("{word} = {}", spelled(expr)))
}

fn names(metadata: &[Metadata]) -> impl Iterator<Item = String> {
    metadata.iter().map(|entry| entry.key.clone())
}

fn severity(severity: Option<&Severity>) -> String {
    match severity {
        None => "info".to_owned(),
        Some(Severity::Known(variant)) => variant.to_string().to_lowercase(),
        Some(Severity::Expr(expr)) => spelled(expr.to_token_stream()),
    }
}
