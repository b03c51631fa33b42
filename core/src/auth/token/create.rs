//! `auth/token/create`, `create-orphan`, `create/{role}`.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use strongroom_api::params::{Bool, Integer, List, Seconds, Text};
use strongroom_policies::PolicyName;

use super::roles::{self, Role};
use crate::{
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result},
    identity::{self, Vouched},
    policy,
    response::Response,
    route::{Field, Kind, Route, action, field, in_tx},
    tokens::{
        Parent, Token, TokenKind,
        issue::NewToken,
        params,
        ttl::{self, Lifetime, Limits, Wanted},
    },
    tx::Tx,
};

const FIELDS: &[Field] = &[
    field("display_name", Kind::Text),
    field("entity_alias", Kind::Text),
    field("explicit_max_ttl", Kind::Duration),
    field("id", Kind::Secret),
    field("lease", Kind::Duration),
    field("meta", Kind::Map),
    field("no_default_policy", Kind::Bool),
    field("no_parent", Kind::Bool),
    field("num_uses", Kind::Integer),
    field("period", Kind::Duration),
    field("policies", Kind::List),
    field("renewable", Kind::Bool),
    field("ttl", Kind::Duration),
    field("type", Kind::Text),
];

pub(super) const ROUTES: &[Route] = &[
    Route {
        pattern: "create",
        summary: "Makes a token, a child of the one that asks.",
        endpoints: &[action(in_tx!(create)).fields(FIELDS)],
    },
    Route {
        pattern: "create-orphan",
        summary: "Makes a token without a parent.",
        endpoints: &[action(in_tx!(create_orphan)).fields(FIELDS)],
    },
    Route {
        pattern: "create/{role_name}",
        summary: "Makes a token as a role says.",
        endpoints: &[action(in_tx!(create_by_role)).fields(FIELDS)],
    },
];

#[derive(Deserialize)]
struct Fields {
    display_name: Option<Text>,
    entity_alias: Option<Text>,
    explicit_max_ttl: Option<Seconds>,
    id: Option<Text>,
    lease: Option<Seconds>,
    meta: Option<BTreeMap<String, Text>>,
    no_default_policy: Option<Bool>,
    no_parent: Option<Bool>,
    num_uses: Option<Integer>,
    period: Option<Seconds>,
    policies: Option<Policies>,
    renewable: Option<Bool>,
    ttl: Option<Seconds>,
    #[serde(rename = "type")]
    kind: Option<Text>,
}

/// Policy names as they came: nothing is trimmed off them. Text is one name, whatever is in it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Policies {
    Many(Vec<String>),
    One(String),
}

async fn create(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    make(cx, tx, false, None).await
}

async fn create_orphan(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    make(cx, tx, true, None).await
}

async fn create_by_role(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = cx.param("role_name").to_owned();
    let role = roles::load(tx, cx.mount()?, &name).await?;
    let role = role.ok_or_else(|| Error::invalid(format!("unknown role {name}")))?;
    make(cx, tx, false, Some((name, role))).await
}

/// Who asks, as far as it matters for what may be asked.
struct Maker {
    /// None for an application that holds the root handle.
    parent: Option<(Parent, Token)>,
    policies: Vec<String>,
    sudo: bool,
}

impl Maker {
    async fn of(cx: &Cx<'_>, tx: &mut Tx) -> Result<Self> {
        let grant = cx.grant()?;
        let sudo = grant.is_root() || grant.has_sudo();
        let Some(token) = cx.caller.token() else {
            return Ok(Self { parent: None, policies: vec!["root".to_owned()], sudo });
        };
        let Some(selector) = token.selector() else {
            return Err(Error::invalid("batch tokens cannot create more tokens"));
        };
        if token.uses_left != 0 {
            return Err(Error::invalid("restricted use token cannot generate child tokens"));
        }
        let parent = cx.open()?.tokens.parent(tx, selector, cx.now).await?;
        Ok(Self { policies: parent.1.policies.clone(), parent: Some(parent), sudo })
    }

