//! The `secret` command: a file for each group of its commands.

mod argv;
mod commands;
mod context;
mod editor;
mod env;
mod failure;
mod input;
mod output;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use commands::{fsck, kv, login, mounts, operator, policy, raw, server, snapshot, status, token};
use context::{Context, Global};
use failure::Failure;

/// An embedded secrets manager: one small binary, one encrypted file.
#[derive(Parser)]
#[command(name = "secret", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What is freed is zeroed: secrets pass through libraries that do not do that.
#[global_allocator]
static ALLOCATOR: strongroom_process::Wiping = strongroom_process::Wiping;

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Server(server::Args),
    /// Store a secret
    Put(kv::Put),
    /// Read a secret
    Get(kv::Get),
    /// List secrets
    Ls(kv::Ls),
    /// Delete a secret or some of its versions
    Rm(kv::Rm),
    /// Bring deleted versions back
    Undelete(kv::Undelete),
    /// The versions of a secret
    History(kv::History),
    /// Which fields differ between two versions
    Diff(kv::Diff),
    /// Edit a secret's fields
    Edit(kv::Edit),
    /// Log in
    Login(login::Login),
    /// Whether the server is sealed
    Status,
    /// Make a new store
    Init(operator::Init),
    /// Unseal the store
    Unseal(operator::Unseal),
    /// Seal the store
    Seal,
    /// Back up the store, and put it back
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    /// Whether the store is sound
    Fsck(fsck::Fsck),
    /// Init, unseal, seal, rotate: in Vault's spelling
    #[command(subcommand)]
    Operator(Operator),
    /// Policies: what may be done
    #[command(subcommand)]
    Policy(policy::Policy),
    /// Tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Secrets engines: which answers where
    #[command(subcommand, alias = "secrets")]
    Mount(mounts::Mounts),
    /// Auth methods: which answers where
    #[command(subcommand)]
    Auth(mounts::Mounts),
    /// Read any path of the API
    Read(raw::Read),
    /// Write any path of the API
    Write(raw::Write),
    /// List any path of the API
    List(raw::List),
    /// Delete any path of the API
    Delete(raw::Delete),
}

#[derive(Subcommand)]
enum Operator {
    /// Make a new store
    Init(operator::Init),
    /// Unseal the store
    Unseal(operator::Unseal),
    /// Seal the store
    Seal,
    /// Encrypt new records under a new key
    Rotate,
    /// Which key records are encrypted under
    KeyStatus,
    /// Snapshots (there is no Raft)
    #[command(subcommand)]
    Raft(Raft),
}

#[derive(Subcommand)]
enum Raft {
    /// Back up the store, and put it back
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
}

fn main() -> ExitCode {
    let Cli { global, command } = Cli::parse_from(argv::with_two_dashes(std::env::args_os()));
    if let Command::Server(args) = command {
        return server::run(args);
    }
    match ask(&global, command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            output::note(&failure.report());
            ExitCode::from(failure.code)
        }
    }
}

fn ask(global: &Global, command: Command) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start: {error}")))?;
    let cx = Context::new(global, &strongroom_sdk::env::Process)?;
    let wrap = match &global.wrap_ttl {
        None => None,
        Some(text) => Some(
            strongroom_api::params::parse_duration(text)
                .ok_or_else(|| Failure::new("-wrap-ttl is not a duration").hint("write it as 60s or 5m"))?,
        ),
    };
    runtime.block_on(async {
        match command {
            Command::Server(args) => drop(args),
            Command::Put(args) => kv::put(&cx, args).await?,
            Command::Get(args) => kv::get(&cx, args).await?,
            Command::Ls(args) => kv::ls(&cx, args).await?,
            Command::Rm(args) => kv::rm(&cx, args).await?,
            Command::Undelete(args) => kv::undelete(&cx, args).await?,
            Command::History(args) => kv::history(&cx, args).await?,
            Command::Diff(args) => kv::diff(&cx, args).await?,
            Command::Edit(args) => kv::edit(&cx, args).await?,
            Command::Login(args) => login::login(&cx, args).await?,
            Command::Status => return status::status(&cx).await,
            Command::Init(args) | Command::Operator(Operator::Init(args)) => {
                return operator::init(&cx, args).await;
            }
            Command::Unseal(args) | Command::Operator(Operator::Unseal(args)) => {
                operator::unseal(&cx, args).await?
            }
            Command::Seal | Command::Operator(Operator::Seal) => operator::seal(&cx).await?,
            Command::Operator(Operator::Rotate) => operator::rotate(&cx).await?,
            Command::Operator(Operator::KeyStatus) => operator::key_status(&cx).await?,
            Command::Snapshot(command) | Command::Operator(Operator::Raft(Raft::Snapshot(command))) => {
                snapshot::snapshot(&cx, command).await?
            }
            Command::Fsck(args) => return Ok(fsck::fsck(&cx, args).await),
            Command::Policy(command) => policy::policy(&cx, command).await?,
            Command::Token(command) => token::token(&cx, wrap, command).await?,
            Command::Mount(command) => mounts::mounts(&cx, mounts::Area::Secrets, command).await?,
            Command::Auth(command) => mounts::mounts(&cx, mounts::Area::Auth, command).await?,
            Command::Read(args) => raw::read(&cx, wrap, args).await?,
            Command::Write(args) => raw::write(&cx, wrap, args).await?,
            Command::List(args) => raw::list(&cx, args).await?,
            Command::Delete(args) => raw::delete(&cx, args).await?,
        }
        Ok(0)
    })
}
