//! `scan`: credentials that stand in files in plain text.

use std::{
    collections::HashSet,
    io::IsTerminal as _,
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

/// Of a list that is beside the point so many are named.
const NAMED: usize = 3;
/// Entries of a baseline that nothing answers to: so many are named.
const STALE: usize = 10;

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
A `.env` that is ignored is named: `secret scan .env` reads it.
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
    ignored: Vec<String>,
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
    let baseline = args.baseline.as_deref().map(|it| Baseline::read(it).map_err(|error| said(error, it)));
    let baseline = baseline.transpose()?;
    let mut read = read(args)?;
    if let Some(told) = passed_over(&read.ignored) {
        note(&told);
    }
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
    if args.git.is_none() && !read.sweep.hits.is_empty() && is_for_a_person(args, &output) {
        note(
            "`secret fix -dry-run PATH` shows how they leave the files; docs/scanning.md, how one is allowed",
        );
    }
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
        return Err(Failure::new(format!("{} is as it was: not everything could be read", shown(file)))
            .hint("a baseline of a part would let the rest pass for new; leave out what cannot be read"));
    }
    let wanted = wanted(args);
    let hits: Vec<Hit> = sweep.hits.iter().filter(|it| wanted.wants(it)).cloned().collect();
    // One that cannot be read is written anew.
    let before = Baseline::read(file).ok();
    let baseline = Baseline::of(&hits, file);
    baseline.write(file).map_err(|error| said(error, file))?;
    let changes = match before.map(|it| it.against(&baseline)) {
        None => String::new(),
        Some((0, 0)) => ", as before".to_owned(),
        Some((new, gone)) => format!(", {new} new and {gone} gone"),
    };
    note(&format!("{} written: {}{changes}", shown(file), findings(baseline.count())));
    Ok(NONE)
}

fn shown(file: &Path) -> String {
    plain(&file.display().to_string())
}

/// Somebody looks at it, and no program.
fn is_for_a_person(args: &Scan, output: &Output) -> bool {
    output.format == Format::Table && !args.json && !args.sarif && std::io::stdout().is_terminal()
}

/// Of ignored files that often hold secrets: whoever reads that nothing was found must know.
pub(crate) fn passed_over(ignored: &[String]) -> Option<String> {
    let named: Vec<String> = ignored.iter().take(NAMED).map(|it| plain(it)).collect();
    let more = ignored.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let (what, it) = match ignored.len() {
        0 => return None,
        1 => ("1 ignored file that often holds secrets was".to_owned(), "it"),
        count => (format!("{count} ignored files that often hold secrets were"), "them"),
    };
    Some(format!("{what} not read: {}{more} (name {it} to have {it} read)", named.join(", ")))
}

/// Takes out what the baseline knows, tells what it knows in vain, and answers how many it knew.
fn take_known(baseline: Baseline, read: &mut Read) -> usize {
    let remains = baseline.apply(std::mem::take(&mut read.sweep.hits), read.files.iter().map(|it| &*it.file));
    for it in remains.stale.iter().take(STALE) {
        // The path tells two of one name apart.
        let name = if it.path.is_empty() { &it.key } else { &it.path };
        let (name, file) = (plain(name), plain(&it.file));
        note(&format!("the baseline knows of {name} in {file}, where it is no longer"));
    }
    match remains.stale.len() {
        0 => {}
        count @ 1..=STALE => {
            note(&format!("`-write-baseline` again takes {} out", if count == 1 { "it" } else { "them" }))
        }
        count => note(&format!("and of {} more; `-write-baseline` again takes them out", count - STALE)),
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
    format!("{}{}: {}{shown}", counted(tally.files, "file"), read.about, findings(read.sweep.hits.len()))
}

fn read(args: &Scan) -> Result<Read, Failure> {
    if args.git.is_some() || args.staged {
        return commits(args);
    }
    let is_stdin = |it: &&PathBuf| it.as_os_str() == "-";
    let here = [PathBuf::from(".")];
    let paths: Vec<PathBuf> = args.paths.iter().filter(|it| !is_stdin(it)).cloned().collect();
    let Listing { mut sources, troubles, links, special, ignored } =
        match (paths.as_slice(), args.paths.as_slice()) {
            ([], []) => list(&here),
            (paths, _) => list(paths),
        };
    if args.paths.iter().any(|it| is_stdin(&it)) {
        sources.push(Source::stdin(&args.stdin_name));
    }
    let mut sweep = sweep(&sources, scan_as);
    sweep.troubles.splice(..0, troubles);
    Ok(Read { sweep, files: sources, links, special, ignored, about: String::new() })
}

fn commits(args: &Scan) -> Result<Read, Failure> {
    let dir = match args.paths.as_slice() {
        [] => Path::new("."),
        [dir] => dir,
        _ => {
            return Err(Failure::new("of commits one repository is read at a time")
                .hint("name a directory of it, or nothing for the one around this directory"));
        }
    };
    let range = match &args.git {
        None => Range::Staged,
        Some(range) if range.is_empty() => Range::All,
        Some(range) => Range::Commits(range.clone()),
    };
    let hint = match range {
        Range::Commits(_) => {
            "-git=RANGE takes what `git log` takes (main..HEAD), and PATH is a directory of a repository"
        }
        _ => "PATH is a directory of a repository; without one it is this directory",
    };
    let read = history(dir, &range, scan_as).map_err(|error| Failure::new(error.to_string()).hint(hint))?;
    let commits = counted(read.commits, "commit");
    let about = match range {
        Range::Staged => String::new(),
        _ if read.is_shallow => {
            format!(" of {commits} (older ones are not in this shallow clone)")
        }
        _ => format!(" of {commits}"),
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
    counted(count, "finding")
}

/// `1 file`, `2 files`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn said(error: strongroom_scan::BaselineError, file: &Path) -> Failure {
    let hint = match error {
        strongroom_scan::BaselineError::Write(_) => "its directory must be there, and yours to write to",
        _ => "`secret scan -write-baseline=FILE PATH` makes one",
    };
    Failure::new(error.to_string()).within(&shown(file)).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_passed_over_is_one_line() {
        for (ignored, expected) in [
            (&[][..], None),
            (
                &[".env"],
                Some("1 ignored file that often holds secrets was not read: .env (name it to have it read)"),
            ),
            (
                &["a", "b", "c", "d", "e"],
                Some(
                    "5 ignored files that often hold secrets were not read: a, b, c and 2 more (name them to have them read)",
                ),
            ),
        ] {
            let ignored: Vec<String> = ignored.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(passed_over(&ignored).as_deref(), expected);
        }
    }
}
