//! Tests that need several crates at once stand in `tests/`; the README and the guides are tested here.

/// The example of the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The examples of the guide about background jobs run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/jobs.md")]
pub struct Jobs;

/// The examples of the guide for those who come from elsewhere run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migrating.md")]
pub struct Migrating;
