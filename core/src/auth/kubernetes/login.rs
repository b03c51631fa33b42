//! `login`.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use serde::Deserialize;
use strongroom_api::params::Text;

use super::{
    cluster::Cluster,
    config::{self, Config, Verify},
    reviewed::Account,
    role::{self, OPEN_TO_ALL, Role},
};
use crate::{
    auth::{
        jws::{Claims, Leeways, Presented},
        name::Name,
    },
    barrier::Place,
    crypto::SecretBytes,
    dispatch::Cx,
    error::{Error, Result, word},
    mounts::Mount,
    response::Response,
    route::{Kind, Route, Stage, action, field, prepared},
    storage::Rev,
    store::Versioned,
    tokens::{
        Token,
        login::{LoginGrant, login},
        params::TokenParams,
    },
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "login",
    summary: "Gives a token for a service account's.",
    endpoints: &[action(prepared!(verify))
        .login()
        .fields(&[field("jwt", Kind::Secret), field("role", Kind::Text)])],
}];

const ROLE: &str = "role";

#[derive(Deserialize)]
struct Fields {
    jwt: Option<Text>,
    role: Option<Text>,
}

/// A login whose account is known, and may have the role.
struct Verified {
    /// The records that this is so by, at the revisions that they had.
    seen: [(Place, Rev); 2],
    role: Arc<Role>,
    account: Account,
}

async fn verify(cx: &Cx<'_>) -> Result<Verified> {
    let (mount, store) = (cx.mount()?, &cx.open()?.store);
    let fields: Fields = cx.fields()?;
    let named = fields.role.map(|it| it.0).unwrap_or_default();
    // Files of tokens may end in a line break.
    let token = SecretBytes::copy_of(fields.jwt.as_ref().map_or("", |it| it.0.trim()).as_bytes());
    if named.is_empty() {
        return Err(Error::invalid("missing role"));
    }
    if token.is_empty() {
        return Err(Error::invalid("missing jwt"));
    }
    let unknown = || Error::invalid(format!("invalid role name \"{}\"", word(&named)));
    let role = match Name::new(&named) {
        Ok(name) => {
            let place = role::place(store, mount, &name);
            store.cached::<Role>(&place).await?.map(|it| (place, it))
        }
        Err(_) => None,
    };
    let place = config::place(store, mount);
    let Some(config) = store.cached::<Config>(&place).await? else {
        // Nobody can be asked, and nothing is kept from anybody.
        return Err(role.map_or_else(unknown, |_| Error::invalid("could not load backend configuration")));
    };
    let cluster = Cluster { store, mount, config: &config.value, login: &token };
    let audience = role.as_ref().map_or("", |(_, role)| &role.value.audience);
    // The same is asked for a role that there is not: only who is somebody in the cluster is told (rule 66).
    let account = account(cx, &config, &cluster, audience).await?.ok_or(Error::Denied)?;
    let (role_place, role) = role.ok_or_else(unknown)?;
    if !may_have(cx, &role.value, &account, &cluster).await? {
        return Err(Error::Denied);
    }
    Ok(Verified { seen: [(place, config.rev), (role_place, role.rev)], role: role.value, account })
}

/// Whose the token is.
async fn account(
    cx: &Cx<'_>,
    config: &Versioned<Arc<Config>>,
    cluster: &Cluster<'_>,
    audience: &str,
) -> Result<Option<Account>> {
    let open = cx.open()?;
    let text = cluster.login.expose_str().unwrap_or_default();
    let issuer = open.issuers.of(cluster.mount.id, config.rev, || config.value.fixed())?;
    if issuer.fixed.is_empty() && config.value.verify == Verify::Review {
        return if Presented::is_one(text) { review(cx, cluster, audience).await } else { Ok(None) };
    }
    let Ok(token) = Presented::parse(text) else { return Ok(None) };
    let claims = match issuer.fixed.is_empty() {
        false => issuer.fixed.verify(&token),
        true => issuer.published.verify(cx.core, cx.request, &token, cluster).await?,
    };
    let Some(claims) = claims.filter(|it| is_good(cx, &config.value, it, audience)) else { return Ok(None) };
    match config.value.verify {
        Verify::Review => review(cx, cluster, audience).await,
        // Without an audience a token for anybody would be one for us (rule 81).
        Verify::Local if audience.is_empty() => Ok(None),
        Verify::Local => Ok(Account::of_claims(&claims)),
    }
}

