//! Rounds in which all ways take turns, and a table of what came out.

use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
const AT_LEAST: Duration = Duration::from_millis(6);

/// The best round of each way in nanoseconds a call: what the machine did beside this only adds.
pub(crate) fn interleaved<const N: usize>(mut ways: [&mut dyn FnMut(); N]) -> [f64; N] {
    let calls: Vec<u32> = ways.iter_mut().map(|way| enough(way)).collect();
    let mut best = [f64::MAX; N];
    for _ in 0..ROUNDS {
        for ((way, calls), best) in ways.iter_mut().zip(&calls).zip(&mut best) {
            let start = Instant::now();
            (0..*calls).for_each(|_| way());
            let each = start.elapsed().as_secs_f64() * 1e9 / f64::from(*calls);
            *best = best.min(each);
        }
    }
    best
}

fn enough(way: &mut dyn FnMut()) -> u32 {
    let mut calls = 1;
    loop {
        let start = Instant::now();
        (0..calls).for_each(|_| way());
        if start.elapsed() >= AT_LEAST {
            return calls;
        }
        calls *= 2;
    }
}

struct Figure {
    name: &'static str,
    ours: String,
    other: String,
    ratio: String,
    goal: String,
    reached: Option<bool>,
}

#[derive(Default)]
pub(crate) struct Table(Vec<Figure>);

impl Table {
    /// How many times longer than the other it takes.
    pub(crate) fn slower(&mut self, name: &'static str, ours: f64, other: f64, most: Option<f64>) {
        let goal = most.map(|most| (format!("≤ {most}"), ours / other <= most));
        self.times(name, ours, other, ours / other, goal);
    }

    /// How many times faster than the other it is.
    pub(crate) fn faster(&mut self, name: &'static str, ours: f64, other: f64, least: Option<f64>) {
        let goal = least.map(|least| (format!("≥ {least}"), other / ours >= least));
        self.times(name, ours, other, other / ours, goal);
    }

    pub(crate) fn count(&mut self, name: &'static str, ours: u64, most: u64) {
        self.0.push(Figure {
            name,
            ours: ours.to_string(),
            other: String::new(),
            ratio: String::new(),
            goal: format!("≤ {most}"),
            reached: Some(ours <= most),
        });
    }

    fn times(
        &mut self,
        name: &'static str,
        ours: f64,
        other: f64,
        ratio: f64,
        goal: Option<(String, bool)>,
    ) {
        let reached = goal.as_ref().map(|(_, reached)| *reached);
        self.0.push(Figure {
            name,
            ours: format!("{ours:.0} ns"),
            other: format!("{other:.0} ns"),
            ratio: format!("{ratio:.2}"),
            goal: goal.map(|(goal, _)| goal).unwrap_or_default(),
            reached,
        });
    }

    pub(crate) fn print(&self) {
        println!("| figure | audited | the other | ratio | goal | |");
        println!("|---|---|---|---|---|---|");
        for figure in &self.0 {
            let Figure {
                name,
                ours,
                other,
                ratio,
                goal,
                reached,
            } = figure;
            let reached = match reached {
                Some(true) => "reached",
                Some(false) => "missed",
                None => "",
            };
            println!("| {name} | {ours} | {other} | {ratio} | {goal} | {reached} |");
        }
    }
}
