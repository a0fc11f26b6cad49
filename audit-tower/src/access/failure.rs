//! What happens to a request whose entry cannot be recorded.

use std::fmt;

use audit_core::Error;
use http::Response;

/// The request is answered all the same. Its entry is queued and tried again; what is lost is counted,
/// reported, and told of in a gap entry.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Reported;

/// The request is answered with a response that says so; made by
/// [`AccessLayer::fail_closed`](crate::AccessLayer::fail_closed).
#[derive(Clone)]
pub struct FailClosed<F>(F);

impl<F> FailClosed<F> {
    pub(super) fn new(respond: F) -> Self {
        Self(respond)
    }
}

/// What happens to a request whose entry cannot be recorded: [`Reported`] or [`FailClosed`].
pub trait OnUnrecorded<B>: sealed::Sealed {
    /// Whether the entry is waited for before the response goes out.
    const IS_STRICT: bool;

    /// The response in place of the one that was made, if it is to be replaced.
    fn respond(&self, error: &Error) -> Option<Response<B>>;
}

impl<B> OnUnrecorded<B> for Reported {
    const IS_STRICT: bool = false;

    fn respond(&self, _: &Error) -> Option<Response<B>> {
        None
    }
}

impl<B, F: Fn(&Error) -> Response<B>> OnUnrecorded<B> for FailClosed<F> {
    const IS_STRICT: bool = true;

    fn respond(&self, error: &Error) -> Option<Response<B>> {
        Some((self.0)(error))
    }
}

impl<F> fmt::Debug for FailClosed<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailClosed").finish_non_exhaustive()
    }
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else may implement it")]
    pub trait Sealed {}
    impl Sealed for super::Reported {}
    impl<F> Sealed for super::FailClosed<F> {}
}
