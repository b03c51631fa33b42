//! A client of the server's connection code, with memory between them instead of a socket.

use std::sync::Arc;

use strongroom_core::Core;
use strongroom_server::{
    http::{App, Budget, Shares},
    serve,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::Failure;

/// One connection that is kept.
pub(crate) struct Wire {
    stream: DuplexStream,
    answer: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let app = App {
            core,
            limits: Default::default(),
            budget: Budget::new(Shares::default()),
            opened: Default::default(),
            forwarded: None,
            hosts: Default::default(),
        };
        let (stream, far) = tokio::io::duplex(64 << 10);
        tokio::spawn(serve::over(far, Arc::new(app)));
        Self { stream, answer: vec![0; 64 << 10] }
    }

    /// Sends a request and takes the whole answer, which must be 200.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(request).await?;
        let mut filled = 0;
        loop {
            let room = self.answer.get_mut(filled..).filter(|it| !it.is_empty());
            let read = self.stream.read(room.ok_or("an answer is too long")?).await?;
            if read == 0 {
                return Err("the connection was closed".into());
            }
            filled += read;
            let answer = self.answer.get(..filled).unwrap_or_default();
            if !answer.starts_with(b"HTTP/1.1 200 ") {
                return Err(format!("answered {}", String::from_utf8_lossy(answer)).into());
            }
            if length(answer).is_some_and(|length| filled >= length) {
                return Ok(());
            }
        }
    }
}

/// How long an answer is, once its head is there.
fn length(answer: &[u8]) -> Option<usize> {
    let head = memchr::memmem::find(answer, b"\r\n\r\n")?;
    let at = memchr::memmem::find(answer.get(..head)?, b"content-length: ")?;
    let digits = answer.get(at + 16..head)?;
    let end = memchr::memchr(b'\r', digits).unwrap_or(digits.len());
    let body: usize = std::str::from_utf8(digits.get(..end)?).ok()?.parse().ok()?;
    Some(head + 4 + body)
}

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} /v1/{path} HTTP/1.1\r\nhost: 127.0.0.1:8200\r\nx-vault-token: {token}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
