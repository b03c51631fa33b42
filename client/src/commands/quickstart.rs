//! `secret quickstart`: the whole product at work, for real, in one go.
//!
//! It uses nothing but this binary: a server of its own with a store on disk, a job with passwords in it that is fixed,
//! the policy and the role that the fix wrote, a workload in its own namespaces, the audit log. Each act is done and then checked; what cannot be shown is a failure.
//! Nothing of it runs or lies around afterwards.

mod acts;
mod cure;
mod identity;
mod room;
mod server;
mod witness;
mod workload;

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use room::Room;
use strongroom_process::Signals;

use crate::{context::Global, failure::Failure, output::line};

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  secret quickstart                 in a directory of its own, removed at the end
  secret quickstart --keep ./demo   leaves the store, its key and its configuration

Needs nothing but this binary, and no rights. Exits with 1 at the first thing that cannot be shown.")]
pub(crate) struct Args {
    /// An empty directory to work in [default: a new one, removed at the end]
    dir: Option<PathBuf>,
    /// Leave the store, its key and its configuration there
    #[arg(long)]
    keep: bool,
    /// What the workload does: used by quickstart itself
    #[arg(long, hide = true, conflicts_with_all = ["dir", "keep"])]
    as_workload: bool,
}

pub(crate) fn run(_: &Global, args: Args) -> Result<(), Failure> {
    if args.as_workload {
        return workload::run();
    }
    play(&args).map_err(|failure| failure.code(1))
}

fn play(args: &Args) -> Result<(), Failure> {
    // Taken rather than handled: told to end, it still cleans up.
    let signals = Signals::take().map_err(|error| Failure::new(format!("signals: {error}")))?;
    let begun = Instant::now();
    let room = Room::new(args.dir.as_deref(), args.keep)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let told_to_end = async {
            while signals.pending_end().is_none() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::select! {
            played = acts::all(&room) => played,
            () = told_to_end => Err(Failure::new("interrupted")),
        }
    })?;
    let kept = room.leave()?;
    ok(&match &kept {
        Some(dir) => format!("everything has ended; the store is kept in {}", dir.display()),
        None => "everything has ended, and nothing is left of it".to_owned(),
    })?;
    line(&format!("\nIt took {:.1} s. What to type next:\n", begun.elapsed().as_secs_f64()))?;
    if let Some(dir) = kept {
        line(&format!("  secret server -config={}/server.hcl     this store again", dir.display()))?;
        line(&format!("  export VAULT_TOKEN=$(cat {}/root.token)", dir.display()))?;
    }
    line(NEXT)
}

const NEXT: &str =
    "  secret server                              a server that keeps its secrets, in ./strongroom
  secret put db/password                     asks for the value, without showing it
  secret get db/password
  secret scan .                              plaintext credentials in the files below here
  secret fix job.nomad.hcl                   moves them into the store; shows first what changes
  secret run --map db/password -- ./program  finds it in $SECRETS_DIR/password, and nobody else does
  secret inject --to /run/app db/password    the same as files for something that starts later";

/// An act that is done, and was checked.
fn ok(act: &str) -> Result<(), Failure> {
    line(&format!("ok  {act}"))
}

fn check(holds: bool, otherwise: &str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(Failure::new(otherwise)) }
}

/// What there is to see of it.
fn show(text: &str) -> Result<(), Failure> {
    text.lines().try_for_each(|it| line(format!("      {it}").trim_end()))
}
