//! What can be wrong with the function.

use syn::Abi;

use crate::{
    action::{
        function::{find, is},
        model::{Model, Shape},
    },
    diag::Diag,
};

pub(in super::super) fn signature(model: &Model<'_>, diag: &mut Diag) {
    let signature = &model.function.signature;
    if let Some(constness) = &signature.constness {
        let message = "`#[audit_action]` on a `const fn`: recording cannot run at compile time, drop the `const`";
        diag.error(constness, message);
    }
    if let Some(abi) = signature.abi.as_ref().filter(|abi| is_foreign(abi)) {
        let message = "`#[audit_action]` on an `extern` function: a panic must not reach its foreign caller, \
                       put the attribute on a Rust function that this one calls";
        diag.error(abi, message);
    }
    if let Some(variadic) = &signature.variadic {
        let message = "`#[audit_action]` on a variadic function: its arguments cannot be passed on, wrap it in a function of yours";
        diag.error(variadic, message);
    }
    match &model.shape {
        Shape::Async | Shape::Sync => {}
        Shape::Future => diag.error(
            &signature.output,
            "`#[audit_action]` would audit only the construction of this future: make it an `async fn`, \
             or end the body in `async move { ... }`; if another attribute has rewritten the body, put `#[audit_action]` above it",
        ),
        Shape::AsyncTail(tail) => {
            if let Some(token) = find(tail.before.clone(), &|token| is(token, "return")) {
                let message = "this `return` would leave a future that is not audited: move it into the `async` block";
                diag.error(token, message);
            }
        }
    }
}

/// `extern "Rust"` is what every function is.
fn is_foreign(abi: &Abi) -> bool {
    abi.name.as_ref().is_none_or(|name| name.value() != "Rust")
}
