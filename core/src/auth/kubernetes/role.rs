//! `role/{name}`: which service accounts may log in, and what their logins are like.

use serde::{Deserialize, Serialize};
use strongroom_api::params::{List, Text};

use super::{reviewed::Account, selector::Selector};
use crate::{
    auth::{glob::glob, name::Name},
    barrier::{Class, Filed, Place, Record, filed},
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Field, Kind, Route, delete, field, in_tx, list, read, store},
    store::Store,
    tokens::{
        old_names::{OldNames, ShownOld},
        params::{ShownParams, TokenFields, TokenParams},
        ttl::Limits,
    },
    tx::Tx,
};

pub(super) const FOLDER: &str = "role/";

/// Told when the role is read, and with each of its logins (rule 81).
pub(super) const OPEN_TO_ALL: &str =
    "the role is open to every service account of the cluster: name the accounts or the namespaces";

const FIELDS: &[Field] = &[
    field("alias_name_source", Kind::Text),
    field("audience", Kind::Text),
    field("bound_cidrs", Kind::List),
    field("bound_service_account_names", Kind::List),
    field("bound_service_account_namespace_selector", Kind::Text),
    field("bound_service_account_namespaces", Kind::List),
    field("max_ttl", Kind::Duration),
    field("num_uses", Kind::Integer),
    field("period", Kind::Duration),
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
    Route { pattern: "role", summary: "The names of all roles.", endpoints: &[list(in_tx!(names))] },
    Route {
        pattern: "role/{name}",
        summary: "Which service accounts may log in, and what their logins may do.",
        endpoints: &[read(in_tx!(show)), store(in_tx!(write)).fields(FIELDS), delete(in_tx!(remove))],
    },
];

/// What an account is called here.
#[derive(
    Clone, Copy, Debug, Default, Eq, PartialEq, minicbor::CborLen, minicbor::Decode, minicbor::Encode,
)]
#[cbor(index_only)]
enum AliasSource {
    /// By its uid: another account of the same name is somebody else.
    #[default]
    #[n(0)]
    Uid,
    /// `NAMESPACE/NAME`.
    #[n(1)]
    Name,
}

#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Role {
    #[n(0)]
    pub(super) name: String,
    #[n(1)]
    names: Vec<String>,
    #[n(2)]
    namespaces: Vec<String>,
    #[n(3)]
    pub(super) selector: Option<Selector>,
    #[n(4)]
    pub(super) audience: String,
    #[n(5)]
    alias_source: AliasSource,
    #[n(6)]
    pub(super) params: TokenParams,
    #[n(7)]
    old_names: OldNames,
}

impl Record for Role {}

pub(super) const KINDS: &[Filed] = &[filed::<Role>(Class::Config)];

impl AliasSource {
    const fn name(self) -> &'static str {
        match self {
            Self::Uid => "serviceaccount_uid",
            Self::Name => "serviceaccount_name",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "" => Some(Self::default()),
            text => [Self::Uid, Self::Name].into_iter().find(|it| it.name() == text),
        }
    }
}

impl Role {
    pub(super) fn names(&self, account: &Account) -> bool {
        self.names.iter().any(|it| glob(it, &account.name))
    }

    pub(super) fn names_namespace_of(&self, account: &Account) -> bool {
        self.namespaces.iter().any(|it| glob(it, &account.namespace))
    }

    pub(super) fn alias(&self, account: &Account) -> String {
        match self.alias_source {
            AliasSource::Uid => account.uid.clone(),
            AliasSource::Name => format!("{}/{}", account.namespace, account.name),
        }
    }

    pub(super) fn is_open_to_all(&self) -> bool {
        let has_all = |list: &[String]| list.iter().any(|it| it.bytes().all(|it| it == b'*'));
        has_all(&self.names) && has_all(&self.namespaces)
    }

