//! What was measured: kept round by round, so that it can be judged and drawn again.

mod chart;
mod machine;
mod page;
pub mod text;

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub use machine::Machine;

use crate::{
    Failure, Options,
    load::Figures,
    peers::Peer,
    say,
    workloads::{Goal, Verdict, Workload},
};

#[derive(Deserialize, Serialize)]
pub struct Report {
    /// Of the first moment, in UTC.
    pub date: String,
    pub machine: Machine,
    pub settings: Settings,
    pub facts: Vec<Fact>,
    pub rows: Vec<Row>,
}

#[derive(Deserialize, Serialize)]
pub struct Settings {
    pub rounds: usize,
    pub seconds: u64,
    pub keys_max: u64,
    pub smoke: bool,
    pub only: Vec<String>,
}

/// What is no rate.
#[derive(Deserialize, Serialize)]
pub struct Fact {
    pub name: String,
    pub value: f64,
    pub unit: String,
    pub at_most: f64,
}

#[derive(Deserialize, Serialize)]
pub struct Row {
    pub name: String,
    pub goals: Vec<Goal>,
    pub cells: Vec<Cell>,
}

#[derive(Deserialize, Serialize)]
pub struct Cell {
    pub peer: Peer,
    pub rounds: Vec<Figures>,
}

impl Report {
    pub fn begin(options: &Options) -> Result<Self, Failure> {
        Ok(Self {
            date: machine::date()?,
            machine: Machine::look(options)?,
            settings: Settings {
                rounds: options.rounds,
                seconds: options.seconds,
                keys_max: options.keys_max,
                smoke: options.smoke,
                only: options.only.clone(),
            },
            facts: Vec::new(),
            rows: Vec::new(),
        })
    }

    /// Where it was asked for, if anywhere.
    pub fn write(&self, options: &Options) -> Result<(), Failure> {
        let published = || {
            let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/benchmarks");
            docs.join(self.date.split('T').next().unwrap_or_default())
        };
        let out: Option<PathBuf> = options.out.clone().or_else(|| options.publish.then(published));
        let Some(out) = out else { return Ok(()) };
        fs::create_dir_all(&out)?;
        fs::write(out.join("results.json"), serde_json::to_string_pretty(self)? + "\n")?;
        self.draw(&out)
    }

    fn draw(&self, out: &Path) -> Result<(), Failure> {
        let charts = chart::draw(self, out)?;
        Ok(fs::write(out.join("README.md"), page::page(self, &charts))?)
    }
}

/// The page and the charts of a run, again.
pub fn redraw(file: &Path, out: &Path) -> Result<(), Failure> {
    let text = fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let report: Report = serde_json::from_slice(&text)?;
    report.draw(out)?;
    say(&text::verdicts(&report));
    Ok(())
}

impl Row {
    pub fn new(workload: &Workload) -> Self {
        Self { name: workload.name.to_owned(), goals: workload.goals.to_vec(), cells: Vec::new() }
    }

    pub fn median(&self, peer: Peer) -> Option<Figures> {
        median(&self.cells.iter().find(|it| it.peer == peer)?.rounds)
    }

    /// Our rate to that of another.
    pub fn ratio(&self, peer: Peer) -> Option<f64> {
        let ours = self.median(Peer::Strongroom)?.per_second;
        self.median(peer).map(|it| ours / it.per_second)
    }

    pub fn verdicts(&self) -> Vec<(Goal, Verdict)> {
        self.goals.iter().map(|it| (*it, it.verdict(|peer| self.median(peer)))).collect()
    }
}

impl Fact {
    pub fn verdict(&self) -> Verdict {
        if self.value <= self.at_most { Verdict::Met } else { Verdict::Missed }
    }
}

/// Of each figure for itself.
pub fn median(rounds: &[Figures]) -> Option<Figures> {
    let of = |figure: fn(&Figures) -> Option<f64>| {
        let mut all: Vec<f64> = rounds.iter().filter_map(figure).collect();
        all.sort_by(f64::total_cmp);
        let upper = all.get(all.len() / 2).copied()?;
        let lower = all.get((all.len() - 1) / 2).copied()?;
        Some(f64::midpoint(lower, upper))
    };
    Some(Figures {
        per_second: of(|it| Some(it.per_second))?,
        p50: of(|it| it.p50),
        p99: of(|it| it.p99),
        p999: of(|it| it.p999),
        refused: of(|it| Some(it.refused.unwrap_or_default())).filter(|it| *it > 0.0),
        asked: of(|it| it.asked),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(rates: &[f64]) -> Vec<Figures> {
        rates
            .iter()
            .map(|it| Figures { per_second: *it, p99: Some(1e6 / it), ..Figures::default() })
            .collect()
    }

    #[test]
    fn one_bad_round_does_not_move_the_median() {
        let middle = median(&rounds(&[100.0, 5.0, 110.0])).unwrap();
        assert_eq!((middle.per_second, middle.p99, middle.p50), (100.0, Some(1e4), None));
        assert_eq!(median(&rounds(&[100.0, 200.0])).unwrap().per_second, 150.0);
        assert!(median(&[]).is_none());
    }

    #[test]
    fn a_report_that_was_written_is_judged_the_same() {
        let goals = vec![Goal::Times { of: Peer::OpenBao, at_least: 15.0 }];
        let cells = vec![
            Cell { peer: Peer::Strongroom, rounds: rounds(&[1_600.0]) },
            Cell { peer: Peer::OpenBao, rounds: rounds(&[100.0]) },
        ];
        let row = Row { name: "x".to_owned(), goals, cells };
        let again: Row = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
        for row in [row, again] {
            assert_eq!(row.ratio(Peer::OpenBao), Some(16.0));
            assert_eq!(row.verdicts().first().map(|it| it.1), Some(Verdict::Met));
        }
    }
}