    fn is_root(&self) -> bool {
        self.policies.iter().any(|it| it == "root")
    }
}

async fn make(cx: &Cx<'_>, tx: &mut Tx, orphan: bool, role: Option<(String, Role)>) -> Result<Response> {
    let maker = Maker::of(cx, tx).await?;
    let fields: Fields = cx.fields()?;
    let mut warnings = Vec::new();
    let role_fields = role.as_ref().map(|(_, role)| role);

    let num_uses = num_uses(&fields, role_fields)?;
    let kind = kind(&fields, role_fields)?;
    let alias = entity_alias(&fields, role_fields)?;
    let id = id(&fields, &maker)?;
    let policies = policies(&fields, &maker, role_fields)?;
    if policies.iter().any(|it| it == "root") && kind == TokenKind::Batch {
        return Err(Error::invalid("batch tokens cannot be root tokens"));
    }
    let orphan = match role_fields {
        Some(role) => role.orphan,
        None if fields.no_parent.is_some_and(|it| it.0) => {
            // Rule 39
            if !maker.sudo {
                return Err(Error::invalid("root or sudo privileges required to create orphan token"));
            }
            true
        }
        None => orphan,
    };
    let period = fields.period.map_or(Duration::ZERO, |it| it.0);
    if !period.is_zero() && !maker.sudo {
        return Err(Error::invalid("root or sudo privileges required to create periodic token"));
    }
    let explicit_max_ttl = fields.explicit_max_ttl.map_or(Duration::ZERO, |it| it.0);
    let wanted = Wanted {
        ttl: fields.ttl.or(fields.lease).map_or(Duration::ZERO, |it| it.0),
        period: lesser("Period", period, role_fields.map(|it| it.params.period), &mut warnings),
        max_ttl: Duration::ZERO,
        explicit_max_ttl: lesser(
            "Explicit max TTL",
            explicit_max_ttl,
            role_fields.map(|it| it.params.explicit_max_ttl),
            &mut warnings,
        ),
    };
    let lifetime = lifetime(cx, &maker, &policies, wanted, &mut warnings)?;
    for name in &policies {
        if name != "root" && !exists(tx, name).await? {
            warnings.push(format!("Policy \"{name}\" does not exist"));
        }
    }

    let mount = cx.mount()?;
    let path = match role_fields {
        Some(role) if !role.path_suffix.is_empty() => {
            format!("{}/{}", cx.request.path.as_str().trim_end_matches('/'), role.path_suffix)
        }
        _ => cx.request.path.as_str().trim_end_matches('/').to_owned(),
    };
    let parent = maker.parent.as_ref().filter(|_| !orphan);
    let renewable = fields.renewable.is_none_or(|it| it.0)
        && role_fields.is_none_or(|it| it.renewable)
        && kind == TokenKind::Service
        && lifetime != Lifetime::Endless;
    let (entity, login) = match alias {
        Some(name) => {
            let vouched = Vouched { mount, name, metadata: BTreeMap::new(), groups: None };
            let it = identity::at_login(cx.open()?, tx, vouched, cx.now).await?;
            (it.entity, Some(it.login))
        }
        None => {
            let parent = parent.map(|(_, token)| (token.entity.clone(), token.login.clone()));
            parent.unwrap_or_default()
        }
    };
    let new = NewToken {
        namespace: mount.namespace,
        kind,
        parent: parent.map(|(parent, _)| *parent),
        policies,
        path,
        mount: Some(mount.id),
        display_name: display_name(fields.display_name.as_ref().map_or("", |it| &it.0)),
        metadata: fields.meta.map(|it| it.into_iter().map(|(key, value)| (key, value.0)).collect()),
        lifetime,
        max_ttl: Duration::ZERO,
        explicit_max_ttl,
        period,
        renewable,
        num_uses,
        entity,
        login,
        bound_cidrs: bound_cidrs(&maker, role_fields),
        role: role.map(|(name, _)| name).unwrap_or_default(),
        id,
    };
    let issued = cx.open()?.tokens.issue(tx, new, cx.now).await?;
    let open = cx.open()?;
    let whose = open.tokens.identity(open, &issued.token).await?;
    let mut response = Response::auth(issued.into_auth(whose.map(|it| it.sorted()).unwrap_or_default()));
    response.warnings = warnings;
    Ok(response)
}

