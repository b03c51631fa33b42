//! `role`: what a login with a role id needs, and what its token is like.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, List, Seconds, Text};

use super::{purge, role_id};
use crate::{
    auth::{name::Name, one_of},
    barrier::{Class, Filed, Place, Record, filed},
    crypto::random,
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    net::Cidr,
    response::Response,
    route::{Field, Kind, Route, delete, field, in_tx, list, read, store},
    store::Store,
    tokens::{
        params::{self, ShownParams, TokenFields, TokenParams},
        ttl::Limits,
    },
    tx::Tx,
};

pub(super) const FOLDER: &str = "role/";

const FIELDS: &[Field] = &[
    field("bind_secret_id", Kind::Bool),
    field("bound_cidr_list", Kind::List),
    field("local_secret_ids", Kind::Bool),
    field("period", Kind::Duration),
    field("policies", Kind::List),
    field("role_id", Kind::Text),
    field("secret_id_bound_cidrs", Kind::List),
    field("secret_id_num_uses", Kind::Integer),
    field("secret_id_ttl", Kind::Duration),
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
];

pub(super) const ROUTES: &[Route] = &[
    Route { pattern: "role", summary: "The names of all roles.", endpoints: &[list(in_tx!(names))] },
    Route {
        pattern: "role/{role_name}",
        summary: "A role.",
        endpoints: &[read(in_tx!(show)), store(in_tx!(write)).fields(FIELDS), delete(in_tx!(remove))],
    },
];

#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Role {
    /// What its secret ids are filed under.
    #[cbor(n(0), with = "crate::codec::selector")]
    pub(super) id: [u8; 16],
    #[n(1)]
    pub(super) name: String,
    /// What a login names it by.
    #[n(2)]
    pub(super) role_id: String,
    #[n(3)]
    pub(super) bind_secret_id: bool,
    /// None if it was never set: that is shown as null.
    #[n(4)]
    pub(super) secret_id_bound_cidrs: Option<Vec<String>>,
    /// Zero: without limit.
    #[n(5)]
    pub(super) secret_id_num_uses: i64,
    /// Zero: without end.
    #[cbor(n(6), with = "crate::codec::seconds")]
    pub(super) secret_id_ttl: Duration,
    #[n(7)]
    local_secret_ids: bool,
    #[n(8)]
    pub(super) params: TokenParams,
    /// Those that were written under their old names are shown under them too.
    #[n(9)]
    pub(super) old_policies: bool,
    #[n(10)]
    pub(super) old_period: bool,
}

impl Record for Role {}

pub(super) const KINDS: &[Filed] = &[filed::<Role>(Class::Config)];

impl Role {
    fn new(name: &Name) -> Result<Self> {
        Ok(Self {
            id: random::bytes()?,
            name: name.as_str().to_owned(),
            role_id: random::uuid()?.to_string(),
            bind_secret_id: true,
            secret_id_bound_cidrs: None,
            secret_id_num_uses: 0,
            secret_id_ttl: Duration::ZERO,
            local_secret_ids: false,
            params: TokenParams::default(),
            old_policies: false,
            old_period: false,
        })
    }

    pub(super) fn local_secret_ids(&self) -> bool {
        self.local_secret_ids
    }

    /// The networks that a login may come from; none: all.
    pub(super) fn networks(&self) -> &[String] {
        self.secret_id_bound_cidrs.as_deref().unwrap_or_default()
    }

    /// A role id alone is a name, not a credential.
    pub(super) fn check(&self) -> Result<()> {
        if self.bind_secret_id || !self.networks().is_empty() || !self.params.bound_cidrs.is_empty() {
            return Ok(());
        }
        Err(Error::invalid("at least one constraint should be enabled on the role"))
    }
}

pub(super) fn place(store: &Store, mount: &Mount, name: &Name) -> Place {
    store.place(Class::Config, mount.root(), &format!("{FOLDER}{name}"))
}

/// The role called `name`, as the transaction sees it.
pub(super) async fn load(tx: &mut Tx, mount: &Mount, name: &Name) -> Result<Option<Role>> {
    let place = place(tx.store(), mount, name);
    tx.get(&place).await
}

/// The role that the request's path names.
pub(super) async fn named(cx: &Cx<'_>, tx: &mut Tx) -> Result<Option<Role>> {
    load(tx, cx.mount()?, &Name::new(cx.param("role_name"))?).await
}

/// Stages a role that [`named`] answered, changed.
pub(super) fn put(cx: &Cx<'_>, tx: &mut Tx, role: &Role) -> Result<()> {
    role.check()?;
    let place = place(tx.store(), cx.mount()?, &Name::new(&role.name)?);
    tx.put(&place, role)
}

/// Networks for secret ids: here an address alone is none.
pub(super) fn networks(list: Vec<String>) -> Result<Vec<String>> {
    match list.iter().all(|it| it.contains('/') && it.parse::<Cidr>().is_ok()) {
        true => Ok(list),
        false => Err(Error::invalid("failed to validate CIDR blocks: invalid CIDR address")),
    }
}

