//! A cluster as far as logins ask it: reviews, namespaces, keys. It stands in for an API server; what it answers
//! has the form of the real one's.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use futures_util::future::BoxFuture;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use strongroom_core::{
    crypto::SecretBytes,
    outbound::{Call, CallError, Outbound, Reply, ServiceAccount},
};

use crate::NOW;

/// One thing that was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) bearer: String,
    pub(crate) roots: Option<String>,
    pub(crate) body: Value,
}

#[derive(Default)]
pub(crate) struct State {
    /// Tokens that the cluster takes, whose they are and for whom.
    pub(crate) accounts: BTreeMap<String, (&'static str, Vec<&'static str>)>,
    pub(crate) labels: BTreeMap<&'static str, Value>,
    /// The tokens that may ask.
    pub(crate) reviewers: Vec<&'static str>,
    /// What the pod has that the server runs in.
    pub(crate) pod: Option<&'static str>,
    pub(crate) is_down: bool,
    /// Says nothing of audiences, as old servers do.
    pub(crate) ignores_audiences: bool,
    pub(crate) asked: Vec<Asked>,
}

#[derive(Default)]
pub(crate) struct Cluster(pub(crate) Mutex<State>);

impl Cluster {
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.0.lock().unwrap().asked)
    }

    fn answer(&self, call: &Call<'_>) -> Result<(u16, Value), CallError> {
        let mut state = self.0.lock().unwrap();
        let bearer = call.bearer.and_then(|it| it.expose_str()).unwrap_or_default().to_owned();
        let body = call.body.map_or(Value::Null, |it| serde_json::from_slice(it.expose()).unwrap());
        let path = call.url.target().to_owned();
        let roots = call.roots.map(str::to_owned);
        state.asked.push(Asked { path: path.clone(), bearer: bearer.clone(), roots, body: body.clone() });
        if state.is_down {
            return Err(CallError::Unreachable);
        }
        if !state.accounts.contains_key(&bearer) && !state.reviewers.contains(&bearer.as_str()) {
            return Ok((401, json!({ "kind": "Status", "code": 401 })));
        }
        if let Some(name) = path.strip_prefix("/api/v1/namespaces/") {
            return Ok(match state.labels.get(name) {
                Some(labels) => {
                    (200, json!({ "kind": "Namespace", "metadata": { "name": name, "labels": labels } }))
                }
                None => (404, json!({ "kind": "Status", "code": 404 })),
            });
        }
        if path == "/openid/v1/jwks" {
            return Ok((200, json!({ "keys": [jwk()] })));
        }
        assert_eq!(path, "/apis/authentication.k8s.io/v1/tokenreviews");
        assert_eq!(
            (&body["kind"], &body["apiVersion"]),
            (&json!("TokenReview"), &json!("authentication.k8s.io/v1"))
        );
        let wanted: Vec<&str> = match body["spec"]["audiences"].as_array() {
            Some(list) => list.iter().map(|it| it.as_str().unwrap()).collect(),
            None => vec!["kubernetes"],
        };
        let found = state.accounts.get(body["spec"]["token"].as_str().unwrap());
        let common: Vec<&str> = match found {
            Some((_, audiences)) => audiences.iter().copied().filter(|it| wanted.contains(it)).collect(),
            None => Vec::new(),
        };
        let status = match found {
            Some((user, _)) if state.ignores_audiences => {
                json!({ "authenticated": true, "user": { "username": user, "uid": "u-1" } })
            }
            Some((user, _)) if !common.is_empty() => {
                json!({ "authenticated": true, "user": { "username": user, "uid": "u-1" }, "audiences": common })
            }
            _ => json!({ "user": {}, "error": "canary: invalid bearer token" }),
        };
        Ok((201, json!({ "kind": "TokenReview", "spec": body["spec"], "status": status })))
    }
}

impl Outbound for Cluster {
    fn ask<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, CallError>> {
        Box::pin(async move {
            let (status, body) = self.answer(&call)?;
            Ok(Reply { status, body: SecretBytes::from(body.to_string()) })
        })
    }

    fn pause(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }

    fn service_account(&self) -> BoxFuture<'_, Option<ServiceAccount>> {
        let pod = self.0.lock().unwrap().pod;
        Box::pin(async move {
            let token = SecretBytes::copy_of(pod?.as_bytes());
            Some(ServiceAccount { token, roots: "POD CA".to_owned() })
        })
    }
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

fn jwk() -> Value {
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": BASE64URL_NOPAD.encode(pair().public_key().as_ref()) })
}

/// The cluster's key as PEM.
pub(crate) fn pem() -> String {
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    let der = [&prefix, pair().public_key().as_ref()].concat();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----", data_encoding::BASE64.encode(&der))
}

/// The token of an account, as the cluster signs it: for an hour.
pub(crate) fn token(namespace: &str, name: &str, audience: &str) -> String {
    signed(&json!({
        "iss": "https://kubernetes.default.svc", "aud": [audience], "iat": NOW, "nbf": NOW, "exp": NOW + 3600,
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
        "kubernetes.io": { "namespace": namespace, "serviceaccount": { "name": name, "uid": "u-1" } },
    }))
}

pub(crate) fn signed(claims: &Value) -> String {
    let header = json!({ "alg": "EdDSA", "kid": "k" }).to_string();
    let [header, claims] = [header, claims.to_string()].map(|it| BASE64URL_NOPAD.encode(it.as_bytes()));
    let signed = format!("{header}.{claims}");
    format!("{signed}.{}", BASE64URL_NOPAD.encode(pair().sign(signed.as_bytes()).as_ref()))
}

/// The same network for a core and for its test.
pub(crate) fn shared() -> Arc<Cluster> {
    Arc::default()
}
