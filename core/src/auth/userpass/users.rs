//! `users`: who may log in, and what their tokens are like.

use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use strongroom_api::params::{List, Seconds};

use super::password;
use crate::{
    auth::{name::Name, one_of},
    barrier::{Class, Filed, Place, Record, filed},
    crypto::password::PasswordHash,
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Field, Kind, Route, Stage, action, delete, field, in_tx, list, prepared, read, store},
    store::Store,
    tokens::params::{self, ShownParams, TokenFields, TokenParams},
    tx::Tx,
};

pub(super) const FOLDER: &str = "user/";

const FIELDS: &[Field] = &[
    field("bound_cidrs", Kind::List),
    field("max_ttl", Kind::Duration),
    field("password", Kind::Secret),
    field("password_hash", Kind::Secret),
    field("policies", Kind::List),
    field("token_bound_cidrs", Kind::List),
    field("token_explicit_max_ttl", Kind::Duration),
    field("token_max_ttl", Kind::Duration),
    field("token_no_default_policy", Kind::Bool),
    field("token_num_uses", Kind::Integer),
    field("token_period", Kind::Duration),
    field("token_policies", Kind::List),
    field("token_strictly_bind_ip", Kind::Bool),
    field("token_ttl", Kind::Duration),
    field("token_type", Kind::Text),
    field("ttl", Kind::Duration),
];

pub(super) const ROUTES: &[Route] = &[
    Route { pattern: "users", summary: "The names of all users.", endpoints: &[list(in_tx!(names))] },
    Route {
        pattern: "users/{username}",
        summary: "A user.",
        endpoints: &[read(in_tx!(show)), store(prepared!(hash)).fields(FIELDS), delete(in_tx!(remove))],
    },
    Route {
        pattern: "users/{username}/policies",
        summary: "Sets what a user's tokens may do.",
        endpoints: &[action(in_tx!(set_policies))
            .fields(&[field("policies", Kind::List), field("token_policies", Kind::List)])],
    },
];

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct User {
    #[n(0)]
    pub(super) hash: PasswordHash,
    #[n(1)]
    pub(super) params: TokenParams,
    /// Those that were written under their old names are shown under them too.
    #[n(2)]
    old_policies: bool,
    #[n(3)]
    old_ttl: bool,
    #[n(4)]
    old_max_ttl: bool,
    #[n(5)]
    old_bound_cidrs: bool,
}

impl Record for User {}

pub(crate) const KINDS: &[Filed] = &[filed::<User>(Class::Config)];

impl User {
    fn new(hash: PasswordHash) -> Self {
        Self {
            hash,
            params: TokenParams::default(),
            old_policies: false,
            old_ttl: false,
            old_max_ttl: false,
            old_bound_cidrs: false,
        }
    }
}

pub(super) fn place(store: &Store, mount: &Mount, name: &Name) -> Place {
    store.place(Class::Config, mount.root(), &format!("{FOLDER}{name}"))
}

pub(super) async fn load(tx: &mut Tx, mount: &Mount, name: &Name) -> Result<Option<User>> {
    let place = place(tx.store(), mount, name);
    tx.get(&place).await
}

/// The user's name in the request's path.
pub(super) fn name(cx: &Cx<'_>) -> Result<Name> {
    Name::new(cx.param("username"))
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let dir = tx.store().dir(cx.mount()?.root(), FOLDER);
    Response::keys(&tx.names(Class::Config, dir).await?)
}

#[derive(Deserialize)]
struct Fields {
    bound_cidrs: Option<List>,
    max_ttl: Option<Seconds>,
    policies: Option<List>,
    token_bound_cidrs: Option<List>,
    token_max_ttl: Option<Seconds>,
    token_policies: Option<List>,
    token_ttl: Option<Seconds>,
    ttl: Option<Seconds>,
}

/// A user's fields, with the password that they bring hashed.
struct Written {
    hash: Option<PasswordHash>,
}

