//! One request's way through the audit log.
//!
//! Nothing is done before the request's line is accepted, and nothing is said before the response's is. A
//! request that changes nothing needs no line before its handler has run: both are handed over together then,
//! so that a read waits for a device once.
//!
//! What strangers have recorded is limited before it is: until the handler has found out that it is no stranger
//! who asks.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::{
    Audited, Broker,
    broker::Devices,
    device::{Body, Gathering, Submitted},
    line::Shared,
    record::Record,
};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    request::Request,
    response::Response,
    tokens::{Caller, Tokens},
};

/// Bytes of a request's two lines besides what they share.
const FRAMES: usize = 512;

pub(crate) struct Trail<'a> {
    broker: &'a Broker,
    tokens: &'a Tokens,
    devices: Arc<Devices>,
    pub(crate) record: Record<'a>,
    /// What both lines share, for each device; empty until the first is made.
    shared: Vec<Shared>,
    stage: Stage,
    company: Company<'a>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    Nothing,
    Requested,
    Refused,
    /// Too much was recorded of strangers: this is only counted.
    Suppressed,
}

impl<'a> Trail<'a> {
    pub(super) fn new(
        broker: &'a Broker,
        tokens: &'a Tokens,
        devices: Arc<Devices>,
        record: Record<'a>,
    ) -> Self {
        let company = Company::join(&broker.crowd);
        Self { broker, tokens, devices, record, shared: Vec::new(), stage: Stage::Nothing, company }
    }

    /// Has the request's line accepted, if it was not before. To be called before anything is changed.
    pub(crate) async fn request(&mut self) -> Result<()> {
        match self.stage {
            Stage::Requested => return Ok(()),
            Stage::Refused => return Err(Error::Audit),
            Stage::Suppressed => return Err(too_many(self.record.request)),
            Stage::Nothing => {}
        }
        self.share();
        self.admit()?;
        let lines = self.lines(|writer, shared| vec![writer.request_line(&self.record, shared)]);
        let accepted = self.hand_over(lines).await;
        self.stage = if accepted.is_ok() { Stage::Requested } else { Stage::Refused };
        self.broker.counters.request(accepted.is_ok());
        accepted
    }

    /// The handler has found out who asks: what it records is a user's, and not limited.
    pub(crate) fn proved(&mut self) {
        self.record.stranger = false;
    }

    /// What the response's line says of the caller, where that has changed since the request's line.
    pub(crate) fn asked_by(&mut self, caller: Caller) {
        self.record.caller = caller;
        self.shared.clear();
    }

    /// Has the response's line accepted, and the request's with it if nothing was done. If no device takes
    /// it, the answer is an error, though what was done stands.
    pub(crate) async fn response(mut self, outcome: Result<Response>, now: Timestamp) -> Result<Audited> {
        let both = match self.stage {
            Stage::Requested => false,
            Stage::Refused => return Err(Error::Audit),
            Stage::Suppressed => return Ok(Audited::exempt(Err(too_many(self.record.request)))),
            Stage::Nothing => true,
        };
        if both && self.record.stranger && matches!(outcome, Err(Error::RateLimited { .. })) {
            // Another limit has cut it already.
            self.broker.suppress(self.record.request);
            return Ok(Audited::exempt(outcome));
        }
        self.share();
        if both && let Err(refusal) = self.admit() {
            return Ok(Audited::exempt(Err(refusal)));
        }
        let lines = self.lines(|writer, shared| {
            let mut lines = Vec::with_capacity(2);
            if both {
                lines.push(writer.request_line(&self.record, shared));
            }
            lines.push(writer.response_line(&self.record, shared, &outcome, now));
            lines
        });
        let accepted = self.hand_over(lines).await;
        if both {
            self.broker.counters.request(accepted.is_ok());
        }
        self.broker.counters.response(accepted.is_ok());
        match accepted {
            Ok(()) => Ok(Audited(outcome)),
            Err(error) => {
                if !both {
                    self.broker.unrecorded(&self.record, now);
                }
                Err(error)
            }
        }
    }

    /// Refuses what is a stranger's and too much.
    fn admit(&mut self) -> Result<()> {
        // Both lines say what is shared.
        let bytes = self.shared.iter().map(|it| 2 * it.len() + FRAMES).max().unwrap_or(0);
        if self.record.stranger && !self.broker.admits(self.record.request, bytes) {
            self.stage = Stage::Suppressed;
            return Err(too_many(self.record.request));
        }
        Ok(())
    }

    fn share(&mut self) {
        if self.shared.is_empty() {
            let (writers, headers) = (self.devices.list.iter().map(|it| &it.writer), &self.devices.headers);
            self.shared = writers.map(|it| it.shared(&self.record, self.tokens, headers)).collect();
        }
    }

    /// Formats for each device.
    fn lines(&self, mut format: impl FnMut(&super::line::Writer, &Shared) -> Vec<Vec<u8>>) -> Vec<Submitted> {
        let each = self.devices.list.iter().zip(&self.shared);
        let in_company = self.company.is_there();
        each.map(|(device, shared)| {
            // A device that has failed costs nothing.
            let bodies = format(&device.writer, shared).into_iter().map(Body::new).collect();
            device.submit(bodies, in_company)
        })
        .collect()
    }

    async fn hand_over(&self, submitted: Vec<Submitted>) -> Result<()> {
        if self.devices.list.is_empty() {
            return Ok(());
        }
        one_accepts(submitted).await
    }
}

/// At least one device must take a line. The first that does is enough: another one may hang.
pub(super) async fn one_accepts(submitted: Vec<Submitted>) -> Result<()> {
    let (mut waiters, mut gathered) = (Vec::new(), Vec::new());
    for submitted in submitted {
        match submitted {
            Submitted::Accepted => return Ok(()),
            Submitted::Waits(waiter) => waiters.push(waiter),
            Submitted::Gathers(lines) => gathered.push(lines),
            Submitted::Refused => {}
        }
    }
    if !gathered.is_empty() {
        // Whoever else is ready on this thread comes first.
        tokio::task::yield_now().await;
        waiters.extend(gathered.into_iter().filter_map(Gathering::write));
    }
    match waiters.len() {
        0 => Err(Error::Audit),
        _ => futures_util::future::select_ok(waiters).await.map(|_| ()).map_err(|_| Error::Audit),
    }
}

/// Whether other requests are under way: how many there are.
#[derive(Default)]
pub(super) struct Crowd(AtomicUsize);

/// One of them.
struct Company<'a>(&'a Crowd);

impl<'a> Company<'a> {
    fn join(crowd: &'a Crowd) -> Self {
        crowd.0.fetch_add(1, Ordering::Relaxed);
        Self(crowd)
    }

    fn is_there(&self) -> bool {
        self.0.0.load(Ordering::Relaxed) > 1
    }
}

impl Drop for Company<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn too_many(request: &Request) -> Error {
    Error::RateLimited { path: request.path.to_string(), retry_after: 1 }
}
