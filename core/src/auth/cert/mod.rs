//! `cert`: machines log in with the certificate that they proved to have in the TLS handshake. One file for each
//! resource.
//!
//! An entry trusts either one certificate, byte for byte, or authorities, whose leaves are then held to what the
//! entry asks of their names and extensions. Revocation lists lie in the store, so that there is no login before
//! they are known.

mod certs;
mod config;
mod constraints;
mod crls;
mod login;
mod presented;

use futures_util::future::BoxFuture;

use crate::{
    barrier::Filed,
    dispatch::Cx,
    engine::Engine,
    error::Result,
    mounts::{Mount, MountClass},
    route::Tables,
    tokens::{Token, params::TokenParams},
    tx::Tx,
};

const ROUTES: Tables = &[certs::ROUTES, config::ROUTES, crls::ROUTES, login::ROUTES];

pub(crate) const KINDS: &[&[Filed]] = &[certs::KINDS, config::KINDS, crls::KINDS];

pub(crate) struct Cert;

impl Engine for Cert {
    fn kind(&self) -> &'static str {
        "cert"
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
        &[certs::FOLDER, crls::FOLDER]
    }

    fn may_renew<'a>(
        &'a self,
        cx: &'a Cx<'a>,
        mount: &'a Mount,
        tx: &'a mut Tx,
        token: &'a Token,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(login::proves_again(cx, mount, tx, token))
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
        "Logins of machines, by TLS client certificate."
    }
}
