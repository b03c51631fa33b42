//! `audit show`: who did what, when, and what came of it.

use std::{
    borrow::Cow,
    collections::VecDeque,
    io::{self, BufWriter, Write as _},
    path::PathBuf,
    time::Duration,
};

use serde::Deserialize;
use strongroom_api::params::parse_duration;
use strongroom_core::{
    audit::{
        show::{Filter, Hit, Outcome, show_each},
        verify::in_order,
    },
    clock::{Clock as _, SystemClock, Timestamp},
};

use crate::{
    context::Global,
    failure::Failure,
    output::{Format, Output},
};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret audit show -path='secret/data/db/*' -since=1h audit.log
  secret audit show -outcome=denied -n 20 audit.log*
  secret audit show -name=userpass-ann -since=2026-11-25 -until=2026-11-26 audit.log*
  secret audit show -json -operation=delete audit.log | jq .request.path

The table has a row for each answer; -json prints every line that fits, as it stands in the file.
Exit status 0, also if nothing fits. 2: a file could not be read.")]
pub(crate) struct Show {
    /// Files of the log, in any order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The path of the request; * stands for anything
    #[arg(long, value_name = "GLOB")]
    path: Option<String>,
    /// The display name of the token
    #[arg(long, visible_alias = "display-name")]
    name: Option<String>,
    /// The id of the entity
    #[arg(long, visible_alias = "entity-id", value_name = "ID")]
    entity: Option<String>,
    /// create, read, update, delete, list, patch, scan, help
    #[arg(long, value_name = "WORD")]
    operation: Option<String>,
    /// Not before: a time (2026-11-25, 2026-11-25T10:30:00Z), or so long ago (90s, 1h, 7d)
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// What came of it; `failed` is any error, denials included
    #[arg(long, value_parser = ["ok", "denied", "failed"])]
    outcome: Option<String>,
    /// The lines as they are, instead of a table
    #[arg(long)]
    json: bool,
    /// Only the last N
    #[arg(short, value_name = "N")]
    n: Option<usize>,
}

pub(super) fn show(global: &Global, args: Show) -> Result<u8, Failure> {
    let unread = |text: String| Failure::new(text).code(2);
    let begun = SystemClock::default().wall();
    let as_lines = args.json || Output::of(global)?.format == Format::Json;
    let filter = args.filter(begun)?;
    let files = in_order(&args.files).map_err(|error| unread(error.to_string()))?;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut printer = Printer::new(as_lines);
    let mut last = VecDeque::new();
    let searched = show_each(&files, &filter, threads, |hit| match args.n {
        _ if !printer.takes(&hit) => Ok(()),
        None => printer.print(&hit),
        Some(most) => {
            last.push_back(hit);
            if last.len() > most {
                last.pop_front();
            }
            Ok(())
        }
    });
    let printed = searched
        .and_then(|()| last.iter().try_for_each(|hit| printer.print(hit)))
        .and_then(|()| printer.out.flush());
    match printed {
        Ok(()) => Ok(0),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::output(error)),
        Err(error) => Err(unread(format!("the search failed: {error}"))),
    }
}

impl Show {
    fn filter(&self, now: Timestamp) -> Result<Filter, Failure> {
        let time = |text: &Option<String>| text.as_deref().map(|it| time(it, now)).transpose();
        Ok(Filter {
            path: self.path.clone(),
            display_name: self.name.clone(),
            entity_id: self.entity.clone(),
            operation: self.operation.clone(),
            since: time(&self.since)?,
            until: time(&self.until)?,
            outcome: self.outcome.as_deref().and_then(|it| match it {
                "ok" => Some(Outcome::Succeeded),
                "denied" => Some(Outcome::Denied),
                "failed" => Some(Outcome::Failed),
                _ => None,
            }),
        })
    }
}

