//! `role/{name}`: which tokens may log in, and what their logins are like.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use strongroom_api::params::{Bool, List, Pairs, Seconds, SignedSeconds, Text};

use super::{
    bound::{self, Bound, Matching, ShownClaims},
    mapped,
};
use crate::{
    auth::{jws::Leeways, name::Name},
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

const FIELDS: &[Field] = &[
    field("allowed_redirect_uris", Kind::List),
    field("bound_audiences", Kind::List),
    field("bound_cidrs", Kind::List),
    field("bound_claims", Kind::Map),
    field("bound_claims_type", Kind::Text),
    field("bound_subject", Kind::Text),
    field("claim_mappings", Kind::Map),
    field("clock_skew_leeway", Kind::Duration),
    field("expiration_leeway", Kind::Duration),
    field("groups_claim", Kind::Text),
    field("max_age", Kind::Duration),
    field("max_ttl", Kind::Duration),
    field("not_before_leeway", Kind::Duration),
    field("num_uses", Kind::Integer),
    field("oidc_scopes", Kind::List),
    field("period", Kind::Duration),
    field("policies", Kind::List),
    field("role_type", Kind::Text),
    field("token_bound_cidrs", Kind::List),
    field("token_explicit_max_ttl", Kind::Duration),
    field("token_max_ttl", Kind::Duration),
    field("token_no_default_policy", Kind::Bool),
    field("token_num_uses", Kind::Integer),
    field("token_period", Kind::Duration),
    field("token_policies", Kind::List),
    field("token_policies_template_claims", Kind::Bool),
    field("token_strictly_bind_ip", Kind::Bool),
    field("token_ttl", Kind::Duration),
    field("token_type", Kind::Text),
    field("ttl", Kind::Duration),
    field("user_claim", Kind::Text),
    field("user_claim_json_pointer", Kind::Bool),
    field("verbose_oidc_logging", Kind::Bool),
];

pub(super) const ROUTES: &[Route] = &[
    Route { pattern: "role", summary: "The names of all roles.", endpoints: &[list(in_tx!(names))] },
    Route {
        pattern: "role/{name}",
        summary: "Which tokens may log in, and what their logins may do.",
        endpoints: &[read(in_tx!(show)), store(in_tx!(write)).fields(FIELDS), delete(in_tx!(remove))],
    },
];

#[derive(Clone, Debug, Default, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Role {
    #[n(0)]
    pub(super) name: String,
    #[n(1)]
    pub(super) bound_audiences: Vec<String>,
    #[n(2)]
    pub(super) bound_subject: String,
    #[n(3)]
    pub(super) bound_claims: Vec<Bound>,
    #[n(4)]
    pub(super) bound_claims_type: Matching,
    /// Claims, and the keys of metadata that they become.
    #[n(5)]
    pub(super) claim_mappings: BTreeMap<String, String>,
    #[n(6)]
    pub(super) user_claim: String,
    #[n(7)]
    pub(super) user_claim_json_pointer: bool,
    #[n(8)]
    pub(super) groups_claim: String,
    #[n(9)]
    pub(super) leeways: Leeways,
    /// Kept for whoever reads the role back: it is about browsers.
    #[cbor(n(10), with = "crate::codec::seconds")]
    max_age: Duration,
    #[n(11)]
    verbose_oidc_logging: bool,
    #[n(12)]
    pub(super) params: TokenParams,
    #[n(13)]
    old_names: OldNames,
}

impl Record for Role {}

pub(super) const KINDS: &[Filed] = &[filed::<Role>(Class::Config)];

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
    allowed_redirect_uris: Option<List>,
    bound_audiences: Option<List>,
    bound_claims: Option<Map<String, Value>>,
    bound_claims_type: Option<Text>,
    bound_subject: Option<Text>,
    claim_mappings: Option<Pairs>,
    clock_skew_leeway: Option<SignedSeconds>,
    expiration_leeway: Option<SignedSeconds>,
    groups_claim: Option<Text>,
    max_age: Option<Seconds>,
    not_before_leeway: Option<SignedSeconds>,
    oidc_scopes: Option<List>,
    role_type: Option<Text>,
    token_policies_template_claims: Option<Bool>,
    user_claim: Option<Text>,
    user_claim_json_pointer: Option<Bool>,
    verbose_oidc_logging: Option<Bool>,
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = Name::new(cx.param("name"))?;
    let (place, old) = named(cx, tx).await?;
    cx.may_write(old.is_some())?;
    let mut role = old.unwrap_or_default();
    role.name = name.to_string();
    let fields: Fields = cx.fields()?;
    no_browsers(&fields)?;
    role.change(fields)?;
    let mut tokens: TokenFields = cx.fields()?;
    role.old_names.fill(cx.fields()?, &mut tokens);
    role.params.update(tokens)?;
    role.check()?;
    tx.put(&place, &role)?;
    Ok(role.params.written(Limits::of(&cx.mount()?.config, cx.core.settings())))
}

/// Only tokens log in here. What is meant for logins with a browser is refused rather than passed over.
fn no_browsers(fields: &Fields) -> Result<()> {
    match fields.role_type.as_ref().map_or("jwt", |it| it.0.as_str()) {
        "jwt" | "" => {}
        "oidc" => {
            return Err(Error::invalid(
                "'role_type' oidc, the login with a browser, is not served: only 'jwt' is",
            ));
        }
        other => return Err(Error::invalid(format!("invalid 'role_type': {}", crate::error::word(other)))),
    }
    let has_some = |list: &Option<List>| list.as_ref().is_some_and(|it| !it.0.is_empty());
    if has_some(&fields.allowed_redirect_uris) || has_some(&fields.oidc_scopes) {
        return Err(Error::invalid(
            "logins with a browser are not served: allowed_redirect_uris and oidc_scopes must be empty",
        ));
    }
    match fields.token_policies_template_claims.unwrap_or_default().0 {
        true => Err(Error::invalid(
            "policies whose names are made of claims are not served: token_policies_template_claims must be false",
        )),
        false => Ok(()),
    }
}

