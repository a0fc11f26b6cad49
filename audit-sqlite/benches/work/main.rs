//! The work that every audit log does, against hand-written limits in the same run: same file
//! system, same settings, same bytes stored. Prints a table of ratios.
//!
//! `cargo bench -p audit-sqlite` runs all of it; `cargo bench -p audit-sqlite -- w3` a part:
//! `w1`, `w2e` (with group commit), `w3`, `history`, `tracked`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that measures: it prints, and stops where something is wrong"
)]

mod bulk;
mod by_hand;
mod data;
mod figures;
mod group;
mod history;
mod library;
mod query;
mod single;
mod tracked;

use figures::Table;

fn main() {
    let parts: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|wanted| wanted == part);
    // The target folder is on a disk, where the system's temporary folder may be in memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let folder = folder.path();
    if parts.first().is_some_and(|part| part == "only-w2e") {
        return bulk::alone(folder);
    }
    if parts.first().is_some_and(|part| part == "only-tracked") {
        return tracked::alone(folder, tracked::bulk);
    }
    if parts.first().is_some_and(|part| part == "only-joined") {
        return tracked::alone(folder, tracked::joined);
    }
    let mut table = Table::default();
    if wanted("w1") {
        single::run(folder, &mut table);
    }
    if wanted("w2e") {
        bulk::run(folder, &mut table);
    }
    if wanted("w3") {
        query::run(folder, &mut table);
    }
    if wanted("history") {
        history::run(folder, &mut table);
    }
    if wanted("tracked") {
        tracked::run(folder, &mut table);
    }
    table.print();
}
