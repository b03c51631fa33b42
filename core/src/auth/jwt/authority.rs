//! The authority's keys, fetched from where the configuration says.

use std::{sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::config::{self, ClientKey, Config, Origin, Server};
use crate::{
    auth::jws::{Failed, KeySet, Publisher},
    core::Core,
    crypto::SecretBytes,
    mounts::Mount,
    outbound::{self, Call, CallError, Identity, Reply, Url},
    store::Store,
};

/// A mount's authority, as whoever verifies a login asks it.
pub(super) struct Authority<'a> {
    pub(super) store: &'a Arc<Store>,
    pub(super) mount: &'a Mount,
    pub(super) config: &'a Config,
}

impl Publisher for Authority<'_> {
    fn keys<'a>(&'a self, core: &'a Core, within: Duration) -> BoxFuture<'a, Result<KeySet, Failed>> {
        Box::pin(async move {
            let place = config::key_place(self.store, self.mount);
            let key = self.store.read::<ClientKey>(&place).await.map_err(|_| Failed::Store)?;
            fetch(core, self.config, key.as_ref().map(|it| &it.value), within).await
        })
    }
}

/// Whether the keys can be had that a new configuration is about.
pub(super) async fn try_out(core: &Core, config: &Config, key: Option<&ClientKey>) -> Result<(), Failed> {
    match config.origin {
        Origin::Fixed(_) => Ok(()),
        _ => fetch(core, config, key, outbound::WITHIN).await.map(|_| ()),
    }
}

async fn fetch(
    core: &Core,
    config: &Config,
    key: Option<&ClientKey>,
    within: Duration,
) -> Result<KeySet, Failed> {
    let key = key.map(|it| &it.key);
    match &config.origin {
        Origin::Fixed(_) => Ok(KeySet::default()),
        Origin::KeySet(server) => key_set(core, server, &address(server)?, key, within).await,
        Origin::KeySets(servers) => {
            let each = servers.iter().map(async |server| {
                let address = address(server)?;
                key_set(core, server, &address, None, within).await
            });
            let mut all = KeySet::default();
            let mut failed = None;
            // One authority that is away is no reason to refuse what the others have signed.
            for outcome in futures_util::future::join_all(each).await {
                match outcome {
                    Ok(keys) => all.join(keys)?,
                    Err(why) => failed = Some(why),
                }
            }
            match failed.filter(|_| all.is_empty()) {
                Some(why) => Err(why),
                None => Ok(all),
            }
        }
        Origin::Discovery(server) => {
            let at = address(server)?;
            let at_document = at.below("/.well-known/openid-configuration");
            let document = ask(core, server, &at_document, key, within).await?;
            key_set(core, server, &named_by(&document, &server.url, &at)?, key, within).await
        }
    }
}

fn address(server: &Server) -> Result<Url, Failed> {
    // It was read when it was written.
    Url::parse(&server.url).map_err(|_| Failed::Store)
}

async fn key_set(
    core: &Core,
    server: &Server,
    url: &Url,
    key: Option<&SecretBytes>,
    within: Duration,
) -> Result<KeySet, Failed> {
    let reply = ask(core, server, url, key, within).await?;
    Ok(KeySet::parse(reply.body.expose())?)
}

async fn ask(
    core: &Core,
    server: &Server,
    url: &Url,
    key: Option<&SecretBytes>,
    within: Duration,
) -> Result<Reply, Failed> {
    let identity = key.filter(|_| !server.client_cert.is_empty());
    let call = Call {
        roots: Some(server.ca_pem.as_str()).filter(|it| !it.is_empty()),
        identity: identity.map(|key| Identity { certificate: &server.client_cert, key }),
        within,
        ..Call::new(url)
    };
    match core.outbound().ask(call).await? {
        reply if reply.status == 200 => Ok(reply),
        Reply { status: 300..=399, .. } => Err(CallError::Redirected.into()),
        reply => Err(Failed::Status(reply.status)),
    }
}

/// Where a discovery document says that the keys are. It can say so for its own server only: whoever can change the
/// document, and not the server, sends us nowhere (rule 80).
fn named_by(document: &Reply, issuer: &str, at: &Url) -> Result<Url, Failed> {
    #[derive(Deserialize)]
    struct Document {
        issuer: String,
        jwks_uri: String,
    }
    let document: Document = serde_json::from_slice(document.body.expose())
        .map_err(|_| Failed::Discovery("expected issuer and jwks_uri"))?;
    if document.issuer.trim_end_matches('/') != issuer.trim_end_matches('/') {
        return Err(Failed::Discovery("it is another issuer's"));
    }
    match Url::parse(&document.jwks_uri) {
        Ok(url) if url.is_same_server(at) => Ok(url),
        _ => Err(Failed::Discovery("its keys are not on the same server; use jwks_url")),
    }
}
