//! What the function is: when it runs, and what its body may borrow.

use super::{
    function::Function,
    parse::Words,
    returns::{borrows, names_future},
    tail::AsyncTail,
};

pub(super) struct Model<'a> {
    pub(super) function: &'a Function,
    pub(super) words: &'a Words,
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
    pub(super) fn new(function: &'a Function, words: &'a Words) -> Self {
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
        Self {
            function,
            words,
            shape,
        }
    }

    /// Whether a sync body takes what it captures: only if its value may borrow from it. Otherwise `self` stays usable
    /// after the body.
    pub(super) fn moves(&self) -> bool {
        borrows(&self.function.signature.output)
    }
}
