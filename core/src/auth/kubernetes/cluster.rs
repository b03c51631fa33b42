//! What is asked of the cluster: whose a token is, what labels a namespace has, which keys sign tokens.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{
    config::{self, Config, Reviewer},
    reviewed::Account,
};
use crate::{
    auth::jws::{Failed, KeySet, Publisher},
    core::Core,
    crypto::SecretBytes,
    error::{Error, Result},
    mounts::Mount,
    outbound::{self, Call, CallError, Outbound, Reply, ServiceAccount, Url},
    response::json,
    store::Store,
};

/// The cluster that a mount is about.
pub(super) struct Cluster<'a> {
    pub(super) store: &'a Arc<Store>,
    pub(super) mount: &'a Mount,
    pub(super) config: &'a Config,
    /// The token that a login brings: whoever has no other to ask with asks with this one.
    pub(super) login: &'a SecretBytes,
}

/// What the cluster is asked with.
struct Access {
    reviewer: Option<Reviewer>,
    pod: Option<ServiceAccount>,
}

impl Cluster<'_> {
    /// Whose the token of the login is, if the cluster takes it, and for the audience if one is named.
    pub(super) async fn review(&self, core: &Core, audience: &str) -> Result<Option<Account>> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct TokenReview<'a> {
            api_version: &'static str,
            kind: &'static str,
            spec: Spec<'a>,
        }
        #[derive(Serialize)]
        struct Spec<'a> {
            token: &'a str,
            #[serde(skip_serializing_if = "<[&str]>::is_empty")]
            audiences: &'a [&'a str],
        }
        let token = self.login.expose_str().unwrap_or_default();
        let audiences = if audience.is_empty() { [].as_slice() } else { &[audience] };
        let body = json(&TokenReview {
            api_version: "authentication.k8s.io/v1",
            kind: "TokenReview",
            spec: Spec { token, audiences },
        })?;
        let access = self.access(core).await?;
        let path = "/apis/authentication.k8s.io/v1/tokenreviews";
        let reply = self.ask(core.outbound(), &access, path, Some(&body), outbound::WITHIN).await;
        match reply.map_err(unavailable)? {
            reply if matches!(reply.status, 200 | 201) => {
                Account::of_review(reply.body.expose(), audience).map_err(|()| odd("a token review"))
            }
            // The token was to vouch for itself.
            Reply { status: 401, .. } if access.is_none() => Ok(None),
            reply => Err(unavailable(Failed::Status(reply.status))),
        }
    }

    /// The labels of a namespace; none if there is no such namespace.
    pub(super) async fn labels(
        &self,
        core: &Core,
        namespace: &str,
    ) -> Result<Option<BTreeMap<String, String>>> {
        #[derive(Deserialize)]
        struct Namespace {
            metadata: Metadata,
        }
        #[derive(Deserialize)]
        struct Metadata {
            name: String,
            #[serde(default)]
            labels: BTreeMap<String, String>,
        }
        let access = self.access(core).await?;
        // Its name is a label of DNS: nothing in it means anything in a path.
        let path = format!("/api/v1/namespaces/{namespace}");
        let reply = self.ask(core.outbound(), &access, &path, None, outbound::WITHIN).await;
        match reply.map_err(unavailable)? {
            Reply { status: 200, body } => {
                let found: Namespace =
                    serde_json::from_slice(body.expose()).map_err(|_| odd("a namespace"))?;
                match found.metadata.name == namespace {
                    true => Ok(Some(found.metadata.labels)),
                    false => Err(odd("a namespace")),
                }
            }
            Reply { status: 404, .. } => Ok(None),
            reply => Err(unavailable(Failed::Status(reply.status))),
        }
    }

    async fn access(&self, core: &Core) -> Result<Access> {
        let reviewer = self.store.read(&config::reviewer_place(self.store, self.mount)).await?;
        let pod = match self.config.disable_local_ca_jwt {
            true => None,
            // Read anew each time: the platform replaces it before it expires.
            false => core.outbound().service_account().await,
        };
        Ok(Access { reviewer: reviewer.map(|it| it.value), pod })
    }

    async fn ask(
        &self,
        outbound: &dyn Outbound,
        access: &Access,
        path: &str,
        body: Option<&SecretBytes>,
        within: Duration,
    ) -> Result<Reply, Failed> {
        // It was read when it was written.
        let url = Url::parse(&self.config.host).map_err(|_| Failed::Store)?.below(path);
        let bearer = access.reviewer.as_ref().map(|it| &it.token);
        let bearer = bearer.or(access.pod.as_ref().map(|it| &it.token)).unwrap_or(self.login);
        let own = Some(self.config.ca_cert.as_str()).filter(|it| !it.trim().is_empty());
        let roots = own.or(access.pod.as_ref().map(|it| it.roots.as_str()));
        let call = Call { bearer: Some(bearer), body, roots, within, ..Call::new(&url) };
        match outbound.ask(call).await? {
            Reply { status: 300..=399, .. } => Err(CallError::Redirected.into()),
            reply => Ok(reply),
        }
    }
}

impl Access {
    fn is_none(&self) -> bool {
        self.reviewer.is_none() && self.pod.is_none()
    }
}

impl Publisher for Cluster<'_> {
    fn keys<'a>(&'a self, core: &'a Core, within: Duration) -> BoxFuture<'a, Result<KeySet, Failed>> {
        Box::pin(async move {
            let access = self.access(core).await.map_err(|_| Failed::Store)?;
            let reply = self.ask(core.outbound(), &access, "/openid/v1/jwks", None, within).await?;
            match reply.status {
                200 => Ok(KeySet::parse(reply.body.expose())?),
                status => Err(Failed::Status(status)),
            }
        })
    }
}

fn unavailable(failed: Failed) -> Error {
    Error::unavailable(format!("the cluster cannot be asked: {failed}"))
}

fn odd(what: &str) -> Error {
    Error::unavailable(format!("the cluster cannot be asked: it answers what is not {what}"))
}
