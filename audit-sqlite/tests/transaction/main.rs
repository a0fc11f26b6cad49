//! Audited transactions and the outbox from outside: rows and entries commit together, and the
//! caller's connection is as without us.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails like a test"
)]

mod caller;
mod compiled;
mod desk;
mod doomed;
mod ending;
mod joining;
mod outbox;
mod refused;
mod savepoints;
mod waiting;
