//! Who asks: the service-account token in the request, and whether it is of the pod that it is said to be of.
//!
//! The server decides whether a token is good. What is checked here is that it belongs to the volume: a token of
//! another pod, of another service account or for somebody else is never sent anywhere.

use std::collections::BTreeMap;

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use strongroom_sdk::SecretString;

use crate::Error;

/// Of a whole token: they have one or two kilobytes.
const LONGEST: usize = 16 << 10;

/// What kubelet says of the pod. Hints: what it may read hangs on the token alone.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) namespace: String,
    pub(crate) uid: String,
    pub(crate) service_account: String,
}

/// A token that fits.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) pod: Pod,
    pub(crate) audience: String,
    pub(crate) token: SecretString,
}

#[derive(Deserialize)]
struct Issued {
    token: SecretString,
}

#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    aud: Audiences,
    sub: Option<String>,
    #[serde(rename = "kubernetes.io")]
    kubernetes: Option<Kubernetes>,
}

#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Many(Vec<String>),
    #[default]
    None,
}

#[derive(Deserialize)]
struct Kubernetes {
    pod: Option<Bound>,
}

#[derive(Deserialize)]
struct Bound {
    uid: String,
}

// Rule 122
/// The token for `audience` out of `{AUDIENCE: {"token": ...}}`. There is no other way to come by one.
pub(crate) fn identify(pod: Pod, audience: &str, tokens: Option<&str>) -> Result<Identity, Error> {
    let tokens = tokens
        .filter(|it| !it.is_empty())
        .ok_or(Error::Identity("is missing: the CSIDriver object must list our audience in tokenRequests"))?;
    let mut issued: BTreeMap<String, Issued> =
        serde_json::from_str(tokens).map_err(|_| Error::Identity("is not as kubelet writes it"))?;
    let token = issued.remove(audience).ok_or(Error::Identity("is not for our audience"))?.token;
    check(&pod, audience, token.expose())?;
    Ok(Identity { pod, audience: audience.to_owned(), token })
}

fn check(pod: &Pod, audience: &str, token: &str) -> Result<(), Error> {
    if token.len() > LONGEST {
        return Err(Error::Large("the token"));
    }
    let claims = claims(token).ok_or(Error::Identity("is no JSON Web Token"))?;
    let is_for_us = match &claims.aud {
        Audiences::One(it) => it == audience,
        Audiences::Many(all) => all.iter().any(|it| it == audience),
        Audiences::None => false,
    };
    if !is_for_us {
        return Err(Error::Identity("is not for our audience"));
    }
    let subject = format!("system:serviceaccount:{}:{}", pod.namespace, pod.service_account);
    if claims.sub.as_deref() != Some(&subject) {
        return Err(Error::Identity("is of another service account"));
    }
    let bound = claims.kubernetes.and_then(|it| it.pod);
    match bound.is_some_and(|it| it.uid == pod.uid) {
        true => Ok(()),
        false => Err(Error::Identity("is not bound to this pod")),
    }
}

/// What the token says, which nobody has verified here.
fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, body, _) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !token.bytes().all(|it| it.is_ascii_graphic()) {
        return None;
    }
    let body = zeroize::Zeroizing::new(BASE64URL_NOPAD.decode(body.as_bytes()).ok()?);
    serde_json::from_slice(&body).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(crate) fn jwt(claims: &Value) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        format!("{}.{}.{}", part(&json!({ "alg": "none" })), part(claims), "c2ln")
    }

    pub(crate) fn pod() -> Pod {
        Pod {
            name: "shop-1".into(),
            namespace: "apps".into(),
            uid: "11111111-aaaa".into(),
            service_account: "shop".into(),
        }
    }

    fn good() -> Value {
        json!({
            "aud": ["vault"], "sub": "system:serviceaccount:apps:shop",
            "kubernetes.io": { "namespace": "apps", "pod": { "name": "shop-1", "uid": "11111111-aaaa" } },
        })
    }

    fn identify_with(audience: &str, claims: &Value) -> Result<Identity, Error> {
        let tokens =
            json!({ audience: { "token": jwt(claims), "expirationTimestamp": "2030-01-01T00:00:00Z" } });
        identify(pod(), "vault", Some(&tokens.to_string()))
    }

    #[track_caller]
    fn refused(identified: Result<Identity, Error>, why: &str) {
        let error = identified.expect_err("it is refused").to_string();
        assert!(error.contains(why), "{error}");
    }

    // Rule 122
    #[test]
    fn a_pod_is_its_own_token_and_nothing_else() {
        let found = identify_with("vault", &good()).unwrap();
        assert_eq!((found.pod, found.audience.as_str()), (pod(), "vault"));
        let with = |pointer: &str, value: Value| {
            let mut claims = good();
            *claims.pointer_mut(pointer).unwrap() = value;
            identify_with("vault", &claims)
        };
        refused(identify_with("api", &good()), "our audience");
        refused(with("/aud", json!(["https://kubernetes.default.svc"])), "our audience");
        refused(with("/aud", json!("vault2")), "our audience");
        refused(with("/aud", Value::Null), "our audience");
        refused(with("/sub", json!("system:serviceaccount:apps:admin")), "another service account");
        refused(with("/sub", json!("system:serviceaccount:kube-system:shop")), "another service account");
        refused(with("/sub", Value::Null), "another service account");
        refused(with("/kubernetes.io/pod/uid", json!("22222222-bbbb")), "not bound to this pod");
        refused(with("/kubernetes.io", Value::Null), "not bound to this pod");
        assert!(with("/aud", json!("vault")).is_ok());
    }

    // Rule 122
    #[test]
    fn without_a_token_there_is_no_identity() {
        refused(identify(pod(), "vault", None), "is missing");
        refused(identify(pod(), "vault", Some("")), "is missing");
        for tokens in ["[]", "x", r#"{"vault": 1}"#, r#"{"vault": {}}"#] {
            refused(identify(pod(), "vault", Some(tokens)), "as kubelet writes it");
        }
        for token in ["", "a.b", "a.b.c.d", "..", "a.!.c", "a.e30.c\n"] {
            let tokens = json!({ "vault": { "token": token } }).to_string();
            refused(identify(pod(), "vault", Some(&tokens)), "");
        }
        let long = json!({ "vault": { "token": "x".repeat(LONGEST + 1) } }).to_string();
        assert!(matches!(identify(pod(), "vault", Some(&long)), Err(Error::Large(_))));
    }
}
