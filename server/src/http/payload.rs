//! The body of an answer: one buffer, or a stream that is made while it is sent.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use strongroom_core::response::Stream;

/// A buffer is wiped once it is sent; a stream holds no secret.
pub enum Payload {
    Whole(Option<Bytes>),
    /// No length is announced: a stream that breaks off must not look whole.
    Pieces(Stream),
}

impl Default for Payload {
    fn default() -> Self {
        Self::Whole(None)
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes).filter(|it| !it.is_empty()))
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let next = match self.get_mut() {
            Self::Whole(bytes) => bytes.take().map(Ok),
            // Read from a file that was just written: it is there at once.
            Self::Pieces(stream) => stream.next(),
        };
        if let Some(Err(error)) = &next {
            tracing::error!(%error, "an answer breaks off");
        }
        Poll::Ready(next.map(|it| it.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
