//! The service under load: `cargo bench -p audit-examples --bench load`.
//!
//! 64 clients, each on a connection of its own, write notes on incidents of theirs as fast as they are
//! answered, against the service with auditing off, durable, and buffered, in turns. At the end of
//! each turn the log is compared with what was answered.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a bench"
)]

mod clients;
mod service;

use std::time::Duration;

use self::clients::drive;
use self::service::Service;

const CLIENTS: usize = 64;
/// How long each way is driven, in turns.
const TURN: Duration = Duration::from_secs(10);
const TURNS: usize = 2;

const WAYS: [&str; 3] = ["off", "durable", "buffered"];

/// What was seen of one way.
#[derive(Default)]
struct Seen {
    /// Microseconds that each answer took.
    times: Vec<u32>,
    seconds: f64,
    /// In KiB: a fifth of a turn after its begin, at its end, and at most.
    memory: Vec<[u64; 3]>,
    stored: u64,
}

fn main() {
    let mut seen: [Seen; WAYS.len()] = Default::default();
    for turn in 0..TURNS {
        for (way, seen) in WAYS.iter().zip(&mut seen) {
            eprintln!("turn {} of {TURNS}, auditing {way}", turn + 1);
            let mut service = Service::start(way);
            let driven = drive(&service, CLIENTS, TURN);
            service.stop();
            let stored = service.stored();
            let answered = driven.times.len() as u64;
            if *way == "off" {
                assert_eq!(stored, [0, 0, 0], "off is off");
            } else {
                assert_eq!(stored, [answered; 3], "what was answered is what is stored");
            }
            seen.stored += stored[0];
            seen.times.extend(driven.times);
            seen.seconds += driven.seconds;
            seen.memory.push(driven.memory);
        }
    }
    print(&mut seen);
}

fn print(seen: &mut [Seen]) {
    let rate = |seen: &Seen| seen.times.len() as f64 / seen.seconds;
    let off = rate(&seen[0]);
    println!(
        "\n| auditing | writes per second | of off | goal | p50 | p99 | memory, early | at the end | at most | answered | entries of each kind |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    for (way, seen) in WAYS.iter().zip(seen) {
        seen.times.sort_unstable();
        let ratio = rate(seen) / off;
        let goal = match *way {
            "durable" => judged(ratio, 0.5),
            "buffered" => judged(ratio, 0.85),
            _ => String::new(),
        };
        let memory = |of: usize| seen.memory.iter().map(|turn| turn[of]).max().unwrap() / 1024;
        println!(
            "| {way} | {:.0} | {ratio:.2} | {goal} | {:.1} ms | {:.1} ms | {} MiB | {} MiB | {} MiB | {} | {} |",
            rate(seen),
            percentile(&seen.times, 50),
            percentile(&seen.times, 99),
            memory(0),
            memory(1),
            memory(2),
            seen.times.len(),
            seen.stored,
        );
    }
}

fn judged(ratio: f64, goal: f64) -> String {
    let word = if ratio >= goal { "reached" } else { "missed" };
    format!("≥ {goal}, {word}")
}

fn percentile(times: &[u32], percent: usize) -> f64 {
    let at = (times.len() * percent / 100).min(times.len().saturating_sub(1));
    times
        .get(at)
        .map_or(0.0, |micros| f64::from(*micros) / 1000.0)
}
