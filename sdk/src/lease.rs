//! Leases: what the server knows that we hold.
//!
//! The life of a leased secret: read; renewed when half of its time has passed, as long as [`Leased`] lives;
//! ended when that is dropped, or with [`Leased::release`]. It is *lost* if the server ends it, or if nobody
//! answers until its time is over: then [`Leased::lost`] says so, and the secret should be read again.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
    time::Instant,
};

use crate::{Client, Envelope, Error, Method, kv::Secret, retry};

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
        let envelope = self.call("renew", id, increment).await?.envelope()?;
        let duration = Duration::from_secs(envelope.lease_duration);
        Ok(Lease { id: envelope.lease_id, duration, renewable: envelope.renewable })
    }

    /// Ends a lease. One that has ended is no error.
    pub async fn revoke(&self, id: &str) -> Result<(), Error> {
        self.call("revoke", id, None).await.map(|_| ())
    }

    async fn call(&self, what: &str, id: &str, increment: Option<Duration>) -> Result<crate::Answer, Error> {
        let body = ById { lease_id: id, increment: increment.map(|it| it.as_secs()) };
        self.0.call(Method::Put, format!("sys/leases/{what}")).json(&body).send().await
    }
}

/// A secret that we hold.
#[must_use = "dropping it ends the lease"]
pub struct Leased {
    secret: Secret,
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
        envelope: &Envelope,
        ttl: Duration,
    ) -> Result<Self, Error> {
        if envelope.lease_id.is_empty() {
            return Err(Error::NoLease);
        }
        let (tell, lost) = watch::channel(None);
        let (stop, stopped) = oneshot::channel();
        let duration = Duration::from_secs(envelope.lease_duration);
        let id = envelope.lease_id.clone();
        let task = Keeper { client: client.clone(), id: id.clone(), ttl, tell };
        let task = tokio::spawn(task.run(duration, stopped));
        Ok(Self { secret, id, lost, stop, task })
    }

    pub fn secret(&self) -> &Secret {
        &self.secret
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

    /// Ends the lease, and waits until the server knows.
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
        let revoked = tokio::time::timeout(FAREWELL, self.client.leases().revoke(&self.id)).await;
        revoked.unwrap_or(Err(Error::Timeout { seconds: FAREWELL.as_secs() }))
    }
}

fn half(duration: Duration) -> Duration {
    retry::spread(duration / 2, retry::jitter()).max(SHORTEST)
}
