//! `fsck`: whether the store is sound. A running server is asked; a stopped one's directory is looked at here.

use std::{
    io::{self, IsTerminal as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize;
use strongroom_core::{
    Core, Settings,
    barrier::Class,
    clock::SystemClock,
    crypto::SecretBytes,
    integrity::{self, Report},
    seal::{Kind, SealConfig, unseal::Step},
    storage::{Sqlite, SqliteOptions, Storage, StorageError},
};
use strongroom_sdk::Method;
use strongroom_server::{config, keyfile};

use crate::{
    context::Context,
    failure::Failure,
    input,
    output::{line, note},
};

/// Exit statuses.
const WHOLE: u8 = 0;
const FINDINGS: u8 = 1;
const COULD_NOT: u8 = 2;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret fsck                               asks the running server
  secret fsck /var/lib/strongroom
  secret fsck -unseal -config=/etc/strongroom/server.hcl
  secret fsck -unseal /var/lib/strongroom < shares     one on each line

Prints a line for each finding. Without -unseal a directory is checked as far as that goes without keys.

Exit status 0: whole. 1: findings. 2: it could not look.")]
pub(crate) struct Fsck {
    /// The data directory of a server that is stopped
    dir: Option<PathBuf>,
    /// The configuration file that names it
    #[arg(long, value_name = "FILE", conflicts_with = "dir")]
    config: Vec<PathBuf>,
    /// Open every record: asks for shares or passphrase, or takes them from standard input
    #[arg(long)]
    unseal: bool,
    /// The key file of an unattended seal, if no configuration names it
    #[arg(long, value_name = "FILE", requires = "unseal")]
    key_file: Option<PathBuf>,
    /// Take the rows of this class for right although the digest differs: recorded in the store
    #[arg(long, value_name = "CLASS", requires = "unseal")]
    accept: Option<String>,
}

pub(crate) async fn fsck(cx: &Context, args: Fsck) -> Result<u8, Failure> {
    let outcome = match (&args.dir, args.config.is_empty()) {
        (None, true) if args.unseal => {
            Err(Failure::new("-unseal is for a stopped server").hint("name its directory, or -config=FILE"))
        }
        (None, true) => online(cx).await,
        _ => offline(args).await,
    };
    outcome.map_err(|failure| failure.code(COULD_NOT))
}

async fn online(cx: &Context) -> Result<u8, Failure> {
    #[derive(Deserialize)]
    struct Checked {
        rows: u64,
        faults: Vec<Found>,
    }
    #[derive(Deserialize)]
    struct Found {
        class: String,
        kind: String,
        count: u64,
    }
    let checked: Checked = cx.client.call(Method::Post, "sys/integrity/check").send().await?.data()?;
    let findings: Vec<String> =
        checked.faults.iter().map(|it| finding(&it.class, &it.kind, it.count)).collect();
    conclude(&findings, checked.rows, "")
}

async fn offline(args: Fsck) -> Result<u8, Failure> {
    let config = match args.config.as_slice() {
        [] => None,
        files => Some(config::Config::load(files).map_err(|error| Failure::new(error.to_string()))?),
    };
    let dir = match (&args.dir, &config) {
        (Some(dir), _) => dir.clone(),
        (None, Some(config::Config { storage: config::Storage::Sqlite(dir), .. })) => dir.clone(),
        _ => return Err(Failure::new("the configuration names no directory")),
    };
    // Opening would make a store.
    if !dir.join("strongroom.db").is_file() {
        return Err(Failure::new(format!("there is no store in {}", dir.display())));
    }
    let storage = match Sqlite::open(&dir, SqliteOptions::default()) {
        Ok(storage) => Arc::new(storage),
        Err(StorageError::Damaged(what)) => return conclude(&[format!("file: {what}")], 0, ""),
        Err(error) => {
            let failure = Failure::new(error.to_string());
            let in_use = matches!(error, StorageError::InUse { .. });
            return Err(if in_use {
                failure.hint("`secret fsck` alone asks the running server")
            } else {
                failure
            });
        }
    };
    let outcome = look(&args, config.as_ref(), &dir, &storage).await;
    storage.close().await.map_err(|error| Failure::new(error.to_string()))?;
    outcome
}

async fn look(
    args: &Fsck,
    config: Option<&config::Config>,
    dir: &Path,
    storage: &Arc<Sqlite>,
) -> Result<u8, Failure> {
    let failed = |error: strongroom_core::Error| Failure::new(error.to_string());
    let file = match storage.check_file() {
        Err(StorageError::Damaged(what)) => vec![what.to_owned()],
        found => found.map_err(|error| Failure::new(error.to_string()))?,
    };
    let mut findings: Vec<String> = file.iter().map(|it| format!("file: {it}")).collect();
    let rows: Arc<dyn Storage> = storage.clone();
    if !args.unseal {
        let report = match integrity::structure(&rows).await {
            // The rows cannot be read to their end: what was found so far is what can be told.
            Err(strongroom_core::Error::Storage(StorageError::Damaged(what))) => {
                findings.push(format!("file: {what}"));
                return conclude(&findings, 0, "; the rows could not be read to their end");
            }
            report => report.map_err(failed)?,
        };
        findings.extend(lines(&report));
        return conclude(
            &findings,
            report.rows,
            "; without keys only the structure could be checked: -unseal",
        );
    }
    let core = Core::new(rows, Arc::new(SystemClock::default()), Settings::default());
    unseal(args, config, dir, &core).await?;
    if let Some(wanted) = &args.accept {
        let class = Class::ALL.into_iter().find(|it| it.name() == *wanted);
        let class = class.ok_or_else(|| Failure::new("there is no such class"))?;
        core.verify_class(class).await.map_err(failed)?;
        core.accept_class(class).await.map_err(failed)?;
        note(&format!("the rows of {wanted} were accepted as they are"));
    }
    let report = integrity::fsck(&core).await.map_err(failed)?;
    core.seal_now();
    findings.extend(lines(&report));
    conclude(&findings, report.rows, "")
}

/// Opens the store with what its seal asks for. Never from the command line or the environment.
async fn unseal(
    args: &Fsck,
    config: Option<&config::Config>,
    dir: &Path,
    core: &Core,
) -> Result<(), Failure> {
    let failed = |error: strongroom_core::Error| Failure::new(error.to_string());
    let seal: SealConfig = core.stored_seal().await.map_err(failed)?;
    match seal.kind {
        Kind::KeyFile | Kind::Credential => {
            let key = match (&args.key_file, config) {
                (Some(file), _) => keyfile::read_key_file(file, dir).map(Some),
                (None, Some(config)) => keyfile::unattended_key(config),
                (None, None) => Ok(None),
            };
            let key = key.map_err(|error| Failure::new(error.to_string()))?;
            let key = key.ok_or_else(|| {
                Failure::new("the store is unsealed by a key file")
                    .hint("name it: -key-file=FILE or -config=FILE")
            })?;
            core.unseal_unattended(&key).await.map_err(failed)
        }
        Kind::Passphrase => give(core, &input::secret("Passphrase (will be hidden)")?).await.map(|_| ()),
        Kind::Shamir if io::stdin().is_terminal() => {
            for number in 1..=seal.threshold {
                let share =
                    input::secret(&format!("Unseal Key {number} of {} (will be hidden)", seal.threshold))?;
                if give(core, &share).await? == Step::Unsealed {
                    return Ok(());
                }
            }
            Err(Failure::new("the same share was given twice"))
        }
        Kind::Shamir => {
            let shares = input::stdin()?;
            for share in shares.lines().map(str::trim).filter(|it| !it.is_empty()) {
                if give(core, &strongroom_sdk::SecretString::new(share)).await? == Step::Unsealed {
                    return Ok(());
                }
            }
            Err(Failure::new(format!("standard input must hold {} shares, one on each line", seal.threshold)))
        }
    }
}

async fn give(core: &Core, secret: &strongroom_sdk::SecretString) -> Result<Step, Failure> {
    let given = SecretBytes::copy_of(secret.expose().as_bytes());
    core.unseal(&given).await.map_err(|error| Failure::new(error.to_string()))
}

fn lines(report: &Report) -> impl Iterator<Item = String> + '_ {
    report.faults.iter().map(|(fault, count)| finding(&fault.class_name(), &fault.kind_name(), *count))
}

fn finding(class: &str, kind: &str, count: u64) -> String {
    let what = match kind {
        "altered" => "rows that do not open: their bytes are not those that were written",
        "dangling" => "rows are missing that others point to",
        "malformed" => "rows that open and hold no record",
        "misshapen" => "rows that do not look like ours",
        "missing" => "rows without which nothing opens are missing",
        "misnamed" => "rows whose name belongs elsewhere",
        "mistyped" => "rows that hold a record of another kind",
        "sumsdiffer" => return format!("{class}: the digest differs: rows were removed, added or put back"),
        "unknownterm" => "rows under a key that is gone",
        other => other,
    };
    format!("{class}: {count}: {what}")
}

fn conclude(findings: &[String], rows: u64, limits: &str) -> Result<u8, Failure> {
    findings.iter().try_for_each(|it| line(it))?;
    match findings.len() {
        0 => {
            note(&format!("{rows} rows, nothing found{limits}"));
            Ok(WHOLE)
        }
        count => {
            note(&format!("{rows} rows, {count} findings{limits}"));
            Ok(FINDINGS)
        }
    }
}
