//! `secret server`: what was typed becomes what the server is told, and its way is reported.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};

use strongroom_core::crypto::SecretBytes;
use strongroom_server::{Dev, DevOptions, ServerError, serve as listen};
use tokio::{
    net::{TcpListener, lookup_host},
    signal::unix::{SignalKind, signal},
};

#[derive(clap::Args)]
pub(crate) struct Args {
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
}

/// Runs until a signal ends it: 0, or 1 if it could not start.
pub(crate) fn run(args: Args) -> ExitCode {
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServerError::from)
        .and_then(|runtime| runtime.block_on(serve(args)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "secret server: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(args: Args) -> Result<(), ServerError> {
    let address = args.dev_listen_address;
    let resolved = lookup_host(&address).await.ok().and_then(|mut it| it.next());
    let resolved = resolved.ok_or_else(|| ServerError::NoAddress(address.clone()))?;
    let root_token = args.dev_root_token_id.filter(|it| !it.is_empty()).map(SecretBytes::from);
    let dev = Dev::start(DevOptions { address: resolved, root_token }).await?;
    let listener = TcpListener::bind(resolved).await;
    let listener = listener.map_err(|source| ServerError::Bind { address, source })?;
    report(&dev)?;
    let _ = writeln!(io::stderr(), "secret server: ready on http://{}", listener.local_addr()?);
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    listen::run(listener, Arc::clone(&dev.app), shutdown).await;
    Ok(())
}

/// Tools that start a development server read these two lines.
fn report(dev: &Dev) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let text = |it: &SecretBytes| it.expose_str().unwrap_or_default().to_owned();
    writeln!(out, "Unseal Key: {}", text(&dev.unseal_key))?;
    writeln!(out, "Root Token: {}", text(&dev.root_token))?;
    out.flush()
}
