//! Lines, tables, verdicts, and the files of a published run.

use std::{fmt::Write as _, fs, path::Path, process::Command};

use serde::Serialize;
use serde_json::json;

use super::{
    Failure, Options,
    chart::{self, Curve},
    growth::{Growth, Shape},
    measure::Row,
    say,
    storm::Outcome,
};

/// All that a run has found.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) axes: Vec<(&'static str, Vec<Row>)>,
    pub(crate) whole: Vec<(String, Row)>,
    pub(crate) storms: Vec<Outcome>,
}

/// What was wanted and what came.
#[derive(Debug, Serialize)]
struct Verdict {
    goal: String,
    found: String,
    met: bool,
}

/// One figure of a row.
struct Figure {
    name: &'static str,
    file: &'static str,
    of: fn(&Row) -> f64,
    /// Whether its curve is to be flat or logarithmic. What lies on the disk is as much as was put there.
    bounded: bool,
}

const FIGURES: [Figure; 8] = [
    Figure { name: "start to serving, ms", file: "start", of: |it| it.start, bounded: true },
    Figure {
        name: "start after a kill, ms",
        file: "start-kill",
        of: |it| it.start_after_kill,
        bounded: true,
    },
    Figure {
        name: "memory fresh, MB",
        file: "memory-fresh",
        of: |it| megabytes(it.memory_fresh),
        bounded: true,
    },
    Figure {
        name: "memory after load, MB",
        file: "memory-load",
        of: |it| megabytes(it.memory_after),
        bounded: true,
    },
    Figure { name: "read p50, open loop, µs", file: "read-p50", of: |it| it.open.p50, bounded: true },
    Figure { name: "read p99, open loop, µs", file: "read-p99", of: |it| it.open.p99, bounded: true },
    Figure { name: "list of a hundred, p50, µs", file: "list-p50", of: |it| it.list.p50, bounded: true },
    Figure { name: "on the disk, MB", file: "disk", of: |it| megabytes(it.disk), bounded: false },
];

impl Report {
    /// Prints the curves and verdicts, and writes the files if they are asked for.
    pub(crate) fn publish(&self, options: &Options) -> Result<(), Failure> {
        for line in self.curves() {
            say(&line);
        }
        for verdict in self.verdicts() {
            let met = if verdict.met { "met" } else { "MISSED" };
            say(&format!("{met:<7} {}: {}", verdict.goal, verdict.found));
        }
        let Some(out) = &options.out else { return Ok(()) };
        fs::create_dir_all(out)?;
        let about = about(options)?;
        let json = json!({
            "about": about,
            "axes": self.axes.iter().map(|(name, rows)| json!({ "name": name, "rows": rows })).collect::<Vec<_>>(),
            "whole": self.whole.iter().map(|(name, row)| json!({ "name": name, "row": row })).collect::<Vec<_>>(),
            "storms": self.storms,
            "verdicts": self.verdicts(),
        });
        fs::write(out.join("scale.json"), serde_json::to_string_pretty(&json)? + "\n")?;
        fs::write(out.join("scale.md"), self.markdown(&about)?)?;
        self.draw(out)
    }

