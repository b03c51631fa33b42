//! `approle`: machines log in with a role id and, most often, a secret id. One file for each resource.
//!
//! A role's secret ids are filed under an id that the role got when it was made, not under its name: with the
//! role they are dead at once, and a later role of the same name has none of them. What is left of them is
//! deleted in the background.

mod fields;
mod login;
pub(crate) mod purge;
mod role;
mod role_id;
mod secret_id;
mod secret_ids;

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

const ROUTES: Tables =
    &[login::ROUTES, role::ROUTES, role_id::ROUTES, secret_ids::ROUTES, fields::ROUTES, purge::ROUTES];

pub(crate) const KINDS: &[&[Filed]] = &[purge::KINDS, role::KINDS, role_id::KINDS, secret_id::KINDS];

pub(crate) struct AppRole;

impl Engine for AppRole {
    fn kind(&self) -> &'static str {
        "approle"
    }

    fn class(&self) -> MountClass {
        MountClass::Auth
    }

    fn routes(&self, _mount: &Mount) -> Tables {
        ROUTES
    }

    fn folded(&self) -> &'static [&'static str] {
        &["role_name"]
    }

    fn folders(&self) -> &'static [&'static str] {
        &[role::FOLDER, role_id::FOLDER, super::lockout::FOLDER]
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
        "Logins of machines, by role id and secret id."
    }
}
