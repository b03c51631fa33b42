//! The page of a run, in Markdown.

use std::fmt::Write as _;

use super::{
    Report, Row,
    text::{rate, short, time},
};
use crate::{peers::Peer, workloads::Verdict};

/// `charts`: titles and files.
pub(super) fn page(report: &Report, charts: &[(String, String)]) -> String {
    let mut out = format!("# {}\n\n", report.date.split('T').next().unwrap_or_default());
    out += &settings(report);
    for (title, file) in charts {
        let _ = write!(out, "![{title}]({file})\n\n");
    }
    out += &facts(report);
    out += &rates(report);
    out += &latencies(report);
    out
}

fn settings(report: &Report) -> String {
    let (machine, settings) = (&report.machine, &report.settings);
    let mut out = format!(
        "Measured {}: {} rounds of {} s, keys up to {}. Generator and servers share the machine.\n\n\
         {}, {} cores, {:.0} GB, Linux {}, {}; writing 4 KiB and waiting for the disk takes {:.0} µs.\n\n",
        report.date,
        settings.rounds,
        settings.seconds,
        settings.keys_max,
        machine.processor,
        machine.cores,
        machine.memory_gb,
        machine.kernel,
        machine.filesystem,
        machine.sync
    );
    for (name, version) in &machine.versions {
        let _ = writeln!(out, "- {name}: {version}");
    }
    out + "\n"
}

fn facts(report: &Report) -> String {
    if report.facts.is_empty() {
        return String::new();
    }
    let mut out = "| | | at most | |\n|---|---:|---:|---|\n".to_owned();
    for fact in &report.facts {
        let verdict = mark(fact.verdict());
        let _ = writeln!(
            out,
            "| {} | {:.1} {} | {} | {verdict} |",
            fact.name, fact.value, fact.unit, fact.at_most
        );
    }
    out + "\n"
}

/// The rates of all, our ratio to each, and the goals.
fn rates(report: &Report) -> String {
    let mut out =
        "## Rates\n\nMedians of the rounds, a second; `(n x)` is how many times that Strongroom does.\n\n\
                   | workload | Strongroom | OpenBao | bare axum | bare SQLite | goal |\n\
                   |---|---:|---:|---:|---:|---|\n"
            .to_owned();
    for row in &report.rows {
        let cell = |peer| cell(row, peer);
        let ours = cell(Peer::Strongroom);
        let mut goals: Vec<String> = row
            .verdicts()
            .iter()
            .map(|(goal, verdict)| format!("{}: {}", goal.text(), mark(*verdict)))
            .collect();
        if let Some(ratio) = row.ratio(Peer::Plain) {
            goals.insert(0, format!("{} x plain reads;", short(ratio)));
        }
        let _ = writeln!(
            out,
            "| {} | {ours} | {} | {} | {} | {} |",
            row.name,
            cell(Peer::OpenBao),
            cell(Peer::BareAxum),
            cell(Peer::BareSqlite),
            goals.join("<br>")
        );
    }
    out + "\n"
}

fn cell(row: &Row, peer: Peer) -> String {
    let Some(figures) = row.median(peer) else { return String::new() };
    let kept = if figures.keeps_up() { String::new() } else { " overloaded".to_owned() };
    let kept = figures.refused.map_or(kept.clone(), |it| format!("{kept} {it:.2} % refused"));
    match row.ratio(peer) {
        Some(ratio) if peer != Peer::Strongroom && figures.asked.is_none() => {
            format!("{} ({} x){kept}", rate(figures.per_second), short(ratio))
        }
        _ => format!("{}{kept}", rate(figures.per_second)),
    }
}

fn mark(verdict: Verdict) -> String {
    match verdict {
        Verdict::Met => "met".to_owned(),
        other => format!("**{}**", other.name()),
    }
}

fn latencies(report: &Report) -> String {
    let mut out = "## Latencies\n\n| workload | | p50 | p99 | p99.9 |\n|---|---|---:|---:|---:|\n".to_owned();
    for row in &report.rows {
        for cell in &row.cells {
            let Some(figures) = row.median(cell.peer) else { continue };
            let Some(p50) = figures.p50 else { continue };
            let shown = |it: Option<f64>| it.map(time).unwrap_or_default();
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} |",
                row.name,
                cell.peer.name(),
                time(p50),
                shown(figures.p99),
                shown(figures.p999)
            );
        }
    }
    out
}
