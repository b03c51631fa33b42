//! Whether the program is there, for who keeps it running: `GET /health/ready` is 200.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

use crate::Error;

/// Connections at once; whoever comes then is not answered.
const AT_ONCE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(2);
const LONGEST: usize = 4096;

pub(crate) struct Health(TcpListener);

impl Health {
    pub(crate) async fn bind(address: SocketAddr) -> Result<Self, Error> {
        TcpListener::bind(address).await.map(Self).map_err(Error::io("listen for questions of health"))
    }

    /// Answers for as long as it is polled.
    pub(crate) async fn serve(self) {
        let free = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            match self.0.accept().await {
                Ok((stream, _)) => {
                    let Ok(permit) = free.clone().try_acquire_owned() else { continue };
                    tokio::spawn(async move {
                        let _ = tokio::time::timeout(PATIENCE, answer(stream)).await;
                        drop(permit);
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    }
}

/// One question, one answer: nothing here is worth a connection that is kept.
async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut asked = Vec::new();
    while !asked.windows(4).any(|it| it == b"\r\n\r\n") {
        if asked.len() > LONGEST || stream.read_buf(&mut asked).await? == 0 {
            return Ok(());
        }
    }
    let line = asked.split(|it| *it == b'\r').next().unwrap_or_default();
    let mut words = line.split(|it| *it == b' ');
    let is_known = |path: &[u8]| matches!(path, b"/health/ready" | b"/health/live");
    let status = match (words.next(), words.next()) {
        (Some(b"GET" | b"HEAD"), Some(path)) if is_known(path) => "200 OK",
        _ => "404 Not Found",
    };
    let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_there_says_so() {
        let health = Health::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = health.0.local_addr().unwrap();
        let serving = tokio::spawn(health.serve());
        for (line, expected) in [
            ("GET /health/ready HTTP/1.1", "HTTP/1.1 200"),
            ("GET /health/live HTTP/1.1", "HTTP/1.1 200"),
            ("GET / HTTP/1.1", "HTTP/1.1 404"),
            ("POST /health/ready HTTP/1.1", "HTTP/1.1 404"),
            ("\0", "HTTP/1.1 404"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(format!("{line}\r\nhost: x\r\n\r\n").as_bytes()).await.unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).await.unwrap();
            assert!(said.starts_with(expected), "{line}: {said}");
        }
        serving.abort();
    }
}
