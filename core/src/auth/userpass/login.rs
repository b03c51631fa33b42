//! `login/{name}`.

use std::collections::BTreeMap;

use serde::Deserialize;
use strongroom_api::params::Text;

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
    route::{Kind, Route, action, field, outside},
    storage::Priority,
    tokens::{
        Token,
        login::{LoginGrant, login},
        params::TokenParams,
    },
    tx::{Attempts, Tx},
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "login/{username}",
    summary: "Gives a token for a user name and a password.",
    endpoints: &[action(outside!(log_in)).unauth().fields(&[field("password", Kind::Text)])],
}];

#[derive(Deserialize)]
struct Fields {
    password: Option<Text>,
}

/// One answer for a user that there is not, a wrong password, and a login from elsewhere (rule 66).
fn refusal() -> Error {
    Error::invalid("invalid username or password")
}

async fn log_in(cx: &Cx<'_>) -> Result<Response> {
    let (mount, name) = (cx.mount()?, users::name(cx)?);
    let store = &cx.open()?.store;
    let password = cx.fields::<Fields>()?.password.map(|it| SecretBytes::from(it.0)).unwrap_or_default();
    let _turn = lockout::turn(mount, name.as_str()).await?;
    let place = users::place(store, mount, &name);
    let user = store.read::<User>(&place).await?.map(|it| it.value);
    let who = Who { alias: name.as_str(), exists: user.is_some() };
    // Rule 67: before anything is verified.
    lockout::check(store, mount, who, cx.now).await?;
    if password.is_empty() {
        return Err(Error::invalid("missing password"));
    }
    let Some(verified) = verify(cx, user, password).await? else {
        lockout::failed(store, mount, who, cx.now).await?;
        return Err(refusal());
    };
    let mut attempts = Attempts::new(store, Priority::Interactive);
    loop {
        let mut tx = attempts.begin()?;
        let user = users::load(&mut tx, mount, &name).await?;
        // The password was changed, or the user deleted, while it was verified.
        let user = user.filter(|it| it.hash == verified).ok_or_else(refusal)?;
        lockout::passed(&mut tx, mount, name.as_str()).await?;
        let grant = LoginGrant {
            params: &user.params,
            alias: name.as_str(),
            display_name: name.as_str(),
            metadata: BTreeMap::from([("username".to_owned(), name.as_str().to_owned())]),
            policies: &[],
        };
        let response = login(cx, &mut tx, grant).await?;
        if attempts.commit(tx).await? {
            return Ok(response);
        }
    }
}

/// The hash that the password fits, if it may be used from where the login comes. The work is the same
/// whoever is asked for (rules 66 and 70).
async fn verify(cx: &Cx<'_>, user: Option<User>, password: SecretBytes) -> Result<Option<PasswordHash>> {
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