impl Role {
    fn change(&mut self, fields: Fields) -> Result<()> {
        if let Some(List(list)) = fields.bound_audiences {
            self.bound_audiences = list;
        }
        if let Some(Text(text)) = fields.bound_subject {
            self.bound_subject = text;
        }
        if let Some(Text(text)) = fields.bound_claims_type {
            self.bound_claims_type = Matching::parse(&text)
                .ok_or_else(|| Error::invalid("invalid 'bound_claims_type': it is 'string' or 'glob'"))?;
            if fields.bound_claims.is_none() && !self.bound_claims.is_empty() {
                // They were read as the other kind.
                return Err(Error::invalid("'bound_claims_type' changes together with 'bound_claims'"));
            }
        }
        if let Some(claims) = fields.bound_claims {
            self.bound_claims = bound::read(&claims, self.bound_claims_type)?;
        }
        if let Some(Pairs(pairs)) = fields.claim_mappings {
            self.claim_mappings = mappings(pairs)?;
        }
        if let Some(SignedSeconds(leeway)) = fields.clock_skew_leeway {
            self.leeways.clock_skew = leeway;
        }
        if let Some(SignedSeconds(leeway)) = fields.expiration_leeway {
            self.leeways.expiration = leeway;
        }
        if let Some(SignedSeconds(leeway)) = fields.not_before_leeway {
            self.leeways.not_before = leeway;
        }
        if let Some(Text(text)) = fields.groups_claim {
            self.groups_claim = text;
        }
        if let Some(Seconds(time)) = fields.max_age {
            self.max_age = time;
        }
        if let Some(Text(text)) = fields.user_claim {
            self.user_claim = text;
        }
        if let Some(Bool(flag)) = fields.user_claim_json_pointer {
            self.user_claim_json_pointer = flag;
        }
        if let Some(Bool(flag)) = fields.verbose_oidc_logging {
            self.verbose_oidc_logging = flag;
        }
        Ok(())
    }

    fn check(&self) -> Result<()> {
        if self.user_claim.is_empty() {
            return Err(Error::invalid("a user claim must be defined on the role"));
        }
        let is_bound = !self.bound_audiences.is_empty()
            || !self.bound_subject.is_empty()
            || !self.bound_claims.is_empty()
            || !self.params.bound_cidrs.is_empty();
        match is_bound {
            true => Ok(()),
            false => {
                Err(Error::invalid("must have at least one bound constraint when creating/updating a role"))
            }
        }
    }
}

/// Each key of metadata comes from one claim; `role` from none.
fn mappings(pairs: BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let mut keys = BTreeSet::new();
    for (claim, key) in &pairs {
        if claim.is_empty() || key.is_empty() {
            return Err(Error::invalid("'claim_mappings' maps names to names"));
        }
        if key == mapped::ROLE {
            return Err(Error::invalid(
                "metadata key \"role\" is reserved and may not be a mapping destination",
            ));
        }
        if !keys.insert(key) {
            return Err(Error::invalid("multiple claims are mapped to one metadata key"));
        }
    }
    Ok(pairs)
}

#[derive(Serialize)]
struct Shown<'a> {
    allowed_redirect_uris: Option<()>,
    bound_audiences: Option<&'a [String]>,
    bound_claims: Option<ShownClaims<'a>>,
    bound_claims_type: &'static str,
    bound_subject: &'a str,
    claim_mappings: Option<&'a BTreeMap<String, String>>,
    clock_skew_leeway: i64,
    expiration_leeway: i64,
    groups_claim: &'a str,
    max_age: u64,
    not_before_leeway: i64,
    oidc_scopes: Option<()>,
    role_type: &'static str,
    user_claim: &'a str,
    user_claim_json_pointer: bool,
    verbose_oidc_logging: bool,
    #[serde(flatten)]
    old: ShownOld<'a>,
    #[serde(flatten)]
    params: ShownParams<'a>,
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (_, role) = named(cx, tx).await?;
    let role = role.ok_or(Error::NotFound)?;
    Response::data(&Shown {
        allowed_redirect_uris: None,
        bound_audiences: Some(role.bound_audiences.as_slice()).filter(|it| !it.is_empty()),
        bound_claims: Some(role.bound_claims.as_slice()).filter(|it| !it.is_empty()).map(ShownClaims),
        bound_claims_type: role.bound_claims_type.name(),
        bound_subject: &role.bound_subject,
        claim_mappings: Some(&role.claim_mappings).filter(|it| !it.is_empty()),
        clock_skew_leeway: role.leeways.clock_skew,
        expiration_leeway: role.leeways.expiration,
        groups_claim: &role.groups_claim,
        max_age: role.max_age.as_secs(),
        not_before_leeway: role.leeways.not_before,
        oidc_scopes: None,
        role_type: "jwt",
        user_claim: &role.user_claim,
        user_claim_json_pointer: role.user_claim_json_pointer,
        verbose_oidc_logging: role.verbose_oidc_logging,
        old: role.old_names.shown(&role.params),
        params: role.params.shown(),
    })
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let (place, _) = named(cx, tx).await?;
    tx.delete(&place);
    Ok(Response::empty())
}
