//! An engine for tests whose leases stand for users in a world outside: which there are, what was asked, and
//! what shall fail.
#![allow(clippy::missing_panics_doc, clippy::unwrap_used, reason = "a test that cannot be set up fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use futures_util::future::BoxFuture;
use serde::Deserialize;
use strongroom_api::params::{Bool, Seconds};

use super::{Leasing, NewLease, Outside};
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    engine::{Engine, LeaseSite},
    error::{Error, Result},
    ids::MountId,
    mounts::{Mount, MountClass},
    response::Response,
    route::{Route, Tables, in_tx, read},
    tx::Tx,
};

/// The type under which it is mounted.
pub const KIND: &str = "lease-test";

/// What an engine is asked to do outside.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Call {
    Issue,
    Extend,
    Revoke,
}

/// How the world takes a call.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Mood {
    #[default]
    Works,
    /// Nothing is done, and that is said.
    Fails,
    /// It is done, and nobody learns of it: as when the process dies just then.
    DoneWithoutAnswer,
    Panics,
}

/// What lies outside of one mount.
#[derive(Default)]
pub struct World(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    users: BTreeSet<String>,
    calls: Vec<(Call, String)>,
    moods: BTreeMap<Call, Mood>,
}

/// The world of a mount.
pub fn world(mount: MountId) -> Arc<World> {
    static WORLDS: LazyLock<Mutex<BTreeMap<MountId, Arc<World>>>> = LazyLock::new(Mutex::default);
    WORLDS.lock().unwrap().entry(mount).or_default().clone()
}

impl World {
    /// From now on calls of this kind are taken like that.
    pub fn take(&self, call: Call, mood: Mood) {
        self.0.lock().unwrap().moods.insert(call, mood);
    }

    /// The users that exist, by the last parts of their leases' ids.
    pub fn users(&self) -> BTreeSet<String> {
        self.0.lock().unwrap().users.clone()
    }

    /// How often something was asked for a user.
    pub fn asked(&self, call: Call, user: &str) -> usize {
        self.0.lock().unwrap().calls.iter().filter(|it| it.0 == call && it.1 == user).count()
    }

    async fn meet(&self, call: Call, user: &str) -> Result<()> {
        let mood = {
            let mut inside = self.0.lock().unwrap();
            inside.calls.push((call, user.to_owned()));
            let mood = inside.moods.get(&call).copied().unwrap_or_default();
            if matches!(mood, Mood::Works | Mood::DoneWithoutAnswer) {
                match call {
                    Call::Issue => inside.users.insert(user.to_owned()),
                    Call::Revoke => inside.users.remove(user),
                    Call::Extend => true,
                };
            }
            mood
        };
        match mood {
            Mood::Works => Ok(()),
            Mood::Fails => Err(Error::invalid("the world is down")),
            Mood::DoneWithoutAnswer => std::future::pending().await,
            #[allow(clippy::panic, reason = "a defect, as it may happen")]
            Mood::Panics => panic!("a defect in an engine"),
        }
    }
}

pub(crate) fn find(class: MountClass, kind: &str) -> Option<&'static dyn Engine> {
    (class == MountClass::Secret && kind == KIND).then_some(&LeaseTest)
}

struct LeaseTest;

const ROUTES: &[Route] = &[
    Route {
        pattern: "creds/{name}",
        summary: "A user, made for the occasion.",
        endpoints: &[read(in_tx!(creds)).any_fields()],
    },
    Route {
        pattern: "cert/{name}",
        summary: "Something that ends, and for whose making nothing is done outside.",
        endpoints: &[read(in_tx!(cert)).any_fields()],
    },
];

impl Engine for LeaseTest {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn class(&self) -> MountClass {
        MountClass::Secret
    }

    fn routes(&self, _: &Mount) -> Tables {
        &[ROUTES]
    }

    fn issue<'a>(&'a self, at: &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>> {
        meet(Call::Issue, at)
    }

    fn extend<'a>(&'a self, at: &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>> {
        meet(Call::Extend, at)
    }

    fn revoke<'a>(&'a self, at: &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>> {
        meet(Call::Revoke, at)
    }

    fn summary(&self) -> &'static str {
        "for tests of leases"
    }
}

fn meet<'a>(call: Call, at: &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        // What it needs to know comes back as it was given.
        assert_eq!(at.lease.data.expose(), b"planted");
        let world = world(at.mount.id);
        world.meet(call, &at.lease.tail).await
    })
}

#[derive(Deserialize)]
struct Fields {
    ttl: Option<Seconds>,
    max_ttl: Option<Seconds>,
    renewable: Option<Bool>,
}

async fn creds(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    give(cx, Outside::Something)
}

async fn cert(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    give(cx, Outside::Nothing)
}

fn give(cx: &Cx<'_>, outside: Outside) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let new = NewLease {
        ttl: fields.ttl.map_or(Duration::ZERO, |it| it.0),
        max_ttl: fields.max_ttl.map_or(Duration::ZERO, |it| it.0),
        renewable: fields.renewable.is_none_or(|it| it.0),
        outside,
        data: SecretBytes::copy_of(b"planted"),
    };
    let data = Some(SecretBytes::copy_of(br#"{"username":"u","password":"p"}"#));
    Ok(Response { data, leasing: Some(Leasing::Issues(new)), ..Response::default() })
}
