//! What grows, and what is asked of it at each size.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{
    Failure,
    client::{Call, MANY, fill},
    load::Reads,
    store::Store,
};
use crate::setup;

/// What a store has more and more of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Axis {
    /// KV v2 secrets of about 100 bytes, in folders of a hundred.
    Secrets,
    /// Leased reads: each of 1,000 secrets is held by more and more tokens.
    Leases,
    /// Service tokens, which are all used.
    Tokens,
    /// Policies, each with a token that is decided by it alone.
    Policies,
    /// KV v2 mounts with one secret each.
    Mounts,
}

pub(crate) const ALL: [Axis; 5] = [Axis::Secrets, Axis::Leases, Axis::Tokens, Axis::Policies, Axis::Mounts];

/// Secrets under which the other axes read.
pub(crate) const BASE: u64 = 1_000;
/// A mount has no more than 300,000 leases: so the secrets lie in ten.
const MOUNTS: u64 = 10;
/// Longer than a run, and so long that no repeated read prolongs it.
pub(crate) const LEASE: u64 = 36_000;

impl Axis {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Leases => "leases",
            Self::Tokens => "tokens",
            Self::Policies => "policies",
            Self::Mounts => "mounts",
        }
    }

    /// From the least to the largest that the product is to be good for.
    pub(crate) fn sizes(self, max: u64) -> Vec<u64> {
        let all: &[u64] = match self {
            Self::Secrets | Self::Leases => &[1_000, 10_000, 100_000, 1_000_000],
            Self::Tokens => &[1_000, 10_000, 100_000],
            Self::Policies | Self::Mounts => &[100, 1_000, 10_000],
        };
        all.iter().copied().filter(|it| *it <= max).collect()
    }

    /// What is read at a size: see [`Reads`].
    pub(crate) fn path(self, size: u64) -> String {
        match self {
            Self::Secrets => secrets_below(size),
            Self::Leases | Self::Tokens | Self::Policies => secrets_below(BASE),
            Self::Mounts => {
                let digits = size.max(1).ilog10() as usize;
                format!("m{:0>4}/data/a", "#".repeat(digits))
            }
        }
    }

    /// The folder that is listed: its size is always the same.
    pub(crate) fn folder(self) -> &'static str {
        "kv0/metadata/000"
    }

    pub(crate) fn reads<'a>(self, path: &'a str, filled: &'a Filled) -> Reads<'a> {
        let lease = (self == Self::Leases).then_some("36000s");
        let own = matches!(self, Self::Leases | Self::Tokens | Self::Policies);
        let tokens = if own { &filled.tokens } else { std::slice::from_ref(&filled.reader) };
        Reads { path, marker: MARKER, tokens, lease }
    }

    /// Makes the store grow from one size to the next.
    pub(crate) fn grow(self, store: &Store, filled: &mut Filled, from: u64, to: u64) -> Result<(), Failure> {
        match self {
            Self::Secrets => secrets(store, from..to),
            Self::Leases => {
                let fresh = tokens(store, from / BASE..to / BASE, |_| "reader".to_owned())?;
                filled.tokens.extend(fresh);
                let holders: Vec<Arc<str>> = filled.tokens.iter().map(|it| it.as_str().into()).collect();
                leases(store, holders, from..to, |it| (it % BASE, it / BASE))
            }
            Self::Tokens => {
                filled.tokens.extend(tokens(store, from..to, |_| "reader".to_owned())?);
                Ok(())
            }
            Self::Policies => {
                policies(store, from..to)?;
                filled.tokens.extend(tokens(store, from..to, |it| format!("p{it}"))?);
                Ok(())
            }
            Self::Mounts => mounts(store, from..to),
        }
    }
}

/// What was put into a store besides.
pub(crate) struct Filled {
    pub(crate) reader: String,
    pub(crate) tokens: Vec<String>,
}

const MARKER: &str = "benchmark-value";

const READER: &str = r#"
path "+/data/*"     { capabilities = ["read"] }
path "+/metadata/*" { capabilities = ["list", "read"] }
"#;

/// A pattern of the secrets whose numbers are below `size`, a power of ten.
fn secrets_below(size: u64) -> String {
    let digits = (size / MOUNTS / 100).max(1).ilog10() as usize;
    format!("kv#/data/{:0>3}/##", "#".repeat(digits))
}

/// Where secret `number` lies.
fn secret(number: u64) -> String {
    let (mount, rest) = (number % MOUNTS, number / MOUNTS);
    format!("kv{mount}/data/{:03}/{:02}", rest / 100, rest % 100)
}

/// The mounts, the reader, and as many secrets as the axes read that are not about secrets.
pub(crate) fn prepare(store: &Store, axis: Axis) -> Result<Filled, Failure> {
    let url = store.url();
    for mount in 0..MOUNTS {
        let body = json!({ "type": "kv", "options": { "version": "2" } });
        setup::put(&url, &format!("sys/mounts/kv{mount}"), &store.root, &body)?;
    }
    setup::put(&url, "sys/policies/acl/reader", &store.root, &json!({ "policy": READER }))?;
    if axis != Axis::Secrets {
        secrets(store, 0..BASE)?;
    }
    let reader = tokens(store, 0..1, |_| "reader".to_owned())?.pop().ok_or("no token")?;
    Ok(Filled { reader, tokens: Vec::new() })
}

