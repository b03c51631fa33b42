//! Answers with a lease or a new token, kept for as long as those live: asking again gives the same one, so that a
//! program that logs in each time it starts does not fill the store.
//!
//! As in Vault's agent. What has no lease, and so a secret of KV, is asked for each time.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    body::Bytes,
    http::{HeaderMap, Method, StatusCode, Uri},
};
use ring::digest::{Context, SHA256};
use serde::Deserialize;
use strongroom_sdk::SecretString;
use zeroize::Zeroizing;

/// Answers at most; the oldest goes first.
const MOST: usize = 4096;
/// What is nearly over is not handed out any more.
const USED: f64 = 0.9;

pub(super) struct Cache {
    entries: Mutex<HashMap<[u8; 32], Entry>>,
    /// One of several equal writes at once goes to the server, and the others get its answer. By a byte of the request's
    /// hash.
    gates: [tokio::sync::Mutex<()>; 32],
}

impl Default for Cache {
    fn default() -> Self {
        Self { entries: Mutex::default(), gates: std::array::from_fn(|_| tokio::sync::Mutex::default()) }
    }
}

struct Entry {
    answer: Cached,
    made: Instant,
    until: Instant,
    path: String,
    lease: String,
    /// That the answer is.
    token: Option<SecretString>,
    accessor: String,
    /// That asked for it, hashed: when it ends, so does what it was given.
    asker: [u8; 32],
}

/// An answer, as it came.
#[derive(Clone)]
pub(super) struct Cached {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Wiped when the last holder goes.
    pub(super) body: Bytes,
}

impl Cached {
    pub(super) fn new(status: StatusCode, headers: HeaderMap, body: Zeroizing<Vec<u8>>) -> Self {
        Self { status, headers, body: Bytes::from_owner(body) }
    }
}

/// A request, as far as its answer hangs on it.
pub(super) struct Asked {
    key: [u8; 32],
    asker: [u8; 32],
    path: String,
    is_write: bool,
    /// Its answer is nobody else's to open.
    is_wrapped: bool,
    /// The token that asks, if it has ended by asking.
    ended: Option<SecretString>,
    /// For what it revokes.
    body: Bytes,
}

/// What is to be forgotten.
pub(super) enum Which {
    All,
    Token(SecretString),
    Accessor(String),
    Lease(String),
    Path(String),
}

impl Asked {
    pub(super) fn new(
        method: &Method,
        uri: &Uri,
        token: Option<&[u8]>,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Self {
        let mut context = Context::new(&SHA256);
        let namespace = headers.get("x-vault-namespace").map(|it| it.as_bytes());
        let wrap = headers.get("x-vault-wrap-ttl").map(|it| it.as_bytes());
        let target = uri.path_and_query().map_or("", |it| it.as_str());
        for part in
            [Some(method.as_str().as_bytes()), Some(target.as_bytes()), token, namespace, wrap, Some(body)]
        {
            // A length before each: else two requests could be one text.
            let part = part.unwrap_or_default();
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part);
        }
        Self {
            key: hash(context),
            asker: hash_of(token.unwrap_or_default()),
            path: uri.path().trim_start_matches("/v1/").to_owned(),
            is_write: *method == Method::POST || *method == Method::PUT,
            is_wrapped: wrap.is_some(),
            ended: token
                .filter(|_| uri.path() == "/v1/auth/token/revoke-self")
                .and_then(|it| std::str::from_utf8(it).ok())
                .map(SecretString::new),
            body: body.clone(),
        }
    }
}

/// What decides whether an answer is kept.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope {
    lease_id: String,
    lease_duration: u64,
    auth: Option<Auth>,
}

#[derive(Deserialize)]
struct Auth {
    client_token: SecretString,
    #[serde(default)]
    accessor: String,
    #[serde(default)]
    lease_duration: u64,
}

