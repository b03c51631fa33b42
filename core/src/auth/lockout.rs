//! Lockout: after too many failed logins in a row a name cannot log in for a while.
//!
//! Names that exist have a counter each. Names that do not exist are counted too, so that a lockout tells
//! nobody who exists; but as anybody can invent names, they share a fixed number of counters, which of them
//! depends on a secret key. So what is stored is bounded by the number of users, whatever strangers try. A shared
//! counter counts for the name that failed last: to every other one, of which nothing is known, it looks as the
//! counter of a name that exists and has not failed yet.
//!
//! A login and the count are one transaction: whoever verified anything before another failure was counted is
//! verified anew, so that many guesses at once are no more than many guesses. Where verifying is dear, attempts
//! for one name take turns besides ([`turn`]).

use std::{sync::LazyLock, time::Duration};

use serde::{Deserialize, Serialize};
use strongroom_api::params::Text;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    barrier::{Class, Filed, Place, Record, filed},
    clock::Timestamp,
    crypto::{CryptoError, mac::CacheHash},
    dispatch::Cx,
    error::{Error, Result},
    mounts::{Mount, MountClass},
    response::Response,
    route::{Kind, Route, action, field, in_tx, read},
    store::{PAGE, Store},
    tx::Tx,
};

pub(crate) const FOLDER: &str = "lockout/";

/// Counters that all invented names share.
const SHARED: u16 = 4096;

/// Names whose attempts wait for each other: those that a hash puts together.
const TURNS: usize = 1024;

/// What the mount says, with the defaults where it says nothing.
#[derive(Clone, Copy, Debug)]
struct Limits {
    threshold: u64,
    duration: Duration,
    counter_reset: Duration,
}

impl Limits {
    const DEFAULT: Self = Self {
        threshold: 5,
        duration: Duration::from_secs(15 * 60),
        counter_reset: Duration::from_secs(15 * 60),
    };

    /// None if lockout is switched off.
    fn of(mount: &Mount) -> Option<Self> {
        let Some(config) = &mount.config.user_lockout else { return Some(Self::DEFAULT) };
        let or = |time: Duration, default: Duration| if time.is_zero() { default } else { time };
        (!config.disable).then(|| Self {
            threshold: if config.threshold == 0 { Self::DEFAULT.threshold } else { config.threshold },
            duration: or(config.duration, Self::DEFAULT.duration),
            counter_reset: or(config.counter_reset, Self::DEFAULT.counter_reset),
        })
    }
}

/// Failed logins in a row.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
struct Failures {
    /// Empty for a counter that invented names share.
    #[n(0)]
    alias: String,
    #[n(1)]
    count: u64,
    #[cbor(n(2), with = "crate::codec::timestamp")]
    last: Timestamp,
    /// Of a shared counter: a part of the keyed hash of the name that it counts for.
    #[n(3)]
    whose: Option<u64>,
}

impl Record for Failures {}

pub(crate) const KINDS: &[Filed] = &[filed::<Failures>(Class::Login)];

impl Failures {
    fn is_locked(&self, limits: Limits, now: Timestamp) -> bool {
        self.count >= limits.threshold && now < self.last.plus(limits.duration)
    }

    /// Whether the next failure is the first of a new row.
    fn is_over(&self, limits: Limits, now: Timestamp) -> bool {
        let after = if self.count >= limits.threshold { limits.duration } else { limits.counter_reset };
        now >= self.last.plus(after)
    }
}

/// Whoever tries to log in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who<'a> {
    /// In its one spelling.
    pub(crate) alias: &'a str,
    /// Whether there is such a role or user.
    pub(crate) exists: bool,
}

/// Waits until no other attempt for this name is under way. To be held until its outcome is counted.
pub(crate) async fn turn(mount: &Mount, alias: &str) -> Result<MutexGuard<'static, ()>> {
    static HASH: LazyLock<Result<CacheHash, CryptoError>> = LazyLock::new(CacheHash::new);
    static QUEUES: [Mutex<()>; TURNS] = [const { Mutex::const_new(()) }; TURNS];
    let hash = HASH.as_ref().map_err(|it| Error::from(*it))?;
    let at = hash.hash(&[mount.id.0.as_bytes(), alias.as_bytes()]) % TURNS as u128;
    let mutex = usize::try_from(at).ok().and_then(|it| QUEUES.get(it));
    Ok(mutex.ok_or(Error::Internal("no such turn"))?.lock().await)
}