pub(crate) fn secrets(store: &Store, numbers: std::ops::Range<u64>) -> Result<(), Failure> {
    let token: Arc<str> = store.root.as_str().into();
    let body = json!({ "data": {
        "username": "rails",
        "password": "benchmark-value-with-some-length-to-it-0123456789",
    } })
    .to_string();
    let make = move |number| Call::put(secret(number), &token, body.clone());
    fill(store.port(), MANY, numbers, make, |_, answer| contains(answer, "created_time"))
}

/// Tokens that live for a day, each with one policy.
pub(crate) fn tokens(
    store: &Store,
    numbers: std::ops::Range<u64>,
    policy: impl Fn(u64) -> String + Send + Sync + 'static,
) -> Result<Vec<String>, Failure> {
    tokens_for(store, numbers, move |number| (policy(number), "24h".to_owned()))
}

/// Tokens with a policy and a time to live each.
pub(crate) fn tokens_for(
    store: &Store,
    numbers: std::ops::Range<u64>,
    of: impl Fn(u64) -> (String, String) + Send + Sync + 'static,
) -> Result<Vec<String>, Failure> {
    let root: Arc<str> = store.root.as_str().into();
    let made = Arc::new(Mutex::new(Vec::new()));
    let kept = made.clone();
    let make = move |number| {
        let (policy, ttl) = of(number);
        let body = json!({ "policies": [policy], "no_default_policy": true, "ttl": ttl, "no_parent": true });
        Call::put("auth/token/create".to_owned(), &root, body.to_string())
    };
    let keep = move |number, answer: &[u8]| {
        let answer: Value = serde_json::from_slice(answer)?;
        let token = answer.pointer("/auth/client_token").and_then(Value::as_str).ok_or("no token")?;
        kept.lock().unwrap_or_else(PoisonError::into_inner).push((number, token.to_owned()));
        Ok(())
    };
    fill(store.port(), MANY, numbers, make, keep)?;
    let mut made = std::mem::take(&mut *made.lock().unwrap_or_else(PoisonError::into_inner));
    // A token's number decides what it may do and what it holds.
    made.sort_unstable();
    Ok(made.into_iter().map(|(_, token)| token).collect())
}

/// Leased reads: `of` tells the secret and the holder of each.
pub(crate) fn leases(
    store: &Store,
    holders: Vec<Arc<str>>,
    numbers: std::ops::Range<u64>,
    of: impl Fn(u64) -> (u64, u64) + Send + Sync + 'static,
) -> Result<(), Failure> {
    leases_for(store, holders, numbers, of, || LEASE)
}

pub(crate) fn leases_for(
    store: &Store,
    holders: Vec<Arc<str>>,
    numbers: std::ops::Range<u64>,
    of: impl Fn(u64) -> (u64, u64) + Send + Sync + 'static,
    seconds: impl Fn() -> u64 + Send + Sync + 'static,
) -> Result<(), Failure> {
    let make = move |number| {
        let (wanted, holder) = of(number);
        let holder = usize::try_from(holder).ok().and_then(|it| holders.get(it));
        Call {
            method: "GET",
            path: secret(wanted),
            token: holder.cloned().unwrap_or_else(|| "".into()),
            lease: Some(seconds()),
            body: None,
        }
    };
    fill(store.port(), MANY, numbers, make, |_, answer| contains(answer, "\"lease_id\":\"kv"))
}

pub(crate) fn policies(store: &Store, numbers: std::ops::Range<u64>) -> Result<(), Failure> {
    let root: Arc<str> = store.root.as_str().into();
    let make = move |number| {
        let policy = format!(
            "path \"+/data/*\" {{ capabilities = [\"read\"] }}\n\
             path \"+/metadata/team-{number}/*\" {{ capabilities = [\"list\", \"read\"] }}\n\
             path \"+/data/team-{number}/+/root\" {{ capabilities = [\"deny\"] }}\n"
        );
        Call::put(format!("sys/policies/acl/p{number}"), &root, json!({ "policy": policy }).to_string())
    };
    // Each change of a policy touches one row that all have in common.
    fill(store.port(), 1, numbers, make, |_, _| Ok(()))
}

pub(crate) fn mounts(store: &Store, numbers: std::ops::Range<u64>) -> Result<(), Failure> {
    let root: Arc<str> = store.root.as_str().into();
    let body = json!({ "type": "kv", "options": { "version": "2" } }).to_string();
    let token = root.clone();
    let make = move |number| Call::put(format!("sys/mounts/m{number:04}"), &token, body.clone());
    fill(store.port(), 1, numbers.clone(), make, |_, _| Ok(()))?;
    let body = json!({ "data": { "password": "benchmark-value" } }).to_string();
    let make = move |number| Call::put(format!("m{number:04}/data/a"), &root, body.clone());
    fill(store.port(), MANY, numbers, make, |_, answer| contains(answer, "created_time"))
}

fn contains(answer: &[u8], wanted: &str) -> Result<(), Failure> {
    let answer = String::from_utf8_lossy(answer);
    if answer.contains(wanted) { Ok(()) } else { Err(format!("an answer without {wanted}: {answer}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_the_secrets_of_its_size() {
        for (size, pattern) in [
            (1_000, "kv#/data/000/##"),
            (10_000, "kv#/data/00#/##"),
            (100_000, "kv#/data/0##/##"),
            (1_000_000, "kv#/data/###/##"),
        ] {
            assert_eq!(secrets_below(size), pattern);
            assert_eq!(secret(size - 1), pattern.replace('#', "9"));
        }
        assert_eq!(Axis::Mounts.path(100), "m00##/data/a");
        assert_eq!(Axis::Mounts.path(10_000), "m####/data/a");
    }
}
