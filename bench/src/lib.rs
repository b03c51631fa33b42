//! The same work on Strongroom and on its peers, side by side in one run.
//!
//! Every figure is a median over rounds in which the servers take turns, so that a noisy machine disturbs all
//! of them alike, and what counts is the ratio. File audit is on for both secrets managers, storage is
//! durable, and each answer is checked: a wrong one fails the run.
//!
//! `bench [--smoke] [--rounds N] [--seconds N] [--connections N] [--secret PATH] [--bao PATH]`

pub mod facts;
pub mod scale;
pub mod server;
pub mod setup;
pub mod table;
pub mod workload;

use std::path::PathBuf;

/// What goes wrong ends the run with one line.
pub type Failure = Box<dyn std::error::Error>;

/// What was asked for.
pub struct Options {
    pub rounds: usize,
    pub seconds: u64,
    pub connections: usize,
    pub secret: PathBuf,
    pub bare: PathBuf,
    pub bao: PathBuf,
}

/// Everything, in turns.
pub fn run(options: &Options) -> Result<(), Failure> {
    facts::print(options)?;
    let servers = server::start_all(options)?;
    let mut results = table::Table::default();
    for workload in workload::ALL {
        for round in 0..options.rounds {
            // Whoever was first in one round is last in the next.
            let order: Vec<_> = match round % 2 {
                0 => servers.iter().collect(),
                _ => servers.iter().rev().collect(),
            };
            for server in order {
                results.add(workload, server.name, workload.measure(server, options)?);
            }
        }
        say(&results.lines(workload));
    }
    Ok(())
}

impl Options {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let beside = std::env::current_exe()?;
        let beside = beside.parent().map(PathBuf::from).unwrap_or_default();
        let mut options = Self {
            rounds: 5,
            seconds: 10,
            connections: 32,
            secret: beside.join("secret"),
            bare: beside.join("bare-axum"),
            bao: PathBuf::from("bao"),
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} takes a value"));
            match arg.as_str() {
                "--smoke" => (options.rounds, options.seconds) = (1, 2),
                "--rounds" => options.rounds = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--connections" => options.connections = value()?.parse()?,
                "--secret" => options.secret = value()?.into(),
                "--bao" => options.bao = value()?.into(),
                _ => return Err(format!("no option {arg}").into()),
            }
        }
        Ok(options)
    }
}

/// The one place that prints.
#[allow(clippy::print_stdout, reason = "a program whose output is its purpose")]
pub fn say(line: &str) {
    println!("{line}");
}