/// `2026-11-25`, `2026-11-25T10:30`, a whole time of RFC 3339; or how long ago. Without a zone it is UTC.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let ago = parse_duration(text).filter(|it| !text.is_empty() && *it > Duration::ZERO);
    let whole = match text.replace(' ', "T") {
        it if it.len() == "2026-11-25".len() => format!("{it}T00:00:00Z"),
        it if it.len() == "2026-11-25T10:30".len() => format!("{it}:00Z"),
        it if it.len() == "2026-11-25T10:30:00".len() => format!("{it}Z"),
        it => it,
    };
    match (ago, Timestamp::parse_rfc3339(&whole)) {
        (Some(ago), _) => Ok(now.minus(ago)),
        (None, Some(time)) => Ok(time),
        (None, None) => Err(Failure::new("a time cannot be read")
            .hint("write 2026-11-25, 2026-11-25T10:30:00Z, or how long ago: 90s, 1h, 7d")),
    }
}

/// The parts of a line that the table shows.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow, default)]
    auth: Option<Auth<'a>>,
    #[serde(borrow, default)]
    request: Option<Request<'a>>,
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Auth<'a> {
    #[serde(borrow, default)]
    display_name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow, default)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    operation: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    remote_address: Option<Cow<'a, str>>,
}

struct Printer {
    out: BufWriter<io::Stdout>,
    as_lines: bool,
    rows: u64,
}

impl Printer {
    fn new(as_lines: bool) -> Self {
        Self { out: BufWriter::with_capacity(1 << 16, io::stdout()), as_lines, rows: 0 }
    }

    /// A table has a row for each answer: the line of its request says nothing more.
    fn takes(&self, hit: &Hit) -> bool {
        self.as_lines || is_response(&hit.line)
    }

    fn print(&mut self, hit: &Hit) -> io::Result<()> {
        if self.as_lines {
            self.rows += 1;
            self.out.write_all(&hit.line)?;
            return self.out.write_all(b"\n");
        }
        let Ok(line) = serde_json::from_slice::<Line<'_>>(&hit.line) else { return Ok(()) };
        if self.rows == 0 {
            writeln!(
                self.out,
                "{:20}  {:7}  {:9}  {:20}  {:15}  PATH",
                "TIME", "OUTCOME", "OPERATION", "NAME", "FROM"
            )?;
        }
        self.rows += 1;
        let request = line.request.as_ref();
        let outcome = match line.error.as_deref() {
            None => "ok",
            Some("permission denied") => "denied",
            Some(_) => "failed",
        };
        let seconds = line.time.get(..19).map_or_else(|| line.time.to_string(), |it| format!("{it}Z"));
        writeln!(
            self.out,
            "{seconds:20}  {outcome:7}  {:9}  {:20}  {:15}  {}",
            plain(request.and_then(|it| it.operation.as_deref())),
            plain(line.auth.as_ref().and_then(|it| it.display_name.as_deref())),
            plain(request.and_then(|it| it.remote_address.as_deref())),
            plain(request.and_then(|it| it.path.as_deref())),
        )
    }
}

/// Each line begins with its time and its type.
fn is_response(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"{\"time\":\"") else { return false };
    let Some(end) = rest.iter().position(|it| *it == b'"') else { return false };
    rest.get(end..).is_some_and(|it| it.starts_with(b"\",\"type\":\"response\""))
}

/// Text that cannot steer the terminal.
fn plain(text: Option<&str>) -> String {
    match text {
        None | Some("") => "-".to_owned(),
        Some(text) if text.chars().any(char::is_control) => text.escape_debug().to_string(),
        Some(text) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = Timestamp::parse_rfc3339("2026-11-25T12:00:00Z").unwrap();
        for (text, expected) in [
            ("1h", Some("2026-11-25T11:00:00Z")),
            ("90s", Some("2026-11-25T11:58:30Z")),
            ("1d", Some("2026-11-24T12:00:00Z")),
            ("2026-11-20", Some("2026-11-20T00:00:00Z")),
            ("2026-11-20T10:30", Some("2026-11-20T10:30:00Z")),
            ("2026-11-20 10:30:05", Some("2026-11-20T10:30:05Z")),
            ("2026-11-20T10:30:05+02:00", Some("2026-11-20T08:30:05Z")),
            ("yesterday", None),
            ("", None),
        ] {
            let read = time(text, now).ok();
            assert_eq!(read, expected.map(|it| Timestamp::parse_rfc3339(it).unwrap()), "{text}");
        }
    }
}
