//! The same calls without an async runtime.
//!
//! ```no_run
//! # fn example() -> Result<(), strongroom_sdk::Error> {
//! use strongroom_sdk::{AppRole, blocking::Client};
//!
//! let session = Client::from_env()?.login(AppRole::new("web"))?;
//! let secret = session.kv("secret").get("db")?;
//! # Ok(()) }
//! ```
//!
//! Connections, renewals and watches run on one thread of the client's own, which ends with the last handle
//! of it. Within an async task a call would hold up all tasks of its thread: use the async client there. Each function is its namesake of the async front; see there for what it does.

use std::{
    collections::BTreeMap,
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{JoinHandle, Thread},
    time::Duration,
};

use serde::{Serialize, de::DeserializeOwned};
use tokio::{runtime::Handle, sync::oneshot};

use crate::{
    Answer, Auth, Error, Fields, Login, SecretString, WrapInfo,
    kv::{Expect, History, Metadata, Secret, Settings},
    lease::{Lease, LeaseInfo, Lost},
    session::State,
    sys::{Health, SealStatus},
    token::{NewToken, TokenInfo},
    watch::Freshness,
    wrapping::Wrapped,
};

/// As [`crate::Client`]. Cloning it shares its connections, its token and its thread.
#[derive(Clone)]
pub struct Client {
    client: crate::Client,
    runtime: Arc<Runtime>,
}

/// As [`crate::Session`].
#[derive(Clone)]
pub struct Session {
    client: Client,
    session: crate::Session,
}

/// As [`crate::watch::Watch`].
#[derive(Clone)]
pub struct Watch {
    watch: crate::watch::Watch,
    runtime: Arc<Runtime>,
}

/// As [`crate::lease::Leased`]. Dropping it waits, for some seconds at most, until the lease is ended.
#[must_use = "dropping it ends the lease"]
pub struct Leased {
    leased: Option<crate::lease::Leased>,
    secret: Arc<Secret>,
    runtime: Arc<Runtime>,
}

/// The thread on which the async client lives.
struct Runtime {
    handle: Handle,
    /// Dropping it ends the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// One front: each function is its namesake of the async one, and waits for it.
macro_rules! front {
    (
        $(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* } as $this:ident => $front:expr;
        $( fn $function:ident $(<$type:ident: $bound:path>)? ( $($arg:ident: $from:ty),* ) -> $into:ty; )*
    ) => {
        $(#[$doc])*
        pub struct $name<'c> { client: &'c Client, $($field: $kind),* }

        impl $name<'_> {
            $(
                #[doc = concat!("See [`crate::Client`] for the async `", stringify!($function), "`.")]
                pub fn $function $(<$type: $bound + ?Sized + Sync>)? (&$this, $($arg: $from),*) -> Result<$into, Error> {
                    $this.client.runtime.wait($front.$function($($arg),*))
                }
            )*
        }
    };
}

front! {
    /// As [`crate::kv::Kv`].
    Kv { mount: String } as self => self.client.client.kv(&self.mount);
    fn get(path: &str) -> Secret;
    fn get_version(path: &str, version: u64) -> Secret;
    fn put<T: Serialize>(path: &str, data: &T) -> Metadata;
    fn put_if<T: Serialize>(path: &str, data: &T, expect: Expect) -> Metadata;
    fn patch<T: Serialize>(path: &str, data: &T) -> Metadata;
    fn patch_if<T: Serialize>(path: &str, data: &T, expect: Expect) -> Metadata;
    fn delete(path: &str) -> ();
    fn delete_versions(path: &str, versions: &[u64]) -> ();
    fn undelete(path: &str, versions: &[u64]) -> ();
    fn destroy(path: &str, versions: &[u64]) -> ();
    fn delete_all(path: &str) -> ();
    fn history(path: &str) -> History;
    fn configure(path: &str, settings: &Settings) -> ();
    fn list(folder: &str) -> Vec<String>;
}

front! {
    /// As [`crate::kv1::Kv1`].
    Kv1 { mount: String } as self => self.client.client.kv1(&self.mount);
    fn get(path: &str) -> Fields;
    fn put<T: Serialize>(path: &str, data: &T) -> ();
    fn delete(path: &str) -> ();
    fn list(folder: &str) -> Vec<String>;
}

