//! Reading a body: bounded in bytes and in time, into one buffer that is wiped.

use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use strongroom_core::crypto::SecretBytes;

use super::{Limits, refusal::Refusal};

/// What is reserved on a length that a client merely claims.
const RESERVE: usize = 64 << 10;

pub(super) async fn collect(
    limits: &Limits,
    headers: &HeaderMap,
    mut incoming: Incoming,
) -> Result<SecretBytes, Refusal> {
    // Rule 105: nothing is unpacked.
    if headers.get(header::CONTENT_ENCODING).is_some_and(|it| it != "identity") {
        return Err(Refusal::Encoded);
    }
    if incoming.is_end_stream() {
        return Ok(SecretBytes::default());
    }
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.max_body {
        return Err(Refusal::TooLarge);
    }
    let read = async {
        let mut text = Vec::with_capacity(announced.min(RESERVE));
        while let Some(frame) = incoming.frame().await {
            let Ok(data) = frame.map_err(|_| Refusal::BrokenBody)?.into_data() else { continue };
            if text.len() + data.len() > limits.max_body {
                return Err(Refusal::TooLarge);
            }
            text.extend_from_slice(&data);
        }
        Ok(SecretBytes::new(text))
    };
    tokio::time::timeout(limits.body_deadline, read).await.unwrap_or(Err(Refusal::SlowBody))
}
