//! The `secret` command: a file for each of its commands.

mod argv;
mod commands;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// An embedded secrets manager.
#[derive(Parser)]
#[command(name = "secret", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What is freed is zeroed: secrets pass through libraries that do not do that.
#[global_allocator]
static ALLOCATOR: strongroom_process::Wiping = strongroom_process::Wiping;

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Server(commands::server::Args),
}

fn main() -> ExitCode {
    match Cli::parse_from(argv::with_two_dashes(std::env::args_os())).command {
        Command::Server(args) => commands::server::run(args),
    }
}
