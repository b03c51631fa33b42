//! What was asked for.

use std::path::{Path, PathBuf};

use crate::Failure;

pub const USAGE: &str = "\
bench [OPTION...]           measure, print a table with a verdict for each goal
bench report FILE.json      draw the report of a run again, beside the file

  --smoke            a short round of a part of it, for CI
  --only TEXT        only workloads whose name contains TEXT; may be repeated
  --list             the workloads, and what takes part in each
  --rounds N         rounds of each workload, in which the servers take turns (5)
  --seconds N        how long a round takes (10)
  --keys-max N       no workload over more keys than that (100000; the full run is 1000000)
  --out DIR          write results.json, README.md and charts there
  --publish          the same, into docs/benchmarks/DATE of the project
  --secret, --bao    the programs; else `secret` beside this program, and `bao`";

pub struct Options {
    pub rounds: usize,
    pub seconds: u64,
    pub keys_max: u64,
    pub smoke: bool,
    /// Empty: all.
    pub only: Vec<String>,
    pub list: bool,
    pub out: Option<PathBuf>,
    /// Below the project's documents, under the day's date.
    pub publish: bool,
    pub secret: PathBuf,
    pub bao: PathBuf,
    pub bare_axum: PathBuf,
    pub bare_sqlite: PathBuf,
}

pub enum Command {
    Run(Options),
    Redraw { file: PathBuf, out: PathBuf },
    Help,
}

pub fn parse(args: impl Iterator<Item = String>) -> Result<Command, Failure> {
    let args: Vec<String> = args.collect();
    match args.first().map(String::as_str) {
        Some("-h" | "--help" | "help") => Ok(Command::Help),
        Some("report") => {
            let file = PathBuf::from(args.get(1).ok_or("report takes the results.json of a run")?);
            let out = file.parent().unwrap_or(Path::new(".")).to_owned();
            Ok(Command::Redraw { file, out })
        }
        _ => Options::parse(args.into_iter()).map(Command::Run),
    }
}

impl Options {
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let beside = std::env::current_exe()?;
        let beside = beside.parent().map(PathBuf::from).unwrap_or_default();
        let mut options = Self {
            rounds: 5,
            seconds: 10,
            keys_max: 100_000,
            smoke: false,
            only: Vec::new(),
            list: false,
            out: None,
            publish: false,
            secret: beside.join("secret"),
            bao: PathBuf::from("bao"),
            bare_axum: beside.join("bare-axum"),
            bare_sqlite: beside.join("bare-sqlite"),
        };
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} takes a value"));
            match arg.as_str() {
                "--smoke" => {
                    (options.smoke, options.rounds, options.seconds, options.keys_max) = (true, 1, 1, 1_000);
                }
                "--only" => options.only.push(value()?),
                "--list" => options.list = true,
                "--rounds" => options.rounds = value()?.parse()?,
                "--seconds" => options.seconds = value()?.parse()?,
                "--keys-max" => options.keys_max = value()?.parse()?,
                "--out" => options.out = Some(value()?.into()),
                "--publish" => options.publish = true,
                "--secret" => options.secret = std::path::absolute(value()?)?,
                "--bao" => options.bao = value()?.into(),
                _ => return Err(format!("no option {arg}; --help lists them").into()),
            }
        }
        if options.rounds == 0 || options.seconds == 0 {
            return Err("there is nothing to measure in no rounds or no seconds".into());
        }
        Ok(options)
    }

    /// Whether a workload of this name was asked for.
    pub fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|it| name.contains(it.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, Failure> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn later_options_change_what_smoke_means() {
        let smoke = options("--smoke --rounds 3").unwrap();
        assert_eq!((smoke.rounds, smoke.seconds, smoke.smoke), (3, 1, true));
    }

    #[test]
    fn only_picks_by_a_part_of_the_name() {
        let some = options("--only read --only list").unwrap();
        assert!(some.wants("read, 32 connections") && some.wants("list of 10") && !some.wants("insert"));
        assert!(options("").unwrap().wants("insert"));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in ["--rounds", "--rounds x", "--rounds 0", "--seconds 0", "--fast"] {
            assert!(options(line).is_err(), "{line}");
        }
    }
}
