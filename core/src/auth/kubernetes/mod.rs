//! `kubernetes`: pods log in with the token of their service account. One file for each resource.
//!
//! The cluster says whose token it is (TokenReview): then a pod that is gone, or an account that was deleted, cannot
//! log in any more. Whoever sets `verify = "local"` has the signature verified here instead, without asking the
//! cluster each time; a token is then good until it expires. Whatever is asked, who it is comes from the
//! reviewed or verified token and from nothing that the caller says besides (rule 81).

mod cluster;
mod config;
mod login;
mod reviewed;
mod role;
mod selector;

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

pub(crate) struct Kubernetes;

impl Engine for Kubernetes {
    fn kind(&self) -> &'static str {
        "kubernetes"
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
        "Logins of pods, with the tokens of their service accounts."
    }
}
