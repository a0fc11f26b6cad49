//! Times, ratios, and the table that they end in.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

/// One line of the table.
pub(crate) struct Figure {
    name: String,
    ours: String,
    limit: String,
    ratio: Option<f64>,
    /// What the ratio has to reach, and whether more is better.
    goal: Option<(f64, Better)>,
}

#[derive(Clone, Copy)]
pub(crate) enum Better {
    More,
    Less,
}

#[derive(Default)]
pub(crate) struct Table(Vec<Figure>);

impl Table {
    /// A figure with a goal that its ratio has to reach.
    pub(crate) fn goal(
        &mut self,
        name: &str,
        (ours, limit): (String, String),
        ratio: f64,
        goal: f64,
        better: Better,
    ) {
        self.add(Figure {
            name: name.to_owned(),
            ours,
            limit,
            ratio: Some(ratio),
            goal: Some((goal, better)),
        });
    }

    /// A figure that is worth knowing.
    pub(crate) fn note(&mut self, name: &str, ours: String, limit: String, ratio: Option<f64>) {
        self.add(Figure {
            name: name.to_owned(),
            ours,
            limit,
            ratio,
            goal: None,
        });
    }

    fn add(&mut self, figure: Figure) {
        eprintln!("  {}: {} | {}", figure.name, figure.ours, figure.limit);
        self.0.push(figure);
    }

    pub(crate) fn print(&self) {
        println!("\n| figure | library | by hand | ratio | goal | |");
        println!("|---|---|---|---|---|---|");
        for figure in &self.0 {
            let ratio = figure
                .ratio
                .map(|ratio| format!("{ratio:.2}"))
                .unwrap_or_default();
            let (goal, reached) = match (figure.goal, figure.ratio) {
                (Some((goal, better)), Some(ratio)) => {
                    let (sign, reached) = match better {
                        Better::More => ("≥", ratio >= goal),
                        Better::Less => ("≤", ratio <= goal),
                    };
                    (
                        format!("{sign} {goal}"),
                        if reached { "reached" } else { "missed" },
                    )
                }
                _ => (String::new(), ""),
            };
            let Figure {
                name, ours, limit, ..
            } = figure;
            println!("| {name} | {ours} | {limit} | {ratio} | {goal} | {reached} |");
        }
    }
}

/// How often per second, of `count` things done by `work`.
#[expect(clippy::cast_precision_loss, reason = "a rate")]
pub(crate) fn rate(count: u64, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    count as f64 / start.elapsed().as_secs_f64()
}

/// What this process has needed of memory at most.
pub(crate) fn peak_mebibytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: f64 = peak
        .and_then(|peak| peak.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse().ok())
        .unwrap_or(f64::NAN);
    kib / 1024.0
}

/// The same of a process that does only this.
pub(crate) fn peak_mebibytes_of(work: &str) -> f64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg(work)
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap()
}

pub(crate) fn per_second(rate: f64) -> String {
    format!("{rate:.0}/s")
}

/// The times of a query over many subjects.
pub(crate) struct Timed {
    pub(crate) p50: Duration,
    p99: Duration,
}

impl Timed {
    /// Two queries over the same subjects, in turn, so that what the machine does beside this
    /// strikes both. The first round warms up.
    pub(crate) fn both<T, A, B>(
        subjects: &[T],
        mut ours: impl FnMut(&T) -> A,
        mut limit: impl FnMut(&T) -> B,
    ) -> (Self, Self) {
        const ROUNDS: usize = 5;
        let mut times = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            for subject in subjects {
                let start = Instant::now();
                black_box(ours(subject));
                let middle = Instant::now();
                black_box(limit(subject));
                if round > 0 {
                    times.0.push(middle - start);
                    times.1.push(middle.elapsed());
                }
            }
        }
        (Self::of(times.0), Self::of(times.1))
    }

    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |percent: usize| {
            let place = times.len() * percent / 100;
            times.get(place).copied().unwrap_or_default()
        };
        Self {
            p50: at(50),
            p99: at(99),
        }
    }
}

impl std::fmt::Display for Timed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:.0} µs (p99 {:.0})",
            micros(self.p50),
            micros(self.p99)
        )
    }
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
