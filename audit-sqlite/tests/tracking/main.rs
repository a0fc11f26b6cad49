//! Tracked tables from outside: every change is told, once, in order, and nobody else notices.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails like a test"
)]

mod baseline;
mod cascades;
mod desk;
mod differential;
mod json;
mod options;
mod parents;
mod pauses;
mod refusals;
mod replace;
mod schema;
mod secrets;
mod tenants;
mod verbs;
mod writer;
