//! The sanitizer over a JSON document without a secret, against one walk over it in the same
//! run: the walk visits each node and folds each byte of every name and text, one by one.
//!
//! `cargo bench -p audit-core --bench sanitize` prints a table.

#![expect(clippy::print_stdout, reason = "a program that measures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use audit_core::Sanitizer;
use serde_json::{Value, json};

const ROUNDS: usize = 60;
const CALLS: u32 = 2000;

fn document() -> Value {
    json!({
        "id": "5f1c0d1e-0001-4000-8000-000000000007",
        "title": "Port scan from an unknown host in the outer network",
        "description": "A host in the guest network opened connections to forty ports of the gateway within ten seconds. The firewall dropped all of them. The host left the network before anybody looked at it; the lease is two days old.",
        "status": "in_progress",
        "severity": 4,
        "open": true,
        "assignee": null,
        "tags": ["network", "scan", "guest", "gateway", "firewall"],
        "location": {"city": "Tromsø", "building": "North 3", "floor": 2, "point": [69.6492, 18.9553]},
        "created_at": "2026-11-23T08:15:30.123456Z",
        "updated_at": "2026-11-23T09:02:11.000001Z",
        "request": {
            "method": "PATCH",
            "path": "/api/v1/incidents/5f1c0d1e-0001-4000-8000-000000000007",
            "referrer": "https://desk.example.org/incidents?page=3&sort=severity",
            "agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36"
        },
        "notes": [
            {"number": 1, "by": "ada", "text": "Seen on two sensors, the third one was down for maintenance."},
            {"number": 2, "by": "grace", "text": "The lease belongs to a badge that was reported lost on Friday."},
            {"number": 4, "by": "barbara", "text": "The recordings show nobody at the door; somebody used the lost badge at the side entrance, twice, shortly before the scan began."},
            {"number": 5, "by": "ada", "text": "Asked the owner of the badge to come by. The new badge was issued on Monday, the old one should have been blocked on Friday evening. Opened a ticket with facilities so that this does not happen again, and linked it to this incident. The network team confirmed that nothing but the gateway had answered, and that the rules of the guest network stay as they are."},
            {"number": 3, "by": "edsger", "text": "Blocked the address, asked facilities for the recordings of the door."}
        ],
        "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "counters": {"packets": 40_112, "bytes": 2_406_720, "ports": 40, "seconds": 10},
        "links": ["https://desk.example.org/assets/311", "https://desk.example.org/assets/312"]
    })
}

fn walk(value: &Value) -> u64 {
    match value {
        Value::Null => 1,
        Value::Bool(_) | Value::Number(_) => 2,
        Value::String(text) => fold(text),
        Value::Array(items) => items.iter().fold(3, |sum, item| sum ^ walk(item)),
        Value::Object(members) => members
            .iter()
            .fold(4, |sum, (name, value)| sum ^ fold(name) ^ walk(value)),
    }
}

/// FNV-1a: each byte depends on the one before, so the fold is what it says.
fn fold(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The best round of each, in turn: what the machine did beside this only adds.
fn best(mut one: impl FnMut(), mut other: impl FnMut()) -> (Duration, Duration) {
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        best.0 = best.0.min(round(&mut one));
        best.1 = best.1.min(round(&mut other));
    }
    best
}

fn round(call: &mut impl FnMut()) -> Duration {
    let start = Instant::now();
    (0..CALLS).for_each(|_| call());
    start.elapsed() / CALLS
}

fn main() {
    let sanitizer = Sanitizer::default();
    let mut value = document();
    let bytes = value.to_string().len();
    sanitizer.value(&mut value);
    assert_eq!(value, document(), "the document has no secret");

    let walked = value.clone();
    let (walking, sanitizing) = best(
        || {
            black_box(walk(black_box(&walked)));
        },
        || sanitizer.value(black_box(&mut value)),
    );
    let ratio = sanitizing.as_secs_f64() / walking.as_secs_f64();
    let reached = if ratio <= 3.0 { "reached" } else { "missed" };
    println!("| figure | sanitizer | one walk | ratio | goal | |");
    println!("|---|---|---|---|---|---|");
    println!(
        "| {bytes} bytes of JSON without a secret | {sanitizing:?} | {walking:?} | {ratio:.2} | ≤ 3 | {reached} |"
    );
}
