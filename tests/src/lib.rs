//! Tests that need several crates at once stand in `tests/`; the README is tested here.

/// The example of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
