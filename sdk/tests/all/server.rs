//! A real server over memory on a port of its own.

use std::{sync::Arc, time::Duration};

use strongroom_core::{
    Core, Settings, clock::SystemClock, crypto::SecretBytes, seal::init::Plan, storage::Memory,
};
use strongroom_sdk::{Client, Config, Method, SecretString};
use strongroom_server::{
    Server, ServerError,
    config::{Address, Listener, Tls},
    http::Limits,
};
use tokio::{sync::oneshot, task::JoinHandle};

pub const ROOT: &str = "root-0123456789abcdef";

/// No test waits longer than this for anything.
pub const LONG: Duration = Duration::from_secs(60);

pub struct Real {
    pub core: Arc<Core>,
    pub address: String,
    share: SecretBytes,
    _end: oneshot::Sender<()>,
    _running: JoinHandle<Result<(), ServerError>>,
}

impl Real {
    pub async fn start() -> Self {
        Self::with(None).await
    }

    pub async fn with(tls: Option<Tls>) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        Self::at(Address::Tcp { address: "127.0.0.1:0".to_owned(), tls }, |it| {
            format!("{scheme}://{}", it.local_addr().unwrap())
        })
        .await
    }

    pub async fn on_socket(path: &std::path::Path) -> Self {
        let address = Address::Unix { path: path.to_owned(), mode: 0o600 };
        Self::at(address, |_| format!("unix://{}", path.display())).await
    }

    async fn at(address: Address, shown: impl FnOnce(&Server) -> String) -> Self {
        let settings = Settings { dev: true, ..Settings::default() };
        let core = Arc::new(Core::new(Arc::new(Memory::new()), Arc::new(SystemClock::default()), settings));
        let root = Some(SecretBytes::copy_of(ROOT.as_bytes()));
        let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, root).await.unwrap();
        let share = hex(made.shares[0].expose());
        core.unseal(&share).await.unwrap();
        let mut server = Server::new(core.clone());
        server
            .listen(Listener {
                address,
                limits: Limits::default(),
                forwarded: None,
                opened: Default::default(),
            })
            .await
            .unwrap();
        let address = shown(&server);
        let (end, ended) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async move {
            let _ = ended.await;
        }));
        Self { core, address, share, _end: end, _running: running }
    }

    pub fn config(&self) -> Config {
        let token = Some(SecretString::new(ROOT));
        Config { address: self.address.clone(), token, max_retries: 0, ..Config::default() }
    }

    /// With the root token.
    pub fn root(&self) -> Client {
        Client::new(self.config()).unwrap()
    }

    /// Without a token.
    pub fn nobody(&self) -> Client {
        Client::new(Config { token: None, ..self.config() }).unwrap()
    }

    pub async fn unseal(&self) {
        self.core.unseal(&self.share).await.unwrap();
    }
}

fn hex(bytes: &[u8]) -> SecretBytes {
    SecretBytes::from(bytes.iter().map(|it| format!("{it:02x}")).collect::<String>())
}

/// A policy that may do `rules`, an AppRole that gives it, and its role id and secret id.
pub async fn app_role(root: &Client, rules: &str, role: serde_json::Value) -> (String, SecretString) {
    let json = serde_json::json!({ "policy": rules });
    root.call(Method::Put, "sys/policies/acl/app").json(&json).send().await.unwrap();
    let json = serde_json::json!({ "type": "approle" });
    root.call(Method::Post, "sys/auth/approle").json(&json).send().await.unwrap();
    root.call(Method::Put, "auth/approle/role/web").json(&role).send().await.unwrap();
    let id = root.call(Method::Get, "auth/approle/role/web/role-id").send().await.unwrap();
    let id: serde_json::Value = id.data().unwrap();
    let secret = root.call(Method::Put, "auth/approle/role/web/secret-id").send().await.unwrap();
    let secret: serde_json::Value = secret.data().unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (text(&id["role_id"]), SecretString::new(text(&secret["secret_id"])))
}

/// Asks until the answer is yes, and fails if that takes too long.
pub async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !ask().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(LONG, asking).await.is_ok(), "{what}");
}
