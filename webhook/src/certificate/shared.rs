//! Authorities in a Secret that all replicas share, and the API server told of them.

use data_encoding::BASE64;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Material, authority::State};
use crate::{Error, Kubernetes, error::Kube, json::Json as _, kubernetes::Written};

/// How often others may be first.
const TRIES: usize = 10;
const ENTRY: &str = "state.json";

/// Where they are.
#[derive(Clone, Debug)]
pub struct Shared {
    pub kubernetes: Kubernetes,
    /// The Secret, in the webhook's own namespace.
    pub secret: String,
    /// The MutatingWebhookConfiguration.
    pub configuration: String,
    /// The webhook's Service, in the same namespace.
    pub service: String,
}

impl Shared {
    /// Makes what is due, tells the API server whom to trust, and only then signs with it. Answers what handshakes are
    /// to be answered with.
    ///
    /// # Errors
    ///
    /// What there was before is still good: try again later.
    pub async fn round(&self, now: i64) -> Result<Material, Error> {
        let state = self.change(|state| state.renew_authorities(now)).await?;
        self.publish(&state.bundle()).await?;
        let names = self.names();
        let state = self.change(|state| state.renew_server(&names, now)).await?;
        state.material().ok_or(Error::Certificate)
    }

    /// What the API server calls the webhook.
    fn names(&self) -> Vec<String> {
        let service = format!("{}.{}.svc", self.service, self.kubernetes.namespace());
        vec![format!("{service}.cluster.local"), service]
    }

    /// Changes the shared state, again if somebody else was first.
    async fn change(&self, change: impl Fn(&mut State) -> Result<bool, Error>) -> Result<State, Error> {
        let all = format!("/api/v1/namespaces/{}/secrets", self.kubernetes.namespace());
        let own = format!("{all}/{}", self.secret);
        for _ in 0..TRIES {
            let found = self.kubernetes.get(&own, "the request for the Secret").await?;
            // One that cannot be read, whoever wrote it, is replaced.
            let mut state = found.as_ref().and_then(read).unwrap_or_default();
            if !change(&mut state)? {
                return Ok(state);
            }
            let written = match found {
                Some(found) => {
                    let body = filled(found, &state)?;
                    self.kubernetes.put(&own, &body, "the update of the Secret").await?
                }
                None => {
                    let made = json!({
                        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                        "metadata": { "name": self.secret, "namespace": self.kubernetes.namespace() },
                    });
                    self.kubernetes.post(&all, &filled(made, &state)?, "the making of the Secret").await?
                }
            };
            if written == Written::Done {
                return Ok(state);
            }
        }
        Err(Kube::Contested("the Secret").into())
    }

    /// Puts the bundle where the API server looks for it.
    async fn publish(&self, bundle: &str) -> Result<(), Error> {
        let kind = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
        let own = format!("{kind}/{}", self.configuration);
        let bundle = BASE64.encode(bundle.as_bytes());
        for _ in 0..TRIES {
            let found = self.kubernetes.get(&own, "the request for the MutatingWebhookConfiguration").await?;
            let missing =
                Kube::Status { status: 404, what: "the request for the MutatingWebhookConfiguration" };
            let mut found = found.ok_or(missing)?;
            let hooks =
                found.get_mut("webhooks").and_then(Value::as_array_mut).ok_or(Kube::Malformed("webhooks"))?;
            let mut is_new = false;
            for client in hooks.iter_mut().filter_map(|it| it.get_mut("clientConfig")) {
                is_new |= client.at("caBundle") != bundle.as_str();
                client.put("caBundle", bundle.as_str());
            }
            if !is_new {
                return Ok(());
            }
            let what = "the update of the MutatingWebhookConfiguration";
            if self.kubernetes.put(&own, &found, what).await? == Written::Done {
                return Ok(());
            }
        }
        Err(Kube::Contested("the MutatingWebhookConfiguration").into())
    }
}

fn read(secret: &Value) -> Option<State> {
    let text = secret.at("data").at(ENTRY).as_str()?;
    let text = BASE64.decode(text.as_bytes()).map(Zeroizing::new).ok()?;
    serde_json::from_slice(&text).ok()
}

fn filled(mut secret: Value, state: &State) -> Result<Value, Error> {
    let text = serde_json::to_vec(state).map(Zeroizing::new).map_err(|_| Error::Certificate)?;
    // Nothing else of the Secret is ours to keep.
    secret.put("data", json!({ ENTRY: BASE64.encode(&text) }));
    Ok(secret)
}
