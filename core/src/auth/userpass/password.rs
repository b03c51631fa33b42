//! `users/{name}/password`, and the password fields of a user.

use futures_util::future::BoxFuture;
use serde::Deserialize;
use strongroom_api::params::Text;

use super::users;
use crate::{
    crypto::{
        SecretBytes,
        password::{self, PasswordHash},
    },
    dispatch::Cx,
    error::{Error, Result},
    response::Response,
    route::{Kind, Route, Stage, action, field, prepared},
    tx::Tx,
};

pub(super) const ROUTES: &[Route] = &[Route {
    pattern: "users/{username}/password",
    summary: "Sets a user's password.",
    endpoints: &[
        action(prepared!(hash)).fields(&[field("password", Kind::Text), field("password_hash", Kind::Text)])
    ],
}];

#[derive(Deserialize)]
struct Fields {
    password: Option<Text>,
    password_hash: Option<Text>,
}

pub(super) fn missing() -> Error {
    Error::invalid("must provide either password or password_hash")
}

/// The hash of the password that the request brings, or that it brings as it is.
pub(super) async fn given(cx: &Cx<'_>) -> Result<Option<PasswordHash>> {
    let fields: Fields = cx.fields()?;
    let password = fields.password.map(|it| SecretBytes::from(it.0)).filter(|it| !it.is_empty());
    let hash = fields.password_hash.map(|it| SecretBytes::from(it.0)).filter(|it| !it.is_empty());
    match (password, hash) {
        (None, None) => Ok(None),
        (Some(_), Some(_)) => Err(Error::invalid("only one of password or password_hash may be provided")),
        (Some(password), None) => {
            // Rule 71
            if !password::is_acceptable(&password) {
                return Err(Error::invalid("a password has 1 to 1024 bytes, none of them zero"));
            }
            Ok(Some(password::hash(password).await?))
        }
        (None, Some(hash)) => {
            let parsed = hash.expose_str().and_then(PasswordHash::parse);
            parsed.map(Some).ok_or_else(|| {
                Error::invalid("password_hash is not a valid Argon2id hash with m=19456, t=2, p=1")
            })
        }
    }
}

/// A password that was hashed.
struct Hashed(PasswordHash);

async fn hash(cx: &Cx<'_>) -> Result<Hashed> {
    let store = &cx.open()?.store;
    let place = users::place(store, cx.mount()?, &users::name(cx)?);
    if store.read::<users::User>(&place).await?.is_none() {
        return Err(users::unknown());
    }
    Ok(Hashed(given(cx).await?.ok_or_else(missing)?))
}

impl Stage for Hashed {
    fn stage<'a>(&'a self, cx: &'a Cx<'a>, tx: &'a mut Tx) -> BoxFuture<'a, Result<Response>> {
        Box::pin(self.set(cx, tx))
    }
}

impl Hashed {
    async fn set(&self, cx: &Cx<'_>, tx: &mut Tx) -> Result<Response> {
        let (mount, name) = (cx.mount()?, users::name(cx)?);
        let mut user = users::load(tx, mount, &name).await?.ok_or_else(users::unknown)?;
        user.hash = self.0.clone();
        let place = users::place(tx.store(), mount, &name);
        tx.put(&place, &user)?;
        Ok(Response::empty())
    }
}
