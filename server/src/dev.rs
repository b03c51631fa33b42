//! `-dev`: a server in memory for a laptop, made and unsealed at once.

use std::{net::SocketAddr, sync::Arc};

use data_encoding::BASE64;
use strongroom_core::{
    Core, Error, Settings,
    clock::SystemClock,
    crypto::SecretBytes,
    ids::{NamespaceId, RequestId},
    request::{Body, Operation, Peer, PresentedToken, Request, RequestPath},
    seal::init::Plan,
    storage::Memory,
};

use crate::{
    config::{Address, Listener},
    error::ServerError,
    http::Limits,
    server::Server,
};

/// What can be said about a development server.
#[derive(Debug)]
pub struct DevOptions {
    /// Loopback only.
    pub address: SocketAddr,
    /// Any text; without one a token is made.
    pub root_token: Option<SecretBytes>,
    /// What a configuration file adds.
    pub more: Vec<Listener>,
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
        let settings = Settings { audit_by_api: true, dev: true, ..Settings::default() };
        let core = Arc::new(Core::new(Arc::new(Memory::new()), Arc::new(SystemClock::default()), settings));
        let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, None).await?;
        let share = made.shares.first().ok_or(Error::Internal("no share was made"))?;
        let unseal_key = SecretBytes::from(BASE64.encode(share.expose()));
        core.unseal(&unseal_key).await?;
        let root_token = match options.root_token {
            Some(wanted) => exchange(&core, made.root_token, wanted).await?,
            None => made.root_token,
        };
        let mut server = Server::new(core);
        let address = Address::Tcp { address: options.address.to_string(), tls: None };
        server.listen(Listener { address, limits: Limits::default(), forwarded: None }).await?;
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
    write(core, &made, "auth/token/create", Body::of(&create).map_err(Error::from)?).await?;
    write(core, &made, "auth/token/revoke-self", Body::default()).await?;
    Ok(wanted)
}

async fn write(core: &Core, token: &SecretBytes, path: &str, body: Body) -> Result<(), Error> {
    let request = Request {
        id: RequestId::generate()?,
        operation: Operation::Write,
        path: RequestPath::new(NamespaceId::ROOT, path)?,
        token: Some(PresentedToken::new(SecretBytes::copy_of(token.expose()))),
        body,
        peer: Peer::Embedded,
        wrap_ttl: None,
        lease_ttl: None,
        headers: Vec::new(),
        merge_patch: false,
    };
    core.dispatch(request).await.into_result().map(drop)
}
