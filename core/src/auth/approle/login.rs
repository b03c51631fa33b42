//! `login`.

use std::collections::BTreeMap;

use serde::Deserialize;
use strongroom_api::params::Text;

use super::{
    role, role_id,
    secret_id::{SecretId, Shelf},
    secret_ids,
};
use crate::{
    auth::{
        lockout::{self, Who},
        name::Name,
    },
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Kind, Route, action, field, in_tx, read},
    tokens::{
        Token,
        login::{LoginGrant, login},
        params::{TokenParams, within},
    },
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "login",
    summary: "Gives a token for a role id and a secret id.",
    endpoints: &[
        action(in_tx!(log_in))
            .login()
            .fields(&[field("role_id", Kind::Text), field("secret_id", Kind::Secret)]),
        read(in_tx!(by_reading)).unauth().fields(&[field("role_id", Kind::Text)]),
    ],
}];

#[derive(Deserialize)]
struct Fields {
    role_id: Option<Text>,
    secret_id: Option<Text>,
}

/// One answer for a role id that nobody has, a secret id that is wrong, dead or of another role, and a login
/// from elsewhere (rule 66).
fn refusal() -> Error {
    Error::invalid("invalid role or secret ID")
}

fn role_id(fields: &Fields) -> Result<String> {
    let given = fields.role_id.as_ref().and_then(|it| role_id::canonical(&it.0));
    given.ok_or_else(|| Error::invalid("missing role_id"))
}

async fn by_reading(cx: &Cx<'_>, _: &mut Tx) -> Result<Response> {
    role_id(&cx.fields()?)?;
    Err(Error::UnsupportedOperation)
}

async fn log_in(cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
    let fields: Fields = cx.fields()?;
    let role_id = role_id(&fields)?;
    let secret = fields.secret_id.map(|it| it.0.trim().to_owned()).unwrap_or_default();
    let mount = cx.mount()?;
    let role = role_id::find(tx, mount, &role_id).await?;
    let who = Who { alias: &role_id, exists: role.is_some() };
    lockout::check(tx, mount, who, cx.now).await?;
    let (shelf, is_bound) = match &role {
        Some(role) => (Shelf::of(mount, role), role.bind_secret_id),
        // The same steps, on a role that is not there.
        None => (Shelf { mount, role: [0; 16] }, true),
    };
    let found = if is_bound {
        if secret.is_empty() {
            return Err(Error::invalid("missing secret_id"));
        }
        shelf.find(tx, &secret, cx.now).await?
    } else {
        None
    };
    let Some(role) = role.filter(|it| may_log_in(cx, it, found.as_ref())) else {
        return Err(lockout::failed(tx, mount, who, cx.now, refusal()).await);
    };
    let mut params = role.params;
    let mut metadata = BTreeMap::new();
    if let Some(mut found) = found {
        metadata.append(&mut found.metadata.clone());
        if !found.token_networks.is_empty() {
            params.bound_cidrs.clone_from(&found.token_networks);
        }
        take_use(tx, shelf, &mut found, cx)?;
    }
    // Rule 56: whoever makes a secret id cannot say which role it is.
    metadata.insert("role_name".to_owned(), role.name);
    lockout::passed(tx, mount, &role_id).await?;
    let grant = LoginGrant {
        params: &params,
        alias: &role.role_id,
        alias_metadata: metadata.clone(),
        groups: None,
        display_name: "",
        metadata,
        policies: &[],
    };
    login(cx, tx, grant).await
}

fn may_log_in(cx: &Cx<'_>, role: &role::Role, secret: Option<&SecretId>) -> bool {
    let peer = &cx.request.peer;
    let comes_from_within = within(role.networks(), peer);
    match secret {
        None => !role.bind_secret_id && comes_from_within,
        // The role may have become narrower since the secret id was made.
        Some(secret) => {
            comes_from_within
                && within(&secret.networks, peer)
                && secret_ids::within(&role.params.bound_cidrs, &secret.token_networks).is_ok()
        }
    }
}

/// Stages the use of a secret id together with the token: whoever reads the same count meanwhile has to begin
/// anew (rules 42 and 72).
fn take_use(tx: &mut Tx, shelf: Shelf<'_>, secret: &mut SecretId, cx: &Cx<'_>) -> Result<()> {
    match secret.uses_left {
        0 => Ok(()),
        ..=1 => shelf.delete(tx, secret),
        _ => {
            secret.uses_left -= 1;
            // The use is counted before the token is made.
            secret.updated = cx.now.minus(std::time::Duration::from_nanos(1));
            shelf.put(tx, secret)
        }
    }
}

/// What a renewal goes by: the role as it is now.
pub(super) async fn at_renewal(mount: &Mount, tx: &mut Tx, token: &Token) -> Result<Option<TokenParams>> {
    let name = token.metadata.as_ref().and_then(|it| it.get("role_name"));
    let name = Name::new(name.map(String::as_str).unwrap_or_default())?;
    match role::load(tx, mount, &name).await? {
        Some(role) => Ok(Some(role.params)),
        None => Err(Error::invalid(format!(
            "failed to renew entry: role \"{name}\" does not exist during renewal"
        ))),
    }
}
