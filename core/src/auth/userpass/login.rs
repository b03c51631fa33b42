//! `login/{name}`.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use strongroom_api::params::Text;
use tokio::sync::MutexGuard;

use super::users::{self, User};
use crate::{
    auth::{
        lockout::{self, Who},
        name::Name,
    },
    crypto::{
        SecretBytes,
        password::{self, PasswordHash},
    },
    dispatch::Cx,
    error::{Error, Result},
    mounts::Mount,
    response::Response,
    route::{Kind, Route, Stage, action, field, prepared},
    tokens::{
        Token,
        login::{LoginGrant, login},
        params::TokenParams,
    },
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "login/{username}",
    summary: "Gives a token for a user name and a password.",
    endpoints: &[action(prepared!(verify)).login().fields(&[field("password", Kind::Secret)])],
}];

#[derive(Deserialize)]
struct Fields {
    password: Option<Text>,
}

/// One answer for a user that there is not, a wrong password, and a login from elsewhere (rule 66).
fn refusal() -> Error {
    Error::invalid("invalid username or password")
}

/// A login whose password was looked at.
struct Attempt {
    name: Name,
    /// What the password fits.
    verified: Option<PasswordHash>,
    /// Held until the outcome is counted.
    _turn: MutexGuard<'static, ()>,
}

async fn verify(cx: &Cx<'_>) -> Result<Attempt> {
    let (mount, name) = (cx.mount()?, users::name(cx)?);
    let _waiting = cx.core.attempts().wait(cx.request)?;
    let password = cx.fields::<Fields>()?.password.map(|it| SecretBytes::from(it.0)).unwrap_or_default();
    let turn = lockout::turn(mount, name.as_str()).await?;
    let mut seen = Tx::new(cx.open()?.store.clone());
    let user = users::load(&mut seen, mount, &name).await?;
    // Rule 67: before anything is verified.
    lockout::check(&mut seen, mount, who(&name, user.as_ref()), cx.now).await?;
    if password.is_empty() {
        return Err(Error::invalid("missing password"));
    }
    let verified = fitting(cx, user, password).await?;
    Ok(Attempt { name, verified, _turn: turn })
}

impl Stage for Attempt {
    fn stage<'a>(&'a self, cx: &'a Cx<'a>, tx: &'a mut Tx) -> BoxFuture<'a, Result<Response>> {
        Box::pin(self.log_in(cx, tx))
    }
}

impl Attempt {
    async fn log_in(&self, cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
        let (mount, name) = (cx.mount()?, &self.name);
        let user = users::load(tx, mount, name).await?;
        let who = who(name, user.as_ref());
        lockout::check(tx, mount, who, cx.now).await?;
        // The password may have been changed, or the user deleted, since it was verified.
        let Some(user) = user.filter(|it| self.verified.as_ref() == Some(&it.hash)) else {
            return Err(lockout::failed(tx, mount, who, cx.now, refusal()).await);
        };
        lockout::passed(tx, mount, name.as_str()).await?;
        let grant = LoginGrant {
            params: &user.params,
            alias: name.as_str(),
            alias_metadata: BTreeMap::new(),
            groups: None,
            display_name: name.as_str(),
            metadata: BTreeMap::from([("username".to_owned(), name.as_str().to_owned())]),
            policies: &[],
        };
        login(cx, tx, grant).await
    }
}

fn who<'a>(name: &'a Name, user: Option<&User>) -> Who<'a> {
    Who { alias: name.as_str(), exists: user.is_some() }
}

/// The hash that the password fits, if it may be used from where the login comes. The work is the same
/// whoever is asked for (rules 66 and 70).
async fn fitting(cx: &Cx<'_>, user: Option<User>, password: SecretBytes) -> Result<Option<PasswordHash>> {
    // Rule 71: known to fit nobody.
    if !password::is_acceptable(&password) {
        return Ok(None);
    }
    let (hash, may) = match user {
        Some(user) => {
            let may = user.params.may_login_from(&cx.request.peer);
            (user.hash, may)
        }
        None => (PasswordHash::nobodys()?, false),
    };
    let fits = password::verify(password, &hash).await?;
    Ok((fits && may).then_some(hash))
}

/// What a renewal goes by: the user as it is now, if its tokens still have the same policies.
pub(super) async fn at_renewal(mount: &Mount, tx: &mut Tx, token: &Token) -> Result<Option<TokenParams>> {
    let name = token.metadata.as_ref().and_then(|it| it.get("username"));
    let name = Name::new(name.map(String::as_str).unwrap_or_default())?;
    let user = users::load(tx, mount, &name).await?.ok_or(Error::NotFound)?;
    let mut policies = user.params.policies.clone();
    if !user.params.no_default_policy {
        policies.push("default".to_owned());
    }
    policies.sort_unstable();
    policies.dedup();
    match policies == token.policies {
        true => Ok(Some(user.params)),
        false => Err(Error::invalid("failed to renew entry: policies have changed, not renewing")),
    }
}
