//! `scan`: credentials that stand in files in plain text.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use strongroom_scan::{
    Baseline, Cause, HEAD, Hit, Json, Kind, Listing, Range, Severity, Source, Sweep, Trouble, Wanted,
    history, list, plain, sarif, scan_as, sweep, table,
};

use crate::{
    context::Global,
    failure::Failure,
    output::{Format, Output, line, note, stream},
};

/// Exit statuses.
const NONE: u8 = 0;
const FINDINGS: u8 = 1;
const COULD_NOT: u8 = 2;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret scan                               this directory
  secret scan web.nomad.hcl deploy/
  secret scan -json . | jq -r '.[].key'
  secret scan -write-baseline=.strongroom-baseline.json .
  secret scan -baseline=.strongroom-baseline.json .
  secret scan -staged                       what the next commit would bring
  secret scan -git                          what all commits brought
  secret scan -git=main..HEAD -sarif > scan.sarif
  helm template web | secret scan -stdin-name=web.yaml -

Ignore files are respected below a path and not for the path itself; hidden files are read, links are not followed.
No value is printed: of long tokens the first and the last two characters, of passwords nothing.
`# strongroom:allow REASON` behind a value or above it allows that one; docs/scanning.md tells the rest.

Exit status 0: nothing found. 1: findings. 2: something could not be read.")]
pub(crate) struct Scan {
    /// Files and directories [default: this directory]; - is standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The name that standard input has: it tells the syntax
    #[arg(long, value_name = "NAME", default_value = "stdin")]
    stdin_name: String,
    /// Print a JSON array
    #[arg(long, conflicts_with = "sarif")]
    json: bool,
    /// Print a SARIF 2.1.0 log, for code hosts and editors
    #[arg(long)]
    sarif: bool,
    /// Tell only what this file does not know
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all that is found into this file, for -baseline: places, and nothing of the values
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// Read what commits brought: all of them, or those of a range
    #[arg(long, value_name = "RANGE", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    git: Option<String>,
    /// Read what the next commit would bring
    #[arg(long, conflicts_with = "git")]
    staged: bool,
    /// Only what is at least so severe
    #[arg(long, value_name = "SEVERITY", value_parser = Severity::ALL.map(Severity::name))]
    severity: Option<String>,
    /// Only these kinds
    #[arg(long, value_name = "KIND,...", value_delimiter = ',', value_parser = Kind::ALL.map(Kind::name))]
    kind: Vec<String>,
    /// Leave out defaults that everyone knows, or what stands in comments
    #[arg(long, value_name = "WHAT,...", value_delimiter = ',', value_parser = ["weak", "commented"])]
    ignore: Vec<String>,
    /// Tell also what was left out, and comments that allow nothing
    #[arg(long)]
    verbose: bool,
}

/// What was read, whichever way.
#[derive(Default)]
struct Read {
    sweep: Sweep,
    files: Vec<Source>,
    links: usize,
    special: usize,
    /// Of history, what a person should know.
    about: String,
}

pub(crate) fn scan(global: &Global, args: Scan) -> Result<u8, Failure> {
    run(global, &args).map_err(|failure| if failure.code == 0 { failure } else { failure.code(COULD_NOT) })
}

fn run(global: &Global, args: &Scan) -> Result<u8, Failure> {
    let output = Output::of(global)?;
    // What a defect would say of itself may have a piece of a file in it.
    std::panic::set_hook(Box::new(|_| {}));
    let baseline = args.baseline.as_deref().map(Baseline::read).transpose().map_err(said)?;
    let mut read = read(args)?;
    if let Some(file) = &args.write_baseline {
        return write(args, file, &read.sweep);
    }
    let known = baseline.map_or(0, |it| take_known(it, &mut read));
    let wanted = wanted(args);
    read.sweep.hits.retain(|it| wanted.wants(it));
    print(args, &output, &read.sweep)?;
    tell(&read.sweep.troubles);
    if args.verbose {
        for (file, at) in &read.sweep.idle {
            note(&format!("{}:{at}: this comment allows nothing", plain(file)));
        }
    }
    note(&summary(&read, known, args.verbose));
    Ok(match (read.sweep.troubles.is_empty(), read.sweep.hits.is_empty()) {
        (false, _) => COULD_NOT,
        (true, false) => FINDINGS,
        (true, true) => NONE,
    })
}

/// A baseline of a part would let the rest pass for new: everything must have been read.
fn write(args: &Scan, file: &Path, sweep: &Sweep) -> Result<u8, Failure> {
    if !sweep.troubles.is_empty() {
        tell(&sweep.troubles);
        return Err(Failure::new("no baseline was written: not everything could be read"));
    }
    let wanted = wanted(args);
    let hits: Vec<Hit> = sweep.hits.iter().filter(|it| wanted.wants(it)).cloned().collect();
    let baseline = Baseline::of(&hits, file);
    baseline.write(file).map_err(said)?;
    note(&format!("{} written: {}", plain(&file.display().to_string()), findings(baseline.count())));
    Ok(NONE)
}