async fn review(cx: &Cx<'_>, cluster: &Cluster<'_>, audience: &str) -> Result<Option<Account>> {
    // Strangers of one network cannot have all places among those who wait for the cluster.
    let _waiting = cx.core.attempts().wait(cx.request)?;
    cluster.review(cx.core, audience).await
}

/// Whether a token whose signature was verified is for us, and now.
fn is_good(cx: &Cx<'_>, config: &Config, claims: &Claims, audience: &str) -> bool {
    let is_named = match claims.audience() {
        Ok(named) => audience.is_empty() || named.is_some_and(|it| it.contains(&audience)),
        Err(_) => false,
    };
    let is_issuers = match (claims.text("iss"), config.wanted_issuer()) {
        (Ok(issuer), Some(wanted)) => issuer == Some(wanted),
        (outcome, None) => outcome.is_ok(),
        (Err(_), Some(_)) => false,
    };
    is_named && is_issuers && Leeways::default().check(claims, cx.now).is_ok()
}

/// Whether the role is for this account, from where the login comes.
async fn may_have(cx: &Cx<'_>, role: &Role, account: &Account, cluster: &Cluster<'_>) -> Result<bool> {
    if !role.names(account) || !role.params.may_login_from(&cx.request.peer) {
        return Ok(false);
    }
    match &role.selector {
        _ if role.names_namespace_of(account) => Ok(true),
        None => Ok(false),
        Some(selector) => {
            let labels = cluster.labels(cx.core, &account.namespace).await?;
            Ok(labels.is_some_and(|it| selector.fits(&it)))
        }
    }
}

impl Stage for Verified {
    fn stage<'a>(&'a self, cx: &'a Cx<'a>, tx: &'a mut Tx) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            for (place, rev) in &self.seen {
                if !tx.is_at(place, *rev).await? {
                    // What the account was held against has been changed since.
                    return Err(Error::Busy);
                }
            }
            let (role, account) = (&self.role, &self.account);
            let alias_metadata = BTreeMap::from(
                [
                    ("service_account_name", &account.name),
                    ("service_account_namespace", &account.namespace),
                    ("service_account_secret_name", &account.secret),
                    ("service_account_uid", &account.uid),
                ]
                .map(|(key, value)| (key.to_owned(), value.clone())),
            );
            let mut metadata = alias_metadata.clone();
            metadata.insert(ROLE.to_owned(), role.name.clone());
            let grant = LoginGrant {
                params: &role.params,
                alias: &role.alias(account),
                alias_metadata,
                groups: None,
                display_name: &format!("{}-{}", account.namespace, account.name),
                metadata,
                policies: &[],
            };
            let response = login(cx, tx, grant).await?;
            Ok(if role.is_open_to_all() { response.warn(OPEN_TO_ALL) } else { response })
        })
    }
}

/// What a renewal goes by: the role as it is now.
pub(super) async fn at_renewal(mount: &Mount, tx: &mut Tx, token: &Token) -> Result<Option<TokenParams>> {
    let name = token.metadata.as_ref().and_then(|it| it.get(ROLE));
    let name = Name::new(name.map(String::as_str).unwrap_or_default())?;
    let place = role::place(tx.store(), mount, &name);
    match tx.cached::<Role>(&place).await? {
        Some(role) => Ok(Some(role.params.clone())),
        None => Err(Error::invalid(format!("role \"{name}\" does not exist during renewal"))),
    }
}
