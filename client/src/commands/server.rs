//! `secret server`: what was typed becomes what the server is told, and its way is reported.

mod attended;

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use strongroom_core::crypto::SecretBytes;
use strongroom_process::{Hardening, Swappable, Waived};
use strongroom_server::{
    Dev, DevOptions, EarlySockets, Server, ServerError,
    config::{Address, Config, Log},
    log,
};
use tokio::{
    net::lookup_host,
    signal::unix::{SignalKind, signal},
};

use crate::{context::Global, failure::Failure};

#[derive(clap::Args)]
#[command(after_help = "Examples:
  secret server -dev                         in memory, unsealed: for trying it out
  secret server                              ./strongroom/, asks for a passphrase
  secret server -config=/etc/strongroom      Vault's configuration files, HCL or JSON")]
pub(crate) struct Args {
    /// A configuration file, or a directory of them; may be repeated.
    #[arg(long, value_name = "FILE")]
    config: Vec<PathBuf>,
    /// Serve from memory, unsealed: for a laptop. Nothing is kept.
    #[arg(long)]
    dev: bool,
    /// The development server's root token.
    #[arg(long, value_name = "TOKEN", env = "VAULT_DEV_ROOT_TOKEN_ID", hide_env_values = true)]
    dev_root_token_id: Option<String>,
    /// Where the development server listens: a loopback address.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8200",
        env = "VAULT_DEV_LISTEN_ADDRESS"
    )]
    dev_listen_address: String,
    /// Taken for Vault's sake: the root token is never written to a file.
    #[arg(long, hide = true)]
    dev_no_store_token: bool,
    /// Keys may lie in memory that can be swapped out.
    #[arg(long)]
    disable_mlock: bool,
    /// trace, debug, info, warn or error.
    #[arg(long, value_name = "LEVEL", env = "VAULT_LOG_LEVEL")]
    log_level: Option<String>,
    /// standard or json.
    #[arg(long, value_name = "FORMAT", env = "VAULT_LOG_FORMAT")]
    log_format: Option<String>,
}

/// Runs until a signal ends it: 0, or 1 if it could not start.
pub(crate) fn run(_: &Global, args: Args) -> Result<u8, Failure> {
    match prepare(args) {
        Ok(()) => Ok(0),
        Err(error) => {
            say(&format!("secret server: {error}"));
            Ok(1)
        }
    }
}

/// Everything that has to be done while the process has one thread, in this order: it is closed to others, the
/// whole configuration is read and checked, low ports are bound, and rights that are not needed any more are given
/// up. What is made then (threads, files, sockets) is made without them.
fn prepare(args: Args) -> Result<(), ServerError> {
    let mut hardening = strongroom_process::harden();
    let tokens = strongroom_process::remove_tokens();
    let config = match args.config.is_empty() {
        true => None,
        false if args.dev => Some(Config::load_for_dev(&args.config)?),
        false => Some(Config::load(&args.config)?),
    };
    let early = EarlySockets::bind(addresses(&args, config.as_ref()))?;
    // What a development server holds is worth nothing.
    let waived = args.disable_mlock || args.dev || config.as_ref().is_some_and(|it| it.disable_mlock);
    let waived = if waived { Waived::Yes } else { Waived::No };
    hardening.confine(waived).map_err(|Swappable(source)| ServerError::Swappable(source))?;
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(serve(args, config, early, &hardening, &tokens))
}

/// Where the server listens for the network.
fn addresses<'a>(args: &'a Args, config: Option<&'a Config>) -> impl Iterator<Item = &'a str> {
    let own = args.dev.then_some(args.dev_listen_address.as_str());
    let listeners = config.into_iter().flat_map(|it| &it.listeners);
    own.into_iter().chain(listeners.filter_map(|it| match &it.address {
        Address::Tcp { address, .. } => Some(address.as_str()),
        Address::Unix { .. } => None,
    }))
}

async fn serve(
    args: Args,
    config: Option<Config>,
    early: EarlySockets,
    hardening: &Hardening,
    tokens: &[&'static str],
) -> Result<(), ServerError> {
    let flush = log::init(&log_settings(&args, config.as_ref()))?;
    for warning in config.iter().flat_map(|it| &it.warnings) {
        log::warn(warning);
    }
    for (what, error) in &hardening.failures {
        log::warn(&format!("the process could not be protected with {what}: {error}"));
    }
    if let Some(warning) = hardening.warning.filter(|_| !args.dev) {
        log::warn(warning);
    }
    for name in tokens {
        log::warn(&format!("{name} was in the server's environment, where no token belongs: it is removed"));
    }
    let server = match (args.dev, config) {
        (true, config) => dev(args, config, early).await?,
        (false, Some(config)) => strongroom_server::start_with(config, early).await?,
        (false, None) => attended::start().await?,
    };
    for address in server.addresses() {
        say(&format!("secret server: ready on {address}"));
    }
    reload_on_hangup(&server)?;
    let outcome = server.run(told_to_end()?).await;
    flush.flush();
    outcome
}

fn log_settings(args: &Args, config: Option<&Config>) -> Log {
    let mut log = config.map(|it| it.log.clone()).unwrap_or_default();
    if let Some(level) = args.log_level.as_deref().and_then(Log::level_of) {
        log.level = level;
    }
    if let Some(format) = &args.log_format {
        log.json = format == "json";
    }
    log
}

async fn dev(args: Args, config: Option<Config>, early: EarlySockets) -> Result<Server, ServerError> {
    let address = args.dev_listen_address;
    let resolved = lookup_host(&address).await.ok().and_then(|mut it| it.next());
    let address = resolved.ok_or(ServerError::NoAddress(address))?;
    let root_token = args.dev_root_token_id.filter(|it| !it.is_empty()).map(SecretBytes::from);
    let more = config.map(|it| it.listeners).unwrap_or_default();
    let dev = Dev::start(DevOptions { address, root_token, more, early }).await?;
    report(&dev)?;
    Ok(dev.server)
}

/// Tools that start a development server read these two lines.
fn report(dev: &Dev) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for (what, secret) in [("Unseal Key", &dev.unseal_key), ("Root Token", &dev.root_token)] {
        write!(out, "{what}: ")?;
        out.write_all(secret.expose())?;
        writeln!(out)?;
    }
    out.flush()
}

/// SIGTERM or SIGINT.
fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn reload_on_hangup(server: &Server) -> io::Result<()> {
    let (mut hangup, reloader) = (signal(SignalKind::hangup())?, server.reloader());
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            reloader.reload();
        }
    });
    Ok(())
}

fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
