//! One request's way through the audit log.
//!
//! Nothing is done before the request's line is accepted, and nothing is said before the response's is. A
//! request that changes nothing needs no line before its handler has run: both are handed over together then,
//! so that a read waits for a device once.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::{Audited, Broker, broker::Devices, device::Body, line::Shared, record::Record};
use crate::{
    clock::Timestamp,
    error::{Error, Result},
    request::Request,
    response::Response,
    tokens::{Caller, Tokens},
};

pub(crate) struct Trail<'a> {
    broker: &'a Broker,
    tokens: &'a Tokens,
    devices: Arc<Devices>,
    pub(crate) record: Record<'a>,
    /// What both lines share, for each device; empty until the first is made.
    shared: Vec<Shared>,
    stage: Stage,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Stage {
    Nothing,
    Requested,
    Refused,
}

impl<'a> Trail<'a> {
    pub(super) fn new(
        broker: &'a Broker,
        tokens: &'a Tokens,
        devices: Arc<Devices>,
        record: Record<'a>,
    ) -> Self {
        Self { broker, tokens, devices, record, shared: Vec::new(), stage: Stage::Nothing }
    }

    /// Has the request's line accepted, if it was not before. To be called before anything is changed.
    pub(crate) async fn request(&mut self) -> Result<()> {
        match self.stage {
            Stage::Requested => return Ok(()),
            Stage::Refused => return Err(Error::Audit),
            Stage::Nothing => {}
        }
        self.share();
        let lines = self.lines(|writer, shared| vec![writer.request_line(&self.record, shared)]);
        let accepted = self.hand_over(lines).await;
        self.stage = if accepted.is_ok() { Stage::Requested } else { Stage::Refused };
        self.broker.counters.request(accepted.is_ok());
        accepted
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
            Stage::Nothing => true,
        };
        if both && outcome.is_err() && self.record.is_anonymous() && !self.broker.admits(self.record.request)
        {
            return Ok(Audited::exempt(Err(too_many(self.record.request))));
        }
        self.share();
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

    fn share(&mut self) {
        if self.shared.is_empty() {
            let writers = self.devices.list.iter().map(|it| &it.writer);
            self.shared = writers.map(|it| it.shared(&self.record, self.tokens)).collect();
        }
    }

    /// Formats for each device.
    fn lines(
        &self,
        mut format: impl FnMut(&super::line::Writer, &Shared) -> Vec<Vec<u8>>,
    ) -> Vec<Option<oneshot::Receiver<()>>> {
        let each = self.devices.list.iter().zip(&self.shared);
        each.map(|(device, shared)| {
            // A device that has failed costs nothing.
            let bodies = format(&device.writer, shared).into_iter().map(Body::new).collect();
            device.submit(bodies)
        })
        .collect()
    }

    async fn hand_over(&self, waiters: Vec<Option<oneshot::Receiver<()>>>) -> Result<()> {
        if self.devices.list.is_empty() {
            return Ok(());
        }
        one_accepts(waiters.into_iter().flatten().collect()).await
    }
}

/// At least one device must take a line. The first that does is enough: another one may hang.
pub(super) async fn one_accepts(mut waiters: Vec<oneshot::Receiver<()>>) -> Result<()> {
    match waiters.len() {
        0 => Err(Error::Audit),
        1 => match waiters.pop() {
            Some(waiter) => waiter.await.map_err(|_| Error::Audit),
            None => Err(Error::Audit),
        },
        _ => futures_util::future::select_ok(waiters).await.map(|_| ()).map_err(|_| Error::Audit),
    }
}

fn too_many(request: &Request) -> Error {
    Error::RateLimited { path: request.path.to_string(), retry_after: 1 }
}