/// Refuses whoever is locked out, before anything is verified.
pub(crate) async fn check(tx: &mut Tx, mount: &Mount, who: Who<'_>, now: Timestamp) -> Result<()> {
    let Some(limits) = Limits::of(mount) else { return Ok(()) };
    let (place, whose) = place(tx.store(), mount, who)?;
    let failures = tx.get::<Failures>(&place).await?.filter(|it| it.whose == whose);
    match failures.is_some_and(|it| it.is_locked(limits, now)) {
        true => Err(Error::Denied),
        false => Ok(()),
    }
}

/// Counts a failure; answers the error that the login is to end with, at once.
pub(crate) async fn failed(
    tx: &mut Tx,
    mount: &Mount,
    who: Who<'_>,
    now: Timestamp,
    refusal: Error,
) -> Error {
    match count(tx, mount, who, now).await {
        Ok(()) => tx.stands_with(refusal),
        Err(error) => error,
    }
}

async fn count(tx: &mut Tx, mount: &Mount, who: Who<'_>, now: Timestamp) -> Result<()> {
    let Some(limits) = Limits::of(mount) else { return Ok(()) };
    let (place, whose) = place(tx.store(), mount, who)?;
    let before = tx.get::<Failures>(&place).await?;
    let before = before.filter(|it| it.whose == whose && !it.is_over(limits, now));
    let count = before.map_or(0, |it| it.count).saturating_add(1);
    let alias = if who.exists { who.alias } else { "" };
    tx.put(&place, &Failures { alias: alias.to_owned(), count, last: now, whose })
}

/// Stages the end of the row of failures: in the transaction that makes the token.
pub(crate) async fn passed(tx: &mut Tx, mount: &Mount, alias: &str) -> Result<()> {
    let (place, _) = place(tx.store(), mount, Who { alias, exists: true })?;
    // Most logins follow no failure: nothing is written for them.
    if tx.peek::<Failures>(&place).await?.is_some() {
        tx.delete(&place);
    }
    Ok(())
}

/// Where somebody's failures are counted, and what tells it from others who are counted there.
fn place(store: &Store, mount: &Mount, who: Who<'_>) -> Result<(Place, Option<u64>)> {
    let key = super::login_key(store)?;
    let digest = key.short(&[b"lockout", mount.id.0.as_bytes(), who.alias.as_bytes()]);
    let (name, whose) = match who.exists {
        true => (format!("{FOLDER}{}", data_encoding::HEXLOWER.encode(&digest)), None),
        false => {
            let [first, second, a, b, c, d, e, f, g, h, ..] = digest;
            let shared = u16::from_be_bytes([first, second]) % SHARED;
            (format!("{FOLDER}shared-{shared}"), Some(u64::from_be_bytes([a, b, c, d, e, f, g, h])))
        }
    };
    Ok((store.place(Class::Login, mount.root(), &name), whose))
}

pub(crate) const ROUTES: &[Route] = &[
    Route {
        pattern: "locked-users",
        summary: "Who is locked out of which auth method.",
        endpoints: &[read(in_tx!(show)).fields(&[field("mount_accessor", Kind::Text)])],
    },
    Route {
        pattern: "locked-users/{mount_accessor}/unlock/{alias_identifier}",
        summary: "Ends a lockout before its time.",
        endpoints: &[action(in_tx!(unlock))],
    },
];

#[derive(Deserialize)]
struct Wanted {
    mount_accessor: Option<Text>,
}

#[derive(Serialize)]
struct Shown {
    by_namespace: [ByNamespace; 1],
    total: usize,
}

#[derive(Serialize)]
struct ByNamespace {
    namespace_id: &'static str,
    namespace_path: &'static str,
    counts: usize,
    mount_accessors: Vec<ByMount>,
}

