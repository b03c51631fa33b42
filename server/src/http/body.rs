//! Reading a body: bounded in bytes and in time, into one buffer that is wiped; or piece by piece, for the few
//! requests whose body is larger than memory.

use std::{io, time::Duration};

use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use strongroom_core::{
    Core,
    crypto::SecretBytes,
    request::{Chunks, PresentedToken},
};

use super::{Limits, budget::Reserved, refusal::Refusal};

/// What is reserved on a length that a client merely claims.
const RESERVE: usize = 64 << 10;

/// Who sends a body, as far as that is known before it is read.
pub(super) struct Sender<'a> {
    pub(super) core: &'a Core,
    pub(super) token: Option<&'a PresentedToken>,
}

impl Sender<'_> {
    // Rule 104
    /// Whether a body of so many bytes may come. A long one is a stranger's only up to a point: that somebody has
    /// a token is looked up before more is read.
    async fn may_send(&self, limits: &Limits, len: usize) -> bool {
        len <= self.unproved(limits) || (len <= limits.max_body && self.is_known().await)
    }

    /// What may come before it is known whether the token is one.
    fn unproved(&self, limits: &Limits) -> usize {
        let most = if self.token.is_some() { Limits::CLAIMANTS_BODY } else { Limits::STRANGERS_BODY };
        most.min(limits.max_body)
    }

    async fn is_known(&self) -> bool {
        match self.token {
            Some(token) => self.core.knows(token).await,
            None => false,
        }
    }

    /// Whether so many bytes more find room.
    async fn reserve(&self, reserved: &mut Reserved, bytes: usize) -> Result<(), Refusal> {
        if reserved.grow(bytes) {
            return Ok(());
        }
        if self.is_known().await {
            reserved.is_known();
            if reserved.grow(bytes) {
                return Ok(());
            }
        }
        Err(Refusal::Overloaded)
    }
}

pub(super) async fn collect(
    limits: &Limits,
    sender: &Sender<'_>,
    headers: &HeaderMap,
    mut incoming: Incoming,
    reserved: &mut Reserved,
) -> Result<SecretBytes, Refusal> {
    refuse_encodings(headers)?;
    if incoming.is_end_stream() {
        return Ok(SecretBytes::default());
    }
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if !sender.may_send(limits, announced).await {
        return Err(Refusal::TooLarge);
    }
    let read = async {
        // An announced length was looked at already; of the others the first bytes too many are.
        let mut allowed = announced.max(sender.unproved(limits));
        let mut text = Vec::with_capacity(announced.min(RESERVE));
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(|_| Refusal::BrokenBody)?.into_data() else { continue };
            let len = text.len() + data.len();
            if len > allowed {
                if !sender.may_send(limits, len).await {
                    return Err(Refusal::TooLarge);
                }
                allowed = limits.max_body;
            }
            sender.reserve(reserved, data.len()).await?;
            text.extend_from_slice(&data);
        }
        Ok(SecretBytes::new(text))
    };
    tokio::time::timeout(limits.body_deadline, read).await.unwrap_or(Err(Refusal::SlowBody))
}

/// A body as it comes. Whoever reads it bounds its length; no piece may be late.
pub(super) fn stream(limits: &Limits, headers: &HeaderMap, incoming: Incoming) -> Result<Chunks, Refusal> {
    refuse_encodings(headers)?;
    let deadline = limits.body_deadline;
    let upload = Upload(Some(incoming));
    let pieces = futures_util::stream::try_unfold(upload, move |mut upload| async move {
        loop {
            let Some(incoming) = &mut upload.0 else { return Ok(None) };
            let frame = tokio::time::timeout(deadline, incoming.frame()).await;
            match frame.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))? {
                None => return Ok(None),
                Some(Err(error)) => return Err(io::Error::other(error)),
                // Trailers say nothing to us.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some((data, upload)));
                    }
                }
            }
        }
    });
    Ok(Box::pin(pieces))
}

/// Bytes of a refused upload that are thrown away, and for how long.
const THROWN_AWAY: usize = 16 << 20;
const THROWING: Duration = Duration::from_secs(5);

/// A body that may be refused before it was read. Clients that are cut off while they send see a broken
/// connection and not the refusal, so a moment is spent on listening to them.
struct Upload(Option<Incoming>);

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(mut incoming) = self.0.take().filter(|it| !it.is_end_stream()) else { return };
        let listen = async move {
            let mut left = THROWN_AWAY;
            while let Some(Ok(frame)) = incoming.frame().await {
                let size = frame.data_ref().map_or(0, bytes::Bytes::len);
                let Some(rest) = left.checked_sub(size) else { break };
                left = rest;
            }
        };
        tokio::spawn(tokio::time::timeout(THROWING, listen));
    }
}

/// Rule 105: nothing is unpacked.
fn refuse_encodings(headers: &HeaderMap) -> Result<(), Refusal> {
    match headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => Err(Refusal::Encoded),
        _ => Ok(()),
    }
}