impl Cache {
    /// Waits for equal requests that are under way. Reads do not wait: what they answer is not kept, but for leases.
    pub(super) async fn enter(&self, asked: &Asked) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let gate =
            self.gates.get(usize::from(asked.key.first().copied().unwrap_or_default()) % self.gates.len());
        match gate {
            Some(gate) if asked.is_write => Some(gate.lock().await),
            _ => None,
        }
    }

    pub(super) fn get(&self, asked: &Asked) -> Option<Cached> {
        let mut entries = self.entries();
        let entry = entries.get(&asked.key)?;
        if entry.until <= Instant::now() {
            entries.remove(&asked.key);
            return None;
        }
        Some(entry.answer.clone())
    }

    /// Keeps an answer, or forgets what a request has ended.
    pub(super) fn heed(&self, asked: &Asked, answer: &Cached) {
        if !answer.status.is_success() {
            return;
        }
        if let Some(which) = ends(asked) {
            return self.clear(&which);
        }
        let Ok(envelope) = serde_json::from_slice::<Envelope>(&answer.body) else { return };
        let (lease, token, accessor, seconds) = match envelope.auth {
            // A renewal says the token again, and is none that was asked for anew.
            Some(auth) if !asked.path.contains("renew") => {
                (String::new(), Some(auth.client_token), auth.accessor, auth.lease_duration)
            }
            None if !envelope.lease_id.is_empty() && !asked.path.contains("renew") => {
                (envelope.lease_id, None, String::new(), envelope.lease_duration)
            }
            _ => return,
        };
        if seconds == 0 || asked.is_wrapped {
            return;
        }
        let now = Instant::now();
        let Some(until) = now.checked_add(Duration::from_secs(seconds).mul_f64(USED)) else { return };
        let (path, asker) = (asked.path.clone(), asked.asker);
        let entry = Entry { answer: answer.clone(), made: now, until, path, lease, token, accessor, asker };
        let mut entries = self.entries();
        if entries.len() >= MOST {
            entries.retain(|_, it| it.until > now);
            let oldest = entries.iter().min_by_key(|(_, it)| it.made).map(|(key, _)| *key);
            if let (true, Some(oldest)) = (entries.len() >= MOST, oldest) {
                entries.remove(&oldest);
            }
        }
        entries.insert(asked.key, entry);
    }

    pub(super) fn clear(&self, which: &Which) {
        let mut entries = self.entries();
        let accessor_of: Option<[u8; 32]> = match which {
            Which::Accessor(accessor) => entries
                .values()
                .find(|it| it.accessor == *accessor)
                .and_then(|it| it.token.as_ref().map(asker_of)),
            _ => None,
        };
        entries.retain(|_, it| match which {
            Which::All => false,
            Which::Token(token) => {
                !it.token.as_ref().is_some_and(|it| it.is_same(token)) && it.asker != asker_of(token)
            }
            Which::Accessor(accessor) => it.accessor != *accessor && accessor_of != Some(it.asker),
            Which::Lease(lease) => it.lease.is_empty() || !it.lease.starts_with(lease.as_str()),
            Which::Path(path) => {
                !it.path.starts_with(path.trim_start_matches("/v1/").trim_start_matches('/'))
            }
        });
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<[u8; 32], Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is over after a request that succeeded.
fn ends(asked: &Asked) -> Option<Which> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Named {
        lease_id: String,
        token: Option<SecretString>,
        accessor: String,
    }
    let named = || serde_json::from_slice::<Named>(&asked.body).unwrap_or_default();
    let rest = |start: &str| asked.path.strip_prefix(start).map(|it| it.trim_matches('/').to_owned());
    if let Some(token) = &asked.ended {
        return Some(Which::Token(token.clone()));
    }
    match asked.path.as_str() {
        "auth/token/revoke" | "auth/token/revoke-orphan" => named().token.map(Which::Token),
        "auth/token/revoke-accessor" => Some(Which::Accessor(named().accessor)),
        "sys/leases/revoke" | "sys/revoke" => Some(Which::Lease(named().lease_id)),
        _ => rest("sys/leases/revoke-prefix/")
            .or_else(|| rest("sys/leases/revoke-force/"))
            .or_else(|| rest("sys/leases/revoke/"))
            .or_else(|| rest("sys/revoke/"))
            .or_else(|| rest("sys/revoke-prefix/"))
            .map(Which::Lease),
    }
}