/// The alias whose entity the token is to be of, which a role has to allow.
fn entity_alias<'a>(fields: &'a Fields, role: Option<&Role>) -> Result<Option<&'a str>> {
    let asked = fields.entity_alias.as_ref().map(|it| it.0.as_str()).filter(|it| !it.is_empty());
    match (asked, role) {
        (None, _) => Ok(None),
        (Some(_), None) => {
            Err(Error::invalid("'entity_alias' is only allowed in combination with token role"))
        }
        (Some(name), Some(role)) if role.allows_alias(name) => Ok(Some(name)),
        (Some(_), Some(_)) => Err(Error::invalid("invalid 'entity_alias' value")),
    }
}

fn num_uses(fields: &Fields, role: Option<&Role>) -> Result<i64> {
    let asked = fields.num_uses.map_or(0, |it| it.0);
    if asked < 0 {
        return Err(Error::invalid("number of uses cannot be negative"));
    }
    Ok(match role.map_or(0, |it| it.params.num_uses) {
        0 => asked,
        most if asked == 0 => most,
        most => asked.min(most),
    })
}

fn kind(fields: &Fields, role: Option<&Role>) -> Result<TokenKind> {
    let asked = match fields.kind.as_ref().map_or("", |it| &it.0) {
        "" => None,
        "batch" => Some(TokenKind::Batch),
        "service" => Some(TokenKind::Service),
        _ => return Err(Error::invalid("invalid 'token_type' value")),
    };
    let kind = role.map_or(params::TokenType::DefaultService, |it| it.params.token_type).choose(asked);
    if kind == TokenKind::Batch {
        let set = |it: Option<Seconds>| it.is_some_and(|it| !it.0.is_zero());
        let bad = [
            ("explicit_max_ttl", set(fields.explicit_max_ttl)),
            ("num_uses", fields.num_uses.is_some_and(|it| it.0 != 0)),
            ("period", set(fields.period)),
        ];
        if let Some((name, _)) = bad.iter().find(|(_, is_set)| *is_set) {
            return Err(Error::invalid(format!("batch tokens cannot have \"{name}\" set")));
        }
    }
    Ok(kind)
}

fn id(fields: &Fields, maker: &Maker) -> Result<Option<SecretBytes>> {
    let id = fields.id.as_ref().map_or("", |it| &it.0);
    if id.is_empty() {
        return Ok(None);
    }
    // Rule 39
    if !maker.sudo {
        return Err(Error::invalid("root or sudo privileges required to specify token id"));
    }
    if id.starts_with("s.") {
        return Err(Error::invalid("custom token ID cannot have the 's.' prefix"));
    }
    // So that what was chosen is never taken for what was drawn.
    if id.contains('.') {
        return Err(Error::invalid("custom token ID cannot have a '.' in the value"));
    }
    Ok(Some(SecretBytes::copy_of(id.as_bytes())))
}