    /// How each figure grows along each axis.
    fn growths(&self) -> impl Iterator<Item = (&'static str, &'static Figure, Growth)> + '_ {
        self.axes.iter().flat_map(|(axis, rows)| {
            FIGURES.iter().filter_map(move |figure| {
                let points: Vec<(u64, f64)> = rows.iter().map(|it| (it.size, (figure.of)(it))).collect();
                Some((*axis, figure, Growth::of(&points)?))
            })
        })
    }

    fn curves(&self) -> Vec<String> {
        let line = |(axis, figure, growth): (&str, &Figure, Growth)| {
            let Growth { per_tenfold, shape } = growth;
            format!("{axis:<9} {:<28} x {per_tenfold:.2} per tenfold, {shape:?}", figure.name)
        };
        self.growths().map(line).collect()
    }

    fn verdicts(&self) -> Vec<Verdict> {
        let mut all = Vec::new();
        let mut at_most = |what: &str, found: Option<f64>, most: f64, unit: &str| {
            all.extend(found.map(|found| Verdict {
                goal: format!("{what}: at most {most} {unit}"),
                found: format!("{found:.1} {unit}"),
                met: found <= most,
            }));
        };
        let fresh = self.axes.iter().find(|it| it.0 == "secrets").and_then(|it| it.1.first());
        at_most("start, 1,000 secrets", fresh.map(|it| it.start), 30.0, "ms");
        at_most("memory, fresh, 1,000 secrets", fresh.map(|it| megabytes(it.memory_fresh)), 20.0, "MB");
        let row = |name: &str| self.whole.iter().find(|it| it.0 == name).map(|it| &it.1);
        let number = |it: &Row| format!("{} secrets", it.size);
        if let Some(row) = row("+secrets") {
            let what = format!("memory after the run with {}", number(row));
            at_most(&what, Some(megabytes(row.memory_after)), 150.0, "MB");
        }
        if let Some(row) = row("+leases") {
            let what = format!("start with {} and as many leases", number(row));
            at_most(&what, Some(row.start), 50.0, "ms");
            let what = format!("memory after the run with {} and as many leases", number(row));
            at_most(&what, Some(megabytes(row.memory_after)), 150.0, "MB");
        }
        for storm in &self.storms {
            let [before, _, _, worst] = storm.p99();
            let what = format!("{} {} end at once: read p99, worst window", storm.number, storm.kind);
            at_most(&what, Some(worst / before), 2.0, "x of before");
        }
        let (grown, bounded): (Vec<_>, Vec<_>) =
            self.growths().filter(|it| it.1.bounded).partition(|it| it.2.shape == Shape::Linear);
        if !grown.is_empty() || !bounded.is_empty() {
            let named: Vec<String> = grown.iter().map(|it| format!("{} ({})", it.1.name, it.0)).collect();
            all.push(Verdict {
                goal: format!("all {} curves flat or logarithmic", grown.len() + bounded.len()),
                found: if named.is_empty() { "all".into() } else { format!("not {}", named.join("; ")) },
                met: grown.is_empty(),
            });
        }
        all
    }

    fn markdown(&self, about: &serde_json::Value) -> Result<String, Failure> {
        let mut out = String::from(
            "# A store that grows\n\nWritten by `bench-scale`. What each column is says\n`bench/src/scale/measure.rs`.\n\n",
        );
        for (name, value) in about.as_object().into_iter().flatten() {
            writeln!(out, "- {name}: {}", value.as_str().unwrap_or_default())?;
        }
        writeln!(out, "\n## Goals\n\n| goal | found | |\n| --- | --- | --- |")?;
        for Verdict { goal, found, met } in self.verdicts() {
            writeln!(out, "| {goal} | {found} | {} |", if met { "met" } else { "**missed**" })?;
        }
        for (axis, rows) in &self.axes {
            writeln!(out, "\n## More and more {axis}\n\n{HEADER}")?;
            rows.iter().try_for_each(|row| writeln!(out, "{}", cells(&row.size.to_string(), row)))?;
        }
        if !self.whole.is_empty() {
            writeln!(out, "\n## All of it in one store\n\n{HEADER}")?;
            for (name, row) in &self.whole {
                writeln!(out, "{}", cells(&format!("{name} {}", row.size), row))?;
            }
        }
        if self.growths().next().is_some() {
            writeln!(
                out,
                "\n## How it grows\n\nA least-squares fit over all sizes: the factor for ten times as many, and whether a line \
                 over the\nlogarithm of the size or one over the size is nearer. Flat: never more than a quarter above the \
                 first.\n\n| of | figure | x for tenfold | shape |\n| --- | --- | --- | --- |"
            )?;
            for (axis, figure, Growth { per_tenfold, shape }) in self.growths() {
                writeln!(out, "| {axis} | {} | {per_tenfold:.2} | {shape:?} |", figure.name)?;
            }
            writeln!(out)?;
            for figure in &FIGURES {
                writeln!(out, "![{}](scale-{}.svg)", figure.name, figure.file)?;
            }
        }
        for storm in &self.storms {
            writeln!(out, "\n## {} {} end at once\n\n{}\n", storm.number, storm.kind, storm_line(storm))?;
            writeln!(out, "![read p99 in each window](scale-storm-{}.svg)", storm.kind)?;
        }
        Ok(out)
    }

    fn draw(&self, out: &Path) -> Result<(), Failure> {
        for figure in &FIGURES {
            let curve = |(axis, rows): &(&'static str, Vec<Row>)| Curve {
                name: (*axis).to_owned(),
                #[allow(clippy::cast_precision_loss, reason = "sizes")]
                points: rows.iter().map(|it| (it.size as f64, (figure.of)(it))).collect(),
            };
            let curves: Vec<Curve> = self.axes.iter().map(curve).collect();
            if !curves.is_empty() {
                let path = out.join(format!("scale-{}.svg", figure.file));
                chart::over_size(&path, figure.name, &curves)?;
            }
        }
        for storm in &self.storms {
            let path = out.join(format!("scale-storm-{}.svg", storm.kind));
            chart::over_time(
                &path,
                &format!("{} {}: read p99, µs", storm.number, storm.kind),
                &storm.curves(),
            )?;
        }
        Ok(())
    }
}