fn hash(context: Context) -> [u8; 32] {
    context.finish().as_ref().try_into().unwrap_or_default()
}

fn asker_of(token: &SecretString) -> [u8; 32] {
    hash_of(token.expose().as_bytes())
}

fn hash_of(bytes: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    hash(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(path: &str, token: &str, body: &str) -> Asked {
        let uri = format!("/v1/{path}").parse().unwrap();
        Asked::new(
            &Method::PUT,
            &uri,
            Some(token.as_bytes()),
            &HeaderMap::new(),
            &Bytes::from(body.to_owned()),
        )
    }

    fn answer(body: &str) -> Cached {
        Cached::new(StatusCode::OK, HeaderMap::new(), Zeroizing::new(body.as_bytes().to_vec()))
    }

    const LOGIN: &str = r#"{"auth":{"client_token":"hvs.a","accessor":"acc","lease_duration":60}}"#;
    const LEASE: &str = r#"{"lease_id":"database/creds/x/1","lease_duration":60,"data":{}}"#;

    fn filled() -> Cache {
        let cache = Cache::default();
        cache.heed(&asked("auth/approle/login", "", "{\"role_id\":\"r\"}"), &answer(LOGIN));
        cache.heed(&asked("database/creds/x", "hvs.a", ""), &answer(LEASE));
        cache
    }

    #[track_caller]
    fn check(cache: &Cache, login: bool, lease: bool) {
        let found = |it: Asked| cache.get(&it).is_some();
        assert_eq!(found(asked("auth/approle/login", "", "{\"role_id\":\"r\"}")), login, "login");
        assert_eq!(found(asked("database/creds/x", "hvs.a", "")), lease, "lease");
    }

    #[test]
    fn leases_and_tokens_are_kept_for_whoever_asks_the_same() {
        let cache = filled();
        check(&cache, true, true);
        for other in [
            asked("auth/approle/login", "", "{\"role_id\":\"s\"}"),
            asked("database/creds/x", "hvs.b", ""),
            asked("database/creds/y", "hvs.a", ""),
        ] {
            assert!(cache.get(&other).is_none());
        }
    }

    #[test]
    fn what_has_no_lease_is_not_kept() {
        let cache = Cache::default();
        for body in [
            r#"{"lease_id":"","lease_duration":60,"data":{}}"#,
            r#"{"lease_id":"x","lease_duration":0}"#,
            "",
            "x",
        ] {
            cache.heed(&asked("secret/data/db", "t", ""), &answer(body));
            assert!(cache.get(&asked("secret/data/db", "t", "")).is_none(), "{body}");
        }
    }

    #[test]
    fn what_is_revoked_or_cleared_is_forgotten() {
        let revoked = |path: &str, body: &str| {
            let cache = filled();
            cache.heed(&asked(path, "hvs.root", body), &answer("{}"));
            cache
        };
        check(&revoked("auth/token/revoke", r#"{"token":"hvs.a"}"#), false, false);
        check(&revoked("auth/token/revoke-accessor", r#"{"accessor":"acc"}"#), false, false);
        check(&revoked("sys/leases/revoke", r#"{"lease_id":"database/creds/x/1"}"#), true, false);
        check(&revoked("sys/leases/revoke-prefix/database", ""), true, false);
        check(&revoked("auth/token/revoke", r#"{"token":"hvs.z"}"#), true, true);
        let cleared = |which: Which| {
            let cache = filled();
            cache.clear(&which);
            cache
        };
        check(&cleared(Which::All), false, false);
        check(&cleared(Which::Path("/v1/database".into())), true, false);
        check(&cleared(Which::Lease("database/creds/x/1".into())), true, false);
        check(&cleared(Which::Token(SecretString::new("hvs.a"))), false, false);
    }
}
