//! The layers in a service that is reached over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod access;
mod body;
mod client;
mod failing;
mod identity;
mod nested;
mod origin;
mod sampling;
mod server;
mod services;
