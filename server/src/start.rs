//! From a configuration to a server that listens.

use std::{path::Path, sync::Arc};

use strongroom_core::{
    Core, Settings,
    clock::SystemClock,
    storage::{Memory, Sqlite, SqliteOptions, Storage},
};

use crate::{
    config::{self, Config},
    error::ServerError,
    server::Server,
};

/// Opens the store and every listener. It comes up sealed, or with no store in it: whoever calls `sys/init`
/// and `sys/unseal` opens it.
pub async fn start(config: Config) -> Result<Server, ServerError> {
    let settings = Settings {
        default_lease_ttl: config.default_lease_ttl,
        max_lease_ttl: config.max_lease_ttl,
        audit_by_api: config.audit_by_api,
        cluster_name: config.cluster_name.clone(),
        ..Settings::default()
    };
    let core = Arc::new(Core::new(storage(&config.storage)?, Arc::new(SystemClock::default()), settings));
    let mut server = Server::new(core);
    for listener in config.listeners {
        server.listen(listener).await?;
    }
    Ok(server)
}

/// The server without a configuration: `./strongroom/` on loopback.
pub async fn start_here() -> Result<Server, ServerError> {
    start(crate::here::config(Path::new("strongroom"))?).await
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