pub(super) fn num_uses(Integer(number): Integer) -> Result<i64> {
    match number {
        0.. => Ok(number),
        _ => Err(Error::invalid("secret_id_num_uses cannot be negative")),
    }
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let dir = tx.store().dir(cx.mount()?.root(), FOLDER);
    Response::keys(&tx.names(Class::Config, dir).await?)
}

#[derive(Deserialize)]
struct Fields {
    bind_secret_id: Option<Bool>,
    bound_cidr_list: Option<List>,
    local_secret_ids: Option<Bool>,
    period: Option<Seconds>,
    policies: Option<List>,
    role_id: Option<Text>,
    secret_id_bound_cidrs: Option<List>,
    secret_id_num_uses: Option<Integer>,
    secret_id_ttl: Option<Seconds>,
    token_period: Option<Seconds>,
    token_policies: Option<List>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (mount, name) = (cx.mount()?, Name::new(cx.param("role_name"))?);
    let old = load(tx, mount, &name).await?;
    cx.may_write(old.is_some())?;
    let fields: Fields = cx.fields()?;
    if old.is_some() && fields.local_secret_ids.is_some() {
        return Err(Error::invalid("local_secret_ids can only be modified during role creation"));
    }
    let old_id = old.as_ref().map(|it| it.role_id.clone());
    let mut role = match old {
        Some(role) => role,
        None => Role::new(&name)?,
    };
    change(&mut role, fields)?;
    role.params.update(cx.fields::<TokenFields>()?)?;
    put(cx, tx, &role)?;
    role_id::assign(tx, mount, &role, old_id.as_deref()).await?;
    Ok(role.params.written(Limits::of(&mount.config, cx.core.settings())))
}

/// Takes over the method's own fields; the newer of two spellings comes with the `token_` fields.
fn change(role: &mut Role, fields: Fields) -> Result<()> {
    if let Some(Bool(flag)) = fields.bind_secret_id {
        role.bind_secret_id = flag;
    }
    if let Some((List(list), _)) = one_of(fields.secret_id_bound_cidrs, fields.bound_cidr_list) {
        role.secret_id_bound_cidrs = Some(networks(list)?);
    }
    if let Some(Bool(flag)) = fields.local_secret_ids {
        role.local_secret_ids = flag;
    }
    if let Some((Seconds(time), was_old)) = one_of(fields.token_period, fields.period) {
        role.params.period = time;
        role.old_period = was_old;
    }
    if let Some((list, was_old)) = one_of(fields.token_policies, fields.policies) {
        role.params.policies = policies(&list, was_old)?;
        role.old_policies = was_old;
    }
    if let Some(Text(text)) = fields.role_id {
        role.role_id = role_id::canonical(&text)
            .ok_or_else(|| Error::invalid("invalid role_id supplied, or failed to generate a role_id"))?;
    }
    if let Some(number) = fields.secret_id_num_uses {
        role.secret_id_num_uses = num_uses(number)?;
    }
    if let Some(Seconds(time)) = fields.secret_id_ttl {
        role.secret_id_ttl = time;
    }
    Ok(())
}

/// Under the old name, and at an endpoint of their own, policies are sorted.
pub(super) fn policies(List(list): &List, sorted: bool) -> Result<Vec<String>> {
    let mut names = params::assignable(list)?;
    if sorted {
        names.sort_unstable();
    }
    Ok(names)
}

#[derive(Serialize)]
struct Shown<'a> {
    bind_secret_id: bool,
    local_secret_ids: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policies: Option<&'a [String]>,
    secret_id_bound_cidrs: Option<&'a [String]>,
    secret_id_num_uses: i64,
    secret_id_ttl: u64,
    #[serde(flatten)]
    params: ShownParams<'a>,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let role = named(cx, tx).await?.ok_or(Error::NotFound)?;
    let params = &role.params;
    Response::data(&Shown {
        bind_secret_id: role.bind_secret_id,
        local_secret_ids: role.local_secret_ids,
        period: Some(params.period.as_secs()).filter(|it| role.old_period && *it != 0),
        policies: Some(params.policies.as_slice()).filter(|it| role.old_policies && !it.is_empty()),
        secret_id_bound_cidrs: role.secret_id_bound_cidrs.as_deref().filter(|it| !it.is_empty()),
        secret_id_num_uses: role.secret_id_num_uses,
        secret_id_ttl: role.secret_id_ttl.as_secs(),
        params: params.shown(),
    })
}

/// Ends a role, and with it all its secret ids, which are deleted in the background.
async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let mount = cx.mount()?;
    if let Some(role) = named(cx, tx).await? {
        let store = tx.store().clone();
        tx.delete(&place(&store, mount, &Name::new(&role.name)?));
        tx.delete(&role_id::place(&store, mount, &role.role_id)?);
        purge::gone(tx, mount, &role, cx.now)?;
    }
    Ok(Response::empty())
}
