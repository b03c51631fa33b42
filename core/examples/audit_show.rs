//! Measures the search through an audit file: makes a file of a million lines of about a kilobyte, searches
//! it for several things, checks what is found, and prints how long each took.
//!
//! `cargo run --release --example audit_show [LINES]`. The file is removed at the end.
#![allow(clippy::print_stdout, reason = "its results are what it is for")]

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Error, Result, Write as _},
    time::Instant,
};

use strongroom_core::audit::show::{Filter, Outcome, show};

fn main() -> Result<()> {
    let lines: usize = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(1_000_000);
    let threads = std::thread::available_parallelism()?.get();
    let path = std::env::temp_dir().join(format!("strongroom-audit-show-{}.log", std::process::id()));
    let outcome = write(&path, lines).and_then(|bytes| {
        println!("{lines} lines, {bytes} bytes, {threads} threads");
        measure(&path, lines, threads)
    });
    std::fs::remove_file(&path)?;
    outcome
}

fn write(path: &std::path::Path, lines: usize) -> Result<u64> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    let mut line = String::new();
    for at in 0..lines {
        line.clear();
        let (kind, error) = match (at % 2, at % 1_000) {
            (0, _) => ("request", ""),
            (_, 999) => ("response", ",\"error\":\"permission denied\""),
            _ => ("response", ""),
        };
        let (minute, second) = (at / 60_000 % 60, at / 1_000 % 60);
        let mac = format!("hmac-sha256:{at:064x}");
        writeln!(
            line,
            "{{\"time\":\"2026-01-02T03:{minute:02}:{second:02}.{at:09}Z\",\"type\":\"{kind}\",\
             \"auth\":{{\"client_token\":\"{mac}\",\"accessor\":\"{mac}\",\"display_name\":\"user-{user}\",\
             \"policies\":[\"default\",\"app\"],\"policy_results\":{{\"allowed\":true}},\"entity_id\":\"e-{user}\"}},\
             \"request\":{{\"id\":\"{at:032x}\",\"operation\":\"read\",\"client_token\":\"{mac}\",\
             \"client_token_accessor\":\"{mac}\",\"namespace\":{{\"id\":\"root\"}},\
             \"path\":\"secret/data/app-{app}/db\",\"remote_address\":\"10.0.0.1\",\"remote_port\":4000}},\
             \"response\":{{\"data\":{{\"data\":{{\"password\":\"{mac}\",\"user\":\"{mac}\"}},\
             \"metadata\":{{\"created_time\":\"{mac}\",\"version\":1}}}}}}{error},\"seq\":{at},\"chain\":\"{at:064x}\"}}",
            user = at % 5_000,
            app = at % 10_000,
        )
        .map_err(Error::other)?;
        out.write_all(line.as_bytes())?;
    }
    out.flush()?;
    Ok(out.get_ref().metadata()?.len())
}

fn measure(path: &std::path::PathBuf, lines: usize, threads: usize) -> Result<()> {
    let text = |it: &str| Some(it.to_owned());
    let cases = [
        ("one path", Filter { path: text("secret/data/app-77/db"), ..Filter::default() }, lines / 10_000),
        ("a glob", Filter { path: text("secret/data/app-77*"), ..Filter::default() }, lines / 10_000 * 111),
        ("an open glob", Filter { path: text("*/app-77/db"), ..Filter::default() }, lines / 10_000),
        ("a name", Filter { display_name: text("user-42"), ..Filter::default() }, lines / 5_000),
        ("an entity", Filter { entity_id: text("e-42"), ..Filter::default() }, lines / 5_000),
        ("denials", Filter { outcome: Some(Outcome::Denied), ..Filter::default() }, lines / 1_000),
        ("failures", Filter { outcome: Some(Outcome::Failed), ..Filter::default() }, lines / 1_000),
        ("nothing", Filter { path: text("no/such/path"), ..Filter::default() }, 0),
    ];
    for (name, filter, expected) in cases {
        let begun = Instant::now();
        let found = show(std::slice::from_ref(path), &filter, threads)?.len();
        println!("{name:>14}: {:.2} s, {found} lines", begun.elapsed().as_secs_f64());
        if found != expected {
            return Err(Error::other(format!("{name}: {found} lines where {expected} are")));
        }
    }
    Ok(())
}