async fn hash(cx: &Cx<'_>) -> Result<Written> {
    let store = &cx.open()?.store;
    let place = place(store, cx.mount()?, &name(cx)?);
    // Nobody who may not write makes us hash; within the transaction it is asked again.
    cx.may_write(store.read::<User>(&place).await?.is_some())?;
    Ok(Written { hash: password::given(cx).await? })
}

impl Stage for Written {
    fn stage<'a>(&'a self, cx: &'a Cx<'a>, tx: &'a mut Tx) -> BoxFuture<'a, Result<Response>> {
        Box::pin(self.write(cx, tx))
    }
}

impl Written {
    async fn write(&self, cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
        let place = place(tx.store(), cx.mount()?, &name(cx)?);
        let old = tx.get::<User>(&place).await?;
        cx.may_write(old.is_some())?;
        let mut user = match (old, &self.hash) {
            (Some(user), None) => user,
            (Some(user), Some(hash)) => User { hash: hash.clone(), ..user },
            (None, Some(hash)) => User::new(hash.clone()),
            (None, None) => return Err(password::missing()),
        };
        change(&mut user, cx.fields()?)?;
        user.params.update(cx.fields::<TokenFields>()?)?;
        tx.put(&place, &user)?;
        Ok(Response::empty())
    }
}

/// Takes over the fields that have an old name.
fn change(user: &mut User, fields: Fields) -> Result<()> {
    let params = &mut user.params;
    if let Some((list, was_old)) = one_of(fields.token_policies, fields.policies) {
        params.policies = policies(&list, was_old)?;
        user.old_policies = was_old;
    }
    if let Some((Seconds(time), was_old)) = one_of(fields.token_ttl, fields.ttl) {
        params.ttl = time;
        user.old_ttl = was_old;
    }
    if let Some((Seconds(time), was_old)) = one_of(fields.token_max_ttl, fields.max_ttl) {
        params.max_ttl = time;
        user.old_max_ttl = was_old;
    }
    if let Some((List(list), was_old)) = one_of(fields.token_bound_cidrs, fields.bound_cidrs) {
        params.bound_cidrs = params::cidrs(list)?;
        user.old_bound_cidrs = was_old;
    }
    Ok(())
}

/// Under the old name policies are sorted.
fn policies(List(list): &List, sorted: bool) -> Result<Vec<String>> {
    let mut names = params::assignable(list)?;
    if sorted {
        names.sort_unstable();
    }
    Ok(names)
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    bound_cidrs: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ttl: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<&'a [String]>,
    #[serde(flatten)]
    params: ShownParams<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let user = load(tx, cx.mount()?, &name(cx)?).await?.ok_or(Error::NotFound)?;
    let params = &user.params;
    let time = |is_old: bool, time: Duration| (is_old && !time.is_zero()).then_some(time.as_secs());
    let list = |is_old: bool, list: &'_ [String]| is_old && !list.is_empty();
    Response::data(&Shown {
        bound_cidrs: list(user.old_bound_cidrs, &params.bound_cidrs).then_some(&params.bound_cidrs),
        max_ttl: time(user.old_max_ttl, params.max_ttl),
        policies: list(user.old_policies, &params.policies).then_some(&params.policies),
        params: params.shown(),
        ttl: time(user.old_ttl, params.ttl),
    })
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = name(cx)?;
    let place = place(tx.store(), cx.mount()?, &name);
    tx.delete(&place);
    crate::auth::lockout::passed(tx, cx.mount()?, name.as_str()).await?;
    Ok(Response::empty())
}

#[derive(Deserialize)]
struct Policies {
    policies: Option<List>,
    token_policies: Option<List>,
}

async fn set_policies(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = name(cx)?;
    let mut user = load(tx, cx.mount()?, &name).await?.ok_or_else(unknown)?;
    let fields: Policies = cx.fields()?;
    if let Some((list, was_old)) = one_of(fields.token_policies, fields.policies) {
        user.params.policies = policies(&list, was_old)?;
        user.old_policies = was_old;
        let place = place(tx.store(), cx.mount()?, &name);
        tx.put(&place, &user)?;
    }
    Ok(Response::empty())
}

/// To whoever may manage users.
pub(super) fn unknown() -> Error {
    Error::invalid("username does not exist")
}
