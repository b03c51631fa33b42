//! What is too large for memory: snapshots, piece by piece, in and out.

use std::{
    fs::File,
    io::{self, Read as _, Write},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::{client::legacy, rt::TokioExecutor};
use zeroize::Zeroizing;

use crate::{
    Answer, Client, Error, Method,
    connect::{Connector, Target},
};

/// Bytes that are read and sent at a time.
const PIECE: usize = 64 << 10;
/// An answer that is no download is at most this long.
const MAX_ANSWER: usize = 1 << 20;
/// A server may take long before it begins to answer (it copies the store, or replaces it), and a line may be
/// slow; nothing may stand still for longer.
const STILL: Duration = Duration::from_secs(600);

impl Client {
    /// Writes what the server answers on `path` to `out`, as it comes; answers how many bytes that were. The
    /// answer is whole if this succeeds, as far as HTTP can tell. It is not tried again.
    pub async fn download(&self, path: &str, out: &mut impl Write) -> Result<u64, Error> {
        let mut response = self.exchange(Method::Get, path, Upload::nothing()).await?;
        let mut size = 0;
        while let Some(frame) = self.in_time(response.body_mut().frame()).await? {
            let frame = frame.map_err(|_| Error::Malformed("it broke off"))?;
            if let Ok(data) = frame.into_data() {
                out.write_all(&data).map_err(|error| Error::Config(format!("cannot write: {error}")))?;
                size += data.len() as u64;
            }
        }
        Ok(size)
    }

    /// Sends what is left of a file to `path`. It is not tried again.
    pub async fn upload(&self, path: &str, file: File) -> Result<Answer, Error> {
        let left = file.metadata().map(|it| it.len());
        let left = left.map_err(|error| Error::Config(format!("cannot read: {error}")))?;
        let response = self.exchange(Method::Post, path, Upload { file: Some(file), left }).await?;
        whole(self, response).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Upload,
    ) -> Result<http::Response<Incoming>, Error> {
        let target = Target::parse(&self.config().address, &self.config().tls)?;
        // A connection of its own: it lives as long as this call.
        let http = legacy::Client::builder(TokioExecutor::new()).build(Connector(target));
        let method = if method == Method::Get { http::Method::GET } else { http::Method::POST };
        let mut request = Request::builder().method(method).uri(format!("{}/v1/{path}", self.base()?));
        request = request.header("X-Vault-Request", "true");
        if let Some(token) = self.token() {
            let mut value = HeaderValue::from_str(token.expose())
                .map_err(|_| Error::Config("the token has characters that no token has".to_owned()))?;
            value.set_sensitive(true);
            request = request.header("X-Vault-Token", value);
        }
        let request = request.body(body).map_err(|_| Error::Config("the path cannot be sent".to_owned()))?;
        let response = self.in_time(http.request(request)).await?;
        let response = response.map_err(|error| Error::Connect {
            address: self.config().address.clone(),
            cause: crate::http::innermost(&error),
        })?;
        if response.status().as_u16() < 400 {
            return Ok(response);
        }
        let answer = whole(self, response).await?;
        Err(Error::Api { status: answer.status, errors: answer.errors() })
    }

    async fn in_time<T>(&self, what: impl Future<Output = T>) -> Result<T, Error> {
        let limit = self.config().timeout.max(STILL);
        tokio::time::timeout(limit, what).await.map_err(|_| Error::Timeout { seconds: limit.as_secs() })
    }
}

async fn whole(client: &Client, response: http::Response<Incoming>) -> Result<Answer, Error> {
    let status = response.status().as_u16();
    let body = client.in_time(Limited::new(response.into_body(), MAX_ANSWER).collect()).await?;
    let body = body.map_err(|_| Error::Malformed("it broke off, or is too long"))?;
    Ok(Answer::new(status, Zeroizing::new(body.to_bytes().to_vec())))
}

/// A file as a request's body.
struct Upload {
    file: Option<File>,
    left: u64,
}

impl Upload {
    const fn nothing() -> Self {
        Self { file: None, left: 0 }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = self.get_mut();
        let Some(file) = this.file.as_mut().filter(|_| this.left > 0) else { return Poll::Ready(None) };
        let mut piece = vec![0; PIECE.min(usize::try_from(this.left).unwrap_or(PIECE))];
        // It became shorter meanwhile: what was announced cannot be sent.
        let read = file.read(&mut piece).and_then(|it| match it {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        });
        Poll::Ready(Some(read.map(|count| {
            piece.truncate(count);
            this.left = this.left.saturating_sub(count as u64);
            Frame::data(Bytes::from(piece))
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
