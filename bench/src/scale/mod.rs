//! What becomes of a store that grows, and of one whose leases all end at once.
//!
//! Each axis has a store of its own, so that what grows is known. At each size the server is killed and started,
//! read from, ended and started some more times; see [`measure::Row`] for the figures.

mod axis;
mod chart;
mod client;
mod growth;
mod load;
mod measure;
mod report;
mod store;
mod storm;
mod whole;

use std::{path::PathBuf, time::Instant};

use axis::Axis;
use measure::Row;
use store::Store;

use crate::{Failure, say};

/// What was asked for.
pub struct Options {
    secret: PathBuf,
    /// Nothing is made larger than this.
    max: u64,
    /// Of each load.
    seconds: u64,
    /// Loads of which the median is taken.
    rounds: usize,
    connections: usize,
    /// Requests a second of the open loop.
    rate: u64,
    starts: usize,
    lists: usize,
    /// What expires in the storm.
    storm: u64,
    /// Seconds of each measurement of its reads.
    window: u64,
    /// Parts of the run, by name; empty means all.
    only: Vec<String>,
    /// Where the report goes.
    out: Option<PathBuf>,
}

/// Runs what was asked for, and prints and writes the report.
pub fn run(options: &Options) -> Result<(), Failure> {
    let mut report = report::Report::default();
    for axis in axis::ALL {
        if options.wants(axis.name()) {
            report.axes.push((axis.name(), grow(axis, options)?));
        }
    }
    if options.wants("whole") {
        report.whole = whole::run(options)?;
    }
    for (name, kind) in [("storm", storm::Kind::Leases), ("token-storm", storm::Kind::Tokens)] {
        if options.wants(name) {
            let outcome = storm::run(kind, options.storm, options)?;
            say(&report::storm_line(&outcome));
            report.storms.push(outcome);
        }
    }
    report.publish(options)
}

/// One axis from its least size to its largest.
fn grow(axis: Axis, options: &Options) -> Result<Vec<Row>, Failure> {
    let mut store = Store::create(&options.secret)?;
    let mut filled = axis::prepare(&store, axis)?;
    let mut rows = Vec::new();
    let mut from = 0;
    for size in axis.sizes(options.max) {
        let begin = Instant::now();
        axis.grow(&store, &mut filled, from, size)?;
        #[allow(clippy::cast_precision_loss, reason = "a rate")]
        let rate = (size - from) as f64 / begin.elapsed().as_secs_f64();
        let row = measure::measure(&mut store, axis, &filled, size, rate, options)?;
        say(&report::line(axis.name(), &row));
        rows.push(row);
        from = size;
    }
    Ok(rows)
}

impl Options {
    /// Reads the command line.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let beside = std::env::current_exe()?;
        let beside = beside.parent().map(PathBuf::from).unwrap_or_default();
        let mut options = Self {
            secret: beside.join("secret"),
            max: 1_000_000,
            seconds: 5,
            rounds: 3,
            connections: 32,
            rate: 5_000,
            starts: 9,
            lists: 500,
            storm: 100_000,
            window: 5,
            only: Vec::new(),
            out: None,
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} takes a value"));
            match arg.as_str() {
                "--smoke" => {
                    (options.max, options.seconds, options.window, options.rate) = (1_000, 1, 1, 500);
                    (options.rounds, options.starts, options.lists, options.storm) = (1, 3, 50, 1_000);
                    options.only = ["secrets", "leases", "storm"].map(str::to_owned).to_vec();
                }
                "--max" => options.max = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--rounds" => options.rounds = value()?.parse()?,
                "--connections" => options.connections = value()?.parse()?,
                "--rate" => options.rate = value()?.parse()?,
                "--starts" => options.starts = value()?.parse()?,
                "--storm" => options.storm = value()?.parse()?,
                "--secret" => options.secret = std::path::absolute(value()?)?,
                "--only" => options.only.extend(value()?.split(',').map(str::to_owned)),
                "--out" => options.out = Some(value()?.into()),
                _ => return Err(format!("no option {arg}").into()),
            }
        }
        Ok(options)
    }

    fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| it == part)
    }
}