front! {
    /// As [`crate::lease::Leases`].
    Leases {} as self => self.client.client.leases();
    fn lookup(id: &str) -> LeaseInfo;
    fn renew(id: &str, increment: Option<Duration>) -> Lease;
    fn revoke(id: &str) -> ();
}

front! {
    /// As [`crate::sys::Sys`].
    Sys {} as self => self.client.client.sys();
    fn health() -> Health;
    fn seal_status() -> SealStatus;
    fn capabilities(paths: &[&str]) -> BTreeMap<String, Vec<String>>;
}

front! {
    /// As [`crate::token::Tokens`].
    Tokens {} as self => self.client.client.tokens();
    fn create(new: &NewToken) -> Auth;
    fn create_wrapped(new: &NewToken, ttl: Duration) -> WrapInfo;
    fn lookup_self() -> TokenInfo;
    fn lookup(token: &SecretString) -> TokenInfo;
    fn lookup_accessor(accessor: &str) -> TokenInfo;
    fn renew_self(increment: Option<Duration>) -> Auth;
    fn renew(token: &SecretString) -> Auth;
    fn revoke_self() -> ();
    fn revoke(token: &SecretString) -> ();
    fn revoke_accessor(accessor: &str) -> ();
}

front! {
    /// As [`crate::wrapping::Wrapping`].
    Wrapping {} as self => self.client.client.wrapping();
    fn wrap<T: Serialize>(data: &T, ttl: Duration) -> WrapInfo;
    fn unwrap_answer(token: &SecretString) -> Answer;
    fn lookup(token: &SecretString) -> Wrapped;
    fn rewrap(token: &SecretString) -> WrapInfo;
}

impl Client {
    #[cfg(feature = "http")]
    pub fn new(config: crate::Config) -> Result<Self, Error> {
        Self::over(crate::Client::new(config)?)
    }

    /// As the environment says: `STRONGROOM_ADDR`, `VAULT_ADDR`, ... and `~/.vault-token`.
    #[cfg(feature = "http")]
    pub fn from_env() -> Result<Self, Error> {
        Self::over(crate::Client::from_env()?)
    }

    /// The blocking front of an async client that has not been used yet: connections belong to the runtime
    /// that made them.
    pub fn over(client: crate::Client) -> Result<Self, Error> {
        Ok(Self { client, runtime: Arc::new(Runtime::start()?) })
    }

    /// The token that calls present.
    pub fn token(&self) -> Option<SecretString> {
        self.client.token()
    }

    pub fn set_token(&self, token: Option<SecretString>) {
        self.client.set_token(token);
    }

    /// Logs in, and keeps the login alive until what is answered is dropped.
    pub fn login(&self, with: impl Into<Login>) -> Result<Session, Error> {
        let session = self.runtime.wait(self.client.login(with))?;
        let client = Self { client: session.client().clone(), runtime: self.runtime.clone() };
        Ok(Session { client, session })
    }

    /// Logs in once. Nothing renews the token.
    pub fn login_once(&self, with: impl Into<Login>) -> Result<Auth, Error> {
        self.runtime.wait(self.client.login_once(with))
    }

    /// The KV v2 secrets engine at `mount`.
    pub fn kv(&self, mount: &str) -> Kv<'_> {
        Kv { client: self, mount: mount.to_owned() }
    }

    /// The KV v1 secrets engine at `mount`.
    pub fn kv1(&self, mount: &str) -> Kv1<'_> {
        Kv1 { client: self, mount: mount.to_owned() }
    }

    pub fn leases(&self) -> Leases<'_> {
        Leases { client: self }
    }

    pub fn sys(&self) -> Sys<'_> {
        Sys { client: self }
    }

    pub fn tokens(&self) -> Tokens<'_> {
        Tokens { client: self }
    }

    pub fn wrapping(&self) -> Wrapping<'_> {
        Wrapping { client: self }
    }

    /// Any call: `client.send(client.call(Method::Get, "sys/mounts"))`.
    pub fn call(&self, method: crate::Method, path: impl Into<String>) -> crate::Call<'_> {
        self.client.call(method, path)
    }

    /// Sends a call, as [`crate::Call::send`].
    pub fn send(&self, call: crate::Call<'_>) -> Result<Answer, Error> {
        self.runtime.wait(call.send())
    }
}

