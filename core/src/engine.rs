//! What a secrets engine, an auth method and the system are to the core.

use std::{collections::BTreeMap, sync::Arc};

use futures_util::future::BoxFuture;

use crate::{
    clock::Timestamp,
    dispatch::Cx,
    error::Result,
    leases::{Held, Lease},
    mounts::{Mount, MountClass},
    route::Tables,
    secrets::{cubbyhole::Cubbyhole, kv},
    store::Store,
    tokens::{Token, params::TokenParams},
    tx::Tx,
};

/// Serves every request below a mount. It holds no state: that lies in the store, below the mount's root.
///
/// The pipeline has authenticated, authorised and audited a request before one of the routes' handlers sees
/// it. Time comes from `cx.now`, so that tests can move the clock.
pub trait Engine: Send + Sync {
    /// As `sys/mounts` and `sys/auth` call it.
    fn kind(&self) -> &'static str;

    fn class(&self) -> MountClass;

    /// From the special to the general: the first that fits is taken.
    fn routes(&self, mount: &Mount) -> Tables;

    /// Checks the options of a new mount, and writes what it begins with.
    fn enable<'a>(&'a self, _mount: &'a mut Mount, _tx: &'a mut Tx) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Takes the options that `tune` gives, and answers a warning if the change is one that takes a while. By
    /// default they are kept as they are.
    fn tune(&self, mount: &mut Mount, options: BTreeMap<String, String>) -> Result<Option<&'static str>> {
        mount.options.extend(options);
        Ok(None)
    }

    /// The folders of its records besides the root, for [`crate::purge`]: `role/`, `role/*/secret-id/`, where
    /// `*` stands for each name in the folder before it. Folders that have a marker (see
    /// [`Tree`](crate::tree::Tree)) are found without.
    fn folders(&self) -> &'static [&'static str] {
        &[]
    }

    /// Parameters of its patterns that are names in any case: they are folded before a policy, the handler or the
    /// audit log sees the path.
    fn folded(&self) -> &'static [&'static str] {
        &[]
    }

    /// Whether what it keeps lies in folders, so that a slash at the end of a path says something.
    fn has_folders(&self) -> bool {
        false
    }

    /// What whoever renews one of an auth method's tokens has to prove besides having it: by default nothing. Asked
    /// before [`Engine::renew`], and its errors mean the same.
    fn may_renew<'a>(
        &'a self,
        _cx: &'a Cx<'a>,
        _mount: &'a Mount,
        _tx: &'a mut Tx,
        _token: &'a Token,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// What the role or user behind one of an auth method's tokens says now, when the token is renewed; an
    /// error if there is none any more; [`Error::NotFound`](crate::Error::NotFound) ends the renewal without a
    /// word, and without effect. `None` leaves the token with what it was given when it was made.
    fn renew<'a>(
        &'a self,
        _mount: &'a Mount,
        _tx: &'a mut Tx,
        _token: &'a Token,
    ) -> BoxFuture<'a, Result<Option<TokenParams>>> {
        Box::pin(async { Ok(None) })
    }

    /// What a lease of a read of `path`, relative to the mount, would hold now; none if there is nothing to be
    /// read, or nothing that has versions.
    fn current<'a>(
        &'a self,
        _mount: &'a Mount,
        _tx: &'a Tx,
        _path: &'a str,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Held>>> {
        Box::pin(async { Ok(None) })
    }

    /// Does outside what a new lease stands for. The intent is committed. If this fails, or never ends, the
    /// lease is revoked.
    fn issue<'a>(&'a self, _at: &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Lets what a lease stands for live until the lease's new end.
    fn extend<'a>(&'a self, _at: &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Undoes what a lease stands for. It may be asked to do so twice, and for what was never done: after a
    /// crash nobody knows. The mount may have been disabled; its records are still there.
    fn revoke<'a>(&'a self, _at: &'a LeaseSite<'a>) -> BoxFuture<'a, Result<()>> {
        Box::pin(async { Ok(()) })
    }

    /// Whether there is one of it, always, that cannot be disabled or moved (`sys`, `cubbyhole`, `token`).
    fn is_singleton(&self) -> bool {
        false
    }

    /// The line that `path-help` begins with.
    fn summary(&self) -> &'static str;
}

/// A lease, as its engine meets it outside of any request's transaction.
pub struct LeaseSite<'a> {
    pub store: &'a Arc<Store>,
    pub mount: &'a Mount,
    pub lease: &'a Lease,
    pub now: Timestamp,
}

/// All engines that this build has.
pub struct Engines(pub(crate) &'static [&'static dyn Engine]);

impl Engines {
    pub fn find(&self, class: MountClass, kind: &str) -> Option<&'static dyn Engine> {
        let known = self.0.iter().copied().find(|it| it.class() == class && it.kind() == kind);
        #[cfg(any(test, feature = "testing"))]
        let known = known.or_else(|| crate::leases::testing::find(class, kind));
        known
    }

    pub fn all(&self) -> impl Iterator<Item = &'static dyn Engine> {
        self.0.iter().copied()
    }
}

/// The engines of this build, in the order in which help lists them.
pub static ENGINES: Engines = Engines(&[
    &crate::system::System,
    &crate::identity::Identity,
    &crate::auth::token::TokenAuth,
    &crate::auth::approle::AppRole,
    &crate::auth::jwt::Jwt,
    &crate::auth::cert::Cert,
    &crate::auth::kubernetes::Kubernetes,
    &crate::auth::userpass::Userpass,
    &Cubbyhole,
    &kv::KV,
    &kv::KV_V1,
    &kv::KV_V2,
]);
