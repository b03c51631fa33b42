//! `-dev`: a server in memory for a laptop, made and unsealed at once.

use std::{net::SocketAddr, sync::Arc};

use data_encoding::BASE64;
use strongroom_core::{
    Core, Error, Settings,
    audit::DeviceConfig,
    clock::SystemClock,
    crypto::SecretBytes,
    request::{Body, Opened, Operation},
    seal::init::Plan,
    storage::Memory,
};

use crate::{
    ask::ask,
    config::{Address, CLUSTER, Listener},
    early::EarlySockets,
    error::ServerError,
    http::Limits,
    outbound::Https,
    server::Server,
};

/// What can be said about a development server.
#[derive(Debug)]
pub struct DevOptions {
    /// Loopback only.
    pub address: SocketAddr,
    /// Any text; without one a token is made.
    pub root_token: Option<SecretBytes>,
    /// What a configuration file adds: on loopback too, or sockets.
    pub more: Vec<Listener>,
    /// As for [`start`](crate::start).
    pub early: EarlySockets,
}

/// A development server that is ready to be served.
pub struct Dev {
    pub server: Server,
    /// In base64, as `sys/unseal` takes it.
    pub unseal_key: SecretBytes,
    pub root_token: SecretBytes,
}

impl Dev {
    /// Makes and unseals a store in memory.
    ///
    /// # Errors
    ///
    /// [`ServerError::NotLoopback`], since such a server prints its root token.
    pub async fn start(options: DevOptions) -> Result<Self, ServerError> {
        if !options.address.ip().to_canonical().is_loopback() {
            return Err(ServerError::NotLoopback(options.address));
        }
        let settings = Settings {
            audit: vec![DeviceConfig::memory("memory/")],
            audit_by_api: true,
            audit_folders: vec![std::env::temp_dir()],
            dev: true,
            cluster_name: CLUSTER.to_owned(),
            ..Settings::default()
        };
        let core = Core::new(Arc::new(Memory::new()), Arc::new(SystemClock::default()), settings);
        let core = Arc::new(core.with_outbound(Arc::new(Https::default())));
        let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, None).await?;
        let share = made.shares.first().ok_or(Error::Internal("no share was made"))?;
        let unseal_key = SecretBytes::from(BASE64.encode(share.expose()));
        core.unseal(&unseal_key).await?;
        let root_token = match options.root_token {
            Some(wanted) => exchange(&core, made.root_token, wanted).await?,
            None => made.root_token,
        };
        let mut server = Server::new(core).with_early_sockets(options.early).loopback_only();
        let address = Address::Tcp { address: options.address.to_string(), tls: None };
        let opened = Opened { rekey: true, generate_root: true };
        server.listen(Listener { address, limits: Limits::default(), forwarded: None, opened }).await?;
        for listener in options.more {
            server.listen(listener).await?;
        }
        Ok(Self { server, unseal_key, root_token })
    }
}

/// Makes the token that was asked for, as a client would, and takes back the one that init made.
async fn exchange(core: &Core, made: SecretBytes, wanted: SecretBytes) -> Result<SecretBytes, ServerError> {
    #[derive(serde::Serialize)]
    struct Create<'a> {
        id: &'a str,
        policies: [&'a str; 1],
        no_parent: bool,
        no_default_policy: bool,
    }
    let id = wanted.expose_str().unwrap_or_default();
    let create = Create { id, policies: ["root"], no_parent: true, no_default_policy: true };
    let create = Body::of(&create).map_err(Error::from)?;
    ask(core, Some(&made), Operation::Write, "auth/token/create", create).await?;
    ask(core, Some(&made), Operation::Write, "auth/token/revoke-self", Body::default()).await?;
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_development_server_listens_on_loopback_only_and_has_one_root_token() {
        let options = |address: &str| DevOptions {
            address: address.parse().unwrap(),
            root_token: Some(SecretBytes::copy_of(b"chosen")),
            more: Vec::new(),
            early: EarlySockets::default(),
        };
        assert!(matches!(Dev::start(options("0.0.0.0:0")).await, Err(ServerError::NotLoopback(_))));
        let more = |address: &str| DevOptions {
            more: vec![Listener {
                address: Address::Tcp { address: address.to_owned(), tls: None },
                limits: Limits::default(),
                forwarded: None,
                opened: Opened::default(),
            }],
            ..options("127.0.0.1:0")
        };
        // Rule 110: nor by a configuration file's means.
        assert!(matches!(Dev::start(more("0.0.0.0:0")).await, Err(ServerError::NotLoopback(_))));
        assert!(Dev::start(more("127.0.0.1:0")).await.is_ok());
        let dev = Dev::start(options("127.0.0.1:0")).await.unwrap();
        let look = async |token: &SecretBytes| {
            let path = "auth/token/lookup-self";
            ask(dev.server.core(), Some(token), Operation::Read, path, Body::default()).await
        };
        assert_eq!(dev.root_token.expose(), b"chosen");
        assert!(look(&dev.root_token).await.is_ok());
        dev.server.core().seal_now();
        dev.server.core().unseal(&dev.unseal_key).await.unwrap();
        assert!(look(&dev.root_token).await.is_ok());
    }
}
