//! `auth/token/roles`: what tokens may be made on somebody's behalf.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use strongroom_api::params::{Bool, Integer, List, Seconds, Text};

use super::create;
use crate::{
    barrier::{Class, Filed, Place, Record, filed},
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Field, Kind, Route, delete, field, in_tx, list, read, store},
    tokens::{
        Token,
        params::{self, TokenParams, TokenType},
        ttl::Limits,
    },
    tx::Tx,
};

const FIELDS: &[Field] = &[
    field("allowed_entity_aliases", Kind::List),
    field("allowed_policies", Kind::List),
    field("allowed_policies_glob", Kind::List),
    field("bound_cidrs", Kind::List),
    field("disallowed_policies", Kind::List),
    field("disallowed_policies_glob", Kind::List),
    field("explicit_max_ttl", Kind::Duration),
    field("orphan", Kind::Bool),
    field("path_suffix", Kind::Text),
    field("period", Kind::Duration),
    field("renewable", Kind::Bool),
    field("token_bound_cidrs", Kind::List),
    field("token_explicit_max_ttl", Kind::Duration),
    field("token_no_default_policy", Kind::Bool),
    field("token_num_uses", Kind::Integer),
    field("token_period", Kind::Duration),
    field("token_strictly_bind_ip", Kind::Bool),
    field("token_type", Kind::Text),
];

pub(super) const ROUTES: &[Route] = &[
    Route { pattern: "roles", summary: "The names of all token roles.", endpoints: &[list(in_tx!(names))] },
    Route {
        pattern: "roles/{role_name}",
        summary: "A token role.",
        endpoints: &[read(in_tx!(show)), store(in_tx!(write)).fields(FIELDS), delete(in_tx!(remove))],
    },
];

/// A token role.
#[derive(Clone, Debug, minicbor::CborLen, minicbor::Decode, minicbor::Encode)]
pub(super) struct Role {
    #[n(0)]
    pub(super) params: TokenParams,
    #[n(1)]
    allowed_policies: Vec<String>,
    #[n(2)]
    allowed_policies_glob: Vec<String>,
    #[n(3)]
    disallowed_policies: Vec<String>,
    #[n(4)]
    disallowed_policies_glob: Vec<String>,
    #[n(5)]
    pub(super) orphan: bool,
    #[n(6)]
    pub(super) renewable: bool,
    #[n(7)]
    pub(super) path_suffix: String,
    #[n(8)]
    allowed_entity_aliases: Option<Vec<String>>,
    /// The three that were written under their old names are shown under them too.
    #[n(9)]
    old_period: bool,
    #[n(10)]
    old_explicit_max_ttl: bool,
    #[n(11)]
    old_bound_cidrs: bool,
}

impl Record for Role {}

pub(crate) const KINDS: &[Filed] = &[filed::<Role>(Class::Config)];

impl Default for Role {
    fn default() -> Self {
        Self {
            params: TokenParams { token_type: TokenType::DefaultService, ..TokenParams::default() },
            allowed_policies: Vec::new(),
            allowed_policies_glob: Vec::new(),
            disallowed_policies: Vec::new(),
            disallowed_policies_glob: Vec::new(),
            orphan: false,
            renewable: true,
            path_suffix: String::new(),
            allowed_entity_aliases: None,
            old_period: false,
            old_explicit_max_ttl: false,
            old_bound_cidrs: false,
        }
    }
}

impl Role {
    /// Whether its tokens may be of the entity with this alias.
    pub(super) fn allows_alias(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        self.allowed_entity_aliases.iter().flatten().any(|it| glob(it, &name))
    }

    /// Whether the role, and not the parent, says which policies there can be.
    pub(super) fn rules_policies(&self) -> bool {
        [
            &self.allowed_policies,
            &self.allowed_policies_glob,
            &self.disallowed_policies,
            &self.disallowed_policies_glob,
        ]
        .iter()
        .any(|it| !it.is_empty())
    }

    /// The policies of a token that is made by this role.
    pub(super) fn policies(
        &self,
        asked: Vec<String>,
        parent: &[String],
        no_default: bool,
    ) -> Result<Vec<String>> {
        let add_default = !no_default
            && !self.params.no_default_policy
            && !self.disallowed_policies.iter().any(|it| it == "default")
            && !fits(&self.disallowed_policies_glob, "default");
        let mut policies = if asked.is_empty() { asked } else { sorted(asked, add_default) };
        if !self.allowed_policies.is_empty() || !self.allowed_policies_glob.is_empty() {
            let allowed = sorted(self.allowed_policies.clone(), add_default);
            if policies.is_empty() {
                policies = allowed;
            } else if policies
                .iter()
                .any(|it| !allowed.contains(it) && !fits(&self.allowed_policies_glob, it))
            {
                return Err(Error::invalid(format!(
                    "token policies ({}) must be subset of the role's allowed policies ({}) or glob policies ({})",
                    quoted(&policies),
                    quoted(&allowed),
                    quoted(&self.allowed_policies_glob)
                )));
            }
        } else if policies.is_empty() {
            policies = sorted(parent.to_vec(), add_default);
        }
        let disallowed =
            |it: &&String| self.disallowed_policies.contains(it) || fits(&self.disallowed_policies_glob, it);
        match policies.iter().find(disallowed) {
            Some(name) => Err(Error::invalid(format!("token policy \"{name}\" is disallowed by this role"))),
            None => Ok(policies),
        }
    }
}

