//! A pod's login, and what is held by it.
//!
//! The life of a session: a service-account token is presented once, and once more whenever kubelet has made another
//! one, which proves the pod anew. The server's token is renewed when a good half of its life has passed. One that was
//! replaced lives on for as long as something is held by it, and is then revoked; the last volume to go takes them all
//! along.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::{Deserialize, Serialize};
use strongroom_sdk::{Client, Method, SecretString};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    Error,
    identity::{Identity, Pod},
    keyed::fingerprint,
    objects::Ask,
    reply::Reply,
    server::Overrides,
};

/// After a refusal and another login, no third one for so long: the role may not, and that is that.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is waited for when something is given back.
const FAREWELL: Duration = Duration::from_secs(5);
/// Ten years: clocks cannot add what a server may say instead.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 86_400);

// Rule 124
/// Whose login it is. Whoever differs in any part of it gets a session of his own.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Whose {
    pub(crate) server: Overrides,
    pub(crate) auth_mount: String,
    pub(crate) role: String,
    pub(crate) audience: String,
    pub(crate) pod: Pod,
}

pub(crate) struct Session {
    whose: Whose,
    /// Presents no token.
    nobody: Client,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    login: Option<Login>,
    /// How many logins there were.
    turn: u64,
    /// Replaced, by their turn.
    retired: BTreeMap<u64, Client>,
    /// What each volume holds.
    holders: BTreeMap<String, Leases>,
    /// Answers that are made for who asks, and live for a while: they are not asked for twice.
    kept: BTreeMap<Ask, Kept>,
    refused: Option<Instant>,
}

/// Lease ids, and the turn of the login that they hang on.
pub(crate) type Leases = BTreeMap<String, u64>;

struct Login {
    entered: Entered,
    /// Of the token that was presented.
    proof: [u8; 32],
    /// None: it does not end.
    ends: Option<Instant>,
    renew_at: Option<Instant>,
    whole: Duration,
}

/// A client that is logged in.
#[derive(Clone)]
pub(crate) struct Entered {
    pub(crate) bearer: Client,
    pub(crate) turn: u64,
    mounts: Arc<Mutex<Option<Arc<Mounts>>>>,
}

struct Kept {
    reply: Arc<Reply>,
    turn: u64,
    bearer: Client,
    until: Instant,
}

#[derive(Serialize)]
struct Present<'a> {
    jwt: &'a SecretString,
    role: &'a str,
}

impl Session {
    pub(crate) fn new(whose: Whose, nobody: Client) -> Self {
        Self { whose, nobody, inner: Mutex::default() }
    }

    // Rule 122
    /// Logs in, unless that was done with this very token.
    pub(crate) async fn enter(&self, identity: &Identity) -> Result<Entered, Error> {
        let mut inner = self.inner.lock().await;
        let proof = fingerprint(identity.token.expose());
        if let Some(login) = inner.login.as_mut().filter(|it| it.proof == proof && !it.has_ended())
            && login.renew().await
        {
            return Ok(login.entered.clone());
        }
        let path = format!("auth/{}/login", self.whose.auth_mount);
        let body = Present { jwt: &identity.token, role: &self.whose.role };
        let call = self.nobody.call(Method::Post, path).anonymous().json(&body);
        let auth = call.send().await.and_then(|it| it.auth()).map_err(Error::Login)?;
        inner.turn += 1;
        let entered = Entered {
            bearer: self.nobody.with_token(Some(auth.client_token.clone())),
            turn: inner.turn,
            mounts: Arc::default(),
        };
        let whole = Duration::from_secs(auth.lease_duration).min(FOREVER);
        let ends = (!whole.is_zero()).then(|| Instant::now() + whole);
        let renew_at = ends.filter(|_| auth.renewable).map(|_| Instant::now() + whole.mul_f64(0.6));
        let login = Login { entered: entered.clone(), proof, ends, renew_at, whole };
        if let Some(old) = inner.login.replace(login) {
            inner.retired.insert(old.entered.turn, old.entered.bearer);
        }
        Ok(entered)
    }

    /// After a refusal: whether logging in again may help.
    pub(crate) async fn was_refused(&self, turn: u64) -> bool {
        let mut inner = self.inner.lock().await;
        if inner.login.as_ref().is_some_and(|it| it.entered.turn != turn) {
            return true;
        }
        if inner.refused.is_some_and(|it| it.elapsed() < PATIENCE) {
            return false;
        }
        inner.refused = Some(Instant::now());
        if let Some(login) = &mut inner.login {
            // Its successor retires it.
            login.proof = [0; 32];
        }
        true
    }