#[derive(Serialize)]
struct ByMount {
    mount_accessor: String,
    counts: usize,
    alias_identifiers: Option<Vec<String>>,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let wanted = cx.fields::<Wanted>()?.mount_accessor.map(|it| it.0).filter(|it| !it.is_empty());
    let open = cx.open()?;
    let mounts = open.mounts.current(&open.store).await?;
    let mut shown = Vec::new();
    for mount in mounts.all(MountClass::Auth) {
        if wanted.as_ref().is_some_and(|it| *it != mount.accessor) {
            continue;
        }
        let aliases = locked(tx.store(), mount, cx.now).await?;
        if !aliases.is_empty() {
            let counts = aliases.len();
            let mount_accessor = mount.accessor.clone();
            shown.push(ByMount { mount_accessor, counts, alias_identifiers: Some(aliases) });
        }
    }
    if let Some(mount_accessor) = wanted.filter(|_| shown.is_empty()) {
        shown.push(ByMount { mount_accessor, counts: 0, alias_identifiers: None });
    }
    let total = shown.iter().map(|it| it.counts).sum();
    let root = crate::ids::NamespaceId::ROOT;
    let namespace = ByNamespace {
        namespace_id: root.name(),
        namespace_path: root.path(),
        counts: total,
        mount_accessors: shown,
    };
    Response::data(&Shown { by_namespace: [namespace], total })
}

/// Who is locked out of a mount, sorted.
async fn locked(store: &Store, mount: &Mount, now: Timestamp) -> Result<Vec<String>> {
    let Some(limits) = Limits::of(mount) else { return Ok(Vec::new()) };
    let dir = store.dir(mount.root(), FOLDER);
    let mut aliases = Vec::new();
    let mut after = None;
    loop {
        let rows = store.records::<Failures>(Class::Login, dir, after, PAGE).await?;
        after = rows.last().map(|(place, _)| place.key);
        let more = rows.len() == PAGE;
        let locked = rows.into_iter().map(|(_, it)| it.value).filter(|it| it.is_locked(limits, now));
        aliases.extend(locked.map(|it| it.alias).filter(|it| !it.is_empty()));
        if !more {
            break;
        }
    }
    aliases.sort_unstable();
    Ok(aliases)
}

async fn unlock(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let open = cx.open()?;
    let mounts = open.mounts.current(&open.store).await?;
    if let Some(mount) = mounts.by_accessor(cx.param("mount_accessor")) {
        let raw = cx.param("alias_identifier");
        // A role id has no other spelling; a user's name has (rule 61).
        let folded = raw.to_ascii_lowercase();
        let alias = if mount.kind == "userpass" { &folded } else { raw };
        passed(tx, mount, alias).await?;
    }
    Ok(Response::empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestCore;

    async fn attempt(test: &TestCore, mount: &Mount, who: Who<'_>) -> bool {
        let mut tx = Tx::new(test.core.unsealed().unwrap().store.clone());
        if check(&mut tx, mount, who, test.core.now()).await.is_err() {
            return false;
        }
        failed(&mut tx, mount, who, test.core.now(), Error::Denied).await;
        assert!(tx.commit().await.unwrap());
        true
    }

    // Rules 66 and 67: with every shared counter locked, a new name that is invented would differ from a new name
    // that exists, if what one name did were another's.
    #[tokio::test]
    async fn a_locked_shared_counter_looks_unlocked_to_other_names() {
        let test = TestCore::new().await;
        test.write("sys/auth/approle", serde_json::json!({ "type": "approle" })).await.unwrap();
        let open = test.core.unsealed().unwrap();
        let table = open.mounts.current(&open.store).await.unwrap();
        let mount = table.all(MountClass::Auth).into_iter().find(|it| it.kind == "approle").unwrap();

        fn invented(alias: &str) -> Who<'_> {
            Who { alias, exists: false }
        }
        let key = |alias: &str| place(&open.store, mount, invented(alias)).unwrap().0.key;
        let other = (0..).map(|it| format!("invented-{it}")).find(|it| key(it) == key("fresh")).unwrap();
        let tries = async |who: Who<'_>| {
            let mut count = 0;
            while attempt(&test, mount, who).await {
                count += 1;
            }
            count
        };
        assert_eq!(tries(invented(&other)).await, 5);
        for who in [invented("fresh"), Who { alias: "fresh", exists: true }] {
            assert_eq!(tries(who).await, 5, "{who:?}");
        }
    }
}