/// The machine, the versions and the settings.
fn about(options: &Options) -> Result<serde_json::Value, Failure> {
    let first = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|it| it.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |it| it.1.trim()).to_owned()
    };
    let said = |program: &Path, args: &[&str]| -> Result<String, Failure> {
        let output = Command::new(program).args(args).output()?;
        Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned())
    };
    let cores = std::thread::available_parallelism()?;
    Ok(json!({
        "machine": format!("{}, {cores} cores, {}", first("/proc/cpuinfo", "model name"), first("/proc/meminfo", "MemTotal")),
        "system": said(Path::new("uname"), &["-sr"])?,
        "strongroom": said(&options.secret, &["--version"])?,
        "generators": format!("{}; {}", said(Path::new("oha"), &["--version"])?, said(Path::new("wrk"), &["--version"])?),
        "date": said(Path::new("date"), &["-u", "+%Y-%m-%d"])?,
        "settings": format!(
            "file audit, durable, no TLS; wrk with {} connections, oha with 32 at {} requests a second, {} s each",
            options.connections, options.rate, options.seconds
        ),
    }))
}

const HEADER: &str = "| size | filled, /s | start, ms | after a kill, ms | memory fresh, MB | after load, MB | while growing, MB \
                      | reads, /s | closed p50, µs | p99 | open p50, µs | p99 | p99.9 | list p50, µs | disk, MB |\n\
                      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

fn cells(size: &str, row: &Row) -> String {
    format!(
        "| {size} | {:.0} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} |",
        row.filled_per_second,
        row.start,
        row.start_after_kill,
        megabytes(row.memory_fresh),
        megabytes(row.memory_after),
        megabytes(row.memory_growing),
        row.closed.per_second,
        row.closed.p50,
        row.closed.p99,
        row.open.p50,
        row.open.p99,
        row.open.p999,
        row.list.p50,
        megabytes(row.disk),
    )
}

#[allow(clippy::cast_precision_loss, reason = "a figure for reading")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// One row as it comes.
pub(crate) fn line(axis: &str, row: &Row) -> String {
    format!(
        "{axis:<9} {:>9}  fill {:>6.0}/s  start {:>6.1} ms (<= {:.1}; killed {:.1}, log {:.1} MB)  memory {:>5.1} -> \
         {:>5.1} MB (growing {:.1})  closed {:>6.0}/s p50 {:>5.0} p99 {:>6.0}  open p50 {:>5.0} p99 {:>6.0} p99.9 {:>6.0} µs  \
         list p50 {:>5.0} p99 {:>5.0} µs  disk {:>7.1} MB",
        row.size,
        row.filled_per_second,
        row.start,
        row.slowest_start,
        row.start_after_kill,
        megabytes(row.log_after_kill),
        megabytes(row.memory_fresh),
        megabytes(row.memory_after),
        megabytes(row.memory_growing),
        row.closed.per_second,
        row.closed.p50,
        row.closed.p99,
        row.open.p50,
        row.open.p99,
        row.open.p999,
        row.list.p50,
        row.list.p99,
        megabytes(row.disk),
    )
}

/// A storm in a sentence.
pub(crate) fn storm_line(outcome: &Outcome) -> String {
    let [before, during, after, worst] = outcome.p99();
    let windows: Vec<String> = outcome.during.iter().map(|it| format!("{:.0}", it.latency.p99)).collect();
    format!(
        "Reads at {} a second, p99: before {before:.0} µs, during {during:.0} (worst {worst:.0}: {}), after {after:.0}. All {} {} \
         were gone {:.1} s after they had ended, {:.1} s after the sweep of their minute began.",
        outcome.rate,
        windows.join(" "),
        outcome.number,
        outcome.kind,
        outcome.from_expiry,
        outcome.from_sweep,
    )
}
