//! What 100 derives of 12 fields add to the time of a build, against `serde::Serialize` on the same.
//!
//! `cargo bench -p audit-core --bench build_time` builds a small crate again and again, in a
//! temporary folder, and prints a table.

#![expect(clippy::print_stdout, reason = "a program that measures")]
#![expect(
    clippy::unwrap_used,
    reason = "a program that measures stops at the first error"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const TYPES: usize = 100;
const ROUNDS: usize = 7;

/// The types of the twelve fields; the values are compared, and written by `serde`.
const FIELDS: [&str; 12] = [
    "uuid::Uuid",
    "uuid::Uuid",
    "String",
    "String",
    "Status",
    "u8",
    "Option<uuid::Uuid>",
    "Vec<String>",
    "std::net::IpAddr",
    "chrono::DateTime<chrono::Utc>",
    "chrono::DateTime<chrono::Utc>",
    "String",
];

fn source(derive: &str) -> String {
    let mut source = String::from(
        "#[derive(Clone, Copy, PartialEq, serde::Serialize)]\npub enum Status { Open, Closed }\n",
    );
    for number in 0..TYPES {
        writeln!(source, "{derive}\npub struct Record{number} {{").unwrap();
        for (field, ty) in FIELDS.iter().enumerate() {
            writeln!(source, "    pub field{field}: {ty},").unwrap();
        }
        source.push_str("}\n");
    }
    source
}

fn manifest(core: &str) -> String {
    format!(
        r#"[package]
name = "derives"
version = "0.0.0"
edition = "2024"

[lib]
path = "lib.rs"

[dependencies]
audit-core = {{ path = {core:?} }}
chrono = {{ version = "0.4", default-features = false, features = ["serde"] }}
serde = {{ version = "1", features = ["derive"] }}
uuid = {{ version = "1", default-features = false, features = ["serde"] }}

[workspace]
"#
    )
}

fn build(folder: &Path) -> Duration {
    let start = Instant::now();
    let done = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .env("CARGO_INCREMENTAL", "0")
        .status()
        .unwrap();
    assert!(done.success());
    start.elapsed()
}

fn main() {
    let core = env!("CARGO_MANIFEST_DIR");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("Cargo.toml"), manifest(core)).unwrap();
    fs::copy(
        Path::new(core).join("../Cargo.lock"),
        folder.path().join("Cargo.lock"),
    )
    .unwrap();

    let variants = [
        source(""),
        source("#[derive(serde::Serialize)]"),
        source("#[derive(audit_core::Audited)]"),
    ];
    let mut best = [Duration::MAX; 3];
    for round in 0..=ROUNDS {
        for (variant, best) in variants.iter().zip(&mut best) {
            fs::write(folder.path().join("lib.rs"), variant).unwrap();
            let time = build(folder.path());
            // The first round builds the dependencies.
            if round > 0 {
                *best = time.min(*best);
            }
        }
    }
    let [plain, serialize, audited] = best;
    let added = |time: Duration| time.saturating_sub(plain);
    let ratio = added(audited).as_secs_f64() / added(serialize).as_secs_f64();
    let reached = if ratio <= 1.5 { "reached" } else { "missed" };
    println!("| figure | `Audited` | `serde::Serialize` | ratio | goal | |");
    println!("|---|---|---|---|---|---|");
    println!(
        "| build time that {TYPES} derives of {} fields add | {:.0?} | {:.0?} | {ratio:.2} | ≤ 1.5 | {reached} |",
        FIELDS.len(),
        added(audited),
        added(serialize),
    );
}
