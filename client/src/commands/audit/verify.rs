//! `audit key` and `audit verify`: files of the log held against the key that signs them.
//!
//! Verifying needs no server. If one answers it says how far the log goes, so that an end that was cut off is
//! noticed; it is asked before the files are read, so that what it knows must be in them.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use serde_json::{Value, json};
use strongroom_core::audit::{
    Head,
    verify::{self as log, Report},
};
use strongroom_sdk::Method;

use crate::{
    context::{Context, Global},
    failure::Failure,
    output::{Format, Output, line, note},
};

/// The status for a log of which it is not known whether it is whole.
const UNKNOWN: u8 = 2;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret audit key > audit.key                     keep it where whoever can write the log cannot
  secret audit key -format=json > audit.json       with the head of each device, to verify the end offline")]
pub(crate) struct Key {}

pub(super) async fn key(cx: &Context, _: Key) -> Result<(), Failure> {
    let answer = cx.client.call(Method::Get, "sys/audit-key").send().await?;
    match (cx.output.format, &cx.output.field) {
        (Format::Table | Format::Raw, None) => {
            let known: Known = answer.data()?;
            line(&known.public_key)
        }
        _ => cx.output.answer(&answer),
    }
}

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret audit verify /var/log/strongroom/audit.log*             asks the server for key and head
  secret audit verify -key=audit.key audit.log audit.log.*       offline
  secret audit verify -key=9f86d081884c7d65... -offline audit.log

Exit status 0: the files are whole. 1: FILE:LINE: what is wrong with the first line that is. 2: it could not
be checked.")]
pub(crate) struct Verify {
    /// The files of one device: the log and those that were rotated away, in any order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The public key of `secret audit key`, or a file with it [default: asked of the server]
    #[arg(long, value_name = "FILE|KEY")]
    key: Option<String>,
    /// Ask no server
    #[arg(long, requires = "key")]
    offline: bool,
}

/// What `sys/audit-key` answers.
#[derive(Clone, Debug, Deserialize)]
struct Known {
    public_key: String,
    #[serde(default)]
    store: String,
    #[serde(default)]
    heads: BTreeMap<String, KnownHead>,
}

#[derive(Clone, Debug, Deserialize)]
struct KnownHead {
    seq: u64,
    chain: String,
}

/// Where the end of the log is known from.
enum End {
    Known(Head),
    Unknown(String),
}

pub(super) fn verify(global: &Global, args: Verify) -> Result<u8, Failure> {
    let output = Output::of(global).map_err(|it| it.code(UNKNOWN))?;
    let start = first_start(&args.files)?;
    let (key, end) = trusted(global, &args, &start).map_err(|it| it.code(UNKNOWN))?;
    let head = match &end {
        End::Known(head) => Some(*head),
        End::Unknown(_) => None,
    };
    match log::verify(&args.files, &key, head) {
        Ok(report) => told(&output, &args.files, &report, &end).map(|()| 0),
        Err(log::Failure::Found(found)) => {
            match output.format {
                Format::Json | Format::Yaml => output.data(&json!({
                    "whole": false,
                    "file": found.file.display().to_string(),
                    "line": found.line,
                    "reason": found.reason.to_string(),
                }))?,
                Format::Table | Format::Raw => line(&found.to_string())?,
            }
            Ok(1)
        }
        Err(failure @ log::Failure::Read { .. }) => Err(Failure::new(failure.to_string()).code(UNKNOWN)),
    }
}

/// The key to trust, and how far the log must go.
fn trusted(global: &Global, args: &Verify, start: &Start) -> Result<(Vec<u8>, End), Failure> {
    let given = args.key.as_deref().map(given_key).transpose()?;
    let asked = match (args.offline, given.is_some()) {
        (true, _) => Err(Failure::new("no server was asked")),
        (false, is_given) => ask(global, is_given),
    };
    let (known, asked) = match (given, asked) {
        (None, Err(failure)) => {
            return Err(Failure::new(format!("the key is not known: {}", failure.message()))
                .hint("-key takes what `secret audit key` printed, or a file with it"));
        }
        (None, Ok(known)) => (known.clone(), Ok(known)),
        (Some(known), asked) => (known, asked),
    };
    if !known.store.is_empty() && start.store.as_ref().is_some_and(|it| *it != known.store) {
        return Err(Failure::new("the log is of another store than the key")
            .hint("name the server whose log it is, or its key"));
    }
    let key = decoded(&known.public_key)?;
    // A server with another key is another store: its heads say nothing about these files.
    let asked = asked.and_then(|it| match it.public_key == known.public_key {
        true => Ok(it),
        false => Err(Failure::new("the server that answers has another key")),
    });
    let device = start.device.as_deref().unwrap_or_default();
    let end = match asked {
        Ok(it) => head_of(&it, device),
        Err(failure) => match head_of(&known, device) {
            End::Unknown(_) => End::Unknown(failure.message().to_owned()),
            known => known,
        },
    };
    Ok((key, end))
}