fn sorted(policies: Vec<String>, add_default: bool) -> Vec<String> {
    let mut policies = create::with_default(policies, add_default);
    policies.sort_unstable();
    policies
}

/// As Go prints a list of strings.
fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|it| format!("\"{it}\"")).collect();
    format!("[{}]", names.join(" "))
}

fn fits(globs: &[String], name: &str) -> bool {
    globs.iter().any(|it| glob(it, name))
}

/// `*` at the beginning, at the end, or at both, stands for anything.
fn glob(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        _ if pattern == "*" => true,
        (Some(rest), Some(_)) => name.contains(rest.strip_suffix('*').unwrap_or(rest)),
        (Some(end), None) => name.ends_with(end),
        (None, Some(start)) => name.starts_with(start),
        (None, None) => name == pattern,
    }
}

fn place(tx: &Tx, mount: &Mount, name: &str) -> Place {
    tx.store().place(Class::Config, mount.root(), &format!("role/{name}"))
}

/// The role called `name`, as the transaction sees it.
pub(super) async fn load(tx: &mut Tx, mount: &Mount, name: &str) -> Result<Option<Role>> {
    let place = place(tx, mount, name);
    tx.get(&place).await
}

/// What a renewal of a token that a role made goes by: the role as it is now.
pub(super) async fn at_renewal(mount: &Mount, tx: &mut Tx, token: &Token) -> Result<Option<TokenParams>> {
    let name = &token.role;
    if name.is_empty() {
        return Ok(None);
    }
    let role = load(tx, mount, name).await?.ok_or_else(|| {
        Error::invalid(format!("original token role \"{name}\" could not be found, not renewing"))
    })?;
    Ok(Some(role.params))
}

#[derive(Deserialize)]
struct Fields {
    allowed_entity_aliases: Option<List>,
    allowed_policies: Option<List>,
    allowed_policies_glob: Option<List>,
    bound_cidrs: Option<List>,
    disallowed_policies: Option<List>,
    disallowed_policies_glob: Option<List>,
    explicit_max_ttl: Option<Seconds>,
    orphan: Option<Bool>,
    path_suffix: Option<Text>,
    period: Option<Seconds>,
    renewable: Option<Bool>,
    token_bound_cidrs: Option<List>,
    token_explicit_max_ttl: Option<Seconds>,
    token_no_default_policy: Option<Bool>,
    token_num_uses: Option<Integer>,
    token_period: Option<Seconds>,
    token_strictly_bind_ip: Option<Bool>,
    token_type: Option<Text>,
}

async fn names(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let dir = tx.store().dir(cx.mount()?.root(), "role/");
    Response::keys(&tx.names(Class::Config, dir).await?)
}

async fn write(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = cx.param("role_name");
    let place = place(tx, cx.mount()?, name);
    let old = tx.get::<Role>(&place).await?;
    cx.may_write(old.is_some())?;
    let fields: Fields = cx.fields()?;
    let role = changed(old.unwrap_or_default(), fields)?;
    tx.put(&place, &role)?;
    let limits = Limits::of(&cx.mount()?.config, cx.core.settings());
    let mut response = Response::empty();
    if role.params.explicit_max_ttl > limits.max {
        response.warnings.push(format!(
            "Given explicit max TTL of {} is greater than system/mount allowed value of {} seconds; until this is fixed attempting to create tokens against this role will result in an error",
            role.params.explicit_max_ttl.as_secs(),
            limits.max.as_secs()
        ));
    }
    Ok(response)
}

