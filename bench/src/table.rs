//! Medians and ratios.

use std::fmt::Write as _;

use crate::workload::{Figures, Workload};

#[derive(Default)]
pub struct Table {
    rounds: Vec<(Workload, &'static str, Figures)>,
}

impl Table {
    pub fn add(&mut self, workload: Workload, server: &'static str, figures: Option<Figures>) {
        self.rounds.extend(figures.map(|it| (workload, server, it)));
    }

    /// One workload: a line for each server, with the ratio of Strongroom to it.
    pub fn lines(&self, workload: Workload) -> String {
        let ours = self.median(workload, "strongroom", |it| it.per_second);
        let mut out = format!("{}\n", workload.name());
        for server in ["strongroom", "openbao", "bare axum"] {
            let Some(rate) = self.median(workload, server, |it| it.per_second) else { continue };
            let ratio = ours.map_or(0.0, |ours| ours / rate);
            let [p50, p99, p999] = [
                self.median(workload, server, |it| it.p50),
                self.median(workload, server, |it| it.p99),
                self.median(workload, server, |it| it.p999),
            ]
            .map(|it| it.unwrap_or_default());
            // Writing to a string does not fail.
            let _ = writeln!(
                out,
                "  {server:<11} {rate:>9.0}/s   p50 {p50:>7.0} µs   p99 {p99:>7.0} µs   p99.9 {p999:>7.0} µs   \
                 strongroom is {ratio:.2} x"
            );
        }
        out
    }

    fn median(&self, workload: Workload, server: &str, figure: impl Fn(&Figures) -> f64) -> Option<f64> {
        let rounds = self.rounds.iter().filter(|it| it.0 == workload && it.1 == server);
        let mut all: Vec<f64> = rounds.map(|it| figure(&it.2)).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    }
}
