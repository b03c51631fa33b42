//! A stand-in for `auth/kubernetes/login` in front of a real server: everything else is passed on to that.
//!
//! It takes the tokens that a test's cluster has signed, for the roles that the test has made, and counts what is asked.
//! At `database/creds/app` it makes a credential for each who asks, as an engine would that this server has not.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use ring::hmac;
use serde_json::{Value, json};
use strongroom_sdk::{Client, Method};
use tokio::net::TcpListener;

/// Which service account may log in with a role, and what it may do then.
#[derive(Clone)]
pub struct Role {
    pub namespace: &'static str,
    pub service_account: &'static str,
    pub policies: Value,
    pub ttl: &'static str,
}

#[derive(Clone)]
pub struct Door(Arc<Inner>);

struct Inner {
    root: Client,
    key: hmac::Key,
    roles: Mutex<HashMap<String, Role>>,
    asked: Mutex<Vec<String>>,
    is_down: AtomicBool,
    credentials: AtomicU32,
    address: String,
}

impl Door {
    pub async fn open(root: Client) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Self(Arc::new(Inner {
            root,
            key: hmac::Key::new(hmac::HMAC_SHA256, b"the cluster's key"),
            roles: Mutex::default(),
            asked: Mutex::default(),
            is_down: AtomicBool::new(false),
            credentials: AtomicU32::new(0),
            address: format!("http://{}", listener.local_addr().unwrap()),
        }));
        let kept = door.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let door = kept.clone();
                let service = service_fn(move |request| {
                    let door = door.clone();
                    async move { door.answer(request).await }
                });
                tokio::spawn(async move {
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        door
    }

    pub fn address(&self) -> &str {
        &self.0.address
    }

    pub fn role(&self, name: &str, role: Role) {
        self.0.roles.lock().unwrap().insert(name.to_owned(), role);
    }

    /// Whether connections end without an answer.
    pub fn be_down(&self, is_down: bool) {
        self.0.is_down.store(is_down, Ordering::SeqCst);
    }

    /// What was asked since the last time, as `METHOD /v1/path`.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.asked.lock().unwrap())
    }

    /// A token as the cluster makes it.
    pub fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let signed = format!("{}.{}", part(&json!({ "alg": "HS256" })), part(claims));
        format!("{signed}.{}", HEXLOWER.encode(hmac::sign(&self.0.key, signed.as_bytes()).as_ref()))
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, HangUp> {
        let asked = format!("{} {}", request.method(), request.uri().path());
        self.0.asked.lock().unwrap().push(asked.clone());
        if self.0.is_down.load(Ordering::SeqCst) {
            return Err(HangUp);
        }
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        if asked == "POST /v1/auth/kubernetes/login" {
            return Ok(self.log_in(&serde_json::from_slice(&body).unwrap()).await);
        }
        if asked == "GET /v1/database/creds/app" {
            return Ok(self.make_credential());
        }
        if asked.ends_with("/v1/sys/leases/revoke") && body.starts_with(br#"{"lease_id":"database/"#) {
            return Ok(Response::builder().status(204).body(Full::default()).unwrap());
        }
        let passed = self.0.root.forward(Request::from_parts(parts, body)).await.unwrap();
        let (parts, body) = passed.into_parts();
        Ok(Response::from_parts(parts, Full::new(Bytes::copy_from_slice(&body))))
    }

    fn make_credential(&self) -> Response<Full<Bytes>> {
        let number = self.0.credentials.fetch_add(1, Ordering::SeqCst);
        let body = json!({
            "request_id": "r", "lease_id": format!("database/creds/app/{number}"), "renewable": true,
            "lease_duration": 3600, "data": { "username": format!("user-{number}"), "password": format!("password-{number}") },
        });
        Response::new(Full::new(Bytes::from(body.to_string())))
    }

    async fn log_in(&self, asked: &Value) -> Response<Full<Bytes>> {
        let role = self.0.roles.lock().unwrap().get(asked["role"].as_str().unwrap()).cloned();
        let claims = self.verified(asked["jwt"].as_str().unwrap());
        let (Some(role), Some(claims)) = (role, claims) else { return refusal() };
        let account = format!("system:serviceaccount:{}:{}", role.namespace, role.service_account);
        if claims["sub"] != json!(account) || claims["aud"] != json!(["vault"]) {
            return refusal();
        }
        let json = json!({ "policies": role.policies, "ttl": role.ttl, "no_parent": true, "display_name": "kubernetes-pod" });
        let made = self.0.root.call(Method::Post, "auth/token/create").json(&json).send().await.unwrap();
        Response::new(Full::new(Bytes::copy_from_slice(made.bytes())))
    }

    fn verified(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        hmac::verify(&self.0.key, signed.as_bytes(), &HEXLOWER.decode(signature.as_bytes()).ok()?).ok()?;
        serde_json::from_slice(&BASE64URL_NOPAD.decode(signed.split_once('.')?.1.as_bytes()).ok()?).ok()
    }
}

fn refusal() -> Response<Full<Bytes>> {
    let body = json!({ "errors": ["permission denied"] }).to_string();
    let response = Response::builder().status(403).header("content-type", "application/json");
    response.body(Full::new(Bytes::from(body))).unwrap()
}

#[derive(Debug)]
struct HangUp;

impl std::fmt::Display for HangUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it is down")
    }
}

impl std::error::Error for HangUp {}
