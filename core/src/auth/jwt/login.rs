//! `login`.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;
use serde::Deserialize;
use strongroom_api::params::Text;

use super::{
    authority::Authority,
    bound, config,
    config::Config,
    mapped,
    role::{self, Role},
};
use crate::{
    auth::{
        jws::{Claims, Presented},
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
    summary: "Gives a token for a signed one.",
    endpoints: &[action(prepared!(verify))
        .login()
        .fields(&[field("jwt", Kind::Secret), field("role", Kind::Text)])],
}];

#[derive(Deserialize)]
struct Fields {
    jwt: Option<Text>,
    role: Option<Text>,
}

/// One answer for whoever has no token of the authority's: not one, another's, an old key's; for a role that there
/// is or is not; and for a login from elsewhere (rule 66).
fn refusal() -> Error {
    Error::invalid("error validating token")
}

/// A login whose token was verified and has all that the role asks for.
struct Verified {
    /// The records that this is so by, at the revisions that they had.
    seen: [(Place, Rev); 2],
    role: Arc<Role>,
    alias: String,
    metadata: BTreeMap<String, String>,
    groups: Option<Vec<String>>,
}

async fn verify(cx: &Cx<'_>) -> Result<Verified> {
    let (mount, store) = (cx.mount()?, &cx.open()?.store);
    let fields: Fields = cx.fields()?;
    let token = SecretBytes::from(fields.jwt.map(|it| it.0).unwrap_or_default());
    let config = config::current(store, mount).await?;
    let config = config.ok_or_else(|| Error::invalid("could not load configuration"))?;
    let named = fields.role.map(|it| it.0).filter(|it| !it.is_empty());
    let named = named.unwrap_or_else(|| config.value.default_role.clone());
    if named.is_empty() {
        return Err(Error::invalid("missing role"));
    }
    if token.is_empty() {
        return Err(Error::invalid("missing token"));
    }
    // Before anything that the answer could tell about the role.
    let claims = claims(cx, &config, &token).await?.ok_or_else(refusal)?;
    let unknown = || Error::invalid(format!("role \"{}\" could not be found", word(&named)));
    let place = role::place(store, mount, &Name::new(&named).map_err(|_| unknown())?);
    let role = store.cached::<Role>(&place).await?.ok_or_else(unknown)?;
    check(cx, &config.value, &role.value, &claims)?;
    Ok(Verified {
        alias: mapped::alias(&role.value, &claims)?.to_owned(),
        metadata: mapped::metadata(&role.value, &claims)?,
        groups: mapped::groups(&role.value, &claims)?,
        seen: [(config::place(store, mount), config.rev), (place, role.rev)],
        role: role.value,
    })
}

/// What the token claims, if a key of the authority's has signed it in a way that is taken.
async fn claims(cx: &Cx<'_>, config: &Versioned<Arc<Config>>, token: &SecretBytes) -> Result<Option<Claims>> {
    let (open, mount) = (cx.open()?, cx.mount()?);
    let Some(token) = token.expose_str().and_then(|it| Presented::parse(it.trim()).ok()) else {
        return Ok(None);
    };
    if !config.value.takes(token.algorithm()) {
        return Ok(None);
    }
    let issuer = open.issuers.of(mount.id, config.rev, || config.value.fixed())?;
    if let config::Origin::Fixed(_) = config.value.origin {
        return Ok(issuer.fixed.verify(&token));
    }
    let authority = Authority { store: &open.store, mount, config: &config.value };
    issuer.published.verify(cx.core, cx.request, &token, &authority).await
}

/// Holds a verified token against what the role asks for.
fn check(cx: &Cx<'_>, config: &Config, role: &Role, claims: &Claims) -> Result<()> {
    let refused = |why: &dyn std::fmt::Display| Error::invalid(format!("error validating token: {why}"));
    if !role.params.may_login_from(&cx.request.peer) {
        return Err(refusal());
    }
    role.leeways.check(claims, cx.now).map_err(|why| refused(&why))?;
    let issuer = claims.text("iss").map_err(|_| refused(&"invalid issuer (iss) claim"))?;
    if !config.bound_issuer.is_empty() && issuer != Some(config.bound_issuer.as_str()) {
        return Err(refused(&"invalid issuer (iss) claim"));
    }
    let subject = claims.text("sub").map_err(|_| refused(&"invalid subject (sub) claim"))?;
    if !role.bound_subject.is_empty() && subject != Some(role.bound_subject.as_str()) {
        return Err(refused(&"invalid subject (sub) claim"));
    }
    // Rule 79
    let audience = claims.audience().map_err(|_| refused(&"invalid audience (aud) claim"))?;
    match (audience, role.bound_audiences.as_slice()) {
        (None, []) => {}
        (Some(_), []) => {
            return Err(Error::invalid("audience claim found in JWT but no audiences bound to the role"));
        }
        (Some(audience), bound) if audience.iter().any(|it| bound.iter().any(|bound| bound == it)) => {}
        _ => {
            return Err(refused(
                &"invalid audience (aud) claim: audience claim does not match any expected audience",
            ));
        }
    }
    bound::check(&role.bound_claims, role.bound_claims_type, claims)
}

impl Stage for Verified {
    fn stage<'a>(&'a self, cx: &'a Cx<'a>, tx: &'a mut Tx) -> BoxFuture<'a, Result<Response>> {
        Box::pin(async move {
            for (place, rev) in &self.seen {
                if !tx.is_at(place, *rev).await? {
                    // What the token was held against has been changed since.
                    return Err(Error::Busy);
                }
            }
            let grant = LoginGrant {
                params: &self.role.params,
                alias: &self.alias,
                alias_metadata: self.metadata.clone(),
                groups: self.groups.clone(),
                display_name: &self.alias,
                metadata: self.metadata.clone(),
                policies: &[],
            };
            login(cx, tx, grant).await
        })
    }
}

/// What a renewal goes by: the role as it is now.
pub(super) async fn at_renewal(mount: &Mount, tx: &mut Tx, token: &Token) -> Result<Option<TokenParams>> {
    let name = token.metadata.as_ref().and_then(|it| it.get(mapped::ROLE));
    let name = Name::new(name.map(String::as_str).unwrap_or_default())?;
    let place = role::place(tx.store(), mount, &name);
    match tx.cached::<Role>(&place).await? {
        Some(role) => Ok(Some(role.params.clone())),
        None => Err(Error::invalid(format!(
            "failed to validate role \"{name}\" during renewal: role could not be found"
        ))),
    }
}
