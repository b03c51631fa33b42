//! The table in the terminal.

use std::fmt::Write as _;

use super::{Fact, Report, Row};
use crate::{load::Figures, peers::Peer, workloads::Verdict};

pub fn head(report: &Report) -> String {
    let machine = &report.machine;
    format!(
        "{}, {} cores, {:.0} GB, Linux {}, {}, sync of 4 KiB {:.0} µs\n{} rounds of {} s\n",
        machine.processor,
        machine.cores,
        machine.memory_gb,
        machine.kernel,
        machine.filesystem,
        machine.sync,
        report.settings.rounds,
        report.settings.seconds
    )
}

pub fn facts(facts: &[Fact]) -> String {
    let lines = facts.iter().map(|it| {
        format!(
            "{:<42} {:>8.1} {}   (at most {}: {})\n",
            it.name,
            it.value,
            it.unit,
            it.at_most,
            it.verdict().name()
        )
    });
    lines.collect()
}

/// A line for each peer, with our ratio to it, and one for each goal.
pub fn row(row: &Row) -> String {
    let mut out = format!("{}\n", row.name);
    for cell in &row.cells {
        let Some(figures) = row.median(cell.peer) else { continue };
        let ratio = match row.ratio(cell.peer) {
            Some(ratio) if cell.peer != Peer::Strongroom => format!("   strongroom is {} x", short(ratio)),
            _ => String::new(),
        };
        let refused = figures.refused.map_or(String::new(), |it| format!("   {it:.2} % refused"));
        let overloaded = if figures.keeps_up() { "" } else { "   overloaded" };
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "  {:<11} {:>9}/s   {}{ratio}{overloaded}{refused}",
            cell.peer.name(),
            rate(figures.per_second),
            times(&figures)
        );
    }
    for (goal, verdict) in row.verdicts() {
        let _ = writeln!(out, "  {:<10} {}", verdict.name(), goal.text());
    }
    out
}

/// How many goals were met, and which were not.
pub fn verdicts(report: &Report) -> String {
    let mut all: Vec<(Verdict, String)> = Vec::new();
    all.extend(report.facts.iter().map(|it| (it.verdict(), it.name.clone())));
    for row in &report.rows {
        let of_row = row.verdicts().into_iter();
        all.extend(of_row.map(|(goal, verdict)| (verdict, format!("{}: {}", row.name, goal.text()))));
    }
    let count = |wanted| all.iter().filter(|it| it.0 == wanted).count();
    let mut out = format!(
        "{} goals met, {} missed, {} not measured\n",
        count(Verdict::Met),
        count(Verdict::Missed),
        count(Verdict::Open)
    );
    for (verdict, name) in all.iter().filter(|it| it.0 != Verdict::Met) {
        let _ = writeln!(out, "  {:<12} {name}", verdict.name());
    }
    out
}

fn times(figures: &Figures) -> String {
    let parts = [("p50", figures.p50), ("p99", figures.p99), ("p99.9", figures.p999)];
    let parts = parts.iter().map(|(name, value)| match value {
        Some(value) => format!("{name} {:>9}   ", time(*value)),
        None => String::new(),
    });
    parts.collect::<String>().trim_end().to_owned()
}

/// Microseconds, in a unit that reads well.
pub(super) fn time(microseconds: f64) -> String {
    match microseconds {
        it if it < 10_000.0 => format!("{it:.0} µs"),
        it if it < 10_000_000.0 => format!("{:.1} ms", it / 1e3),
        it => format!("{:.1} s", it / 1e6),
    }
}

pub(super) fn rate(per_second: f64) -> String {
    if per_second < 100.0 { format!("{per_second:.1}") } else { format!("{per_second:.0}") }
}

/// A ratio, as exact as it deserves.
pub(super) fn short(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.1}") }
}
