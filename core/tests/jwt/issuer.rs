//! An authority that signs with Ed25519, and the network between it and the core, both under a test's control.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use futures_util::future::BoxFuture;
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::{Value, json};
use strongroom_core::{
    Core, Settings,
    clock::ManualClock,
    crypto::SecretBytes,
    outbound::{Call, CallError, Outbound, Reply, ServiceAccount},
    storage::Memory,
    testing::TestCore,
};

/// A key and its name.
pub(crate) struct Signer {
    id: &'static str,
    pair: Ed25519KeyPair,
}

impl Signer {
    /// The key that the number stands for.
    pub(crate) fn new(id: &'static str, seed: u8) -> Self {
        Self { id, pair: Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap() }
    }

    pub(crate) fn jwk(&self) -> Value {
        let x = BASE64URL_NOPAD.encode(self.pair.public_key().as_ref());
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": self.id, "x": x })
    }

    pub(crate) fn pem(&self) -> String {
        let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let der = [&prefix, self.pair.public_key().as_ref()].concat();
        let text = data_encoding::BASE64.encode(&der);
        format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n")
    }

    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_text(&json!({ "alg": "EdDSA", "kid": self.id }).to_string(), &claims.to_string())
    }

    /// A token whose header and claims are these texts.
    pub(crate) fn sign_text(&self, header: &str, claims: &str) -> String {
        let [header, claims] = [header, claims].map(|it| BASE64URL_NOPAD.encode(it.as_bytes()));
        let signed = format!("{header}.{claims}");
        let signature = BASE64URL_NOPAD.encode(self.pair.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }

    /// A token for `user-1` that has all that the role `web` asks for.
    pub(crate) fn good(&self) -> String {
        self.sign(&claims())
    }
}

pub(crate) fn claims() -> Value {
    let now = super::NOW;
    json!({ "iss": "https://issuer.example", "sub": "user-1", "aud": "vault", "iat": now, "exp": now + 86_400 })
}

/// What answers for a URL.
type Site = Box<dyn Fn(&Call<'_>) -> Result<(u16, Value), CallError> + Send>;

/// The network: one site, which can be exchanged, and what was asked of it.
pub(crate) struct Network {
    site: Mutex<Site>,
    pub(crate) asked: AtomicUsize,
    /// Nanoseconds that were paused.
    pub(crate) paused: AtomicU64,
    clock: Mutex<Option<Arc<ManualClock>>>,
}

impl Network {
    pub(crate) fn is(&self, site: impl Fn(&Call<'_>) -> Result<(u16, Value), CallError> + Send + 'static) {
        *self.site.lock().unwrap() = Box::new(site);
    }

    /// From now on these keys are published, wherever it is asked.
    pub(crate) fn publishes(&self, keys: &[&Signer]) {
        let set = json!({ "keys": keys.iter().map(|it| it.jwk()).collect::<Vec<_>>() });
        self.is(move |_| Ok((200, set.clone())));
    }

    pub(crate) fn is_down(&self) {
        self.is(|_| Err(CallError::Unreachable));
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Outbound for Network {
    fn ask<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Reply, CallError>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::Relaxed);
            // Whoever asks at the same time gets its chance to.
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            let (status, body) = (self.site.lock().unwrap())(&call)?;
            Ok(Reply { status, body: SecretBytes::from(body.to_string()) })
        })
    }

    fn pause(&self, time: Duration) -> BoxFuture<'static, ()> {
        self.paused.fetch_add(u64::try_from(time.as_nanos()).unwrap(), Ordering::Relaxed);
        if let Some(clock) = &*self.clock.lock().unwrap() {
            clock.advance(time);
        }
        Box::pin(async {})
    }

    fn service_account(&self) -> BoxFuture<'_, Option<ServiceAccount>> {
        Box::pin(async { None })
    }
}

/// A core that reaches a network, with the method at `auth/jwt/` and a role `web`.
pub(crate) async fn connected() -> (TestCore, Arc<Network>) {
    let network = Arc::new(Network {
        site: Mutex::new(Box::new(|_| Err(CallError::Unreachable))),
        asked: AtomicUsize::new(0),
        paused: AtomicU64::new(0),
        clock: Mutex::default(),
    });
    let reach = network.clone();
    let with = move |core: Core| core.with_outbound(reach);
    let test = TestCore::made(Arc::new(Memory::new()), Settings::default(), with).await;
    *network.clock.lock().unwrap() = Some(test.clock.clone());
    let test = super::enabled(test).await;
    super::role(&test, json!({})).await;
    (test, network)
}
