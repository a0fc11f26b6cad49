//! What the function is: what it is called in the log, when it runs, and what its body may borrow.

use super::{
    function::Function,
    names::Names,
    parse::{After, Words},
    returns::{borrows, names_future, tail_borrows},
    tail::AsyncTail,
};
use crate::{
    diag::Diag,
    symbol::{ACTION, ENTITY_TYPE},
};

pub(super) struct Model<'a> {
    pub(super) function: &'a Function,
    pub(super) words: &'a Words,
    /// None where the words or the name are wrong.
    pub(super) names: Option<Names>,
    pub(super) shape: Shape,
}

/// How the action runs.
pub(super) enum Shape {
    Async,
    /// A plain function whose last expression is an `async` block.
    AsyncTail(Box<AsyncTail>),
    /// A plain function that returns a future made elsewhere: nothing here can be audited.
    Future,
    Sync,
}

impl<'a> Model<'a> {
    pub(super) fn new(function: &'a Function, words: &'a Words, diag: &mut Diag) -> Self {
        let signature = &function.signature;
        let shape = if signature.asyncness.is_some() {
            Shape::Async
        } else if let Some(tail) = AsyncTail::find(&function.body) {
            Shape::AsyncTail(Box::new(tail))
        } else if names_future(&signature.output) {
            Shape::Future
        } else {
            Shape::Sync
        };
        // What was written wrongly is not to be guessed.
        let is_wrong = (words.mentions(ACTION) && words.action.get().is_none())
            || (words.mentions(ENTITY_TYPE) && words.entity_type.get().is_none());
        let names = if is_wrong {
            None
        } else {
            Names::find(words, &signature.ident)
                .map_err(|message| diag.error(&signature.ident, message))
                .ok()
        };
        Self {
            function,
            words,
            names,
            shape,
        }
    }

    /// Whether the value may borrow from what the body captures.
    pub(super) fn borrows(&self) -> bool {
        let output = &self.function.signature.output;
        match &self.shape {
            Shape::AsyncTail(_) => tail_borrows(output),
            _ => borrows(output),
        }
    }

    /// Whether an `async` body takes what it captures. Otherwise `self` stays usable after it.
    pub(super) fn async_moves(&self) -> bool {
        !matches!(self.words.after.value(), Some(After::Plain(_)))
    }
}
