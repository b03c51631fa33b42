//! A server over memory on a port of its own, and a client that sends bytes as they are.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use strongroom_core::{
    Core, Settings,
    clock::SystemClock,
    crypto::SecretBytes,
    request::Opened,
    seal::init::Plan,
    storage::{Memory, Storage},
};
use strongroom_server::{
    Caps, Reloader, Server, ServerError,
    config::{Address, Forwarded, Listener, Tls},
    http::{Limits, Shares},
    outbound::Https,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};

pub const ROOT: &str = "root-0123456789abcdef";

pub struct TestServer {
    pub address: SocketAddr,
    /// Of all TCP listeners.
    pub addresses: Vec<SocketAddr>,
    pub core: Arc<Core>,
    pub reloader: Reloader,
    end: oneshot::Sender<()>,
    running: JoinHandle<Result<(), ServerError>>,
}

/// What a test wants otherwise than usual.
#[derive(Default)]
pub struct Options {
    pub limits: Limits,
    pub caps: Caps,
    pub tls: Option<Tls>,
    pub forwarded: Option<Forwarded>,
    pub also: Vec<Listener>,
    /// Memory, if nothing else is said.
    pub storage: Option<Arc<dyn Storage>>,
    pub shares: Shares,
    pub opened: Opened,
}

impl TestServer {
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    pub async fn with(options: Options) -> Self {
        let core = Core::new(
            options.storage.unwrap_or_else(|| Arc::new(Memory::new())),
            Arc::new(SystemClock::default()),
            Settings { dev: true, ..Settings::default() },
        );
        let core = Arc::new(core.with_outbound(Arc::new(Https::default())));
        let root = Some(SecretBytes::copy_of(ROOT.as_bytes()));
        let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, root).await.unwrap();
        let share = data_encoding::BASE64.encode(made.shares[0].expose());
        core.unseal(&SecretBytes::from(share)).await.unwrap();

        let mut server = Server::with_caps(core.clone(), options.caps).with_budget(options.shares);
        let address = Address::Tcp { address: "127.0.0.1:0".to_owned(), tls: options.tls };
        let Options { limits, forwarded, opened, .. } = options;
        let listener = Listener { address, limits, forwarded, opened };
        server.listen(listener).await.unwrap();
        for listener in options.also {
            server.listen(listener).await.unwrap();
        }
        let address = server.local_addr().unwrap();
        let all = server.addresses().iter().filter_map(|it| it.split_once("://")?.1.parse().ok()).collect();
        let reloader = server.reloader();
        let (end, ended) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async move {
            let _ = ended.await;
        }));
        Self { address, addresses: all, core, reloader, end, running }
    }

    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes on a connection of their own and reads until the server closes or has answered.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut stream = self.connect().await;
        stream.write_all(request.as_ref()).await.unwrap();
        read_reply(&mut stream).await
    }

    /// One request with the root token.
    pub async fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let len = body.len();
        self.raw(format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nx-vault-token: {ROOT}\r\n{headers}content-length: {len}\r\n\r\n{body}"
        ))
        .await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, "", "").await
    }

    pub async fn stop(self) {
        self.end.send(()).unwrap();
        self.running.await.unwrap().unwrap();
    }

    /// Tells it to end, and answers the task that ends it.
    pub fn begin_stop(self) -> JoinHandle<Result<(), ServerError>> {
        self.end.send(()).unwrap();
        self.running
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// Lower-cased names.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Reads one answer. Status 0: the server closed without one.
pub async fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let deadline = Duration::from_secs(20);
    loop {
        let mut chunk = [0; 4096];
        // A reset is an end as good as any other.
        let read = tokio::time::timeout(deadline, stream.read(&mut chunk)).await.unwrap().unwrap_or(0);
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let head_end = text.find("\r\n\r\n");
        let Some(head_end) = head_end else {
            if read == 0 {
                return Reply { status: 0, headers: Vec::new(), body: text };
            }
            continue;
        };
        let mut lines = text[..head_end].split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let body = &text[head_end + 4..];
        let reply = Reply { status, headers, body: body.to_owned() };
        let length = reply.header("content-length").map_or(0, |it| it.parse().unwrap());
        if body.len() >= length || read == 0 {
            return reply;
        }
    }
}

/// Whether the server has closed the connection.
pub async fn is_closed(stream: &mut TcpStream) -> bool {
    let mut rest = [0; 64];
    matches!(tokio::time::timeout(Duration::from_secs(5), stream.read(&mut rest)).await, Ok(Ok(0) | Err(_)))
}
