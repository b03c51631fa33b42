//! A real server over memory on a port of its own.

use std::{sync::Arc, time::Duration};

use strongroom_core::{
    Core, Settings, clock::SystemClock, crypto::SecretBytes, seal::init::Plan, storage::Memory,
};
use strongroom_sdk::{Client, Config, SecretString};
use strongroom_server::{
    Server,
    config::{Address, Listener},
    http::Limits,
};

const ROOT: &str = "root-0123456789abcdef";

/// No test waits longer than this for anything.
pub const LONG: Duration = Duration::from_secs(120);

pub struct Real {
    core: Arc<Core>,
    share: SecretBytes,
    address: String,
}

impl Real {
    /// Serves for as long as the test's runtime lives.
    pub async fn start() -> Self {
        let settings = Settings { dev: true, ..Settings::default() };
        let core = Arc::new(Core::new(Arc::new(Memory::new()), Arc::new(SystemClock::default()), settings));
        let root = Some(SecretBytes::copy_of(ROOT.as_bytes()));
        let made = core.init(Plan::Shamir { shares: 1, threshold: 1 }, root).await.unwrap();
        let share: String = made.shares[0].expose().iter().map(|it| format!("{it:02x}")).collect();
        let share = SecretBytes::from(share);
        core.unseal(&share).await.unwrap();
        let mut server = Server::new(core.clone());
        let address = Address::Tcp { address: "127.0.0.1:0".to_owned(), tls: None };
        let listener =
            Listener { address, limits: Limits::default(), forwarded: None, opened: Default::default() };
        server.listen(listener).await.unwrap();
        let address = format!("http://{}", server.local_addr().unwrap());
        tokio::spawn(server.run(std::future::pending()));
        Self { core, share, address }
    }

    /// With the root token.
    pub fn root(&self) -> Client {
        let token = Some(SecretString::new(ROOT));
        let config = Config { address: self.address.clone(), token, max_retries: 0, ..Config::default() };
        Client::new(config).unwrap()
    }

    pub async fn seal(&self) {
        self.root().call(strongroom_sdk::Method::Put, "sys/seal").send().await.unwrap();
    }

    pub async fn unseal(&self) {
        self.core.unseal(&self.share).await.unwrap();
    }
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
