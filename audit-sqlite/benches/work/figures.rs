//! Times, ratios, and the table that they end in.

use std::hint::black_box;
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

pub(crate) fn per_second(rate: f64) -> String {
    format!("{rate:.0}/s")
}

/// The median time of a query over many subjects, after one round to warm up.
pub(crate) struct Timed {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
}

impl Timed {
    pub(crate) fn over<T, R>(subjects: &[T], mut query: impl FnMut(&T) -> R) -> Self {
        for subject in subjects {
            black_box(query(subject));
        }
        let mut times: Vec<Duration> = subjects
            .iter()
            .chain(subjects)
            .map(|subject| {
                let start = Instant::now();
                black_box(query(subject));
                start.elapsed()
            })
            .collect();
        times.sort_unstable();
        let at = |percent: usize| {
            times
                .get(times.len() * percent / 100)
                .copied()
                .unwrap_or_default()
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
