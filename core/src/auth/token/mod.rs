//! `auth/token/`: tokens that make, show, renew and end tokens. One file for each resource.

mod accessors;
mod create;
mod lookup;
mod renew;
mod revoke;
mod roles;
mod tidy;

use futures_util::future::BoxFuture;

use crate::{
    engine::Engine,
    error::Result,
    mounts::{Mount, MountClass},
    route::Tables,
    tokens::{Token, params::TokenParams},
    tx::Tx,
};

const ROUTES: Tables = &[
    create::ROUTES,
    lookup::ROUTES,
    renew::ROUTES,
    revoke::ROUTES,
    accessors::ROUTES,
    roles::ROUTES,
    tidy::ROUTES,
];

/// The auth method that is always there.
pub struct TokenAuth;

impl Engine for TokenAuth {
    fn kind(&self) -> &'static str {
        "token"
    }

    fn class(&self) -> MountClass {
        MountClass::Auth
    }

    fn routes(&self, _mount: &Mount) -> Tables {
        ROUTES
    }

    fn renew<'a>(
        &'a self,
        mount: &'a Mount,
        tx: &'a mut Tx,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<Option<TokenParams>>> {
        Box::pin(roles::at_renewal(mount, tx, token))
    }

    fn is_singleton(&self) -> bool {
        true
    }

    fn summary(&self) -> &'static str {
        "token based credentials"
    }
}
