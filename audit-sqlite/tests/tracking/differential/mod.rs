//! Random programs of SQL: what the log tells, replayed from nothing, is the table at each commit.
//!
//! `AUDIT_PROGRAMS` says how many programs, `AUDIT_SEED` which to begin with.

mod alter;
mod model;
mod program;
mod random;
mod schema;

use std::time::{SystemTime, UNIX_EPOCH};

use self::program::Bench;
use self::random::Random;

/// How many programs run one after the other in one file.
const PROGRAMS_PER_FILE: u64 = 25;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn replaying_the_log_gives_the_table_at_each_commit() {
    let programs = number("AUDIT_PROGRAMS").unwrap_or(800);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let first = number("AUDIT_SEED").unwrap_or(now.as_secs() * 1_000);
    let threads = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                let mut seeds = (first..first + programs)
                    .filter(|seed| seed % threads == thread)
                    .peekable();
                while seeds.peek().is_some() {
                    let bench = Bench::new();
                    for seed in seeds.by_ref().take(PROGRAMS_PER_FILE.try_into().unwrap()) {
                        run(&bench, seed);
                    }
                }
            });
        }
    });
}

fn run(bench: &Bench, seed: u64) {
    let mut log = Vec::new();
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        bench.run(&mut Random::new(seed), seed, &mut log);
    }));
    if let Err(cause) = result {
        let cause = cause
            .downcast_ref::<String>()
            .map_or("a panic without a text", String::as_str);
        panic!(
            "AUDIT_SEED={seed} AUDIT_PROGRAMS=1: {cause}\n{}",
            log.join("\n")
        );
    }
}