impl Kv<'_> {
    /// The current version's fields as `T`.
    pub fn get_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.get(path)?.decode()
    }

    /// The current version, held for `ttl`.
    pub fn get_leased(&self, path: &str, ttl: Duration) -> Result<Leased, Error> {
        let runtime = self.client.runtime.clone();
        let leased = runtime.wait(self.client.client.kv(&self.mount).get_leased(path, ttl))?;
        Ok(Leased { secret: leased.shared(), leased: Some(leased), runtime })
    }

    /// Follows the secret, asking for its version every so often.
    pub fn watch(&self, path: &str, every: Duration) -> Result<Watch, Error> {
        let runtime = self.client.runtime.clone();
        let watching = self.client.client.kv(&self.mount).watch(path).every(every);
        Ok(Watch { watch: runtime.wait(watching.start())?, runtime })
    }
}

impl Kv1<'_> {
    /// A secret's fields as `T`.
    pub fn get_as<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.get(path)?.decode()
    }
}

impl Wrapping<'_> {
    /// Takes what was wrapped, as `T`, once.
    pub fn unwrap<T: DeserializeOwned>(&self, token: &SecretString) -> Result<T, Error> {
        self.unwrap_answer(token)?.data()
    }
}

impl Session {
    pub fn client(&self) -> &Client {
        &self.client
    }

    pub fn state(&self) -> State {
        self.session.state()
    }

    /// Ends the session and its token, for all its clients.
    pub fn logout(self) -> Result<(), Error> {
        self.client.runtime.wait(self.session.logout())
    }
}

impl std::ops::Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Watch {
    pub fn current(&self) -> Arc<Secret> {
        self.watch.current()
    }

    pub fn freshness(&self) -> Freshness {
        self.watch.freshness()
    }

    pub fn age(&self) -> Duration {
        self.watch.age()
    }

    /// Waits, for `within` at most, for another version than this handle has seen so far.
    pub fn changed(&mut self, within: Duration) -> Result<Option<Arc<Secret>>, Error> {
        let Self { watch, runtime } = self;
        runtime.wait(async { Ok(tokio::time::timeout(within, watch.changed()).await.ok()) })
    }
}

impl Leased {
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    pub fn is_lost(&self) -> Option<Lost> {
        self.leased.as_ref().and_then(crate::lease::Leased::is_lost)
    }

    /// Ends the lease, and waits until the server knows.
    pub fn release(mut self) -> Result<(), Error> {
        match self.leased.take() {
            Some(leased) => self.runtime.wait(leased.release()),
            None => Ok(()),
        }
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        if let Some(leased) = self.leased.take() {
            // Nobody is left to be told; an unrenewed lease ends by itself.
            let _ = self.runtime.wait(leased.release());
        }
    }
}

impl Runtime {
    fn start() -> Result<Self, Error> {
        let failed =
            |error: std::io::Error| Error::Config(format!("cannot start the client's thread: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        // It drives connections and timers for whoever waits with the handle.
        let run = move || {
            let _ = runtime.block_on(stopped);
        };
        let thread =
            std::thread::Builder::new().name("strongroom client".into()).spawn(run).map_err(failed)?;
        Ok(Self { handle, stop: Some(stop), thread: Some(thread) })
    }

    /// Tokio's own way of waiting panics where another runtime is at work, which a library cannot know of its
    /// caller. This one parks the thread, wherever that is; the runtime's thread wakes it.
    fn wait<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let _here = self.handle.enter();
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut cx = Context::from_waker(&waker);
        let mut work = pin!(work);
        loop {
            match work.as_mut().poll(&mut cx) {
                Poll::Ready(outcome) => return outcome,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It has panicked, and has left nothing behind that could be finished.
            let _ = thread.join();
        }
    }
}