    /// An answer that is not asked for again yet.
    pub(crate) async fn kept(&self, ask: &Ask) -> Option<(Arc<Reply>, u64)> {
        let mut inner = self.inner.lock().await;
        let kept = inner.kept.get_mut(ask)?;
        if Instant::now() >= kept.until && !kept.renew().await {
            inner.kept.remove(ask);
            return None;
        }
        inner.kept.get(ask).map(|it| (it.reply.clone(), it.turn))
    }

    pub(crate) async fn keep(&self, ask: &Ask, reply: Arc<Reply>, entered: &Entered) {
        let mut inner = self.inner.lock().await;
        let ends = inner.login.as_ref().filter(|it| it.entered.turn == entered.turn).and_then(|it| it.ends);
        let lease = Instant::now() + two_thirds(reply.lease.lease_duration);
        let until = ends.map_or(lease, |ends| lease.min(ends));
        let kept = Kept { reply, turn: entered.turn, bearer: entered.bearer.clone(), until };
        inner.kept.insert(ask.clone(), kept);
    }

    /// Ends tokens that were replaced and hold nothing.
    pub(crate) async fn tidy(&self) {
        let spent = self.inner.lock().await.spent();
        give_back(Vec::new(), spent).await;
    }

    /// From now on `volume` holds these leases and no others. What nobody holds any more ends.
    pub(crate) async fn hold(&self, volume: &str, leases: Leases) {
        let mut inner = self.inner.lock().await;
        let before = inner.holders.insert(volume.to_owned(), leases).unwrap_or_default();
        let unheld = inner.unheld(before);
        let spent = inner.spent();
        drop(inner);
        give_back(unheld, spent).await;
    }

    /// `volume` is gone; with the last of them the login goes too.
    pub(crate) async fn release(&self, volume: &str) {
        let mut inner = self.inner.lock().await;
        let held = inner.holders.remove(volume).unwrap_or_default();
        if inner.holders.is_empty() {
            inner.kept.clear();
            let all = std::mem::take(&mut inner.retired).into_values();
            let all = all.chain(inner.login.take().map(|it| it.entered.bearer)).collect();
            drop(inner);
            give_back(Vec::new(), all).await;
            return;
        }
        let unheld = inner.unheld(held);
        let spent = inner.spent();
        drop(inner);
        give_back(unheld, spent).await;
    }
}

impl Inner {
    /// Of these leases those that no volume holds, with who may end them.
    fn unheld(&mut self, before: Leases) -> Vec<(Client, String)> {
        let held: BTreeSet<&String> = self.holders.values().flat_map(BTreeMap::keys).collect();
        let gone: Vec<(String, u64)> = before.into_iter().filter(|(id, _)| !held.contains(id)).collect();
        self.kept.retain(|_, kept| gone.iter().all(|(id, _)| *id != kept.reply.lease.lease_id));
        let bearer = |turn: u64| {
            let current = self.login.as_ref().map(|it| &it.entered).filter(|it| it.turn == turn);
            current.map(|it| &it.bearer).or_else(|| self.retired.get(&turn)).cloned()
        };
        gone.into_iter().filter_map(|(id, turn)| Some((bearer(turn)?, id))).collect()
    }

    /// Replaced tokens that nothing hangs on any more.
    fn spent(&mut self) -> Vec<Client> {
        let of_volumes = self.holders.values().flat_map(BTreeMap::values).copied();
        let used: BTreeSet<u64> = of_volumes.chain(self.kept.values().map(|it| it.turn)).collect();
        let (kept, spent) =
            std::mem::take(&mut self.retired).into_iter().partition(|(turn, _)| used.contains(turn));
        self.retired = kept;
        let spent: BTreeMap<u64, Client> = spent;
        spent.into_values().collect()
    }
}

/// If it cannot be done, leases and tokens end by their time.
async fn give_back(leases: Vec<(Client, String)>, tokens: Vec<Client>) {
    let giving = async {
        for (bearer, id) in leases {
            if let Err(error) = bearer.leases().revoke(&id).await {
                tracing::debug!(%error, "a lease was not given back, and ends by its time");
            }
        }
        for bearer in tokens {
            if let Err(error) = bearer.tokens().revoke_self().await {
                tracing::debug!(%error, "a token was not given back, and ends by its time");
            }
        }
    };
    if tokio::time::timeout(FAREWELL, giving).await.is_err() {
        tracing::debug!("nobody takes leases and tokens back: they end by their time");
    }
}

impl Login {
    fn has_ended(&self) -> bool {
        self.ends.is_some_and(|it| it <= Instant::now())
    }

