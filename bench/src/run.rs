//! One run: everything that was asked for, the servers taking turns.

use std::collections::BTreeMap;

use crate::{
    Failure, Options, facts,
    load::Figures,
    peers::{Peer, Peers},
    report::{self, Report, Row, median},
    say,
    workloads::{self, Workload},
};

pub fn all(options: &Options) -> Result<(), Failure> {
    let wanted: Vec<&Workload> = workloads::all().filter(|it| it.is_wanted(options)).collect();
    if options.list {
        for workload in wanted {
            let peers: Vec<_> = workload.peers.iter().map(|it| it.name()).collect();
            say(&format!("{:<40} {}", workload.name, peers.join(", ")));
        }
        return Ok(());
    }
    if wanted.is_empty() {
        return Err("no workload has such a name; --list tells them".into());
    }
    let mut report = Report::begin(options)?;
    say(&report::text::head(&report));
    if options.only.is_empty() || options.wants("facts") {
        report.facts = facts::measure(options)?;
        say(&report::text::facts(&report.facts));
    }
    let peers = Peers::start(options)?;
    let mut failed = 0;
    for workload in wanted {
        match rounds(workload, &peers, options, &report) {
            Ok(row) => {
                say(&report::text::row(&row));
                report.rows.push(row);
            }
            // The others are still worth measuring; the run as a whole has failed.
            Err(failure) => {
                failed += 1;
                say(&format!("{}\n  FAILED: {failure}\n", workload.name));
            }
        }
        // What has been measured is not lost with what comes later.
        report.write(options)?;
    }
    say(&report::text::verdicts(&report));
    match failed {
        0 => Ok(()),
        _ => Err(format!("{failed} workloads could not be measured").into()),
    }
}

fn rounds(workload: &Workload, peers: &Peers, options: &Options, report: &Report) -> Result<Row, Failure> {
    // All of them hold the same when the first is measured.
    workload.fill(peers)?;
    let mut found: BTreeMap<Peer, Vec<Figures>> = BTreeMap::new();
    let peaks = std::cell::RefCell::new(BTreeMap::new());
    let peak = |peer: Peer| -> Result<f64, Failure> {
        if let Some(known) = peaks.borrow().get(&peer) {
            return Ok(*known);
        }
        let read = workloads::peak();
        let before = report.rows.iter().find(|it| it.name == read.name).and_then(|it| it.median(peer));
        let figures = match before {
            Some(figures) => figures,
            None => read.measure(peer, peers, options, &|_| Err("a peak needs no peak".into()))?,
        };
        peaks.borrow_mut().insert(peer, figures.per_second);
        Ok(figures.per_second)
    };
    for round in 0..options.rounds {
        // Whoever was first in one round is last in the next.
        let mut order = workload.peers.to_vec();
        if round % 2 == 1 {
            order.reverse();
        }
        for peer in order {
            let figures = workload.measure(peer, peers, options, &peak)?;
            found.entry(peer).or_default().push(figures);
        }
    }
    let mut row = Row::new(workload);
    for peer in workload.peers {
        let rounds = found.remove(peer).unwrap_or_default();
        if median(&rounds).is_some() {
            row.cells.push(report::Cell { peer: *peer, rounds });
        }
    }
    Ok(row)
}
