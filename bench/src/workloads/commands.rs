//! What a person or a script starts, from start to end.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    process::Command,
};

use super::{Group, When, Work, Workload, reads};
use crate::{
    Failure, Options,
    load::{command::Run, wrk},
    peers::Peer,
    server::Server,
};

const INJECTED: usize = 20;

pub(super) const ALL: &[Workload] = &[
    command("injection of 20 secrets", When::Always, inject),
    command("audit show over 10,000 lines", When::Smoke, |server, options| show(server, options, 10_000)),
    command("audit show over 1,000,000 lines", When::Full, |server, options| {
        show(server, options, 1_000_000)
    }),
];

const fn command(
    name: &'static str,
    when: When,
    run: fn(&Server, &Options) -> Result<Run, Failure>,
) -> Workload {
    Workload {
        name,
        group: Group::Others,
        when,
        peers: &[Peer::Strongroom],
        goals: &[],
        work: Work::Command(run),
    }
}

/// The shell looks whether all files are there and hold the value, and removes them.
fn inject(server: &Server, options: &Options) -> Result<Run, Failure> {
    let token = server.once("token file", || {
        let file = server.home().join("token");
        std::fs::write(&file, &server.tokens.reader)?;
        Ok(file.display().to_string())
    })?;
    let paths: Vec<String> = (0..INJECTED).map(|key| format!("bench/{key}")).collect();
    let script = format!(
        "set -e; dir=$(mktemp -d /dev/shm/strongroom-bench-XXXXXX); trap 'rm -rf \"$dir\"' EXIT; \
         \"$1\" inject --address {} --token-file {token} --to \"$dir\" {} >/dev/null; \
         echo $(cat \"$dir\"/*/password | grep -o benchmark-value | wc -l) files",
        server.url,
        paths.join(" ")
    );
    let mut command = Command::new("sh");
    command.args(["-c", &script, "sh"]).arg(&options.secret);
    Ok(Run { command, marker: format!("{INJECTED} files") })
}

/// Finds one secret in the first lines of the log that this very run has written.
fn show(server: &Server, options: &Options, lines: usize) -> Result<Run, Failure> {
    let file = server.once(&format!("{lines} lines"), || {
        let part = server.home().join(format!("audit-{lines}.log"));
        for _ in 0..100 {
            if copy(server, &part, lines)? == lines {
                return Ok(part.display().to_string());
            }
            wrk::measure(server, &server.url, &reads::plain(server), 32, 2)?;
        }
        Err("the audit log does not grow".into())
    })?;
    let mut command = Command::new(&options.secret);
    command.args(["audit", "show", "--path", "secret/data/bench/7", &file]);
    Ok(Run { command, marker: "secret/data/bench/7".to_owned() })
}

fn copy(server: &Server, to: &std::path::Path, lines: usize) -> Result<usize, Failure> {
    let mut from = BufReader::new(File::open(server.home().join("audit.log"))?);
    let mut to = BufWriter::new(File::create(to)?);
    let (mut copied, mut line) = (0, Vec::new());
    while copied < lines {
        line.clear();
        from.read_until(b'\n', &mut line)?;
        // The last line may still be being written.
        if line.last() != Some(&b'\n') {
            break;
        }
        to.write_all(&line)?;
        copied += 1;
    }
    to.flush()?;
    Ok(copied)
}
