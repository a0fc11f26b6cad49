//! The service as its users meet it: a process of its own, asked over sockets, stopped by signals.
//!
//! What the log says is read over `GET /audit` while it serves, and from the file when it has ended.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where something is wrong"
)]
#![cfg(unix)]

mod client;
mod desk;
mod endings;
mod headers;
mod logins;
mod reading;
mod readme;
mod stops;
mod tenants;