/// The policies of the new token, sorted.
fn policies(fields: &Fields, maker: &Maker, role: Option<&Role>) -> Result<Vec<String>> {
    let raw: &[String] = match &fields.policies {
        None => &[],
        Some(Policies::Many(names)) => names,
        Some(Policies::One(name)) => std::slice::from_ref(name),
    };
    let asked = params::policy_names(raw)?;
    let no_default = fields.no_default_policy.is_some_and(|it| it.0);
    let mut policies = match role.filter(|it| it.rules_policies()) {
        Some(role) => role.policies(asked, &maker.policies, no_default)?,
        // A child without a word about policies is as its parent is.
        None if asked.is_empty() => maker.policies.clone(),
        None if maker.sudo => with_default(asked, !no_default),
        None => {
            // Rule 39
            if asked.iter().any(|it| !maker.policies.contains(it)) {
                return Err(Error::invalid("child policies must be subset of parent"));
            }
            let inherits = maker.policies.iter().any(|it| it == "default");
            with_default(asked, inherits && !no_default)
        }
    };
    if no_default {
        policies.retain(|it| it != "default");
    }
    if policies.iter().any(|it| it == "response-wrapping") {
        return Err(Error::invalid("cannot assign policy \"response-wrapping\""));
    }
    if policies.iter().any(|it| it == "root") {
        // Rule 38
        if !maker.is_root() {
            return Err(Error::invalid("root tokens may not be created without parent token being root"));
        }
        return Ok(vec!["root".to_owned()]);
    }
    policies.sort_unstable();
    policies.dedup();
    Ok(policies)
}

/// Adds `default`, unless there is `root`, which needs nothing beside it.
pub(super) fn with_default(mut policies: Vec<String>, add: bool) -> Vec<String> {
    let needless = policies.iter().any(|it| it == "default" || it == "root");
    if add && !needless {
        policies.push("default".to_owned());
    }
    policies
}

/// What both the request and the role may limit.
fn lesser(what: &str, asked: Duration, role: Option<Duration>, warnings: &mut Vec<String>) -> Duration {
    match role.unwrap_or_default() {
        Duration::ZERO => asked,
        role if asked.is_zero() => role,
        role => {
            let lesser = asked.min(role);
            warnings.push(format!(
                "{what} specified both during creation call and in role; using the lesser value of {} seconds",
                lesser.as_secs()
            ));
            lesser
        }
    }
}

fn lifetime(
    cx: &Cx<'_>,
    maker: &Maker,
    policies: &[String],
    wanted: Wanted,
    warnings: &mut Vec<String>,
) -> Result<Lifetime> {
    let root = policies.iter().any(|it| it == "root");
    if !root || !wanted.ttl.is_zero() || !wanted.period.is_zero() {
        let limits = Limits::of(&cx.mount()?.config, cx.core.settings());
        let given = ttl::give(limits, wanted, cx.now, cx.now)?;
        warnings.extend(given.warning);
        return Ok(Lifetime::For(given.ttl));
    }
    if !wanted.explicit_max_ttl.is_zero() {
        return Ok(Lifetime::For(wanted.explicit_max_ttl));
    }
    // Rule 40
    if maker.parent.as_ref().is_some_and(|(_, token)| token.expires.is_some()) {
        return Err(Error::invalid("expiring root tokens cannot create non-expiring root tokens"));
    }
    Ok(Lifetime::Endless)
}

/// Rule 44: whoever is bound to a network makes tokens that are. Only a role that names networks says
/// otherwise: whoever wrote it decided so.
fn bound_cidrs(maker: &Maker, role: Option<&Role>) -> Vec<String> {
    match role.map(|it| it.params.bound_cidrs.as_slice()) {
        Some(bound) if !bound.is_empty() => bound.to_vec(),
        _ => maker.parent.as_ref().map(|(_, token)| token.bound_cidrs.clone()).unwrap_or_default(),
    }
}

fn display_name(asked: &str) -> String {
    if asked.is_empty() {
        return "token".to_owned();
    }
    let plain = |it: char| if it.is_ascii_alphanumeric() { it } else { '-' };
    let name: String = "token-".chars().chain(asked.chars().map(plain)).collect();
    name.strip_suffix('-').map_or(name.clone(), str::to_owned)
}

async fn exists(tx: &Tx, name: &str) -> Result<bool> {
    let Ok(name) = PolicyName::new(name) else { return Ok(false) };
    Ok(tx.store().rev(&policy::place(tx.store(), &name)).await?.is_some())
}

/// Lists that a role holds and that hold policy names.
pub(super) fn names(list: Option<List>) -> Result<Option<Vec<String>>> {
    list.map(|it| params::policy_names(&it.0)).transpose()
}
