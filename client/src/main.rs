//! The `secret` command: a file for each group of its commands.

mod argv;
mod commands;
mod context;
mod editor;
mod env;
mod failure;
mod inject;
mod input;
mod output;
mod sink;
mod usage;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use commands::Command;
use context::Global;

/// An embedded secrets manager: one small binary, one encrypted file.
///
/// Called as `vault` or `bao` it is the same program: their commands are spelled as there.
#[derive(Parser)]
#[command(
    name = "secret",
    version,
    disable_help_subcommand = true,
    after_help = "Examples:
  secret put db/password            asks for the value
  secret get db/password
  secret login -method=userpass username=ann
  secret server -dev                a server for trying it out"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What is freed is zeroed: secrets pass through libraries that do not do that.
#[global_allocator]
static ALLOCATOR: strongroom_process::Wiping = strongroom_process::Wiping;

fn main() -> ExitCode {
    let args = argv::as_clap_reads(argv::by_name(std::env::args_os()), &Cli::command());
    let parsed = Cli::command().try_get_matches_from(&args).and_then(|it| Cli::from_arg_matches(&it));
    let outcome = match parsed {
        Ok(Cli { global, command }) => {
            // Whoever edits starts a program, which is to be as open to its user as ever. `run` closes itself
            // when it has its namespaces, for which its own /proc must be its own.
            if !matches!(command, Command::Edit(_) | Command::Run(_)) {
                let _ = strongroom_process::close_to_others();
            }
            command.run(&global)
        }
        Err(error) => usage::explain(error, &args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if let Some(report) = failure.report() {
                output::note(&report);
            }
            ExitCode::from(failure.code)
        }
    }
}