    /// Renews it if it is time. Answers whether it can be used.
    async fn renew(&mut self) -> bool {
        if self.renew_at.is_none_or(|it| it > Instant::now()) {
            return true;
        }
        match self.entered.bearer.tokens().renew_self(None).await {
            Ok(auth) => {
                let left = Duration::from_secs(auth.lease_duration).min(FOREVER);
                self.ends = Some(Instant::now() + left);
                // What is granted shrinks when the token comes to its greatest age: then a new one is better.
                let is_worth_it = auth.renewable && left * 2 > self.whole;
                self.renew_at = is_worth_it.then(|| Instant::now() + left.mul_f64(0.6));
                is_worth_it
            }
            Err(error) if error.is_temporary() => true,
            Err(_) => false,
        }
    }
}

impl Kept {
    async fn renew(&mut self) -> bool {
        if !self.reply.lease.renewable {
            return false;
        }
        let whole = Duration::from_secs(self.reply.lease.lease_duration);
        match self.bearer.leases().renew(&self.reply.lease.lease_id, None).await {
            Ok(lease) if lease.duration * 2 > whole => {
                self.until = Instant::now() + two_thirds(lease.duration.as_secs());
                true
            }
            // In an outage it is better than nothing.
            Err(error) if error.is_temporary() => true,
            _ => false,
        }
    }
}

fn two_thirds(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(FOREVER).mul_f64(0.66)
}

/// What is mounted where, as far as a token may know.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Mounts {
    #[serde(default)]
    secret: BTreeMap<String, Mount>,
}

#[derive(Debug, Deserialize)]
struct Mount {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    options: Option<BTreeMap<String, String>>,
}

impl Entered {
    /// Asked for once with each login.
    pub(crate) async fn mounts(&self) -> Result<Arc<Mounts>, strongroom_sdk::Error> {
        let mut mounts = self.mounts.lock().await;
        if let Some(known) = &*mounts {
            return Ok(known.clone());
        }
        let asked = self.bearer.call(Method::Get, "sys/internal/ui/mounts").send().await;
        let found = match asked {
            Ok(answer) => answer.data()?,
            // What may not be seen: the read itself will tell.
            Err(error) if error.is_denied() || error.is_not_found() => Mounts::default(),
            Err(error) => return Err(error),
        };
        Ok(mounts.insert(Arc::new(found)).clone())
    }
}

impl Mounts {
    /// The API's path of what somebody has typed: below a mount that it names, or below `default`.
    pub(crate) fn locate(&self, typed: &str, default: &str) -> String {
        let full = format!("{typed}/");
        let named = self.secret.iter().find(|(path, _)| full.starts_with(path.as_str()));
        let (mount, rest) = match named {
            Some((path, _)) => {
                (path.trim_end_matches('/'), typed.strip_prefix(path.as_str()).unwrap_or_default())
            }
            // Who may not see the mount still means it by its name.
            None => {
                (default, typed.strip_prefix(default).and_then(|it| it.strip_prefix('/')).unwrap_or(typed))
            }
        };
        match self.secret.get(&format!("{mount}/")).is_none_or(Mount::has_versions) {
            true => format!("{mount}/data/{rest}"),
            false => format!("{mount}/{rest}"),
        }
    }

    /// Whether reading there can be held: there are secrets that are the same for everybody.
    pub(crate) fn is_kv(&self, path: &str) -> bool {
        self.secret.iter().any(|(mount, it)| path.starts_with(mount.as_str()) && it.kind == "kv")
    }
}

impl Mount {
    fn has_versions(&self) -> bool {
        self.options.as_ref().and_then(|it| it.get("version")).is_some_and(|it| it == "2")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_found_below_its_mount() {
        let mounts = r#"{"secret": {"secret/": {"type": "kv", "options": {"version": "2"}}, "old/kv/": {"type": "kv", "options": null}, "database/": {"type": "database"}}, "auth": {}}"#;
        let mounts: Mounts = serde_json::from_str(mounts).unwrap();
        for (typed, expected) in [
            ("db", "secret/data/db"),
            ("secret/db", "secret/data/db"),
            ("apps/shop/db", "secret/data/apps/shop/db"),
            ("old/kv/a/b", "old/kv/a/b"),
            ("secrets/db", "secret/data/secrets/db"),
            ("database/creds/app", "database/creds/app"),
        ] {
            assert_eq!(mounts.locate(typed, "secret"), expected);
        }
        // Who sees no mount means version 2, as `secret` does.
        assert_eq!(Mounts::default().locate("secret/db", "secret"), "secret/data/db");
        assert!(
            mounts.is_kv("secret/data/db") && mounts.is_kv("old/kv/a") && !mounts.is_kv("database/creds/app")
        );
        assert!(!Mounts::default().is_kv("secret/data/db"));
    }
}