fn changed(mut role: Role, fields: Fields) -> Result<Role> {
    let set = |slot: &mut Vec<String>, list: Option<Vec<String>>| {
        if let Some(list) = list {
            *slot = list;
        }
    };
    // Rule 38: what a role allows never includes root.
    let allowed = fields.allowed_policies.map(|it| params::assignable(&it.0)).transpose()?;
    set(&mut role.allowed_policies, allowed);
    set(&mut role.allowed_policies_glob, create::names(fields.allowed_policies_glob)?);
    set(&mut role.disallowed_policies, create::names(fields.disallowed_policies)?);
    set(&mut role.disallowed_policies_glob, create::names(fields.disallowed_policies_glob)?);
    if let Some(List(aliases)) = fields.allowed_entity_aliases {
        role.allowed_entity_aliases = Some(aliases.iter().map(|it| it.to_ascii_lowercase()).collect());
    }
    if let Some(Bool(flag)) = fields.orphan {
        role.orphan = flag;
    }
    if let Some(Bool(flag)) = fields.renewable {
        role.renewable = flag;
    }
    if let Some(Text(suffix)) = fields.path_suffix {
        role.path_suffix = path_suffix(suffix)?;
    }
    one_of(&mut role.params.period, &mut role.old_period, fields.token_period, fields.period);
    one_of(
        &mut role.params.explicit_max_ttl,
        &mut role.old_explicit_max_ttl,
        fields.token_explicit_max_ttl,
        fields.explicit_max_ttl,
    );
    if let Some(List(cidrs)) = fields.bound_cidrs {
        role.params.bound_cidrs = params::cidrs(cidrs)?;
        role.old_bound_cidrs = true;
    }
    if let Some(List(cidrs)) = fields.token_bound_cidrs {
        role.params.bound_cidrs = params::cidrs(cidrs)?;
        role.old_bound_cidrs = false;
    }
    if let Some(Bool(flag)) = fields.token_no_default_policy {
        role.params.no_default_policy = flag;
    }
    if let Some(Bool(flag)) = fields.token_strictly_bind_ip {
        role.params.strictly_bind_ip = flag;
    }
    if let Some(Integer(number)) = fields.token_num_uses {
        if number < 0 {
            return Err(Error::invalid("error parsing role fields: 'token_num_uses' cannot be negative"));
        }
        role.params.num_uses = number;
    }
    if let Some(Text(text)) = fields.token_type {
        let known = TokenType::parse(&text).filter(|it| *it != TokenType::Default);
        role.params.token_type = known.ok_or_else(|| Error::invalid("invalid 'token_type' value"))?;
    }
    check(&role)?;
    Ok(role)
}

/// The newer spelling of a field wins over the older one.
fn one_of(slot: &mut Duration, old: &mut bool, newer: Option<Seconds>, older: Option<Seconds>) {
    if let Some(Seconds(time)) = newer.or(older) {
        *slot = time;
        *old = newer.is_none();
    }
}

fn check(role: &Role) -> Result<()> {
    if role.params.token_type != TokenType::Batch {
        return Ok(());
    }
    let reason = if !role.orphan {
        "non-orphan tokens"
    } else if !role.params.period.is_zero() {
        "periodic tokens"
    } else if role.renewable {
        "renewable tokens"
    } else if !role.params.explicit_max_ttl.is_zero() {
        "tokens with an explicit max TTL"
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!("'token_type' cannot be 'batch' when role is set to generate {reason}")))
}

/// Part of a path that prefixes are revoked by: one segment of plain characters.
fn path_suffix(suffix: String) -> Result<String> {
    let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
    let inner = |it: char| word(it) || matches!(it, '-' | '.');
    let fits =
        suffix.len() >= 3 && suffix.starts_with(word) && suffix.ends_with(word) && suffix.chars().all(inner);
    if suffix.is_empty() || fits {
        return Ok(suffix);
    }
    Err(Error::invalid("given role path suffix contains invalid characters; must match \\w[\\w-.]+\\w"))
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    allowed_entity_aliases: Option<&'a [String]>,
    allowed_policies: &'a [String],
    allowed_policies_glob: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    bound_cidrs: &'a [String],
    disallowed_policies: &'a [String],
    disallowed_policies_glob: &'a [String],
    explicit_max_ttl: u64,
    orphan: bool,
    path_suffix: &'a str,
    period: u64,
    renewable: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    token_bound_cidrs: &'a [String],
    token_explicit_max_ttl: u64,
    token_no_default_policy: bool,
    #[serde(skip_serializing_if = "is_zero")]
    token_num_uses: i64,
    token_period: u64,
    token_type: &'static str,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

async fn show(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let name = cx.param("role_name");
    let role = load(tx, cx.mount()?, name).await?.ok_or(Error::NotFound)?;
    let params = &role.params;
    let old = |is_old: bool, time: Duration| if is_old { time.as_secs() } else { 0 };
    Response::data(&Shown {
        name,
        allowed_entity_aliases: role.allowed_entity_aliases.as_deref(),
        allowed_policies: &role.allowed_policies,
        allowed_policies_glob: &role.allowed_policies_glob,
        bound_cidrs: if role.old_bound_cidrs { &params.bound_cidrs } else { &[] },
        disallowed_policies: &role.disallowed_policies,
        disallowed_policies_glob: &role.disallowed_policies_glob,
        explicit_max_ttl: old(role.old_explicit_max_ttl, params.explicit_max_ttl),
        orphan: role.orphan,
        path_suffix: &role.path_suffix,
        period: old(role.old_period, params.period),
        renewable: role.renewable,
        token_bound_cidrs: &params.bound_cidrs,
        token_explicit_max_ttl: params.explicit_max_ttl.as_secs(),
        token_no_default_policy: params.no_default_policy,
        token_num_uses: params.num_uses,
        token_period: params.period.as_secs(),
        token_type: params.token_type.name(),
    })
}

async fn remove(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let place = place(tx, cx.mount()?, cx.param("role_name"));
    tx.delete(&place);
    Ok(Response::empty())
}
