//! `jwt`: logins with a token that an authority has signed: Nomad, a CI system, an identity provider. One file for
//! each resource.
//!
//! What a token says is believed in this order: nothing, until a key of the mount's configuration has verified
//! it; then what the role asks for is checked, all of it; then there is a login. Whoever has no token of the
//! authority's gets one answer for everything (rule 66), and learns nothing of the roles there are.

mod authority;
mod bound;
mod config;
mod login;
mod mapped;
mod role;

use futures_util::future::BoxFuture;

use crate::{
    barrier::Filed,
    engine::Engine,
    error::Result,
    mounts::{Mount, MountClass},
    route::Tables,
    tokens::{Token, params::TokenParams},
    tx::Tx,
};

const ROUTES: Tables = &[login::ROUTES, config::ROUTES, role::ROUTES];

pub(crate) const KINDS: &[&[Filed]] = &[config::KINDS, role::KINDS];

pub(crate) struct Jwt;

impl Engine for Jwt {
    fn kind(&self) -> &'static str {
        "jwt"
    }

    fn class(&self) -> MountClass {
        MountClass::Auth
    }

    fn routes(&self, _mount: &Mount) -> Tables {
        ROUTES
    }

    fn folded(&self) -> &'static [&'static str] {
        &["name"]
    }

    fn folders(&self) -> &'static [&'static str] {
        &[role::FOLDER]
    }

    fn renew<'a>(
        &'a self,
        mount: &'a Mount,
        tx: &'a mut Tx,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<Option<TokenParams>>> {
        Box::pin(login::at_renewal(mount, tx, token))
    }

    fn summary(&self) -> &'static str {
        "Logins with tokens that an authority has signed (JWT)."
    }
}
