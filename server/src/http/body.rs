//! Reading a body: bounded in bytes and in time, into one buffer that is wiped.

use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use strongroom_core::{Core, crypto::SecretBytes, request::PresentedToken};

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
    // Rule 105: nothing is unpacked.
    if headers.get(header::CONTENT_ENCODING).is_some_and(|it| it != "identity") {
        return Err(Refusal::Encoded);
    }
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
