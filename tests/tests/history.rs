//! A record as it was at any moment, what was changed by whom and why, and the way back: through the
//! macros, an auditor and a file.

#![allow(clippy::unwrap_used, reason = "a test fails at the first error")]

#[path = "history/captured.rs"]
mod captured;
#[path = "history/jobs.rs"]
mod jobs;
#[path = "history/lives.rs"]
mod lives;
#[path = "history/reverts.rs"]
mod reverts;
#[path = "history/stores.rs"]
mod stores;