    fn check(&self) -> Result<()> {
        if self.names.is_empty() {
            return Err(Error::invalid("\"bound_service_account_names\" can not be empty"));
        }
        if self.namespaces.is_empty() && self.selector.is_none() {
            return Err(Error::invalid(
                "\"bound_service_account_namespaces\" can not be empty if \"bound_service_account_namespace_selector\" is not set",
            ));
        }
        let is_mixed = |list: &[String]| list.len() > 1 && list.iter().any(|it| it == "*");
        match is_mixed(&self.names) || is_mixed(&self.namespaces) {
            true => Err(Error::invalid("\"*\" stands alone: it cannot be mixed with other values")),
            false => Ok(()),
        }
    }
}

pub(super) fn place(store: &Store, mount: &Mount, name: &Name) -> Place {
    store.place(Class::Config, mount.root(), &format!("{FOLDER}{name}"))
}

/// The role that the request's path names, and where it lies.
async fn named(cx: &Cx<'_>, tx: &mut Tx) -> Result<(Place, Option<Role>)> {
    let place = place(tx.store(), cx.mount()?, &Name::new(cx.param("name"))?);
    let role = tx.get(&place).await?;
    Ok((place, role))
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let dir = tx.store().dir(cx.mount()?.root(), FOLDER);
    Response::keys(&tx.names(Class::Config, dir).await?)
}

#[derive(Deserialize)]
struct Fields {
    alias_name_source: Option<Text>,
    audience: Option<Text>,
    bound_service_account_names: Option<List>,
    bound_service_account_namespace_selector: Option<Text>,
    bound_service_account_namespaces: Option<List>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = Name::new(cx.param("name"))?;
    let (place, old) = named(cx, tx).await?;
    cx.may_write(old.is_some())?;
    let mut role = old.unwrap_or_default();
    role.name = name.to_string();
    let fields: Fields = cx.fields()?;
    if let Some(List(list)) = fields.bound_service_account_names {
        role.names = list;
    }
    if let Some(List(list)) = fields.bound_service_account_namespaces {
        role.namespaces = list;
    }
    if let Some(Text(text)) = fields.bound_service_account_namespace_selector {
        role.selector = if text.is_empty() { None } else { Some(Selector::parse(&text)?) };
    }
    if let Some(Text(text)) = fields.audience {
        role.audience = text;
    }
    if let Some(Text(text)) = fields.alias_name_source {
        role.alias_source = AliasSource::parse(&text).ok_or_else(|| {
            Error::invalid("'alias_name_source' is 'serviceaccount_uid' or 'serviceaccount_name'")
        })?;
    }
    let mut tokens: TokenFields = cx.fields()?;
    role.old_names.fill(cx.fields()?, &mut tokens);
    role.params.update(tokens)?;
    role.check()?;
    tx.put(&place, &role)?;
    Ok(role.params.written(Limits::of(&cx.mount()?.config, cx.core.settings())))
}

#[derive(Serialize)]
struct Shown<'a> {
    alias_name_source: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    audience: &'a str,
    bound_service_account_names: &'a [String],
    bound_service_account_namespace_selector: &'a str,
    bound_service_account_namespaces: &'a [String],
    #[serde(flatten)]
    old: ShownOld<'a>,
    #[serde(flatten)]
    params: ShownParams<'a>,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (_, role) = named(cx, tx).await?;
    let role = role.ok_or(Error::NotFound)?;
    let response = Response::data(&Shown {
        alias_name_source: role.alias_source.name(),
        audience: &role.audience,
        bound_service_account_names: &role.names,
        bound_service_account_namespace_selector: role.selector.as_ref().map_or("", |it| &it.text),
        bound_service_account_namespaces: &role.namespaces,
        old: role.old_names.shown(&role.params),
        params: role.params.shown(),
    })?;
    Ok(if role.is_open_to_all() { response.warn(OPEN_TO_ALL) } else { response })
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (place, _) = named(cx, tx).await?;
    tx.delete(&place);
    Ok(Response::empty())
}
