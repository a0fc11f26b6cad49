//! Applications that show audit-core at work; run them from the root of the workspace.
//!
//! ```text
//! cargo run --example quickstart
//! cargo run --example incident_desk
//! ```
//!
//! This package has no code of its own: a package needs a target besides its examples.
