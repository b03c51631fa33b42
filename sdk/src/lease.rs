//! Leases: what the server knows that we hold.
//!
//! The life of a leased secret: read; renewed when half of its time has passed, as long as [`Leased`] lives;
//! ended when that is dropped, or with [`Leased::release`]. It is *lost* if the server ends it, or if nobody
//! answers until its time is over: then [`Leased::lost`] says so, and the secret should be read again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::Instant,
};

use crate::{Answer, Client, Error, Method, kv::Secret, retry};

/// See [`Client::leases`].
pub struct Leases<'c>(pub(crate) &'c Client);

/// A lease as it was granted.
#[derive(Clone, Debug)]
pub struct Lease {
    pub id: String,
    /// From now on.
    pub duration: Duration,
    pub renewable: bool,
}

/// What the server knows of a lease.
#[derive(Clone, Debug, Deserialize)]
pub struct LeaseInfo {
    pub id: String,
    /// RFC 3339; none: without end.
    pub expire_time: Option<String>,
    /// RFC 3339.
    pub issue_time: String,
    /// RFC 3339; none: never.
    pub last_renewal: Option<String>,
    pub renewable: bool,
    /// Seconds.
    pub ttl: u64,
}

/// The envelope's part of it, without the data.
#[derive(Deserialize)]
struct Granted {
    lease_id: String,
    /// Seconds.
    lease_duration: u64,
    renewable: bool,
}

/// How often each lease is held. To the server a token holds a secret once: whoever reads it again gets the
/// same lease, which must not end with the first of them.
#[derive(Default)]
pub(crate) struct Held(Mutex<BTreeMap<String, usize>>);

impl Held {
    fn take(&self, id: &str) {
        *self.holders().entry(id.to_owned()).or_default() += 1;
    }

    /// Whether that was the last one.
    fn give_back(&self, id: &str) -> bool {
        let mut holders = self.holders();
        let Some(count) = holders.get_mut(id) else { return true };
        *count = count.saturating_sub(1);
        let is_last = *count == 0;
        if is_last {
            holders.remove(id);
        }
        is_last
    }

    fn holders(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Serialize)]
struct ById<'a> {
    lease_id: &'a str,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    increment: Option<u64>,
}

impl Leases<'_> {
    pub async fn lookup(&self, id: &str) -> Result<LeaseInfo, Error> {
        self.call("lookup", id, None).await?.data()
    }

    /// Asks for `increment` from now on; the server may grant less.
    pub async fn renew(&self, id: &str, increment: Option<Duration>) -> Result<Lease, Error> {
        let granted: Granted = self.call("renew", id, increment).await?.json()?;
        let duration = retry::granted(granted.lease_duration);
        Ok(Lease { id: granted.lease_id, duration, renewable: granted.renewable })
    }

    /// Ends a lease. One that has ended is no error.
    pub async fn revoke(&self, id: &str) -> Result<(), Error> {
        self.call("revoke", id, None).await.map(|_| ())
    }

    async fn call(&self, what: &str, id: &str, increment: Option<Duration>) -> Result<Answer, Error> {
        let body = ById { lease_id: id, increment: increment.map(|it| it.as_secs()) };
        self.0.call(Method::Put, format!("sys/leases/{what}")).json(&body).send().await
    }
}

/// A secret that we hold.
#[must_use = "dropping it ends the lease"]
pub struct Leased {
    secret: Arc<Secret>,
    id: String,
    lost: watch::Receiver<Option<Lost>>,
    /// Dropping it tells the task to end the lease.
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), Error>>,
}

/// Why a lease is ours no more.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Lost {
    /// The server has ended it, or does not know it: it was revoked, or our token was.
    Ended(Error),
    /// Its time is over, and it could not be renewed before.
    Expired(Error),
}

/// Between two renewals, however short the lease has become.
const SHORTEST: Duration = Duration::from_millis(250);
/// What ending a lease may take when nobody waits for it.
const FAREWELL: Duration = Duration::from_secs(5);

impl Leased {
    pub(crate) fn new(
        client: &Client,
        secret: Secret,
        answer: &Answer,
        ttl: Duration,
    ) -> Result<Self, Error> {
        let Granted { lease_id: id, lease_duration, .. } = answer.json()?;
        if id.is_empty() {
            return Err(Error::NoLease);
        }
        client.held().take(&id);
        let (tell, lost) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let duration = retry::granted(lease_duration);
        let task = Keeper { client: client.clone(), id: id.clone(), ttl, tell };
        let task = tokio::spawn(task.run(duration, stopped));
        Ok(Self { secret: Arc::new(secret), id, lost, stop, task })
    }

    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    #[cfg(feature = "blocking")]
    pub(crate) fn shared(&self) -> Arc<Secret> {
        self.secret.clone()
    }

    pub fn lease_id(&self) -> &str {
        &self.id
    }

    /// Whether, and why, the lease is lost.
    pub fn is_lost(&self) -> Option<Lost> {
        self.lost.borrow().clone()
    }

    /// Waits until the lease is lost; for ever if it is not.
    pub async fn lost(&self) -> Lost {
        let mut lost = self.lost.clone();
        match lost.wait_for(Option::is_some).await.ok().and_then(|it| it.clone()) {
            Some(why) => why,
            None => std::future::pending().await,
        }
    }

    /// Ends the lease, and waits until the server knows. If it is held a second time, by the same token, it ends
    /// with the last of them.
    pub async fn release(self) -> Result<(), Error> {
        let Self { stop, task, .. } = self;
        drop(stop);
        task.await.unwrap_or(Ok(()))
    }
}

/// The task behind a [`Leased`].
struct Keeper {
    client: Client,
    id: String,
    /// What was asked for.
    ttl: Duration,
    tell: watch::Sender<Option<Lost>>,
}

impl Keeper {
    async fn run(self, duration: Duration, mut stopped: oneshot::Receiver<()>) -> Result<(), Error> {
        let lost = tokio::select! {
            _ = &mut stopped => return self.farewell().await,
            lost = self.renew_until_lost(duration) => lost,
        };
        self.client.held().give_back(&self.id);
        self.tell.send_replace(Some(lost));
        // Nothing is left to be ended.
        Ok(())
    }

    async fn renew_until_lost(&self, duration: Duration) -> Lost {
        let mut ends = Instant::now() + duration;
        let mut pause = half(duration);
        let mut failures = 0;
        loop {
            tokio::time::sleep(pause.min(ends.saturating_duration_since(Instant::now()))).await;
            match self.client.leases().renew(&self.id, Some(self.ttl)).await {
                // Its token ends now.
                Ok(lease) if lease.duration.is_zero() => return Lost::Ended(Error::NoLease),
                Ok(lease) => {
                    ends = Instant::now() + lease.duration;
                    pause = half(lease.duration);
                    failures = 0;
                }
                Err(error) if !error.is_temporary() => return Lost::Ended(error),
                Err(error) if Instant::now() >= ends => return Lost::Expired(error),
                Err(_) => {
                    failures += 1;
                    pause = retry::long_pause(failures, retry::jitter());
                }
            }
        }
    }

    async fn farewell(&self) -> Result<(), Error> {
        if !self.client.held().give_back(&self.id) {
            return Ok(());
        }
        let revoked = tokio::time::timeout(FAREWELL, self.client.leases().revoke(&self.id)).await;
        revoked.unwrap_or(Err(Error::Timeout { seconds: FAREWELL.as_secs() }))
    }
}

fn half(duration: Duration) -> Duration {
    retry::spread(duration / 2, retry::jitter()).max(SHORTEST)
}