/// What the server says. If there is a key already it is not waited for.
fn ask(global: &Global, is_optional: bool) -> Result<Known, Failure> {
    let mut answered = None;
    super::super::asking(global, async |cx| {
        let call = cx.client.call(Method::Get, "sys/audit-key").send();
        let answer = match is_optional {
            false => call.await?,
            true => tokio::time::timeout(Duration::from_secs(5), call)
                .await
                .map_err(|_| Failure::new("no answer within 5 s"))??,
        };
        answered = Some(answer.data::<Known>()?);
        Ok(())
    })?;
    answered.ok_or_else(|| Failure::new("the server answered no key"))
}

fn head_of(known: &Known, device: &str) -> End {
    let Some(head) = known.heads.get(device) else {
        return End::Unknown("nothing is known of this device".to_owned());
    };
    let mut chain = [0; 32];
    match HEXLOWER.decode_len(head.chain.len()) {
        Ok(32) if HEXLOWER.decode_mut(head.chain.as_bytes(), &mut chain).is_ok() => {
            End::Known(Head { seq: head.seq, chain })
        }
        _ => End::Unknown("the head that is known cannot be read".to_owned()),
    }
}

/// A key that was typed, or a file with one: its text, or the JSON that `secret audit key` prints.
fn given_key(given: &str) -> Result<Known, Failure> {
    let alone = |text: &str| Known {
        public_key: text.trim().to_ascii_lowercase(),
        store: String::new(),
        heads: BTreeMap::new(),
    };
    if decoded(given).is_ok() {
        return Ok(alone(given));
    }
    let text = std::fs::read_to_string(given)
        .map_err(|error| Failure::new(format!("-key is no key, and no file that can be read: {error}")))?;
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let json = json.map(|it| it.get("data").cloned().unwrap_or(it));
    let known = json.and_then(|it| serde_json::from_value(it).ok()).unwrap_or_else(|| alone(&text));
    decoded(&known.public_key)?;
    Ok(known)
}

fn decoded(text: &str) -> Result<Vec<u8>, Failure> {
    let key = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).ok().filter(|it| it.len() == 32);
    key.ok_or_else(|| Failure::new("the key is not 32 bytes in hexadecimal"))
}

/// What the files say of themselves, until it is verified.
#[derive(Default, Deserialize)]
struct Start {
    store: Option<String>,
    device: Option<String>,
}

/// The first line of a file that names store and device.
fn first_start(files: &[PathBuf]) -> Result<Start, Failure> {
    for file in files {
        let failed = |error| Failure::new(format!("{}: {error}", file.display())).code(UNKNOWN);
        let mut reader = BufReader::new(std::fs::File::open(Path::new(file)).map_err(failed)?);
        for _ in 0..3 {
            let mut line = Vec::new();
            reader.read_until(b'\n', &mut line).map_err(failed)?;
            match serde_json::from_slice::<Start>(&line) {
                Ok(start) if start.device.is_some() => return Ok(start),
                _ => {}
            }
        }
    }
    Ok(Start::default())
}

fn told(output: &Output, files: &[PathBuf], report: &Report, end: &End) -> Result<(), Failure> {
    if output.format != Format::Table || output.field.is_some() {
        return output.data(&json!({
            "whole": true,
            "files": files.len(),
            "lines": report.lines,
            "first": report.first,
            "last": report.last.seq,
            "anchored": report.anchored,
            "unanchored": report.unanchored,
            "checkpoints": report.checkpoints,
            "recovered": report.recovered,
            "put_back": report.put_back,
            "end_compared": matches!(end, End::Known(_)),
        }));
    }
    line(&format!(
        "Whole: {} lines in {}, numbers {} to {}.",
        report.lines,
        counted(files.len(), "file"),
        report.first,
        report.last.seq
    ))?;
    match report.checkpoints {
        0 => line("No checkpoint among them: nothing is signed yet.")?,
        _ => line(&format!(
            "Anchored: the lines up to number {}, by {}.",
            report.anchored,
            counted(usize::try_from(report.checkpoints).unwrap_or(usize::MAX), "checkpoint")
        ))?,
    }
    line(&format!("Unanchored: {} at the end, chained but not signed yet.", report.unanchored))?;
    for number in &report.put_back {
        line(&format!(
            "Put back: at line number {number} the store was older than before. A restore, or somebody put an old file there."
        ))?;
    }
    if report.recovered > 0 {
        line(&format!("Torn by a machine that stopped, and closed again: {}.", report.recovered))?;
    }
    if report.first > 1 {
        note(&format!(
            "note: the {} lines before the first are in files that were not given.",
            report.first - 1
        ));
    }
    match end {
        End::Known(head) => line(&format!("The end was compared: the server knows of number {}.", head.seq)),
        End::Unknown(why) => {
            note(&format!("note: whether lines at the end are missing was not compared: {why}."));
            Ok(())
        }
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
