//! The SQLite store from outside: what goes in comes back, whatever happens to the file.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_wrap,
    reason = "a helper of a test fails like a test"
)]

mod attempts;
mod blocks;
mod faults;
mod file;
mod processes;
mod reading;
mod sample;
mod tampering;
mod turns;
mod view;
mod writing;
