//! What an error can tell.

use std::error::Error;
use std::fmt::{self, Display, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::probe::said;
use super::{Reading, ToOutcome};
use crate::entry::{ErrorDetail, Outcome, short_type_name};

/// So many sources of an error are told at the most: a chain may be a ring.
const MOST_SOURCES: usize = 32;

/// An error that a call failed with.
#[derive(Debug)]
pub struct Failed<'a, E: ?Sized>(&'a E);

impl<'a, E: ?Sized> Failed<'a, E> {
    /// Looks at an error.
    pub fn new(error: &'a E) -> Self {
        Self(error)
    }
}

/// An error that says its outcome.
pub trait ViaErrorOutcome {
    /// How the call ended.
    fn __audit_failure(&self) -> Reading;
}

impl<E: ToOutcome + Display + ?Sized> ViaErrorOutcome for &&Failed<'_, E> {
    fn __audit_failure(&self) -> Reading {
        Reading {
            outcome: said(self.0).unwrap_or(Outcome::Failure),
            error: Some(ErrorDetail::of(self.0)),
        }
    }
}

/// An error that can be displayed.
pub trait ViaDisplay {
    /// How the call ended.
    fn __audit_failure(&self) -> Reading;
}

impl<E: Display + ?Sized> ViaDisplay for &Failed<'_, E> {
    fn __audit_failure(&self) -> Reading {
        failure(ErrorDetail::of(self.0))
    }
}

/// An error of which only the type is known.
pub trait ViaAnyError {
    /// How the call ended.
    fn __audit_failure(&self) -> Reading;
}

impl<E: ?Sized> ViaAnyError for Failed<'_, E> {
    fn __audit_failure(&self) -> Reading {
        failure(ErrorDetail::new(short_type_name::<E>(), ""))
    }
}

fn failure(error: ErrorDetail) -> Reading {
    Reading {
        outcome: Outcome::Failure,
        error: Some(error),
    }
}

impl Reading {
    /// Adds the texts of what caused the error.
    #[must_use]
    pub fn caused_by(mut self, sources: &str) -> Self {
        if let Some(error) = &mut self.error {
            error.text += sources;
        }
        self
    }
}

/// What caused an error.
#[derive(Debug)]
pub struct Sources<'a, E: ?Sized>(&'a E);

impl<'a, E: ?Sized> Sources<'a, E> {
    /// Looks at an error.
    #[must_use]
    pub fn new(error: &&&Failed<'a, E>) -> Self {
        Self(error.0)
    }
}

/// An error as the standard library knows it.
pub trait ViaError {
    /// `: this: and that`.
    fn __audit_sources(&self) -> String;
}

impl<E: Error> ViaError for &&&Sources<'_, E> {
    fn __audit_sources(&self) -> String {
        chain(|| self.0.source())
    }
}

/// A box of an error that can be sent.
pub trait ViaSendAsRef {
    /// `: this: and that`.
    fn __audit_sources(&self) -> String;
}

impl<E: AsRef<dyn Error + Send + Sync>> ViaSendAsRef for &&Sources<'_, E> {
    fn __audit_sources(&self) -> String {
        chain(|| self.0.as_ref().source())
    }
}

/// A box of an error.
pub trait ViaAsRef {
    /// `: this: and that`.
    fn __audit_sources(&self) -> String;
}

impl<E: AsRef<dyn Error>> ViaAsRef for &Sources<'_, E> {
    fn __audit_sources(&self) -> String {
        chain(|| self.0.as_ref().source())
    }
}

/// An error that knows of no source.
pub trait ViaNoSource {
    /// Nothing.
    fn __audit_sources(&self) -> String;
}

impl<E: ?Sized> ViaNoSource for Sources<'_, E> {
    fn __audit_sources(&self) -> String {
        String::new()
    }
}

fn chain<'a>(first: impl FnOnce() -> Option<&'a (dyn Error + 'static)>) -> String {
    let mut text = String::new();
    let written = catch_unwind(AssertUnwindSafe(|| -> fmt::Result {
        let mut source = first();
        for _ in 0..MOST_SOURCES {
            let Some(error) = source else { break };
            write!(text, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }));
    // As far as it came: each text is a part of the truth.
    drop(written);
    text
}
