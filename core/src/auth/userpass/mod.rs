//! `userpass`: people log in with a name and a password. One file for each resource.
//!
//! A password's hash takes memory and time by design, and a transaction may run more than once. So whatever
//! hashes does so before it begins a transaction of its own.

mod login;
mod password;
mod users;

pub(crate) use users::KINDS;

use futures_util::future::BoxFuture;

use crate::{
    engine::Engine,
    error::Result,
    mounts::{Mount, MountClass},
    route::Tables,
    tokens::{Token, params::TokenParams},
    tx::Tx,
};

const ROUTES: Tables = &[login::ROUTES, password::ROUTES, users::ROUTES];

pub(crate) struct Userpass;

impl Engine for Userpass {
    fn kind(&self) -> &'static str {
        "userpass"
    }

    fn class(&self) -> MountClass {
        MountClass::Auth
    }

    fn routes(&self, _mount: &Mount) -> Tables {
        ROUTES
    }

    fn folded(&self) -> &'static [&'static str] {
        &["username"]
    }

    fn folders(&self) -> &'static [&'static str] {
        &[users::FOLDER, super::lockout::FOLDER]
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
        "Logins of people, by user name and password."
    }
}