/// Takes out what the baseline knows, tells what it knows in vain, and answers how many it knew.
fn take_known(baseline: Baseline, read: &mut Read) -> usize {
    let remains = baseline.apply(std::mem::take(&mut read.sweep.hits), read.files.iter().map(|it| &*it.file));
    for it in &remains.stale {
        let (key, file) = (plain(&it.key), plain(&it.file));
        note(&format!("the baseline knows of {key} in {file}, where it is no longer"));
    }
    read.sweep.hits = remains.new;
    remains.known
}

fn summary(read: &Read, known: usize, verbose: bool) -> String {
    let tally = &read.sweep.tally;
    let counts = [
        (true, tally.allowed, "allowed by comments"),
        (true, known, "known to the baseline"),
        (true, tally.in_pieces, "read in pieces and by lines, being over 4 MiB"),
        (true, tally.cut, "cut off behind 10,000 findings"),
        (verbose, tally.binaries, "left out as binary"),
        (verbose, read.links, "left out as links"),
        (verbose, read.special, "left out as pipes, sockets or devices"),
    ];
    let shown = counts.iter().filter(|(tell, count, _)| *tell && *count > 0);
    let shown: String = shown.map(|(_, count, what)| format!(", {count} {what}")).collect();
    let files = if tally.files == 1 { "1 file".to_owned() } else { format!("{} files", tally.files) };
    format!("{files}{}: {}{shown}", read.about, findings(read.sweep.hits.len()))
}

fn read(args: &Scan) -> Result<Read, Failure> {
    if args.git.is_some() || args.staged {
        return commits(args);
    }
    let is_stdin = |it: &&PathBuf| it.as_os_str() == "-";
    let here = [PathBuf::from(".")];
    let paths: Vec<PathBuf> = args.paths.iter().filter(|it| !is_stdin(it)).cloned().collect();
    let Listing { mut sources, troubles, links, special } = match (paths.as_slice(), args.paths.as_slice()) {
        ([], []) => list(&here),
        (paths, _) => list(paths),
    };
    if args.paths.iter().any(|it| is_stdin(&it)) {
        sources.push(Source::stdin(&args.stdin_name));
    }
    let mut sweep = sweep(&sources, scan_as);
    sweep.troubles.splice(..0, troubles);
    Ok(Read { sweep, files: sources, links, special, about: String::new() })
}

fn commits(args: &Scan) -> Result<Read, Failure> {
    let dir = match args.paths.as_slice() {
        [] => Path::new("."),
        [dir] => dir,
        _ => return Err(Failure::new("of commits one repository is read at a time")),
    };
    let range = match &args.git {
        None => Range::Staged,
        Some(range) if range.is_empty() => Range::All,
        Some(range) => Range::Commits(range.clone()),
    };
    let read = history(dir, &range, scan_as).map_err(|error| {
        Failure::new(error.to_string()).hint("a PATH that is read with -git or -staged lies in a repository")
    })?;
    let about = match range {
        Range::Staged => String::new(),
        _ if read.is_shallow => {
            format!(" of {} commits (older ones are not in this shallow clone)", read.commits)
        }
        _ => format!(" of {} commits", read.commits),
    };
    Ok(Read { sweep: read.sweep, about, ..Read::default() })
}

fn wanted(args: &Scan) -> Wanted {
    let ignores = |what: &str| args.ignore.iter().any(|it| it == what);
    Wanted {
        severity: args.severity.as_deref().and_then(Severity::of),
        kinds: args.kind.iter().filter_map(|it| Kind::of(it)).collect::<HashSet<_>>(),
        not_weak: ignores("weak"),
        not_commented: ignores("commented"),
    }
}

fn print(args: &Scan, output: &Output, sweep: &Sweep) -> Result<(), Failure> {
    let hits = &sweep.hits;
    if args.sarif {
        return Output { format: Format::Json, field: None }.data(&sarif(
            hits,
            &sweep.troubles,
            env!("CARGO_PKG_VERSION"),
        ));
    }
    match output.format {
        Format::Yaml => {
            let all = serde_json::to_value(Json(hits)).map_err(|error| Failure::new(error.to_string()))?;
            Output { field: None, ..output.clone() }.data(&all)
        }
        Format::Json => stream(&Json(hits)),
        _ if args.json => stream(&Json(hits)),
        Format::Raw => table(hits).iter().try_for_each(|row| line(&row.join("\t"))),
        Format::Table if hits.is_empty() => Ok(()),
        Format::Table => output.columns(&HEAD, &table(hits).into_iter().map(Vec::from).collect::<Vec<_>>()),
    }
}

fn tell(troubles: &[Trouble]) {
    for Trouble { file, cause } in troubles {
        let hint = match cause {
            Cause::Special => ": its text can be given on standard input, as -",
            _ => "",
        };
        note(&format!("{}: {cause}{hint}", plain(file)));
    }
}

fn findings(count: usize) -> String {
    if count == 1 { "1 finding".to_owned() } else { format!("{count} findings") }
}

fn said(error: strongroom_scan::BaselineError) -> Failure {
    Failure::new(error.to_string()).hint("`secret scan -write-baseline=FILE PATH` makes one")
}
