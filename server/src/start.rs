//! From a configuration to a server that listens.

use std::{path::Path, sync::Arc};

use strongroom_core::{
    Core, Settings,
    clock::SystemClock,
    storage::{Memory, Sqlite, SqliteOptions, Storage},
};

use crate::{
    config::{self, Config, Seal},
    early::EarlySockets,
    error::ServerError,
    http::Hosts,
    keyfile,
    outbound::Https,
    server::Server,
};

/// Opens the store and every listener. It comes up sealed, or with no store in it: whoever calls `sys/init`
/// and `sys/unseal` opens it.
///
/// With a key file or a credential it unseals a store that is there, and `sys/init` makes one that it can
/// unseal.
pub async fn start(config: Config) -> Result<Server, ServerError> {
    start_with(config, EarlySockets::default()).await
}

/// As [`start`], with sockets that were bound while the process still had the right to.
pub async fn start_with(config: Config, early: EarlySockets) -> Result<Server, ServerError> {
    let (seal, key) = keyfile::seal(&config)?;
    let devices = crate::audit::devices(&config)?;
    crate::audit::check(&devices)?;
    let settings = Settings {
        default_lease_ttl: config.default_lease_ttl,
        max_lease_ttl: config.max_lease_ttl,
        answers: config.answers,
        audit: devices,
        audit_by_api: config.audit_by_api,
        cluster_name: config.cluster_name.clone(),
        seal,
        ..Settings::default()
    };
    let core = Core::new(storage(&config.storage)?, Arc::new(SystemClock::default()), settings);
    let core = Arc::new(core.with_outbound(Arc::new(Https::default())));
    if let Some(key) = key {
        let source = config.clone();
        core.find_unattended_key_with(Arc::new(move || keyfile::seal(&source).ok()?.1));
        core.provide_unattended_key(&key)?;
        if core.is_initialized().await? {
            core.unseal_unattended(&key).await?;
        }
    }
    let hosts = Hosts::of_urls(config.api_addr.as_deref());
    let mut server = Server::new(core).with_hosts(hosts).with_early_sockets(early);
    for listener in config.listeners {
        server.listen(listener).await?;
    }
    Ok(server)
}

/// The server without a configuration: `./strongroom/` on loopback. With somebody at a terminal a new store is
/// sealed with a passphrase; otherwise it waits for `sys/init`, and is sealed with shares.
pub async fn start_here(attended: bool) -> Result<Server, ServerError> {
    let config = crate::here::config(Path::new("strongroom"))?;
    let seal = if attended { Seal::Passphrase } else { Seal::Shamir };
    start(Config { seal, ..config }).await
}

fn storage(storage: &config::Storage) -> Result<Arc<dyn Storage>, ServerError> {
    Ok(match storage {
        config::Storage::Memory => Arc::new(Memory::new()),
        config::Storage::Sqlite(dir) => Arc::new(sqlite(dir)?),
    })
}

fn sqlite(dir: &Path) -> Result<Sqlite, ServerError> {
    Ok(Sqlite::open(dir, SqliteOptions::default())?)
}
